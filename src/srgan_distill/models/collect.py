"""Put a profile's trained generators among the shipped models, small enough for git.

Usage, where `dvc repro` has run: python -m srgan_distill.models.collect PROFILE
"""

import sys
from pathlib import Path

import torch

from ..errors import exit_code
from ..evaluate import model_name
from ..layout import Layout
from ..networks.generator import Generator
from ..networks.weights import load_generator, save_generator
from ..params import load


def collect(layout: Layout, runs: list[tuple[str, str]], folder: Path) -> list[Path]:
    """Write the generators of `runs` (stage, name) to folder/<row of the tables>.safetensors."""
    files = []
    for stage, name in runs:
        generator = load_generator(layout.generator(stage, name))
        file = folder / f"{model_name(stage, name)}.safetensors"
        filters, blocks = generator.head[0].out_channels, len(generator.blocks)
        save_generator(file, halved(generator), filters, blocks)
        files.append(file)
    return files


def halved(generator: Generator) -> Generator:
    """Kernels in float16: half the size, and results that differ by less than a grey level.

    Everything else, BatchNorm's small variances above all, stays in float32.
    """
    for parameter in generator.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.to(torch.float16)
    return generator


def run(profile: str) -> None:
    params = load()
    runs = [
        *(("pretrain", name) for name in params.networks),
        *(("train", name) for name in params.train),
        *(("distill", name) for name in params.strategies),
    ]
    for file in collect(Layout(profile), runs, Path(__file__).parent):
        print(f"{file.stat().st_size / 1e6:.2f} MB  {file.name}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
