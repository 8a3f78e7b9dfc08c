"""95 % bootstrap intervals over images: of a mean, and of paired differences of two models.

Over one group of images every image weighs the same; over test sets every set does, whatever its
number of images, as in the mean column of the paper's tables.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..common.errors import UserError
from ..common.metrics import Metric

CONFIDENCE = 0.95
RESAMPLES = 2000  # the ends then move by about 3 % of the interval's half width between seeds
LEAST_IMAGES = 2
LEAST_FOR_VERDICT = 6
"""Images that a verdict needs. Of 5 chance differences all have one sign in 2 / 2^5 = 6 % of cases.

Of 6 it is 3 %, less than the 5 % that a 95 % interval leaves. Below that the bootstrap, which
never looks beyond the largest and the smallest difference seen, tells too much.
"""

_BATCH = 500  # resamples at a time: stays in the processor's cache, twice as fast
_KEYS = ["set", "image"]


@dataclass(frozen=True)
class Interval:
    """A mean over `images` images and its interval, in the metric's unit.

    Attributes:
        mean: NaN where there is none (infinite PSNRs of both models subtracted).
        low, high: NaN with fewer than LEAST_IMAGES images or a value that is not finite.
        images: how many images the mean is over.
        effective_images: of several sets, as many images of one set as vary as much in the mean,
            for a small set weighs as much as a large one; None: `images`.
    """

    mean: float
    low: float
    high: float
    images: int
    effective_images: float | None = None

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low)

    @property
    def enough_images(self) -> bool:
        """Whether there are images enough for a verdict."""
        return (
            self.images if self.effective_images is None else self.effective_images
        ) >= LEAST_FOR_VERDICT

    @property
    def significant(self) -> bool:
        """Whether the mean is known to differ from 0: enough images, 0 outside the interval."""
        return self.known and self.enough_images and not self.low <= 0 <= self.high


def mean_interval(values: np.ndarray) -> Interval:
    """Percentile bootstrap interval of the mean of `values`, float [images].

    Percentile and not BCa: on means over images BCa covers no better (normal values, 5, 14 and
    100 images: both cover the true mean in 83, 91 and 94 % of samples, and this one, widened, in
    86, 93 and 94 %), and it is undefined where all values are equal, for which the percentile
    interval is that value. The seed is fixed: the same scores give the same interval.
    """
    values = np.asarray(values, dtype=float)
    mean = float(values.mean()) if len(values) else math.nan
    if len(values) < LEAST_IMAGES or not np.isfinite(values).all():
        return Interval(mean, math.nan, math.nan, len(values))
    from scipy.stats import bootstrap

    ends = bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, batch=_BATCH, confidence_level=CONFIDENCE,
        method="percentile", rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    low, high = (float(mean + (end - mean) * _widening(len(values))) for end in ends)
    return Interval(mean, low, high, len(values))


def difference_interval(model: pd.DataFrame, reference: pd.DataFrame, metric: str) -> Interval:
    """Paired bootstrap interval of `model` minus `reference`, image by image.

    Args:
        model, reference: per-image scores (`set`, `image`, one column per metric).
        metric: a column that both have.

    Raises:
        UserError: the two were not scored on the same images.
    """
    return mean_interval(_paired(model, reference, metric).to_numpy())


def difference_over_sets(model: pd.DataFrame, reference: pd.DataFrame, metric: str) -> Interval:
    """Paired interval of `model` minus `reference` as mean over the test sets' own means.

    A bootstrap stratified by set: images are drawn anew within each set, for the sets are chosen
    and not a sample. Of a set of one image nothing can be drawn: then there is no interval.

    Args:
        model, reference: per-image scores (`set`, `image`, one column per metric).
        metric: a column that both have.

    Raises:
        UserError: the two were not scored on the same images.
    """
    differences = _paired(model, reference, metric)
    sets = [group.to_numpy() for _, group in differences.groupby(level="set", sort=False)]
    if len(sets) == 1:
        return mean_interval(sets[0])
    mean = float(np.mean([values.mean() for values in sets]))
    if min(map(len, sets)) < LEAST_IMAGES or not np.isfinite(differences).all():
        return Interval(mean, math.nan, math.nan, len(differences))
    draw = np.random.default_rng(0)
    means = np.mean([_resampled_means(values, draw) for values in sets], axis=0)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(
        mean, float(low), float(high), len(differences), _effective_images(map(len, sets))
    )


def _effective_images(sizes: Iterable[int]) -> float:
    """`Interval.effective_images` of sets of these sizes: the degrees of freedom plus 1.

    By Welch and Satterthwaite, for images that vary alike in all sets. Chance differences of 2 and
    100 images tell in 29 % of cases, of 5, 14, 100 and 100 in 7 %, of 6 in 8 %.
    """
    variances = [(1 / size, size - 1) for size in sizes]
    total = sum(variance for variance, _ in variances)
    return total**2 / sum(variance**2 / freedom for variance, freedom in variances) + 1


def _resampled_means(values: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    means = values[draw.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    return values.mean() + (means - values.mean()) * _widening(len(values))


def _widening(images: int) -> float:
    """By what resampled means vary too little.

    Their variance is that of the images divided by n, where n - 1 is right (Hesterberg, What
    teachers should know about the bootstrap, arXiv 1411.5279): a tenth of the width at 5 images.
    """
    return math.sqrt(images / (images - 1))


def _paired(model: pd.DataFrame, reference: pd.DataFrame, metric: str) -> pd.Series:
    """`model` minus `reference` by set and image."""
    ours, theirs = (frame.set_index(_KEYS)[metric] for frame in (model, reference))
    if set(ours.index) != set(theirs.index) or len(ours) != len(theirs):
        raise UserError(
            "two models were scored on different images, so their scores cannot be paired; "
            "run `dvc repro`, which scores all of them on the same"
        )
    with np.errstate(invalid="ignore"):  # inf - inf: two perfect images
        return ours - theirs.reindex(ours.index)


def interval_text(interval: Interval, metric: Metric, sign: str = "") -> str:
    """`28.43 [27.90, 29.00]`, or `28.43 (n=1)` where there is no interval."""
    ends = interval.mean, interval.low, interval.high
    mean, low, high = (metric.text(end, sign) for end in ends)
    return f"{mean} [{low}, {high}]" if interval.known else f"{mean} (n={interval.images})"
