"""The nine claims of the paper: what each compares, and what decides it."""

import pandas as pd
import pytest
from support.claims import (
    MIXED,
    PARAMS,
    STRATEGIES,
    STUDENTS,
    TEACHERS,
    both,
    judge,
    opinions,
    scores,
    verdict,
)

from srgan_distill.common.params.method import Strategy
from srgan_distill.common.runs import all_runs, names
from srgan_distill.results.claims.rated import Ratings, rated
from srgan_distill.results.claims.statements import CLAIMS, completed, with_equal_phases
from srgan_distill.results.claims.verdicts import Evidence


def test_there_are_nine_of_known_models() -> None:
    assert len(CLAIMS) == len({claim.text for claim in CLAIMS}) == 9
    runs = names(all_runs(PARAMS.pretrain, TEACHERS, STRATEGIES))
    paired = {name for c in CLAIMS for s in c.statements for pair in s.pairs for name in pair}
    assert paired <= {"student", *runs}
    assert not any("piqe" in (*s.metrics, *s.shown) for c in CLAIMS for s in c.statements)


def test_first_claim_all_must_hold_and_one_that_fails_is_enough() -> None:
    every = CLAIMS[0]
    assert judge(every, both(**STUDENTS)).verdict == "holds"
    assert judge(every, both(**STUDENTS | {"gan2g": MIXED})).verdict == "cannot be told"
    failed = judge(every, both(**STUDENTS | {"gan2g": MIXED, "g2g_al": -0.1}))
    assert verdict(failed) == ("fails", "G2G+AL - Student (PSNR); G2G+AL - Student (SSIM)")


def test_second_claim_leaves_out_two_sets_of_ssim() -> None:
    found = both(sets=["Set5"] * 6 + ["Set14"] * 4, **STUDENTS)
    found["g2g_al"] = found["g2g_al"].assign(
        ssim=[*found["g2g_al"]["ssim"][:6], *[0.1] * 4]  # the worst by far, on Set14
    )
    finding = judge(CLAIMS[1], found)
    assert finding.verdict == "holds"
    ssim = [item for item in finding.comparisons if item.metric == "ssim"]
    assert [list(item.by_set) for item in ssim] == [["Set5"]] * 3
    assert len(finding.comparisons) == 6
    assert judge(CLAIMS[1], both(**STUDENTS | {"gan2g": 1.3})).verdict == "fails"
    excepted = {name: frame.assign(set="Set14") for name, frame in both(**STUDENTS).items()}
    assert judge(CLAIMS[1], excepted).reason == "none of its test sets is evaluated"


def test_third_claim_wants_g2g_al_above_the_teacher_in_psnr_and_below_in_ssim() -> None:
    found = both(**STUDENTS | {"g2g_al": 2.5})
    failed = judge(CLAIMS[2], found)
    assert verdict(failed) == ("fails", "Teacher - G2G+AL (SSIM)")
    found["g2g_al"] = found["g2g_al"].assign(ssim=0.71)
    assert judge(CLAIMS[2], found).verdict == "holds"
    assert judge(CLAIMS[2], both(**STUDENTS)).reason == "G2G+AL - Teacher (PSNR)"


def rated_by_all(raters: int = 6, **dmos: list[float]) -> Ratings:
    return rated(opinions(raters, **dmos))


def test_first_places_by_hand() -> None:
    """A lower DMOS is better; equal ones share a place; a fifth method is not in the contest."""
    four = {"gan2g": [40.0, 50.0, 60.0], "g2g_al": [45.0, 50.0, 30.0]}
    four |= {name: [99.0, 99.0, 99.0] for name in ("gan2gan", "gan2g_al")}
    found = rated(opinions(**four, student=[1.0, 1.0, 1.0])).by_image
    assert found["gan2g"]["first_places"].tolist() == [1.0, 0.5, 0.0]
    assert found["g2g_al"]["first_places"].tolist() == [0.0, 0.5, 1.0]
    assert found["student"]["dmos"].tolist() == [1.0] * 3
    assert "first_places" not in found["student"]


def test_first_places_are_among_all_four() -> None:
    """Of two it would be another contest than the paper's."""
    found = rated(opinions(g2g_al=[50.0] * 8, gan2g_al=[40.0] * 8))
    assert "first_places" not in found.by_image["g2g_al"]
    assert "first_places" not in found.by_rater["g2g_al"]
    finding = judge(CLAIMS[3], scores(), found)
    assert finding.verdict == "cannot be told"


def test_fourth_claim_counts_first_places() -> None:
    """Of thirty images G2G+AL is first on twenty-one, GAN2G+AL on eight, GAN2G on one."""
    first = ["g2g_al"] * 21 + ["gan2g_al"] * 8 + ["gan2g"]
    given = rated_by_all(
        **{name: [40.0 if name == f else 50.0 for f in first] for name in STUDENTS}
    )
    finding = judge(CLAIMS[3], scores(), given)
    assert finding.verdict == "holds"
    lead, *others = finding.comparisons
    assert lead.difference.mean == pytest.approx(13 / 30)
    assert lead.difference.images == 30
    assert [item.difference.mean for item in others] == pytest.approx([8 / 30, 7 / 30])
    # The paper's reading: 4, 3, 1 and 2 of ten.
    assert [item.paper for item in finding.comparisons] == pytest.approx([0.1, 0.2, 0.1])
    reversed_ = rated_by_all(
        **{name: [60.0 if name == f else 50.0 for f in first] for name in STUDENTS}
    )
    assert judge(CLAIMS[3], scores(), reversed_).verdict == "fails"


def test_fifth_claim_is_of_dmos_and_lower_is_better() -> None:
    good, bad = [40.0 + n for n in range(8)], [55.0 + n / 2 for n in range(8)]
    finding = judge(CLAIMS[4], scores(), rated_by_all(gan2g_al=good, gan2g=bad))
    assert finding.verdict == "holds"
    assert finding.of_set("Set5") is None
    assert judge(CLAIMS[4], scores(), rated_by_all(gan2g_al=bad, gan2g=good)).verdict == "fails"


def test_claims_on_dmos_without_rated_by_all() -> None:
    for number in (3, 4):
        assert verdict(judge(CLAIMS[number], scores())) == ("cannot be told", "no ratings")
    unrated = judge(CLAIMS[4], scores(), rated_by_all(gan2g=[50.0] * 8))
    assert verdict(unrated) == ("cannot be told", "GAN2G+AL not rated")


def test_sixth_claim_is_of_pi_alone() -> None:
    order = {"gan2g_al": -0.4, "g2g_al": -0.3, "gan2gan": -0.2, "gan2g": -0.1}
    finding = judge(CLAIMS[5], scores("pi", **order))
    assert finding.verdict == "holds"
    assert finding.comparisons[0].paper == pytest.approx(6.1876 - 6.4801)
    assert judge(CLAIMS[5], scores("pi", **order | {"gan2g": -0.35})).verdict == "fails"
    assert judge(CLAIMS[5], scores("niqe", **order)).reason == "PI not computed"


def looks(metric: str, edges: dict[str, float], **models: float) -> dict[str, pd.DataFrame]:
    return {
        name: frame.assign(edges=0.8 + edges.get(name, 0))
        for name, frame in scores(metric, **models).items()
    } | {"teacher_gan": scores(metric)["teacher_gan"].assign(edges=0.95)}


@pytest.mark.parametrize("metric", ["lpips", "niqe"])
def test_seventh_claim_takes_what_can_be_measured(metric: str) -> None:
    """NIQE 0.1 and LPIPS 0.01 are worth speaking of."""
    much, little = (0.5, 0.05) if metric == "niqe" else (0.05, 0.005)
    alike = {name: -much - little * n / 3 for n, name in enumerate(STUDENTS)}
    edges = {"gan2g_al": 0.05}
    assert judge(CLAIMS[6], looks(metric, edges, **alike)).verdict == "holds"
    blurred = judge(CLAIMS[6], looks(metric, {"gan2g": 0.06, "gan2g_al": 0.05}, **alike))
    assert verdict(blurred) == ("fails", "GAN2G+AL - GAN2G (Edge sharpness)")
    unlike = judge(CLAIMS[6], looks(metric, edges, **alike | {"gan2g": -3 * much}))
    assert unlike.verdict == "fails"
    assert unlike.reason.count("GAN2G") >= 3
    hardly = dict.fromkeys(STUDENTS, -little)
    assert judge(CLAIMS[6], looks(metric, edges, **hardly)).verdict == "fails"
    unmeasured = judge(CLAIMS[6], scores("psnr", **STUDENTS))
    assert unmeasured.reason == "LPIPS or NIQE not computed; Edge sharpness not computed"


def test_seventh_claim_prefers_lpips() -> None:
    found = looks("lpips", {}, **dict.fromkeys(STUDENTS, -0.05))
    found = {name: frame.assign(niqe=5.0) for name, frame in found.items()}
    metrics = {item.metric for item in judge(CLAIMS[6], found).comparisons}
    assert metrics == {"lpips", "edges"}


def of_features(**changes: object) -> Strategy:
    """G2G+AL with the content features of the teacher's image in place of its pixels."""
    recipe = {
        "teacher": "teacher_g",
        "baseline": "student_g_al",
        "phases": [
            {"terms": ["feature_distillation", "content"]},
            {"terms": ["content", "adversarial"]},
        ],
    }
    return Strategy.model_validate(recipe | changes)


OF_IMAGES = {
    name: strategy
    for name, strategy in STRATEGIES.items()
    if all("feature_distillation" not in phase.terms for phase in strategy.phases)
}


def test_eighth_claim_is_told_by_what_params_yaml_has() -> None:
    pairs = [statement.pairs for statement in completed(STRATEGIES)[7].statements]
    assert pairs == [(("gan2g", "gan2g_features"),)]


def test_eighth_claim_without_a_strategy_says_what_to_add() -> None:
    finding = judge(completed(OF_IMAGES)[7], scores())
    assert finding.verdict == "cannot be told"
    assert "`feature_distillation` in place of `distillation`" in finding.reason
    assert finding.reason.endswith("add a copy of one with it to `strategies`")


def test_eighth_claim_takes_a_strategy_that_differs_by_the_loss_alone() -> None:
    strategies = OF_IMAGES | {"g2g_al_vgg": of_features()}
    eighth = completed(strategies)[7]
    assert [s.pairs for s in eighth.statements] == [(("g2g_al", "g2g_al_vgg"),)]
    for vgg, expected in ((-0.1, "holds"), (-0.3, "fails")):
        found = scores("niqe", g2g_al=-0.2, g2g_al_vgg=vgg)
        assert Evidence(found, Ratings(), strategies).judge(eighth).verdict == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"teacher": "student_g"},
        {"phases": [{"terms": ["feature_distillation", "content"]}]},
        {"phases": [{"terms": ["feature_distillation"]}, {"terms": ["content", "adversarial"]}]},
        {
            "phases": [
                {"terms": ["content", "feature_distillation"]},
                {"terms": ["content", "adversarial"], "real": "teacher"},
            ]
        },
        {
            "phases": [
                {"terms": ["content", "feature_distillation"], "weights": {"content": 2.0}},
                {"terms": ["content", "adversarial"]},
            ]
        },
    ],
)
def test_other_strategies_tell_nothing_of_the_loss(changes: dict[str, object]) -> None:
    assert completed(OF_IMAGES | {"other": of_features(**changes)})[7].statements == ()


def test_ninth_claim_wants_quality_and_a_gap_to_the_teacher() -> None:
    found = both(**STUDENTS)
    quality = {"gan2gan": -0.3, "gan2g": -0.2, "gan2g_al": -0.5, "g2g_al": -0.4}
    niqe = scores("niqe", **quality)
    together = {name: frame.assign(niqe=niqe[name]["niqe"]) for name, frame in found.items()}
    assert judge(CLAIMS[8], together).verdict == "holds"
    # SSIM 0.003 is worth speaking of: 0.72 of the teacher against 0.718 is no large gap.
    near = together | {"gan2g": together["gan2g"].assign(ssim=0.718)}
    assert verdict(judge(CLAIMS[8], near)) == ("fails", "Teacher - GAN2G (SSIM)")
    worse = together | {"gan2gan": together["gan2gan"].assign(niqe=niqe["gan2g_al"]["niqe"] - 0.1)}
    assert verdict(judge(CLAIMS[8], worse)) == (
        "fails", "GAN2G+AL - GAN2GAN (NIQE); G2G+AL - GAN2GAN (NIQE)",
    )  # fmt: skip


def test_with_equal_phases_each_strategy_meets_its_baseline() -> None:
    fair = with_equal_phases(STRATEGIES)
    assert fair.statements[0].pairs == (
        ("gan2gan", "student"), ("gan2g", "student_g"), ("gan2g_al", "student_g_al"),
        ("g2g_al", "student_g_al"),
    )  # fmt: skip
    assert [s.metrics for s in fair.statements] == [("psnr",), ("ssim",), ("lpips", "niqe")]


def test_papers_own_difference_stands_beside() -> None:
    *_, comparison = judge(CLAIMS[2], both(**STUDENTS)).comparisons
    teacher = (29.0393 + 29.2145 + 28.7672 + 29.8017) / 4
    ours = (29.6308 + 29.3279 + 28.9421 + 29.9858) / 4
    assert comparison.paper == pytest.approx(ours - teacher)
    # Without the two sets that the claim excepts.
    *_, ssim = judge(CLAIMS[1], both(**STUDENTS)).comparisons
    assert ssim.paper == pytest.approx((0.6892 + 0.8181) / 2 - (0.6663 + 0.8057) / 2)
