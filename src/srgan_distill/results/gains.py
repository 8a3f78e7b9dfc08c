"""What distillation brings: the distilled student beside the undistilled one and the teacher."""

import math

import pandas as pd

from ..common.metrics import METRICS
from ..common.text import ABSENT, markdown_table
from .intervals import difference_interval

DECIMALS = 4
MEAN = "mean"
"""In place of a set's name: the mean over the sets."""

Figures = dict[str, dict[str, float | None]]


def gains(distilled: pd.DataFrame, student: pd.DataFrame, teacher: pd.DataFrame) -> Figures:
    """Gain of the distilled student, and how much of the teacher's lead it makes up.

    Args:
        distilled, student, teacher: per-image scores (`set`, `image`, one column per metric) of
            the distilled student, of the student trained without a teacher, and of the teacher
            that distilled, with the same sets and metrics.

    Returns:
        By set, and by `mean` (the mean over sets): for each metric its mean `<metric>`, the
        signed difference to the undistilled student `gain_<metric>`, and, where the teacher's
        lead is real (see `has_lead`), `share_of_lead_<metric>` = gain / (teacher - student).
        Neither the keys nor the values name the strategy, so two strategies' figures can be
        compared key by key.
    """
    means = [_with_mean(frame) for frame in (distilled, student, teacher)]
    figures: Figures = {}
    for name in means[0].index:
        ours, undistilled, theirs = (table.loc[name] for table in means)
        leads = [
            metric
            for metric in ours.index
            if has_lead(_of_set(teacher, name), _of_set(student, name), metric)
        ]
        figures[name] = _compare(ours, undistilled, theirs, leads)
    return figures


def has_lead(teacher: pd.DataFrame, student: pd.DataFrame, metric: str) -> bool:
    """Whether the teacher is better by what is worth speaking of, and more than by chance.

    Its paired 95 % interval over images excludes 0, and it is at least the metric's `real_lead`
    (0.1 dB of PSNR), as mean over the images and over the sets. Without that a share of the lead
    is noise over noise.
    """
    over_images = difference_interval(teacher, student, metric)
    over_sets = _over_sets(teacher, metric) - _over_sets(student, metric)
    least = min(METRICS[metric].gain(lead, 0) for lead in (over_images.mean, over_sets))
    return over_images.tells and least >= METRICS[metric].real_lead


def gain_table(figures: Figures) -> str:
    """`gains` as a Markdown table, one row per set and metric."""
    return markdown_table(
        [
            {
                "Set": name,
                "Metric": METRICS[metric].heading,
                "Distilled": METRICS[metric].text(values[metric]),
                "Gain over student": METRICS[metric].text(values[f"gain_{metric}"], "+"),
                "Share of the teacher's lead": ABSENT if share is None else f"{share:.0%}",
            }
            for name, values in figures.items()
            for metric in METRICS
            if metric in values
            for share in [values.get(f"share_of_lead_{metric}")]
        ]
    )


def headline(figures: Figures) -> Figures:
    """What a comparison of two commits needs of `gains`, and a page of it.

    Returns:
        By set, and by `mean`: PSNR, SSIM and NIQE or PI, those of them that were computed; by
        `mean` their gains and shares of the teacher's lead too.
    """
    shown = [name for name, metric in METRICS.items() if metric.headline]
    keys = [*shown, *(f"{kind}_{name}" for kind in ("gain", "share_of_lead") for name in shown)]
    return {
        name: {key: values[key] for key in (keys if name == MEAN else shown) if key in values}
        for name, values in figures.items()
    }


def _with_mean(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean of each metric by set, and in row `mean` over the sets."""
    means = frame.drop(columns="image").groupby("set", sort=False).mean()
    return pd.concat([means, means.mean().to_frame(MEAN).T])


def _over_sets(frame: pd.DataFrame, metric: str) -> float:
    return frame.groupby("set")[metric].mean().mean()


def _of_set(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame if name == MEAN else frame[frame["set"] == name]


def _compare(ours: pd.Series, student: pd.Series, teacher: pd.Series, leads: list[str]) -> dict:
    figures = {}
    for metric in ours.index:
        gain = ours[metric] - student[metric]
        figures[metric] = _figure(ours[metric])
        figures[f"gain_{metric}"] = _figure(gain)
        if metric in leads:
            figures[f"share_of_lead_{metric}"] = _figure(gain / (teacher[metric] - student[metric]))
    return figures


def _figure(value: float) -> float | None:
    """Rounded; None for infinity (PSNR of equal images) and NaN, which JSON does not have."""
    return round(float(value), DECIMALS) if math.isfinite(value) else None
