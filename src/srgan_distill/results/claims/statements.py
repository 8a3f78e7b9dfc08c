"""What Lee and Park (2021) claim of their strategies, as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from ...common.metrics import METRICS, Metric
from ...common.params.method import Phase, Strategy
from ...common.runs import STUDENT

Relation = Literal["better", "clearly better", "alike"]
Pair = tuple[str, str]

RATED = {
    metric.name: metric
    for metric in (
        Metric("dmos", "DMOS", decimals=2, lower_is_better=True),
        Metric("first_places", "First places (share of images)", decimals=2),
    )
}
"""What ratings tell: DMOS by equation 6, and on which share of images a method has the best."""

KNOWN = METRICS | RATED

TEACHER = "teacher_gan"
DISTILLED = ("gan2gan", "gan2g", "gan2g_al", "g2g_al")
LOOKS = ("lpips", "niqe")
"""In place of the paper's eyes: the first of them that was computed."""


@dataclass(frozen=True)
class Statement:
    """Each pair's first model stands in a relation to its second.

    Attributes:
        pairs: keys of models.
        metrics: the first of them that was computed decides.
        relation: `better`; `clearly better`: by more than the metric's `real_lead`; `alike`: they
            differ by less.
        shown: metrics that stand in where none of `metrics` was computed, and decide nothing.
        but_sets: test sets that the claim excepts.
        of_teaching: whether it is about what a teacher hands down, and so needs one that leads.
    """

    pairs: tuple[Pair, ...]
    metrics: tuple[str, ...]
    relation: Relation = "better"
    shown: tuple[str, ...] = ()
    but_sets: tuple[str, ...] = ()
    of_teaching: bool = True


@dataclass(frozen=True)
class Claim:
    """Statements that all have to hold.

    Attributes:
        text: the claim in words.
        source: where the paper makes it.
        without: why nothing can be told where there are no statements.
    """

    text: str
    source: str
    statements: tuple[Statement, ...]
    without: str = ""


def each(models: Iterable[str], others: Iterable[str]) -> tuple[Pair, ...]:
    """Each of `models` with each of `others`, none with itself."""
    return tuple(pair for pair in product(models, others) if pair[0] != pair[1])


CLAIMS = (
    Claim(
        "Every distilled student beats the undistilled one in PSNR and SSIM",
        "4.2, Table 2",
        tuple(Statement(each(DISTILLED, [STUDENT]), (metric,)) for metric in ("psnr", "ssim")),
    ),
    Claim(
        "G2G+AL is the best distilled student in PSNR and SSIM, but for the SSIM of Set14 and "
        "Urban100",
        "4.2, Table 2",
        (
            Statement(each(["g2g_al"], DISTILLED), ("psnr",)),
            Statement(each(["g2g_al"], DISTILLED), ("ssim",), but_sets=("Set14", "Urban100")),
        ),
    ),
    Claim(
        "Distilled students stay below the teacher in PSNR and SSIM, but for the PSNR of G2G+AL, "
        "which beats it",
        "4.2, Table 2",
        (
            Statement(each([TEACHER], DISTILLED[:3]), ("psnr",)),
            Statement(each([TEACHER], DISTILLED), ("ssim",)),
            Statement((("g2g_al", TEACHER),), ("psnr",)),
        ),
    ),
    Claim(
        "In DMOS, G2G+AL has the most first places and GAN2G+AL the next most",
        "4.2, Table 3",
        (
            Statement(
                (("g2g_al", "gan2g_al"), *each(["gan2g_al"], ["gan2gan", "gan2g"])),
                ("first_places",),
                of_teaching=False,
            ),
        ),
    ),
    Claim(
        "Adversarial re-training improves perceived quality: GAN2G+AL is above GAN2G in DMOS",
        "4.2, Table 3",
        (Statement((("gan2g_al", "gan2g"),), ("dmos",), of_teaching=False),),
    ),
    Claim(
        "GAN2G+AL has the best PI, G2G+AL the second best",
        "4.2, Table 4",
        (
            Statement(
                (("gan2g_al", "g2g_al"), *each(["g2g_al"], ["gan2gan", "gan2g"])),
                ("pi",),
                shown=("niqe",),
            ),
        ),
    ),
    Claim(
        "Distilled students look clearly better than the undistilled one and little different from "
        "each other; GAN2G+AL has the sharpest edges",
        "4.2, Figure 2",
        (
            Statement(each(DISTILLED, [STUDENT]), LOOKS, "clearly better"),
            Statement(tuple(combinations(DISTILLED, 2)), LOOKS, "alike"),
            Statement(each(["gan2g_al"], DISTILLED), ("edges",)),
        ),
    ),
    Claim(
        "As distillation loss, mean squared error gives better perceived quality than VGG features",
        "3",
        (),
        "no strategy of params.yaml differs from another by `feature_distillation` in place of "
        "`distillation` alone; add a copy of one with it to `strategies`",
    ),
    Claim(
        "Distilled students are better in quality too; knowledge for the generator, then "
        "adversarial re-training, is best; a large gap to the teacher remains",
        "5",
        (
            Statement(each(DISTILLED, [STUDENT]), ("pi", *LOOKS)),
            Statement(each(["g2g_al"], ["gan2gan", "gan2g"]), ("psnr",)),
            Statement(each(["gan2g_al", "g2g_al"], ["gan2gan", "gan2g"]), ("pi", *LOOKS)),
            Statement(each([TEACHER], DISTILLED), ("ssim",), "clearly better"),
        ),
    ),
)  # fmt: skip
"""The nine, in the paper's order; the eighth gets its statements by `completed`."""

_EIGHTH = 7


def completed(strategies: Mapping[str, Strategy]) -> tuple[Claim, ...]:
    """The nine claims, the eighth with the strategies that can tell of it, if there are any."""
    pairs = tuple(
        pair
        for pair in product(strategies, repeat=2)
        if _differ_by_the_loss_alone(*(strategies[name] for name in pair))
    )
    claims = list(CLAIMS)
    if pairs:
        eighth = claims[_EIGHTH]
        claims[_EIGHTH] = Claim(eighth.text, eighth.source, (Statement(pairs, LOOKS),))
    return tuple(claims)


def with_equal_phases(strategies: Mapping[str, Strategy]) -> Claim:
    """The first claim, with each strategy's baseline in place of the paper's student."""
    pairs = tuple((name, strategies[name].baseline) for name in DISTILLED if name in strategies)
    return Claim(
        "Every distilled student beats the undistilled one of the same phases in PSNR, SSIM and "
        "how it looks",
        "not in the paper",
        tuple(Statement(pairs, metrics) for metrics in (("psnr",), ("ssim",), LOOKS)),
    )


def _differ_by_the_loss_alone(images: Strategy, features: Strategy) -> bool:
    """Whether the second has `feature_distillation` where the first has `distillation`."""
    renamed = {"distillation": "feature_distillation"}

    def recipe(phase: Phase, names: Mapping[str, str]) -> tuple[object, ...]:
        terms = sorted(names.get(term, term) for term in phase.terms)
        weights = {names.get(term, term): value for term, value in phase.weights.items()}
        return terms, weights, phase.real

    return (
        any("distillation" in phase.terms for phase in images.phases)
        and images.teacher == features.teacher
        and images.discriminator_from == features.discriminator_from
        and [recipe(phase, renamed) for phase in images.phases]
        == [recipe(phase, {}) for phase in features.phases]
    )
