"""Differential mean opinion scores: the paper's equations 4 to 6, and their 95 % intervals.

As printed, a lower DMOS is better: it is how far a result falls short of its ground truth.
"""

import math
from collections.abc import Sequence

import pandas as pd
from scipy import stats

GROUND_TRUTH = "ground_truth"
"""The key of the HR image among the methods of a rating."""

LARGEST_Z = 3.0
LEVEL = 0.95
DECIMALS = 4


def opinions(ratings: pd.DataFrame) -> pd.DataFrame:
    """How far each rater puts each result below its ground truth, on a scale all raters share.

    Eq. 4: d_ij = r_i(ground truth of j) - r_ij.
    Eq. 5: z_ij = (d_ij - mean_i) / std_i over all of rater i's differences, those of all methods.
    std_i is the sample deviation (over n - 1): a rater's pictures are a sample of those the rater
    could have been shown, and so does the study whose equations these are (Seshadrinathan et al.,
    IEEE TIP 19(6), 2010). The paper does not say.
    Eq. 6, without its mean: z in [-3, 3] to 100 (z + 3) / 6.

    Args:
        ratings: `rater`, `image`, `method`, `score` in 1..5; complete (see `read_ratings`).

    Returns:
        One row per rater, image and method but the ground truth: `rater`, `image`, `method`,
        `differential` in [0, 100], lower is better. Without ratings, no rows.
    """
    if ratings.empty:
        return pd.DataFrame(columns=["rater", "image", "method", "differential"])
    scores = ratings.set_index(["rater", "image", "method"])["score"].astype(float)
    truth = scores.xs(GROUND_TRUTH, level="method")
    rated = scores.drop(GROUND_TRUTH, level="method")
    differences = truth.reindex(rated.index.droplevel("method")).to_numpy() - rated
    by_rater = differences.groupby(level="rater")
    z = (differences - by_rater.transform("mean")) / by_rater.transform("std", ddof=1)
    differential = 100 * (z.clip(-LARGEST_Z, LARGEST_Z) + LARGEST_Z) / (2 * LARGEST_Z)
    return differential.rename("differential").reset_index()


def reversed_dmos(dmos: float) -> float:
    """The paper's reading of DMOS, by which higher is better."""
    return 100 - dmos


def dmos_by_image(given: pd.DataFrame) -> pd.DataFrame:
    """Eq. 6: the mean over raters for each method and image.

    Args:
        given: what `opinions` returns.

    Returns:
        `method`, `image`, `raters`, `dmos`, `low`, `high`; see `interval`.
    """
    return _summary(given, ["method", "image"])


def dmos_by_method(given: pd.DataFrame) -> pd.DataFrame:
    """Each method's mean over raters and images; its interval is over the raters' own means.

    Args:
        given: what `opinions` returns.

    Returns:
        `method`, `raters`, `dmos`, `low`, `high`; see `interval`.
    """
    own = given.groupby(["method", "rater"], as_index=False)["differential"].mean()
    return _summary(own, ["method"])


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean, by Student's t.

    Over raters, as ITU-R BT.500 has it over observers: what other raters of the same pictures
    would say. It does not speak of other images.

    Returns:
        Its ends, NaN for a single value. They may leave [0, 100].
    """
    if len(values) < 2:
        return math.nan, math.nan
    mean, half = float(pd.Series(values).mean()), stats.sem(values)
    half *= stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)
    return mean - half, mean + half


def _summary(given: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    rows = []
    for key, values in given.groupby(keys, sort=False)["differential"]:
        low, high = interval(values.to_list())
        figures = {"raters": len(values), "dmos": values.mean(), "low": low, "high": high}
        rows.append(dict(zip(keys, key, strict=True)) | figures)
    return pd.DataFrame(rows, columns=[*keys, "raters", "dmos", "low", "high"])


def dmos_figures(given: pd.DataFrame, models: list[str]) -> dict[str, dict[str, float | None]]:
    """DMOS of each rated method, in the order of `models`.

    Returns:
        Method -> `mean` over raters and images in 0..100, lower is better, `low` and `high` (its
        95 % interval over raters; None with one rater), `reversed` (100 - mean, the paper's
        reading: higher is better), `raters`, `images`. Empty without ratings.
    """
    images = given["image"].nunique()
    rows = {row.method: row for row in dmos_by_method(given).itertuples()}
    return {
        model: {
            "mean": _figure(row.dmos),
            "low": _figure(row.low),
            "high": _figure(row.high),
            "reversed": _figure(reversed_dmos(row.dmos)),
            "raters": row.raters,
            "images": images,
        }
        for model in models
        if (row := rows.get(model))
    }


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), DECIMALS)
