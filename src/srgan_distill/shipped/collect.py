"""Put a profile's trained generators among the shipped models, small enough for git.

Usage, where `dvc repro` has run: python -m srgan_distill.shipped.collect PROFILE
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import torch

from ..common.errors import exit_code
from ..common.params import load
from ..common.paths import Paths
from ..common.runs import TRAINED, all_runs, names
from ..networks.generator import Generator
from ..networks.weights import load_generator, save_generator


def collect(paths: Paths, runs: Iterable[str], folder: Path) -> list[Path]:
    """Write the generators of `runs` to folder/<run>.safetensors."""
    files = []
    for run in runs:
        generator = load_generator(paths.generator(run))
        files.append(folder / f"{run}.safetensors")
        save_generator(files[-1], halved(generator))
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
    runs = names(all_runs(params.pretrain, params.train, params.strategies), *TRAINED)
    for file in collect(Paths(profile), runs, Path(__file__).parent):
        print(f"{file.stat().st_size / 1e6:.2f} MB  {file.name}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
