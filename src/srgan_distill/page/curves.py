"""Training curves of many runs, read back and grouped into charts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ..errors import UserError
from .chart import Quantity, Series, draw

QUANTITIES = {
    "validation_psnr": Quantity("Validation PSNR", "dB, Y channel"),
    "loss/pixel": Quantity("Pixel loss", "mean squared error, images in [0, 1]", True),
    "loss/content": Quantity("Content loss L_c", "mean squared error of scaled features"),
    "loss/distillation": Quantity(
        "Distillation loss L_KD", "mean squared error to the teacher, images in [0, 1]", True
    ),
    "loss/feature_distillation": Quantity(
        "Feature distillation loss", "mean squared error to the teacher's features"
    ),
    "loss/adversarial": Quantity("Adversarial loss L_a", "-log D(G(LR)), nats"),
    "loss/discriminator": Quantity("Discriminator loss L_D", "cross entropy, real + fake, nats"),
    "learning_rate": Quantity("Learning rate", "Adam's step size", True),
}
"""How a curve is shown, by its file under plots/metrics; any other shows under its own name."""


@dataclass(frozen=True)
class Run:
    """One training run: the folder of its curves, what it is called and how its line looks."""

    folder: Path
    label: str
    colour: int
    dashed: bool


@dataclass(frozen=True)
class Chart:
    title: str
    svg: Markup


def charts(runs: Sequence[Run]) -> list[Chart]:
    """One chart per quantity that any of `runs` logged, each run in its colour.

    Raises:
        UserError: a run has no curves.
    """
    curves = {run: _files(run.folder) for run in runs}
    found = {name for files in curves.values() for name in files}
    result = []
    for name in [*QUANTITIES, *sorted(found - QUANTITIES.keys())]:
        lines = [
            Series(run.label, run.colour, run.dashed, points)
            for run, files in curves.items()
            if name in files and (points := _points(files[name]))
        ]
        if lines:
            quantity = QUANTITIES.get(name, Quantity(name.replace("/", ": "), "value"))
            result.append(Chart(quantity.title, draw(quantity, lines)))
    return result


def _files(run: Path) -> dict[str, Path]:
    folder = run / "plots" / "metrics"
    files = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*.tsv"))
    }
    if not files:
        raise UserError(f"{run} holds no curves; run `dvc repro`, which trains")
    return files


def _points(file: Path) -> list[tuple[float, float]]:
    """Step and value; a PSNR of equal images has no place on an axis."""
    table = pd.read_csv(file, sep="\t")
    values = table.drop(columns="step").iloc[:, 0]
    return [
        (float(step), float(value))
        for step, value in zip(table["step"], values, strict=True)
        if math.isfinite(value)
    ]
