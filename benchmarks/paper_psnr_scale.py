"""Which scale are the paper's PSNRs on? What subtracting uint8 arrays makes of known errors.

Prints, for errors that know no image, for Gaussian noise on the test images and for bicubic
upscaling of them, PSNR by the standard protocol (luma, border cropped), and on RGB without
cropping with the difference once in floats and once wrapped modulo 256: these two differ in the
arithmetic alone.

The images are the test sets of the profile (`dvc repro preprocess`) or, where SRGAN_DISTILL_SHARED
names a folder with datasets/, the public test sets in it.
Usage: python benchmarks/paper_psnr_scale.py [IMAGES PER SET]
"""

import math
import os
import sys
from pathlib import Path

import numpy as np
from tabulate import tabulate

from srgan_distill.common.errors import UserError, exit_code
from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.scale import SCALE
from srgan_distill.imaging.images import crop_to_multiple, list_images, read_rgb
from srgan_distill.imaging.protocol import bicubic, psnr
from srgan_distill.scoring.fidelity import psnr_wrapped

SIGMAS = (12, 16, 20, 25, 30, 40)
PAPER = "28.23 .. 29.99"  # smallest and largest of the paper's Table 2


def psnr_rgb(sr: np.ndarray, hr: np.ndarray) -> float:
    """PSNR in dB of uint8 RGB [height, width, 3], 0..255, difference in floats; inf where equal."""
    error = np.mean((sr.astype(float) - hr) ** 2)
    return 10 * math.log10(255**2 / error) if error else math.inf


MEASURES = {
    "PSNR, standard (dB, Y)": psnr,
    "PSNR (dB, RGB)": psnr_rgb,
    "PSNR mod 256 (dB, RGB)": psnr_wrapped,
}


def floor() -> float:
    """PSNR mod 256, in dB, where all 256 wrapped differences are equally frequent: the exact mean.

    It is what any large error tends to, whatever the image.
    """
    differences = np.arange(256, dtype=np.uint8)
    return 10 * math.log10(255**2 / np.mean(differences**2))


def noisy(hr: np.ndarray, sigma: float) -> np.ndarray:
    """`hr`, uint8 [height, width, 3], with Gaussian noise of `sigma` grey levels, rounded."""
    noise = np.random.default_rng(0).normal(0, sigma, hr.shape)
    return (hr + noise).round().clip(0, 255).astype(np.uint8)


def find_test_sets() -> dict[str, list[Path]]:
    """HR images by test set.

    Raises:
        UserError: the profile's test sets were not prepared.
    """
    shared = os.environ.get("SRGAN_DISTILL_SHARED")
    if shared:
        datasets = Path(shared) / "datasets"
        found = {name: datasets / name / "HR" for name in ("Set5", "Set14", "Urban100")}
    else:
        params = load()
        paths = Paths(params.profile)
        found = {name: paths.test(name) / "HR" for name in params.settings.download.test}
    missing = [str(folder) for folder in found.values() if not folder.is_dir()]
    if missing:
        raise UserError(f"{missing[0]} does not exist; run `dvc repro preprocess` first")
    return {name: list_images(folder) for name, folder in found.items()}


def row(name: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> tuple:
    """Name, number of images, and the mean of each PSNR over pairs (sr, hr)."""
    means = (np.mean([measure(*pair) for pair in pairs]) for measure in MEASURES.values())
    return name, len(pairs), *means


def main(most: int) -> None:
    rows = [("all differences equally frequent", None, None, None, floor())]
    for name, files in find_test_sets().items():
        images = [crop_to_multiple(read_rgb(file), SCALE) for file in files[:most]]
        for sigma in SIGMAS:
            rows.append(
                row(f"{name}: noise of sigma {sigma}", [(noisy(i, sigma), i) for i in images])
            )
        pairs = [(bicubic(bicubic(image, 1 / SCALE), SCALE), image) for image in images]
        rows.append(row(f"{name}: bicubic x4", pairs))
    heads = ["Error", "Images", *MEASURES]
    print(tabulate(rows, heads, "pipe", floatfmt=".2f", missingval="-"))
    print(f"\nThe paper's Table 2: {PAPER} dB.")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)))
