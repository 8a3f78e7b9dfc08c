"""How much memory does preprocess take? It must not grow with the number of images.

Synthetic 2K photographs (2040x1356 px, DIV2K's size) are cut by the profile's own settings, and a
sixth of them made into test pairs, in a process of their own. The peak is the largest sum of the
resident memory of that process and its workers, looked at every 20 ms; it counts what they share
once for each, so that it is an upper bound. The images are a dozen files under many names.

Usage: python benchmarks/preprocess_memory.py [IMAGES ...] (default: 20 60; DIV2K has 800)
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from PIL import Image

from srgan_distill.common.params import load
from srgan_distill.stages.preprocess import write_pairs, write_tiles
from srgan_distill.tiles.workers import Workers

PROFILE = "div2k"
WIDTH, HEIGHT, DISTINCT = 2040, 1356, 12
MOST_GB = 4.0


def make_images(folder: Path, count: int) -> None:
    """Write `count` images: a few photographs' worth of noise, of several sizes of grain."""
    random = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number:04}.png"
        if number >= DISTINCT:
            os.link(folder / f"{number % DISTINCT:04}.png", path)
            continue
        grain = random.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
        image = Image.fromarray(grain).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        noise = random.integers(0, 8, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(np.asarray(image) // 2 + noise).save(path, compress_level=1)


def preprocess(images: Path, target: Path) -> None:
    """What the stage does with the profile's images."""
    scale = load().profiles[PROFILE].preprocess
    paths = sorted(images.iterdir())
    with Workers(scale.workers, scale.on_bad_image) as workers:
        write_tiles(paths, target / "train", scale, workers)
        write_pairs(paths[: -(-len(paths) // 6)], target / "test", workers)


def resident(process: psutil.Process) -> int:
    """Bytes of a process and all below it; those that ended meanwhile count no more."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def measure(count: int) -> dict[str, float]:
    """Peak memory (GB) and time (s) of preprocess on `count` images."""
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        images.mkdir()
        make_images(images, count)
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, __file__, "--child", str(images), folder], stderr=subprocess.DEVNULL
        )
        watched, peak = psutil.Process(child.pid), 0
        while child.poll() is None:
            try:
                peak = max(peak, resident(watched))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        if child.wait():
            sys.exit(f"preprocess failed on {count} images")
        seconds = time.perf_counter() - began
        tiles = (Path(folder) / "train" / "hr.npy").stat().st_size
    return {"images": count, "tiles (GB)": tiles / 1e9, "peak (GB)": peak / 1e9, "s": seconds}


def main(counts: list[int]) -> int:
    rows = pd.DataFrame([measure(count) for count in counts])
    print(f"{load().profiles[PROFILE].preprocess.workers} workers, {os.cpu_count()} CPUs")
    print(rows.round(2).to_string(index=False))
    return int(rows["peak (GB)"].max() > MOST_GB)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        preprocess(*map(Path, sys.argv[2:4]))
    else:
        sys.exit(main([int(count) for count in sys.argv[1:]] or [20, 60]))
