"""What distillation brings: the distilled student beside its baseline and its teacher.

A strategy's baseline is the student that has the same phases and no teacher. The paper compares
every strategy with one student, whatever its phases; that comparison stands beside.
"""

import math

import pandas as pd

from ..common.metrics import METRICS
from ..common.runs import STUDENT, display_name
from ..common.text import ABSENT, markdown_table
from .intervals import difference_over_sets

DECIMALS = 4
MEAN = "mean"
"""In place of a set's name: the mean over the sets."""

_REAL_LEADS = {
    "psnr": 0.1, "ssim": 0.003, "niqe": 0.1, "pi": 0.1, "lpips": 0.01, "dists": 0.01, "edges": 0.02,
}  # fmt: skip

Figures = dict[str, dict[str, float | None]]


def gains(
    distilled: pd.DataFrame, baseline: pd.DataFrame, teacher: pd.DataFrame, student: pd.DataFrame
) -> Figures:
    """Gain of the distilled student, and how much of the teacher's lead it makes up.

    Args:
        distilled, baseline, teacher, student: per-image scores (`set`, `image`, one column per
            metric) of the distilled student, of the student trained in the same phases without a
            teacher, of the teacher that distilled, and of the paper's undistilled student, with
            the same sets and metrics.

    Returns:
        By set, and by `mean` (the mean over sets): for each metric its mean `<metric>`, the
        signed differences to the baseline `gain_<metric>` and to the paper's student
        `gain_over_student_<metric>`, and, where the teacher's lead over the baseline is real (see
        `has_lead`), `share_of_lead_<metric>` = gain / (teacher - baseline). Neither the keys nor
        the values name the strategy, so two strategies' figures can be compared key by key.
    """
    means = [_with_mean(frame) for frame in (distilled, baseline, teacher, student)]
    figures: Figures = {}
    for name in means[0].index:
        leads = [
            metric
            for metric in means[0]
            if has_lead(_of_set(teacher, name), _of_set(baseline, name), metric)
        ]
        figures[name] = _compare(*(table.loc[name] for table in means), leads)
    return figures


def real_lead(metric: str) -> float:
    """The least difference, such as a teacher's lead, that is worth speaking of, in its unit.

    Infinite for a metric that decides nothing.
    """
    return _REAL_LEADS.get(metric, math.inf)


def has_lead(teacher: pd.DataFrame, student: pd.DataFrame, metric: str) -> bool:
    """Whether the teacher is better by what is worth speaking of, and more than by chance.

    Its paired 95 % interval, stratified by set, excludes 0, and the mean over the sets is at least
    the metric's `real_lead` (0.1 dB of PSNR). Without that a share of the lead is noise over noise.
    """
    lead = difference_over_sets(teacher, student, metric)
    return lead.significant and METRICS[metric].gain(lead.mean, 0) >= real_lead(metric)


def gain_table(figures: Figures) -> str:
    """`gains` as a Markdown table, one row per set and metric."""
    return markdown_table(
        [
            {
                "Set": name,
                "Metric": METRICS[metric].heading,
                "Distilled": METRICS[metric].text(values[metric]),
                "Over baseline": METRICS[metric].text(values[f"gain_{metric}"], "+"),
                f"Over {display_name(STUDENT)}, as in the paper": METRICS[metric].text(
                    values[f"gain_over_student_{metric}"], "+"
                ),
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
        `mean` their gains over the baseline and shares of the teacher's lead too.
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


def _of_set(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame if name == MEAN else frame[frame["set"] == name]


def _compare(
    ours: pd.Series, baseline: pd.Series, teacher: pd.Series, student: pd.Series, leads: list[str]
) -> dict[str, float | None]:
    figures = {}
    for metric in ours.index:
        gain = ours[metric] - baseline[metric]
        figures[metric] = _figure(ours[metric])
        figures[f"gain_{metric}"] = _figure(gain)
        figures[f"gain_over_student_{metric}"] = _figure(ours[metric] - student[metric])
        if metric in leads:
            lead = teacher[metric] - baseline[metric]
            figures[f"share_of_lead_{metric}"] = _figure(gain / lead)
    return figures


def _figure(value: float) -> float | None:
    """Rounded; None for infinity (PSNR of equal images) and NaN, which JSON does not have."""
    return round(float(value), DECIMALS) if math.isfinite(value) else None
