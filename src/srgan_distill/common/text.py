"""Markdown and JSON as every stage writes them."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

ABSENT = "-"


def markdown_table(rows: Sequence[Mapping[str, Any]], words: Collection[str] = ()) -> str:
    """A Markdown table of rows with the same keys, its headings.

    The first column and those in `words` are aligned to the left, all others, of figures, to the
    right.
    """
    heads = list(rows[0])
    cells = [[_cell(row[head]) for head in heads] for row in rows]
    align = ["left"] + ["left" if head in words else "right" for head in heads[1:]]
    return tabulate(cells, heads, "pipe", disable_numparse=True, colalign=align)


def markdown_page(*parts: str) -> str:
    """Headings, paragraphs and tables with a line between them."""
    return "\n\n".join(parts) + "\n"


def _cell(value: Any) -> Any:
    """Without the end of a cell in it, as in a file's name."""
    return value.replace("|", "\\|") if isinstance(value, str) else value


def write_text(path: Path, text: str) -> None:
    """Write UTF-8, with the same bytes on every system, making the folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: Any) -> None:
    """Write indented JSON; infinity and NaN, which JSON does not have, are refused."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    write_text(path, text + "\n")
