"""The quality metrics by name: how they are called, printed and compared.

How they are measured is in `srgan_distill.scoring`.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from .text import ABSENT


@dataclass(frozen=True)
class Metric:
    """What tables and callers need to know of a metric.

    Attributes:
        name: its key in params.yaml and in every file of figures.
        label: heading of a table column, with the unit where there is one.
        decimals: digits behind the point that are worth printing.
        lower_is_better: direction of the comparison.
        headline: whether it stands in headline.json.
    """

    name: str
    label: str
    decimals: int
    lower_is_better: bool = False
    headline: bool = False

    @property
    def heading(self) -> str:
        """The label with an arrow to its better end."""
        return f"{self.label} {'↓' if self.lower_is_better else '↑'}"

    def text(self, value: float | None, sign: str = "") -> str:
        """`value` with the metric's decimals, `sign` "+" for differences; `ABSENT` for none."""
        if value is None or math.isnan(value):
            return ABSENT
        return f"{value:{sign}.{self.decimals}f}"

    def gain(self, value: float, other: float) -> float:
        """By how much `value` is better than `other`; negative where it is worse."""
        return other - value if self.lower_is_better else value - other

    def verdict(self, change: float | None) -> str:
        """`better` or `worse` for new minus old; empty where nothing changed."""
        if not change:
            return ""
        return "better" if self.gain(change, 0) > 0 else "worse"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("psnr", "PSNR (dB)", decimals=2, headline=True),
        Metric("ssim", "SSIM", decimals=4, headline=True),
        Metric("psnr_wrapped", "PSNR mod 256 (dB)", decimals=4),
        Metric("lpips", "LPIPS", decimals=4, lower_is_better=True),
        Metric("dists", "DISTS", decimals=4, lower_is_better=True),
        Metric("edges", "Edge sharpness", decimals=3),
        Metric("piqe", "PIQE", decimals=2, lower_is_better=True),
        Metric("niqe", "NIQE", decimals=3, lower_is_better=True, headline=True),
        Metric("nrqm", "Ma (NRQM)", decimals=3),
        Metric("pi", "PI", decimals=4, lower_is_better=True, headline=True),
    )
}

GRID = Metric("grid", "Grid", 2, lower_is_better=True)
"""In grey levels; of a model (`srgan_distill.networks.grid`), not of an image: not in `METRICS`."""

WEIGHT_FILES = {
    "niqe": "niqe_modelparameters.mat",
    "nrqm": "NRQM_model.mat",
    "lpips": "LPIPS_v0.1_alex-df73285e.pth",
    "alexnet": "alexnet-owt-7be5be79.pth",
    "dists": "DISTS_weights-f5e65c96.pth",
    "vgg16": "vgg16-397923af.pth",
}
"""Parameter files by metric or part of one, under their published names.

That of a .pth file holds the beginning of its SHA-256.
"""

PI_PARTS = ("nrqm", "niqe")
BACKBONES = {"lpips": "alexnet", "dists": "vgg16"}
"""The networks of torchvision whose features a metric compares."""


def parts_of(name: str) -> tuple[str, ...]:
    """What a metric is made of: the keys of `WEIGHT_FILES`, where there are files of it."""
    if name == "pi":
        return PI_PARTS
    return (name, BACKBONES[name]) if name in BACKBONES else (name,)


def parameter_files(names: Collection[str]) -> dict[str, str]:
    """The parameter files that the metrics `names` need: metric or part of one -> file name."""
    parts = {part for name in names for part in parts_of(name)}
    return {part: file for part, file in WEIGHT_FILES.items() if part in parts}
