"""What should the network meet beyond the border of a photograph: zeros, its edge, its mirror?

Usage: python benchmarks/borders.py DATASETS, a folder with Set5 and Set14 (LR_bicubic_X4 and HR).
"""

import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch

from srgan_distill import load_model
from srgan_distill.app.upscaling.model import Model
from srgan_distill.common.scale import SCALE
from srgan_distill.common.text import markdown_table
from srgan_distill.imaging.images import list_images, read_rgb, to_tensor, to_uint8
from srgan_distill.imaging.protocol import decibels, luma

STRIP = 16  # SR pixels, the width of the frame that zeros make around saturated colours
SATURATED = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255), (0, 0, 0)]


@torch.inference_mode()
def enlarge(model: Model, lr: np.ndarray, mode: str, pad: int) -> np.ndarray:
    """uint8 [h, w, 3] to [4h, 4w, 3], with `pad` pixels around it by NumPy's `mode`."""
    sr = to_uint8(model.generator(to_tensor(np.pad(lr, ((pad, pad), (pad, pad), (0, 0)), mode))))
    cut = SCALE * pad
    return sr[cut : len(sr) - cut, cut : sr.shape[1] - cut]


def squared_errors(sr: np.ndarray, hr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the luma: in the strip along the border, and in its outermost pixels alone."""
    errors = (luma(sr) - luma(hr)) ** 2
    inner = np.ones(errors.shape, bool)
    inner[STRIP:-STRIP, STRIP:-STRIP] = False
    outer = np.ones(errors.shape, bool)
    outer[1:-1, 1:-1] = False
    return errors[inner], errors[outer]


def frame(model: Model, mode: str, pad: int) -> int:
    """The largest difference, in grey levels, between border and middle of one plain colour."""
    worst = 0
    for colour in SATURATED:
        sr = enlarge(model, np.full((64, 64, 3), colour, np.uint8), mode, pad).astype(int)
        worst = max(worst, int(np.abs(sr - sr[128, 128]).max()))
    return worst


def main(datasets: Path) -> None:
    """Print one row for each way and width."""
    model = load_model(device="cpu")
    pairs = [
        (read_rgb(lr), read_rgb(hr))
        for name in ("Set5", "Set14")
        for lr, hr in zip(
            list_images(datasets / name / "LR_bicubic_X4"), list_images(datasets / name / "HR"),
            strict=True,
        )
    ]  # fmt: skip
    rows = []
    for mode, pad in (
        ("edge", 0),
        *product(("edge", "symmetric"), (4, 8, model.margin)),
        ("reflect", 8),
    ):
        start = time.process_time()
        results = [enlarge(model, lr, mode, pad) for lr, _ in pairs]
        seconds = time.process_time() - start
        errors = [
            squared_errors(sr, hr[: len(sr), : sr.shape[1]])
            for sr, (_, hr) in zip(results, pairs, strict=True)
        ]
        strip, outermost = (np.mean([decibels(e.mean()) for e in kind]) for kind in zip(*errors))  # noqa: B905
        side = 1 + 2 * pad / 3000, 1 + 2 * pad / 4000
        rows.append({
            "beyond the border": mode if pad else "zeros", "LR pixels": str(pad),
            "strip PSNR (dB)": f"{strip:.2f}", "outermost pixel PSNR (dB)": f"{outermost:.2f}",
            "frame (levels)": str(frame(model, mode, pad)), "CPU time": f"{seconds:.1f} s",
            "pixels more of 12 MP": f"{100 * (side[0] * side[1] - 1):.1f} %",
        })  # fmt: skip
        print(rows[-1], file=sys.stderr, flush=True)
    print(markdown_table(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
