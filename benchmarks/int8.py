"""What INT8 costs in PSNR and brings in time, by the layers that stay in float.

Each of the shipped students that is named, quantised with the training tiles of the profile in use
as stage `export` does: the mean over that profile's test sets, and the set that loses most. Times
by turns, one thread.

Usage: after `dvc repro preprocess`: python benchmarks/int8.py NAME...
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch

from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.text import markdown_table
from srgan_distill.deploy.export import psnr_changes
from srgan_distill.deploy.graph import export_onnx
from srgan_distill.deploy.quantise import calibration_images, quantise
from srgan_distill.deploy.runtime import open_model
from srgan_distill.deploy.timing import median_latencies
from srgan_distill.imaging.pairs import pairs_of
from srgan_distill.networks.weights import load_generator
from srgan_distill.shipped import models

IN_FLOAT: list[list[str]] = [
    [], ["head.0"], ["head.0", "blocks.0.0"], ["head.0", "blocks.0.0", "last.0"],
    ["head.0", "blocks.0.0", "tail"], ["head.0", "blocks.0.0", "last.0", "tail"],
]  # fmt: skip
SIZE, ROUNDS = (180, 320), 10  # LR height and width, as for Table 1


def main(names: list[str]) -> None:
    """Print one row for each choice of layers."""
    params = load()
    paths = Paths(params.profile)
    pairs = {name: pairs_of(paths.test(name)) for name in params.settings.download.test}
    rows = [{"in float": ", ".join(layers) or "none"} for layers in IN_FLOAT]
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        files = [Path(folder) / f"{number}.onnx" for number in range(len(IN_FLOAT))]
        for name in names:
            generator = load_generator(models.find(name))
            export_onnx(generator, plain)
            for row, file, layers in zip(rows, files, IN_FLOAT, strict=True):
                tiles = calibration_images(paths.tiles, params.export.calibration_tiles)
                quantise(plain, file, tiles, layers)
                changes = psnr_changes(plain, file, pairs, generator.receptive_radius)
                worst = min(changes, key=changes.get)
                mean = np.mean([*changes.values()])
                row[name] = f"{mean:+.3f}, {changes[worst]:+.3f} ({worst})"
        lr = np.random.default_rng(0).random((1, 3, *SIZE), np.float32)
        steps = {str(file): partial(open_model(file, 1), lr) for file in (plain, *files)}
        times = median_latencies(steps, ROUNDS)
    for row, file in zip(rows, files, strict=True):
        row["times as fast as float32"] = f"{times[str(plain)] / times[str(file)]:.2f}"
    print("INT8 less float32, PSNR (dB, Y): mean of the test sets, the one that loses most.\n")
    print(markdown_table(rows))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:])
