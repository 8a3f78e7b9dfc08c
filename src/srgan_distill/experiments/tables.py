"""Tables as `compare` and `claims` print them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from tabulate import tabulate

from ..common.text import markdown_table

Format = Literal["markdown", "csv", "terminal"]


def table_text(
    rows: Sequence[Mapping[str, str]], style: Format, words: Collection[str] = ()
) -> str:
    """Rows with the same keys as Markdown, or aligned for a terminal."""
    if style == "markdown":
        return markdown_table(rows, words)
    return tabulate(rows, headers="keys", disable_numparse=True)
