"""Patches per second of a training step: this engine against a plain loop, in one run.

The plain loop (plain_loop.py) does what public SRGAN repositories do: float32, NCHW, eager, PNG
crops cut and turned on the CPU, every loss read every step. Both train the same networks on
batches of 16 crops of 96 x 96 px; the content network has VGG19's size (random weights, up to
conv5_4: VGG54). Medians of steps by turns, and their ratio.

Beside each ratio: the multiply-adds that a step of ours performs in a second (of its convolutions
and matrix products, forward and backward), and their share of the rate of a large matrix product
in the precision of the step, measured in the same run: how far from the limit a step is.

Usage: python benchmarks/training_step.py [ROUNDS]
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from alternate import medians
from engine_step import BATCH, PHASES, engine_step
from plain_loop import plain_step
from torch.utils.flop_counter import FlopCounterMode

from srgan_distill.imaging.images import write_png
from srgan_distill.networks.compute import choose_compute

TILE, IMAGES = 320, 32


def write_images(folder: Path) -> list[Path]:
    """Random pixels as PNG files and, for the engine, as one array."""
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, TILE, TILE), np.uint8)
    np.save(folder / "hr.npy", pixels)
    files = [folder / f"{number}.png" for number in range(IMAGES)]
    for path, image in zip(files, pixels, strict=True):
        write_png(path, image.transpose(1, 2, 0))
    return files


def matrix_rate(size: int = 2048, rounds: int = 5) -> float:
    """Multiply-adds per second of a large matrix product on the device, the best of some rounds."""
    compute = choose_compute("auto", "auto")
    a, b = (torch.randn(size, size, device=compute.device, dtype=compute.dtype) for _ in range(2))
    best = math.inf
    for _ in range(rounds + 1):
        began = time.perf_counter()
        (a @ b).sum().item()
        best = min(best, time.perf_counter() - began)
    return size**3 / best


def multiply_adds_of(step: Callable[[], object]) -> int:
    """Of one step; those of its convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops() // 2


def main(rounds: int) -> None:
    rows, rate = [], matrix_rate()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_images(folder)
        for phase in PHASES:
            seconds = medians(
                {
                    "plain": partial(plain_step, phase, files),
                    "ours": partial(engine_step, phase, folder / "hr.npy"),
                },
                rounds,
            )
            work = multiply_adds_of(engine_step(phase, folder / "hr.npy"))
            rows.append(
                {
                    "phase": phase,
                    "plain (patches/s)": BATCH / seconds["plain"],
                    "ours (patches/s)": BATCH / seconds["ours"],
                    "ratio": seconds["plain"] / seconds["ours"],
                    "ours (GMAC/s)": work / seconds["ours"] / 1e9,
                    "of the matrix rate": f"{work / seconds['ours'] / rate:.0%}",
                }
            )
    compute = choose_compute("auto", "auto")
    print(f"{compute}, {torch.get_num_threads()} CPU threads, {rounds} rounds")
    print(f"matrix product: {rate / 1e9:.0f} GMAC/s")
    print(pd.DataFrame(rows).round(2).to_markdown(index=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
