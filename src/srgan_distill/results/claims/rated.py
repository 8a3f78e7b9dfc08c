"""What raters said of the models, in the form of scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from .statements import DISTILLED

Scores = Mapping[str, pd.DataFrame]
"""By model: `set`, `image`, one column per metric."""


@dataclass(frozen=True)
class Ratings:
    """DMOS (and first places) by model, in the form of scores.

    `by_image`: of each image, the mean of its raters; `by_rater`: of each rater, who stands in
    place of an image, the mean of all images.
    """

    by_image: Scores = field(default_factory=dict)
    by_rater: Scores = field(default_factory=dict)


def rated(opinions: pd.DataFrame) -> Ratings:
    """What raters said, from `dmos.opinions`; without ratings, of no model.

    First places are the share of images on which no other of the paper's four strategies has a
    lower DMOS, shared where they are equal; there are some if all four are rated.
    """
    if opinions.empty:
        return Ratings()
    own = opinions.pivot(index=["rater", "image"], columns="method", values="differential")
    # Rounded: equal means may differ in their last digit.
    by_image, by_rater = (own.groupby(level=unit).mean().round(6) for unit in ("image", "rater"))
    return Ratings(
        _as_scores(by_image, _first_places(by_image)),
        _as_scores(by_rater, _first_places(own).groupby(level="rater").mean()),
    )


def _first_places(dmos: pd.DataFrame) -> pd.DataFrame:
    """Each strategy's share of the first place of each row."""
    contest = dmos.filter(items=DISTILLED if {*DISTILLED} <= {*dmos} else [])
    first = contest.eq(contest.min(axis=1), axis=0)
    return first.div(first.sum(axis=1), axis=0)


def _as_scores(dmos: pd.DataFrame, shares: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """One set for all, for the raters' images are few."""
    return {
        model: pd.DataFrame(
            {"set": "rated", "image": dmos.index, "dmos": dmos[model].to_numpy()}
            | ({"first_places": shares[model].to_numpy()} if model in shares else {})
        )
        for model in dmos
    }
