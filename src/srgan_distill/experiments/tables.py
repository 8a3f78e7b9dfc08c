"""Tables as `compare` and `claims` print them."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from tabulate import tabulate

from ..common.metrics import Metric
from ..common.text import markdown_table

Format = Literal["markdown", "csv", "terminal"]


def table_text(
    rows: Sequence[Mapping[str, str]], style: Format, words: Collection[str] = ()
) -> str:
    """Rows with the same keys as Markdown, or aligned for a terminal."""
    if style == "markdown":
        return markdown_table(rows, words)
    return tabulate(rows, headers="keys", disable_numparse=True)


def with_spread(metric: Metric, mean: float, spread: float, sign: str = "") -> str:
    """Mean ± standard deviation with the metric's decimals; the mean alone where there is none."""
    text = metric.text(mean, sign)
    return text if math.isnan(spread) else f"{text} ± {metric.text(spread)}"
