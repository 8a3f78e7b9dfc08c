"""What our scores and ratings say to a claim: it holds, fails, or cannot be told."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from ...common.params.method import Strategy
from ...common.runs import PAPER_NAMES, STUDENT, display_name
from .. import paper
from ..gains import has_lead, real_lead
from ..intervals import LEAST_IMAGES, Interval, difference_over_sets
from .rated import Ratings, Scores
from .statements import KNOWN, RATED, TEACHER, Claim, Relation, Statement

Verdict = Literal["holds", "fails", "cannot be told"]

NO_LEAD = "the teacher does not lead"
LEAST_RATED = 6
"""Of images, and of raters, for a verdict on ratings.

Where all agree an interval has no width. Five agree by chance once in sixteen times, six in 32.
"""


@dataclass(frozen=True)
class Comparison:
    """One model against another.

    Attributes:
        metric: the one of `difference`.
        claimed: the one that the claim speaks of, of which `paper` is.
        decides: False where the metric only stands in for the claim's own.
        difference: model minus other, paired, as mean over the test sets; None without scores. Of
            ratings, over the images that were rated.
        by_set: the same of each test set.
        over_raters: of ratings, the same over the raters, each the mean of its images.
        paper: the paper's difference in the claim's metric, mean over its sets; None without.
        verdict, verdicts: over all sets, and of each set that the claim speaks of.
        reason: why nothing can be told; empty otherwise.
    """

    model: str
    other: str
    metric: str
    claimed: str
    relation: Relation
    decides: bool = True
    difference: Interval | None = None
    by_set: Mapping[str, Interval] = field(default_factory=dict)
    over_raters: Interval | None = None
    paper: float | None = None
    verdict: Verdict = "cannot be told"
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    reason: str = ""

    @property
    def pair(self) -> str:
        """`GAN2G - Student`."""
        return f"{display_name(self.model)} - {display_name(self.other)}"

    @property
    def heading(self) -> str:
        """`SSIM ↑`, or `SSIM ↑, alike` where the claim is not that the first is better."""
        relation = "" if self.relation == "better" else f", {self.relation}"
        return KNOWN[self.metric].heading + relation


@dataclass(frozen=True)
class Finding:
    """A claim's verdict, with the comparisons (or, of a claim on sizes, the figures) behind it."""

    text: str
    source: str
    verdict: Verdict
    reason: str
    comparisons: tuple[Comparison, ...] = ()

    def of_set(self, test_set: str) -> Verdict | None:
        """The verdict on one test set alone; None where the claim says nothing of it."""
        found = [item.verdicts[test_set] for item in self.comparisons if test_set in item.verdicts]
        return together(found) if found else None


class Evidence:
    """Scores and ratings of all models, and what they say.

    Args:
        scores: per-image scores by model (`set`, `image`, one column per metric).
        ratings: `rated` of the opinions.
        strategies: who was taught by whom, and what each one's baseline is.
    """

    def __init__(
        self, scores: Scores, ratings: Ratings, strategies: Mapping[str, Strategy]
    ) -> None:
        self._scores = scores
        self._ratings = ratings
        self._strategies = strategies
        self._leads: dict[tuple[str, str, str, tuple[str, ...]], bool] = {}

    @cached_property
    def sets(self) -> list[str]:
        """The test sets."""
        return list(dict.fromkeys(next(iter(self._scores.values()))["set"]))

    def judge(self, claim: Claim) -> Finding:
        """The verdict on a claim: it holds if all of its comparisons do, and fails if one fails.

        Raises:
            UserError: models were scored on different images.
        """
        comparisons = tuple(
            self._compare(statement, model, other)
            for statement in claim.statements
            for model, other in statement.pairs
        )
        verdict = together([item.verdict for item in comparisons])
        reason = why(verdict, comparisons) if comparisons else claim.without
        return Finding(claim.text, claim.source, verdict, reason, comparisons)

    def _compare(self, statement: Statement, model: str, other: str) -> Comparison:
        claimed = statement.metrics[0]
        sets = [name for name in self.sets if name not in statement.but_sets]
        bare = Comparison(
            model, other, claimed, claimed, statement.relation,
            paper=_paper_difference(claimed, model, other, statement.but_sets),
            verdicts={} if claimed in RATED else dict.fromkeys(sets, "cannot be told"),
        )  # fmt: skip
        frames, made = self._scores, "evaluated"
        if claimed in RATED:
            frames, made = self._ratings.by_image, "rated"
        if absent := [display_name(name) for name in (model, other) if name not in frames]:
            reason = f"{' and '.join(absent)} not {made}" if frames else "no ratings"
            return replace(bare, reason=reason)
        candidates = [*statement.metrics, *statement.shown]
        metric = next((name for name in candidates if name in frames[model]), None)
        reason = f"{' or '.join(map(quantity, statement.metrics))} not computed"
        if metric is None or not sets:
            return replace(bare, reason=reason if sets else "none of its test sets is evaluated")
        ours, theirs = (_without(frames[name], statement.but_sets) for name in (model, other))
        measured = replace(
            bare,
            metric=metric,
            difference=difference_over_sets(ours, theirs, metric),
            by_set={} if claimed in RATED else _by_set(ours, theirs, metric),
        )
        if metric in RATED:
            raters = (self._ratings.by_rater[name] for name in (model, other))
            measured = replace(measured, over_raters=difference_over_sets(*raters, metric))
            verdict, reason = _of_ratings(measured)
            return replace(measured, verdict=verdict, reason=reason)
        if metric not in statement.metrics:
            return replace(measured, decides=False, reason=reason)
        of_teaching = statement.of_teaching
        verdict, reason = self._verdict(measured, measured.difference, tuple(sets), of_teaching)
        verdicts = {
            name: self._verdict(measured, interval, (name,), of_teaching)[0]
            for name, interval in measured.by_set.items()
        }
        return replace(measured, verdict=verdict, verdicts=verdicts, reason=reason)

    def _verdict(
        self, item: Comparison, difference: Interval, sets: tuple[str, ...], of_teaching: bool
    ) -> tuple[Verdict, str]:
        if reason := _too_little(difference):
            return "cannot be told", reason
        if of_teaching and not self._taught(item.model, item.other, item.metric, sets):
            return "cannot be told", NO_LEAD
        return _verdict(item.relation, item.metric, difference)

    def _taught(self, model: str, other: str, metric: str, sets: tuple[str, ...]) -> bool:
        """Whether one of the teachers concerned leads the student that is not distilled.

        That student is the other one of the pair, or, where both are distilled, each one's
        baseline; where the other one is the teacher itself, the paper's student.
        """
        distilled = [name for name in (model, other) if name in self._strategies]
        if TEACHER in (model, other):
            leads = {(TEACHER, STUDENT)}
        elif len(distilled) == 1:
            (undistilled,) = {model, other} - set(distilled)
            leads = {(self._strategies[distilled[0]].teacher, undistilled)}
        else:
            leads = {
                (self._strategies[name].teacher, self._strategies[name].baseline)
                for name in distilled
            }
        return any(self._leads_in(metric, *pair, sets) for pair in sorted(leads))

    def _leads_in(self, metric: str, teacher: str, student: str, sets: tuple[str, ...]) -> bool:
        key = metric, teacher, student, sets
        if key not in self._leads:
            frames = [self._scores[name] for name in (teacher, student) if name in self._scores]
            frames = [frame[frame["set"].isin(sets)] for frame in frames]
            self._leads[key] = len(frames) == 2 and has_lead(*frames, metric)
        return self._leads[key]


def judge_size(teacher: int, student: int) -> Finding:
    """The claim on the networks' parameters: no statistics, the counts decide."""
    ratio = teacher / student
    return Finding(
        f"The students have 1/{paper.RATIO} of the teacher's parameters",
        "4.1, Table 1",
        # The paper cuts 6.2469 to 6.24.
        "holds" if abs(ratio - paper.RATIO) < 0.01 else "fails",
        f"{teacher:,} / {student:,} = {ratio:.4f}",
    )


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """Of statements that all have to hold: one that fails decides, then one that cannot be told."""
    found = {*verdicts} or {"cannot be told"}
    return next(v for v in ("fails", "cannot be told", "holds") if v in found)


def why(verdict: Verdict, comparisons: Iterable[Comparison]) -> str:
    """The comparisons that fail, or why others cannot be told; empty where all hold."""
    decisive = [item for item in comparisons if item.verdict == verdict]
    reasons = {
        "fails": [f"{item.pair} ({quantity(item.metric)})" for item in decisive],
        "cannot be told": [item.reason for item in decisive],
        "holds": [],
    }
    return "; ".join(dict.fromkeys(reasons[verdict]))


def _too_little(difference: Interval) -> str:
    """Why such a difference tells nothing, of whatever size it is; empty where it may tell."""
    if not math.isfinite(difference.mean):
        return "a score is infinite"
    return "" if difference.known else f"a set has fewer than {LEAST_IMAGES} images"


def _verdict(relation: Relation, metric: str, difference: Interval) -> tuple[Verdict, str]:
    known = KNOWN[metric]
    low, high = sorted(known.gain(end, 0) for end in (difference.low, difference.high))
    margin = 0.0 if relation == "better" else real_lead(metric)
    if relation == "alike":
        holds, fails = -margin < low and high < margin, low > margin or high < -margin
    else:
        holds, fails = low > margin, high < margin
    if holds or fails:
        return ("holds" if holds else "fails"), ""
    # Each as it stands in the intervals shown, which are differences and not gains.
    bounds = {
        "better": "0",
        "clearly better": known.text(known.gain(margin, 0)),
        "alike": f"±{known.text(margin)}",
    }
    return "cannot be told", f"an interval spans {bounds[relation]}"


def _of_ratings(item: Comparison) -> tuple[Verdict, str]:
    """What stands both for other images and for other raters."""
    verdicts: list[Verdict] = []
    for over, difference in (("images", item.difference), ("raters", item.over_raters)):
        if difference.images < LEAST_RATED:
            return "cannot be told", f"fewer than {LEAST_RATED} {over}"
        verdict, reason = _verdict(item.relation, item.metric, difference)
        if reason:
            return verdict, f"over {over}, {reason}"
        verdicts.append(verdict)
    if len(set(verdicts)) > 1:
        return "cannot be told", "images and raters contradict each other"
    return verdicts[0], ""


def quantity(metric: str) -> str:
    """A metric's label without its unit."""
    return KNOWN[metric].label.partition(" (")[0]


def _by_set(ours: pd.DataFrame, theirs: pd.DataFrame, metric: str) -> dict[str, Interval]:
    return {
        name: difference_over_sets(own, theirs[theirs["set"] == name], metric)
        for name, own in ours.groupby("set", sort=False)
    }


def _without(frame: pd.DataFrame, sets: tuple[str, ...]) -> pd.DataFrame:
    return frame[~frame["set"].isin(sets)] if sets else frame


def _paper_difference(
    metric: str, model: str, other: str, but_sets: tuple[str, ...]
) -> float | None:
    if metric == "first_places":
        table = paper.table3().pivot(index="image", columns="method", values="dmos")
        # By the paper's reading: higher is better.
        means = table.eq(table.max(axis=1), axis=0).mean()
    else:
        table = {"pi": paper.table4, "dmos": paper.table3}.get(metric, paper.table2)()
        if metric not in table:
            return None
        if "set" in table:
            table = table[~table["set"].isin(but_sets)]
        means = table.groupby("method")[metric].mean()
    ours, theirs = (means.get(PAPER_NAMES.get(name)) for name in (model, other))
    return None if ours is None or theirs is None else float(ours - theirs)
