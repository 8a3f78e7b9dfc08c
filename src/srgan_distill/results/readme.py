"""One table of all models for a page to read, and the pages that hold such tables.

A page has a table of profile `bsds500` between `<!-- table:bsds500 -->` and `<!-- /table -->`.

Usage: python -m srgan_distill.results.readme [PAGE]     writes the tables of README.md anew
"""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd

from ..common.errors import UserError, exit_code
from ..common.metrics import GRID, METRICS
from ..common.paths import Paths
from ..common.runs import PAPER_NAMES, display_name
from ..common.text import ABSENT, markdown_table, write_text
from . import paper
from .reading import MODEL, read_json, read_scores

_MARKED = re.compile(r"(<!-- table:(\w+) -->\n)(.*?)(<!-- /table -->)", re.DOTALL)

Figures = Mapping[str, Mapping[str, float]]


def models_table(
    scores: pd.DataFrame, figures: Figures, name: Callable[[str], str], with_paper: bool = False
) -> str:
    """One row per model, as Markdown.

    Args:
        scores: `model`, `set`, `image`, one column per metric.
        figures: by model, its `parameters` and `grid` where they were measured.
        name: how a model is called.
        with_paper: a last column with the paper's means over its own sets.

    Returns:
        Columns: parameters; the mean over the sets, and each set, of PSNR / SSIM, and of NIQE where
        it was computed; the grid. A column that no model has a figure of is left out.
    """
    theirs = paper.table2().groupby("method")[["psnr", "ssim"]].mean()
    rows = []
    for model, frame in scores.groupby("model", sort=False):
        row = {
            "Method": name(model),
            "Parameters": _count(figures.get(model, {}).get("parameters")),
        }
        of_sets = frame.drop(columns=["model", "image"]).groupby("set", sort=False).mean()
        for place, values in [("Mean", of_sets.mean()), *of_sets.iterrows()]:
            row[place] = _pair(values)
            row[f"{place} NIQE ↓"] = METRICS["niqe"].text(values.get("niqe"))
        row[GRID.heading] = GRID.text(figures.get(model, {}).get("grid"))
        printed = PAPER_NAMES.get(model)
        row["Paper, mean"] = _pair(theirs.loc[printed]) if with_paper and printed else ABSENT
        rows.append(row)
    shown = [head for head in rows[0] if any(row[head] != ABSENT for row in rows)]
    return markdown_table([{head: row[head] for head in shown} for row in rows])


def recorded(profile: str, metrics: Path = Path()) -> tuple[pd.DataFrame, Figures]:
    """The scores and the models' own figures that stage tables wrote of a profile.

    Args:
        profile: its name.
        metrics: the repository's root.

    Raises:
        UserError: they are missing.
    """
    folder = metrics / Paths(profile).metrics("tables")
    scores = read_scores(folder / "scores.csv")
    file = folder / "means.json"
    means = read_json(file) if file.exists() else {}  # a record of before it
    return scores, {model: sets.get(MODEL, {}) for model, sets in means.items()}


def filled(text: str, table_of: Callable[[str], str]) -> str:
    """A page with every marked table written anew.

    Args:
        text: the page.
        table_of: the table of a profile, as Markdown.

    Raises:
        UserError: the page marks no table.
    """
    if not _MARKED.search(text):
        raise UserError("no <!-- table:PROFILE --> with <!-- /table --> below it; add both lines")
    return _MARKED.sub(lambda found: f"{found[1]}\n{table_of(found[2])}\n\n{found[4]}", text)


def chosen(scores: pd.DataFrame, models: Collection[str]) -> pd.DataFrame:
    """The scores of some models, in their order."""
    return scores[scores["model"].isin(models)]


def readme_table(profile: str, root: Path = Path()) -> str:
    """The table of the repository's README: all rows, and the paper's means."""
    return models_table(*recorded(profile, root), display_name, with_paper=True)


def run(page: str = "README.md") -> None:
    path = Path(page)
    write_text(path, filled(path.read_text(encoding="utf-8"), readme_table))
    print(f"written: {path}")


def _count(parameters: float | None) -> str:
    return f"{parameters:,.0f}" if parameters else ABSENT


def _pair(values: pd.Series) -> str:
    return " / ".join(METRICS[name].text(values[name]) for name in ("psnr", "ssim"))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
