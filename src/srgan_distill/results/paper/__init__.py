"""What Lee and Park (2021) print, as data."""

from importlib.resources import files

import pandas as pd

PARAMETERS_M = {"teacher": 1.55, "student": 0.25}
"""Table 1: parameters in millions."""

RATIO = 6.24
"""Table 1: the teacher's parameters over the student's."""


def table2() -> pd.DataFrame:
    """Table 2: `method`, `set`, `psnr` in the paper's dB (not standard ones), `ssim`."""
    return _read("table2.csv")


def table3() -> pd.DataFrame:
    """Table 3: `method`, `image` 1..10, `dmos` in 0..100, which the text reads as higher is better.

    By the paper's own equations lower is better (`srgan_distill.results.opinion.table3`).
    """
    return _read("table3.csv")


def table4() -> pd.DataFrame:
    """Table 4: `method`, `pi` (mean of ten images), lower is better."""
    return _read("table4.csv")


def _read(name: str) -> pd.DataFrame:
    with files(__name__).joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file)
