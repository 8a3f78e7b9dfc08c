"""Figures and tables as text: Markdown that reads well in a terminal too."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from tabulate import tabulate

from .metrics import METRICS

ABSENT = "-"


def heading(metric: str) -> str:
    """The metric's label with an arrow to its better end."""
    return f"{METRICS[metric].label} {'↓' if METRICS[metric].lower_is_better else '↑'}"


def number(value: float | None, metric: str, sign: str = "") -> str:
    """`value` with the metric's decimals, `sign` "+" for differences; `ABSENT` for none."""
    return ABSENT if pd.isna(value) else f"{value:{sign}.{METRICS[metric].decimals}f}"


def grid(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of rows with the same keys, its headings; all but the first to the right."""
    heads = list(rows[0])
    cells = [[row[head] for head in heads] for row in rows]
    align = ["left"] + ["right"] * (len(heads) - 1)
    return tabulate(cells, heads, "pipe", disable_numparse=True, colalign=align)
