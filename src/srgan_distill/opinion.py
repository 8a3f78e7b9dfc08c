"""Stage opinion: DMOS from the ratings that were handed in, and Table 3."""

import json
import math
import sys
from pathlib import Path

import pandas as pd

from .errors import exit_code
from .images import list_images
from .layout import Layout
from .paper import model_names
from .params import load
from .rating.dmos import dmos_by_method, opinions
from .rating.ratings import rating_files, read_ratings
from .rating.table3 import table3, table3_markdown

RATINGS = Path("data/ratings")
DECIMALS = 4


def run() -> None:
    """Write metrics/<profile>/dmos.json (see `figures`) and metrics/<profile>/opinion/table3.*."""
    params = load()
    layout = Layout(params.profile)
    models = model_names(params.networks, params.train, params.strategies)
    images = {
        f"{test_set}/{image.stem}"
        for test_set in params.budget.download.test
        for image in list_images(layout.references(test_set))
    }
    files = rating_files(RATINGS, params.profile)
    ratings = read_ratings(files, models, images)
    given = opinions(ratings)
    table = table3(given, models)
    text = table3_markdown(table, ratings["rater"].nunique())

    folder = layout.metrics / "opinion"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table3.md").write_text(text, encoding="utf-8")
    table.to_csv(folder / "table3.csv", index=False, float_format="%.6f")
    path = layout.metrics / "dmos.json"
    path.write_text(json.dumps(figures(given, models), indent=2, allow_nan=False) + "\n")
    print(text)
    print("read:", *files or [f"no ratings in {RATINGS}"], sep="\n  ")
    print("written:", path, *sorted(folder.iterdir()), sep="\n  ")


def figures(given: pd.DataFrame, models: list[str]) -> dict[str, dict[str, float | None]]:
    """DMOS of each rated method, in the order of `models`.

    Returns:
        Method -> `mean` over raters and images in 0..100, `low` and `high` (its 95 % interval
        over raters; None with one rater), `raters`, `images`. Empty without ratings.
    """
    images = given["image"].nunique()
    rows = {row.method: row for row in dmos_by_method(given).itertuples()}
    return {
        model: {
            "mean": _figure(row.dmos),
            "low": _figure(row.low),
            "high": _figure(row.high),
            "raters": row.raters,
            "images": images,
        }
        for model in models
        if (row := rows.get(model))
    }


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), DECIMALS)


if __name__ == "__main__":
    sys.exit(exit_code(run))
