"""What distillation brings: the distilled student beside the undistilled one and the teacher."""

import math

import pandas as pd

from .metrics import METRICS
from .text import ABSENT, grid, heading, number

DECIMALS = 4

Figures = dict[str, dict[str, float | None]]


def gains(distilled: pd.DataFrame, student: pd.DataFrame, teacher: pd.DataFrame) -> Figures:
    """Gain of the distilled student, and how much of the teacher's lead it makes up.

    Args:
        distilled, student, teacher: per-image scores (`set`, `image`, one column per metric) of
            the distilled student, of the student trained without a teacher, and of the teacher
            that distilled, with the same sets and metrics.

    Returns:
        By set, and by `mean` (the mean over sets): for each metric its mean `<metric>`, the
        signed difference to the undistilled student `gain_<metric>`, and
        `share_of_lead_<metric>` = gain / (teacher - student). A share is None where the teacher
        does not lead by at least 0.0001, the last decimal given. Neither the keys nor the
        values name the strategy, so two strategies' figures can be compared key by key.
    """
    by_set = [_with_mean(frame) for frame in (distilled, student, teacher)]
    return {name: _compare(*(means.loc[name] for means in by_set)) for name in by_set[0].index}


def gain_table(figures: Figures) -> str:
    """`gains` as a Markdown table, one row per set and metric."""
    return grid(
        [
            {
                "Set": name,
                "Metric": heading(metric),
                "Distilled": number(values[metric], metric),
                "Gain over student": number(values[f"gain_{metric}"], metric, "+"),
                "Share of the teacher's lead": ABSENT if share is None else f"{share:.0%}",
            }
            for name, values in figures.items()
            for metric in METRICS
            if metric in values
            for share in [values[f"share_of_lead_{metric}"]]
        ]
    )


def _with_mean(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean of each metric by set, and in row `mean` over the sets."""
    means = frame.drop(columns="image").groupby("set", sort=False).mean()
    return pd.concat([means, means.mean().to_frame("mean").T])


def _compare(distilled: pd.Series, student: pd.Series, teacher: pd.Series) -> dict:
    figures = {}
    for metric in distilled.index:
        gain = distilled[metric] - student[metric]
        lead = teacher[metric] - student[metric]
        leads = (-lead if METRICS[metric].lower_is_better else lead) >= 10**-DECIMALS
        figures[metric] = _figure(distilled[metric])
        figures[f"gain_{metric}"] = _figure(gain)
        figures[f"share_of_lead_{metric}"] = _figure(gain / lead) if leads else None
    return figures


def _figure(value: float) -> float | None:
    """Rounded; None for infinity (PSNR of equal images) and NaN, which JSON does not have."""
    return round(float(value), DECIMALS) if math.isfinite(value) else None
