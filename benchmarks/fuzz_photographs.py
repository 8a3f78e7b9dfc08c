"""Upscale tens of thousands of damaged photographs: a result or one line for each, and no more.

Usage: python benchmarks/fuzz_photographs.py [FILES] [SEED], half a minute for 3,000 files.

Each batch is a run of the command in a process of its own. Pixels are repeated instead of enlarged
by a network, for it is files that are tried. A batch fails if the process dies or hangs, prints a
traceback or anything but one line for each file, leaves a file without result and without line, or
leaves a part of a file. The files of a batch that failed are kept.
"""

import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from support.photographs import damaged, samples  # noqa: E402

from srgan_distill.app import cli  # noqa: E402
from srgan_distill.app.upscaling import command  # noqa: E402
from srgan_distill.common.scale import SCALE  # noqa: E402

BATCH = 1000
TIMEOUT = 600  # seconds: a batch that hangs ends the benchmark with a traceback
RESULTS = (".png", ".jpg", ".tif", ".webp", ".bmp")
ROWS = 256


def run_batch(folder: str, out: str) -> int:
    """The command, with pixels repeated."""

    def repeated(model, pixels, dtype, tile, progress):
        for top in range(0, len(pixels), ROWS):
            band = pixels[top : top + ROWS].repeat(SCALE, axis=0).repeat(SCALE, axis=1)
            yield band if band.dtype == dtype else (band // 257).astype(dtype)

    command.upscaled_bands = repeated
    return cli.main(["upscale", folder, "-o", out, "--device", "cpu"])


def write_batch(folder: Path, count: int, seed: int) -> list[Path]:
    """`count` damaged files; some under a suffix of another format."""
    chance = random.Random(seed)
    good = list(samples().items())
    folder.mkdir()
    for number in range(count):
        name, data = chance.choice(good)
        suffix = chance.choice(RESULTS) if chance.random() < 0.3 else Path(name).suffix
        (folder / f"{number:05d}_{Path(name).stem}{suffix}").write_bytes(damaged(data, chance))
    return sorted(folder.iterdir())


def faults(files: list[Path], out: Path, done: subprocess.CompletedProcess) -> list[str]:
    """What a run did that it must not."""
    found = []
    if done.returncode not in (0, 1):
        found.append(f"exit code {done.returncode}")
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    told = Counter(
        match[1]
        for line in lines
        if (match := re.match(r"(?:error: (?:image )?)?\S*/(\d{5})_", line))
    )
    expected = Counter(file.name[:5] for file in files)
    found += [f"{number} has {told[number]} lines" for number in expected | told
              if told[number] != 1]  # fmt: skip
    allowed = r"(error: (image )?)?\S*/\d{5}_.*|\d+ upscaled, \d+ not"
    found += [f"printed {line!r}" for line in lines if not re.fullmatch(allowed, line)]
    found += [f"left {path.name}" for path in out.iterdir() if path.name.startswith(".")]
    written = sum(1 for line in done.stdout.splitlines() if "pixels" in line)
    if written != len(list(out.iterdir())):
        found.append(f"{written} results said, {len(list(out.iterdir()))} there")
    return found


def main(count: int = 50_000, seed: int = 0) -> int:
    """Print how many files came out well, and what was wrong."""
    upscaled = refused = batches = 0
    wrong: list[str] = []
    work = Path(tempfile.mkdtemp(prefix="fuzz_"))
    while upscaled + refused < count:
        folder, out = work / f"in{batches}", work / f"out{batches}"
        size = min(BATCH, count - upscaled - refused)
        files = write_batch(folder, size, seed + batches)
        done = subprocess.run(
            [sys.executable, __file__, "batch", folder, out],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
        found = faults(files, out, done)
        wrong += [f"{folder}: {fault}" for fault in found]
        results = len(list(out.iterdir()))
        upscaled, refused = upscaled + results, refused + size - results
        batches += 1
        for path in (out, *([folder] if not found else [])):
            for file in path.iterdir():
                file.unlink()
        print(f"{upscaled} upscaled, {refused} refused, {len(wrong)} wrong", flush=True)
        for fault in found[:5]:
            print(f"  {folder}: {fault}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    first, *others = *sys.argv[1:], ""
    sys.exit(run_batch(*others[:2]) if first == "batch" else main(*map(int, sys.argv[1:])))
