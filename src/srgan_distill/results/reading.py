"""What earlier stages wrote, read back."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from ..common.errors import UserError

MODEL = "model"
"""In place of a set's name: a generator's own figures, which no image enters."""


@contextmanager
def required(path: Path, by: str = "which writes it") -> Iterator[None]:
    """Say of a missing file `path` how to get it.

    Raises:
        UserError: the file is missing.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run `dvc repro`, {by}") from None


def read_scores(path: Path) -> pd.DataFrame:
    """Per-image scores of one model: `set`, `image`, one float column per metric.

    Raises:
        UserError: the file is missing.
    """
    with required(path, "which evaluates"):
        # Sets and images keep their names, be they 001 or null.
        return pd.read_csv(path, dtype={"set": str, "image": str}, na_filter=False)


def read_opinions(path: Path) -> pd.DataFrame:
    """Opinions as stage opinion writes them (`srgan_distill.results.opinion.dmos.opinions`).

    Raises:
        UserError: the file is missing.
    """
    with required(path):
        return pd.read_csv(path, dtype={"rater": str, "image": str}, na_filter=False)


def read_all_scores(runs: Sequence[str], scores: Callable[[str], Path]) -> dict[str, pd.DataFrame]:
    """Per-image scores by run; `scores` names the file of a run.

    Raises:
        UserError: a file is missing.
    """
    return {run: read_scores(scores(run)) for run in runs}


def joined(scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The scores of all runs in one table, its first column `model`."""
    return pd.concat(scores, names=["model"]).reset_index("model")


def set_means(
    scores: Mapping[str, pd.DataFrame], models: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, dict[str, float]]]:
    """Run -> set -> metric -> mean over the set's images: Tables 2 and 4 for `dvc metrics diff`.

    What is measured of the run's generator itself, from `models`, stands under `MODEL`.
    """
    return {run: _by_set(frame) | {MODEL: dict(models[run])} for run, frame in scores.items()}


def _by_set(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    means = scores.drop(columns="image").groupby("set", sort=False).mean().round(4)
    return {
        test_set: {name: float(value) for name, value in row.items() if math.isfinite(value)}
        for test_set, row in means.iterrows()
    }


def read_json(path: Path) -> Any:
    """The content of a file of figures.

    Raises:
        UserError: the file is missing.
    """
    with required(path):
        return json.loads(path.read_text(encoding="utf-8"))
