"""The verdicts as a page to read and as JSON."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ...common.text import ABSENT, markdown_page, markdown_table
from ..intervals import CONFIDENCE, LEAST_IMAGES, Interval, interval_text
from .statements import KNOWN, RATED
from .verdicts import LEAST_RATED, NO_LEAD, Comparison, Finding

_SHORT = {"holds": "holds", "fails": "fails", "cannot be told": "?", None: ABSENT}
_WORDS = ("Why", "Paper")  # columns of sentences, not of figures

_NOTE = f"""\
A comparison **holds** if the {CONFIDENCE * 100:.0f} % interval of the difference lies on the
claim's side of 0, and **fails** if it lies on the other. It **cannot be told** if the interval
spans 0, if a set has fewer than {LEAST_IMAGES} images, or if a metric, a model or the ratings are
missing (? in a set's column). A claim holds if all of its comparisons hold, and fails if one fails.

Every test set weighs the same, as in the paper's means; the bootstrap draws images within each set,
paired. **"{NO_LEAD[0].upper()}{NO_LEAD[1:]}"**: where a claim is about what a teacher hands down,
one of the teachers concerned must be better than the student without a teacher, by more than chance
and by what is worth speaking of (0.1 dB of PSNR, 0.003 of SSIM, 0.1 of NIQE or PI, 0.01 of LPIPS,
0.02 of edge sharpness). The same measures take the place of 0 where a model is said to be "clearly"
better or a gap "large"; models are alike where the whole interval lies within plus and minus that.

In place of the paper's eyes stand LPIPS or, where it was not computed, NIQE; and for edges, how
steep SR is where HR has its edges. Claims on DMOS take the ratings of `data/ratings/`: the interval
over the images and that over the raters must say the same, and be of at least {LEAST_RATED} each.
Of ours a lower DMOS is better, as the equations have it, and the paper's differences are as
printed. PIQE decides nothing.

**The intervals are not corrected for multiple comparisons**: each says for itself that a difference
is not 0, and of twenty that are truly 0 about one would be taken for a difference. They speak of
other test images, not of other seeds: every model here was trained once. PSNR and SSIM are standard
ones, of the luma; the paper's differences are means over its own sets, its PSNRs on a scale of
their own (see Table 2)."""


def as_document(
    findings: Sequence[Finding], beside: Sequence[Finding], sets: Sequence[str], profile: str
) -> dict[str, Any]:
    """claims.json: the paper's claims, what stands beside them, and how they were judged."""
    return {
        "profile": profile,
        "confidence": CONFIDENCE,
        "corrected_for_multiple_comparisons": False,
        "claims": [_finding_json(finding, sets) for finding in (*findings, *beside)],
    }


def as_markdown(
    findings: Sequence[Finding], beside: Sequence[Finding], sets: Sequence[str], profile: str
) -> str:
    """A page: the verdicts in one table, then the evidence of each claim.

    Args:
        findings: on the paper's claims, in its order.
        beside: on what it does not claim, or not in words.
        sets: the test sets.
        profile: whose scores they are.
    """
    titled = [(f"{number}. {finding.text}", finding) for number, finding in enumerate(findings, 1)]
    others = [(finding.text, finding) for finding in beside]
    parts = [f"## The paper's claims on profile {profile}", _summary(titled, sets)]
    if others:
        parts += ["Beside them:", _summary(others, sets)]
    parts.append(_NOTE)
    for title, finding in (*titled, *others):
        if finding.comparisons:
            rows = [_row(item, sets) for item in finding.comparisons]
            parts += [f"### {title}", markdown_table(rows, _WORDS)]
    return markdown_page(*parts)


def _summary(titled: Iterable[tuple[str, Finding]], sets: Sequence[str]) -> str:
    return markdown_table(
        [
            {"Claim": title, "Verdict": f"**{finding.verdict}**", "Why": finding.reason or ABSENT}
            | {name: _SHORT[finding.of_set(name)] for name in sets}
            | {"Paper": finding.source}
            for title, finding in titled
        ],
        _WORDS,
    )


def _row(item: Comparison, sets: Sequence[str]) -> dict[str, str]:
    return {
        "Difference": item.pair,
        "Metric": item.heading + ("" if item.decides else " (decides nothing)"),
        "Verdict": item.verdict,
        "Why": item.reason or ABSENT,
        "Mean of sets": _text(item.difference, item.metric),
        **({"Over raters": _text(item.over_raters, item.metric)} if item.claimed in RATED else {}),
        **{name: _text(item.by_set.get(name), item.metric) for name in sets},
        "Paper's": _paper(item),
    }


def _paper(item: Comparison) -> str:
    claimed = KNOWN[item.claimed]
    text = claimed.text(item.paper, "+")
    return text if text == ABSENT or item.claimed == item.metric else f"{text} {claimed.label}"


def _text(difference: Interval | None, metric: str) -> str:
    return interval_text(difference, KNOWN[metric], "+") if difference else ABSENT


def _finding_json(finding: Finding, sets: Sequence[str]) -> dict[str, Any]:
    return {
        "claim": finding.text,
        "source": finding.source,
        "verdict": finding.verdict,
        "reason": finding.reason,
        "by_set": {name: word for name in sets if (word := finding.of_set(name))},
        "comparisons": [_comparison_json(item) for item in finding.comparisons],
    }


def _comparison_json(item: Comparison) -> dict[str, Any]:
    raters = _interval_json(item.over_raters) if item.over_raters else {}
    return {
        "model": item.model,
        "other": item.other,
        "metric": item.metric,
        "relation": item.relation,
        **_interval_json(item.difference or Interval(math.nan, math.nan, math.nan, 0)),
        **({"over_raters": raters | {"raters": raters.pop("images")}} if raters else {}),
        "by_set": {
            name: _interval_json(interval) | {"verdict": item.verdicts.get(name)}
            for name, interval in item.by_set.items()
        },
        "paper_difference": None if item.paper is None else round(item.paper, 6),
        "verdict": item.verdict,
        "reason": item.reason,
    }


def _interval_json(interval: Interval) -> dict[str, float | int | None]:
    """What is not there, or is no number, is None (null)."""
    ends = {"difference": interval.mean, "low": interval.low, "high": interval.high}
    numbers = {name: round(end, 6) if math.isfinite(end) else None for name, end in ends.items()}
    return numbers | {"images": interval.images}
