"""What Lee and Park (2021) print, as data, and which of our models each of their rows is."""

from collections.abc import Iterable
from importlib.resources import files

import pandas as pd

PARAMETERS_M = {"teacher": 1.55, "student": 0.25}
"""Table 1: parameters in millions."""

RATIO = 6.24
"""Table 1: the teacher's parameters over the student's."""

METHODS = {
    "teacher_gan": "Teacher",
    "student": "Student",
    "gan2gan": "GAN2GAN",
    "gan2g": "GAN2G",
    "gan2g_al": "GAN2G+AL",
    "g2g_al": "G2G+AL",
}
"""Our key of each method the paper has a row for, and the paper's name of it."""

_OURS = {
    "bicubic": "Bicubic",
    "pretrain_teacher": "Teacher (pixel loss)",
    "pretrain_student": "Student (pixel loss)",
    "teacher_g": "Teacher (G only)",
}


def table2() -> pd.DataFrame:
    """Table 2: `method`, `set`, `psnr` in the paper's dB (not standard ones), `ssim`."""
    return _read("table2.csv")


def table3() -> pd.DataFrame:
    """Table 3: `method`, `image` 1..10, `dmos` in 0..100, higher is better."""
    return _read("table3.csv")


def table4() -> pd.DataFrame:
    """Table 4: `method`, `pi` (mean of ten images), lower is better."""
    return _read("table4.csv")


def display_name(model: str) -> str:
    """How a model is called in tables and figures; a user's own strategy shows under its key."""
    return METHODS.get(model) or _OURS.get(model, model)


def model_names(
    networks: Iterable[str], train: Iterable[str], strategies: Iterable[str]
) -> list[str]:
    """The keys of all models, in the order of the tables' rows."""
    return ["bicubic", *(f"pretrain_{network}" for network in networks), *train, *strategies]


def _read(name: str) -> pd.DataFrame:
    with files(__name__).joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file)
