"""What Lee and Park (2021) claim of their strategies, as data, and what our scores say to it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import pandas as pd

from ..common.metrics import METRICS
from ..common.runs import PAPER_NAMES, display_name
from ..common.text import ABSENT, markdown_table
from . import paper
from .intervals import CONFIDENCE, LEAST_TO_TELL, Interval, difference_interval, interval_text

Verdict = Literal["holds", "fails", "cannot be told"]

# Shown where the claim's own metric was not computed; they decide nothing.
_STAND_INS = {"pi": ("niqe", "piqe")}

_DISTILLED = ("gan2gan", "gan2g", "gan2g_al", "g2g_al")


@dataclass(frozen=True)
class Claim:
    """`metric` of each of `models` is better than that of each of `others`.

    Attributes:
        text: the claim in words.
        source: the paper's table that it reads.
        models, others: our keys of methods; a model is not compared with itself.
    """

    text: str
    source: str
    metric: str
    models: tuple[str, ...]
    others: tuple[str, ...]


# Of section 4.2 and of the conclusion.
CLAIMS = (
    Claim(
        "Every distilled student beats the undistilled one in PSNR",
        "Table 2", "psnr", _DISTILLED, ("student",),
    ),
    Claim(
        "Every distilled student beats the undistilled one in SSIM",
        "Table 2", "ssim", _DISTILLED, ("student",),
    ),
    Claim(
        "G2G+AL has the best PSNR of the distilled students",
        "Table 2", "psnr", ("g2g_al",), _DISTILLED,
    ),
    Claim(
        "G2G+AL beats even the teacher in PSNR",
        "Table 2", "psnr", ("g2g_al",), ("teacher_gan",),
    ),
    Claim(
        "GAN2G+AL has the best PI of the distilled students",
        "Table 4", "pi", ("gan2g_al",), _DISTILLED,
    ),
    Claim(
        "Adversarial re-training (phase 2) improves perception: GAN2G+AL beats GAN2G in PI",
        "Table 4", "pi", ("gan2g_al",), ("gan2g",),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One model against another.

    Attributes:
        metric: the claim's.
        shown: the metric of `difference`: the claim's, or one that stands in for it.
        difference: model minus other over all test images, paired; None without scores.
        paper: the paper's difference in `metric`, mean over its sets; None without.
        reason: why nothing can be told; empty otherwise.
    """

    model: str
    other: str
    metric: str
    shown: str
    difference: Interval | None
    paper: float | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """A claim's verdict, with the comparisons (or, of a claim on sizes, the figures) behind it."""

    text: str
    source: str
    verdict: Verdict
    reason: str
    comparisons: tuple[Comparison, ...] = ()


def judge(claim: Claim, scores: Mapping[str, pd.DataFrame]) -> Finding:
    """The verdict on a claim over all test images, each with the same weight.

    A claim holds if all of its comparisons do, and fails if one of them fails.

    Args:
        claim: what to judge.
        scores: per-image scores by model (`set`, `image`, one column per metric).

    Raises:
        UserError: models were scored on different images.
    """
    pairs = [pair for pair in product(claim.models, claim.others) if pair[0] != pair[1]]
    comparisons = tuple(_compare(claim.metric, *pair, scores) for pair in pairs)
    verdicts = {comparison.verdict for comparison in comparisons}
    verdict = next(v for v in ("fails", "cannot be told", "holds") if v in verdicts)
    reasons = {
        "fails": [_pair(item) for item in comparisons if item.verdict == "fails"],
        "cannot be told": dict.fromkeys(item.reason for item in comparisons if item.reason),
        "holds": (),
    }
    reason = "; ".join(reasons[verdict])
    return Finding(claim.text, claim.source, verdict, reason, comparisons)


def judge_size(teacher: int, student: int) -> Finding:
    """The claim on the networks' parameters: no statistics, the counts decide."""
    ratio = teacher / student
    return Finding(
        f"The students have 1/{paper.RATIO} of the teacher's parameters",
        "Table 1",
        # The paper cuts 6.2469 to 6.24.
        "holds" if abs(ratio - paper.RATIO) < 0.01 else "fails",
        f"{teacher:,} / {student:,} = {ratio:.4f}",
    )


def as_document(findings: Iterable[Finding], profile: str) -> dict[str, Any]:
    """claims.json: the findings, and how they were judged."""
    return {
        "profile": profile,
        "confidence": CONFIDENCE,
        "corrected_for_multiple_comparisons": False,
        "claims": as_json(findings),
    }


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON values; what is not there, or is no number, is None (null)."""
    return [
        {
            "claim": finding.text,
            "source": finding.source,
            "verdict": finding.verdict,
            "reason": finding.reason,
            "comparisons": [_comparison_json(item) for item in finding.comparisons],
        }
        for finding in findings
    ]


def as_markdown(findings: Iterable[Finding], profile: str) -> str:
    """A page: the verdicts in one table, then the evidence of each claim."""
    findings = list(findings)
    summary = [
        {
            "Claim": f"{position}. {finding.text}",
            "Paper": finding.source,
            "Verdict": f"**{finding.verdict}**",
            "Why": finding.reason,
        }
        for position, finding in enumerate(findings, start=1)
    ]
    parts = [f"## The paper's claims on profile {profile}", markdown_table(summary), _note()]
    for position, finding in enumerate(findings, start=1):
        if finding.comparisons:
            parts += [
                f"### {position}. {finding.text}",
                markdown_table(list(map(_row, finding.comparisons))),
            ]
    return "\n\n".join(parts) + "\n"


def _compare(metric: str, model: str, other: str, scores: Mapping[str, pd.DataFrame]) -> Comparison:
    shown, difference = metric, None
    absent = [display_name(name) for name in (model, other) if name not in scores]
    if absent:
        verdict, reason = "cannot be told", f"{' and '.join(absent)} not evaluated"
    else:
        candidates = (metric, *_STAND_INS.get(metric, ()))
        shown = next((name for name in candidates if name in scores[model]), metric)
        if shown in scores[model]:
            difference = difference_interval(scores[model], scores[other], shown)
        if difference and shown == metric:
            verdict, reason = _verdict(metric, difference)
        else:
            verdict, reason = "cannot be told", f"{metric} not computed"
    said = _paper_difference(metric, model, other)
    return Comparison(model, other, metric, shown, difference, said, verdict, reason)


def _verdict(metric: str, difference: Interval) -> tuple[Verdict, str]:
    if difference.tells:
        lower = difference.mean < 0
        return ("holds" if lower == METRICS[metric].lower_is_better else "fails"), ""
    if difference.images == 1:
        return "cannot be told", "n=1, no interval"
    if not difference.known:
        return "cannot be told", "a score is infinite"
    if difference.images < LEAST_TO_TELL:
        return "cannot be told", f"{difference.images} images, {LEAST_TO_TELL} are needed"
    return "cannot be told", "an interval spans 0"


def _paper_difference(metric: str, model: str, other: str) -> float | None:
    table = paper.table4() if metric == "pi" else paper.table2()
    means = table.groupby("method")[metric].mean()
    ours, theirs = (means.get(PAPER_NAMES[name]) for name in (model, other))
    return None if ours is None or theirs is None else float(ours - theirs)


def _pair(comparison: Comparison) -> str:
    return f"{display_name(comparison.model)} - {display_name(comparison.other)}"


def _row(item: Comparison) -> dict[str, str]:
    stand_in = f", for want of {item.metric}" if item.shown != item.metric else ""
    return {
        "Difference": _pair(item),
        "Metric": METRICS[item.shown].heading + stand_in,
        "Ours": interval_text(item.difference, item.shown, "+") if item.difference else ABSENT,
        "n": str(item.difference.images) if item.difference else ABSENT,
        "Paper's": METRICS[item.metric].text(item.paper, "+"),
        "Verdict": item.verdict,
        "Why": item.reason,
    }


def _comparison_json(item: Comparison) -> dict[str, Any]:
    interval = item.difference or Interval(math.nan, math.nan, math.nan, 0)
    ends = {"difference": interval.mean, "low": interval.low, "high": interval.high}
    return {
        "model": item.model,
        "other": item.other,
        "metric": item.metric,
        "shown": item.shown,
        **{name: round(end, 6) if math.isfinite(end) else None for name, end in ends.items()},
        "images": interval.images,
        "paper_difference": None if item.paper is None else round(item.paper, 6),
        "verdict": item.verdict,
        "reason": item.reason,
    }


def _note() -> str:
    return f"""\
A comparison **holds** if the {CONFIDENCE * 100:.0f} % interval of the difference over all test
images (paired, by percentile bootstrap) lies on the claim's side of 0, and **fails** if it lies on
the other. It **cannot be told** from this data if the interval spans 0, if there are fewer than
{LEAST_TO_TELL} images, or if the metric or a model is missing. A claim holds if all of its
comparisons hold, and fails if one fails.

**The intervals are not corrected for multiple comparisons**: each says for itself that a difference
is not 0, and of twenty that are truly 0 about one would be taken for a difference. They speak of
other test images, not of other seeds: every model here was trained once. PSNR and SSIM are standard
ones, of the luma; the paper's differences are means over its own sets, its PSNRs on a scale of
their own (see Table 2)."""
