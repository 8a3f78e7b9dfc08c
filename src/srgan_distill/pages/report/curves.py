"""Training curves of many runs, read back and grouped into charts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from ...common.runs import Run
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


def lines_of(runs: Sequence[Run]) -> list[Line]:
    """How each run is drawn. The colours begin anew with each stage: dashes tell those apart."""
    return [
        Line(run.key, run.title, colour, dashed=stage == "train")
        for stage, own in groupby(runs, key=attrgetter("stage"))
        for colour, run in enumerate(own)
    ]


def charts(folder: Path, runs: Sequence[Line]) -> tuple[list[Chart], list[Line]]:
    """One chart per quantity that any of `runs` logged, each run in its colour.

    Args:
        folder: where stage `curves` wrote them, a file for each quantity.

    Returns:
        The charts, and the runs that have no curves: of a generator that was trained elsewhere.
    """
    curves = {run: dict[str, list[tuple[float, float]]]() for run in runs}
    for path in sorted(folder.glob("*.tsv")):
        table = pd.read_csv(path, sep="\t")
        for run in runs:
            if len(own := table[table["run"] == run.key]):
                curves[run][path.stem] = _points(own)
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
    return result, [run for run, own in curves.items() if not own]


def _points(table: pd.DataFrame) -> list[tuple[float, float]]:
    """Step and value; a PSNR of equal images has no place on an axis."""
    values = table.drop(columns=["run", "step"]).iloc[:, 0]
    return [
        (float(step), float(value))
        for step, value in zip(table["step"], values, strict=True)
        if math.isfinite(value)
    ]
