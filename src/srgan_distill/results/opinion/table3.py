"""Table 3, the opinion scores: our figures and the paper's, as a data frame and as Markdown."""

import math
from collections.abc import Sequence

import pandas as pd

from ...common.runs import PAPER_NAMES, display_name
from ...common.text import ABSENT, markdown_table
from .. import paper
from .dmos import dmos_by_image, dmos_by_method, reversed_dmos

MEAN = "mean"

NO_RATINGS = """\
**No ratings yet**, so there is no DMOS of ours: `srgan-distill rate` makes a page to rate the
images with; the CSVs that it saves belong in data/ratings/. The paper's figures alone:"""

SCALE_NOTE = """\
DMOS as equations 4 to 6 print it: 0 to 100, lower is better. 100 - DMOS is the paper's reading,
higher is better. A rater's differences to the ground truth are set against all of that rater's own,
so the mean over all methods is 50 (unless a z-score was clipped): DMOS ranks the methods that were
rated together, and does not compare one study with another. [ ]: 95 % interval over the raters
(Student's t), for these images."""

PAPER_NOTE = """\
**The paper's equations and its reading contradict each other.** By equation 4 a score is taken from
that of the ground truth, so a lower DMOS is better, as in the LIVE studies that the equations come
from. The text reads its table as higher is better: so read, G2G+AL is first on four of the ten
images and GAN2G+AL on three; by the equations GAN2G is first on four, and GAN2G+AL on none. The
figures themselves do not tell which of the two they are.

**In the paper, each method's mean over the ten images is 50.00.** That is what z-scores give which
are taken within each method; taken over all of a rater's differences, as ours are, only the mean
over all methods is 50. So its table compares the images of one method, and ranks no methods. Its
ten images are not named."""


def table3(opinions: pd.DataFrame, models: Sequence[str]) -> pd.DataFrame:
    """Table 3: DMOS by method and image, and by method.

    Args:
        opinions: what `dmos.opinions` returns.
        models: keys of all models, in the order of the rows.

    Returns:
        One row per method and image, and one whose `image` is `mean`: `model` (our key), `method`
        (display name), `image` (`<set>/<image>`, or the paper's 1 to 10), `raters`, `dmos` in
        0..100 (lower is better), `low` and `high` (95 % interval over raters), `reversed` (100 -
        dmos, higher is better), `paper_dmos` (as printed). A figure that one side does not have is
        NaN.
    """
    ours = pd.concat([dmos_by_image(opinions), dmos_by_method(opinions).assign(image=MEAN)])
    ours = ours.rename(columns={"method": "model"})
    theirs = paper.table3().rename(columns={"dmos": "paper_dmos"}).astype({"image": str})
    keys = {method: model for model, method in PAPER_NAMES.items()}
    theirs["model"] = theirs.pop("method").map(keys)
    means = theirs.groupby("model", as_index=False)["paper_dmos"].mean().assign(image=MEAN)
    both = ours.merge(pd.concat([theirs, means]), on=["model", "image"], how="outer")
    both["method"] = both["model"].map(display_name)
    both["raters"] = both["raters"].astype("Int64")
    both["reversed"] = reversed_dmos(both["dmos"].astype(float))
    # Our images, then the paper's, whose names hold no slash, then the mean of each.
    places = both.assign(
        model=both["model"].map(list(dict.fromkeys([*models, *keys.values()])).index),
        theirs=~both["image"].str.contains("/") & (both["image"] != MEAN),
        mean=both["image"] == MEAN,
        number=pd.to_numeric(both["image"], errors="coerce"),
    ).sort_values(["model", "mean", "theirs", "number", "image"], kind="stable")
    columns = ["model", "method", "image", "raters", "dmos", "low", "high", "reversed"]
    columns.append("paper_dmos")
    return both.loc[places.index, columns].reset_index(drop=True)


def table3_markdown(table: pd.DataFrame, raters: int) -> str:
    """Table 3, from `table3`, of as many raters."""
    means = table[table["image"] == MEAN]
    ours = table[table["dmos"].notna()]
    theirs = table[table["paper_dmos"].notna()]
    parts = ["## Table 3. Opinion scores (DMOS)"]
    if ours.empty:
        parts.append(NO_RATINGS)
    else:
        images = ours.loc[ours["image"] != MEAN, "image"].nunique()
        summary = [
            {
                "Method": row.method,
                "DMOS ↓ (equation 6)": _with_interval(row),
                "100 - DMOS ↑ (the paper's reading)": f"{row.reversed:.2f}",
            }
            for row in means.itertuples()
            if not math.isnan(row.dmos)
        ]
        parts += [
            f"{raters} rater{'s' if raters > 1 else ''}, {images} images.",
            markdown_table(summary),
            "DMOS ↓ by image:",
            _by_image(ours, "dmos", 2),
            SCALE_NOTE,
            "### The paper's DMOS as printed: 10 raters, 10 images",
        ]
    return "\n\n".join([*parts, _by_image(theirs, "paper_dmos", 3), PAPER_NOTE]) + "\n"


def _by_image(table: pd.DataFrame, column: str, decimals: int) -> str:
    """One row per image, the mean last; one column per method."""
    rows: dict[str, dict[str, str]] = {}
    for row in table.sort_values(
        "image", key=lambda names: names == MEAN, kind="stable"
    ).itertuples():
        cells = rows.setdefault(row.image, {"Image": row.image})
        cells[row.method] = f"{getattr(row, column):.{decimals}f}"
    return markdown_table(list(rows.values()))


def _with_interval(row: object) -> str:
    if math.isnan(row.low):
        return f"{row.dmos:.2f} [{ABSENT}]"
    return f"{row.dmos:.2f} [{row.low:.2f}, {row.high:.2f}]"
