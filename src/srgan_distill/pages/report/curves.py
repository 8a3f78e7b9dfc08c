"""Training curves of many runs, read back and grouped into charts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...common.errors import UserError
from ...results.curves import Quantity, quantities
from .chart import Series, draw


@dataclass(frozen=True)
class Line:
    """How one run's curves look: its key in the files, what it is called, its colour."""

    key: str
    label: str
    colour: int
    dashed: bool


@dataclass(frozen=True)
class Chart:
    title: str
    svg: Markup


def charts(folder: Path, runs: Sequence[Line]) -> list[Chart]:
    """One chart per quantity that any of `runs` logged, each run in its colour.

    Args:
        folder: where stage `curves` wrote them, a file for each quantity.

    Raises:
        UserError: a run has no curves.
    """
    curves = {run: dict[str, list[tuple[float, float]]]() for run in runs}
    for path in sorted(folder.glob("*.tsv")):
        table = pd.read_csv(path, sep="\t")
        for run in runs:
            if len(own := table[table["run"] == run.key]):
                curves[run][path.stem] = _points(own)
    for run, own in curves.items():
        if not own:
            raise UserError(f"no curves of {run.key} in {folder}; run `dvc repro`, which trains")
    found = {name for own in curves.values() for name in own}
    known = quantities()
    result = []
    for name in [*known, *sorted(found - known.keys())]:
        lines = [
            Series(run.label, run.colour, run.dashed, own[name])
            for run, own in curves.items()
            if own.get(name)
        ]
        if lines:
            quantity = known.get(name, Quantity(name.replace("_", " "), "value"))
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
