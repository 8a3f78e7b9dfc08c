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
"""How a curve is shown, by the name of its file; any other shows under its own name."""


@dataclass(frozen=True)
class Run:
    """One training run: its key in the files, what it is called and how its line looks."""

    key: str
    label: str
    colour: int
    dashed: bool


@dataclass(frozen=True)
class Chart:
    title: str
    svg: Markup


def charts(folders: Sequence[Path], runs: Sequence[Run]) -> list[Chart]:
    """One chart per quantity that any of `runs` logged, each run in its colour.

    Args:
        folders: where stage `curves` wrote those of a training stage each.

    Raises:
        UserError: a run has no curves.
    """
    curves = {run: dict[str, list[tuple[float, float]]]() for run in runs}
    for folder in folders:
        for path in sorted(folder.rglob("*.tsv")):
            table = pd.read_csv(path, sep="\t")
            for run in runs:
                if len(own := table[table["run"] == run.key]):
                    name = path.relative_to(folder).with_suffix("").as_posix()
                    curves[run][name] = _points(own)
    for run, own in curves.items():
        if not own:
            where = " or ".join(map(str, folders))
            raise UserError(f"no curves of {run.key} in {where}; run `dvc repro`, which trains")
    found = {name for own in curves.values() for name in own}
    result = []
    for name in [*QUANTITIES, *sorted(found - QUANTITIES.keys())]:
        lines = [
            Series(run.label, run.colour, run.dashed, own[name])
            for run, own in curves.items()
            if own.get(name)
        ]
        if lines:
            quantity = QUANTITIES.get(name, Quantity(name.replace("/", ": "), "value"))
            result.append(Chart(quantity.title, draw(quantity, lines)))
    return result


def _points(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Step and value; a PSNR of equal images has no place on an axis."""
    values = table.drop(columns=["run", "step"]).iloc[:, 0]
    return [
        (float(step), float(value))
        for step, value in zip(table["step"], values, strict=True)
        if math.isfinite(value)
    ]
