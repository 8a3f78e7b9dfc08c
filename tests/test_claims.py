"""The paper's nine claims: verdicts that follow the data, and the page and JSON of the stage."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import load
from srgan_distill.common.params.method import Strategy
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import all_runs, names
from srgan_distill.results.claims.page import as_document, as_markdown
from srgan_distill.results.claims.statements import (
    CLAIMS,
    Claim,
    Statement,
    completed,
    with_equal_phases,
)
from srgan_distill.results.claims.verdicts import Evidence, Finding, judge_size, rated
from srgan_distill.stages import claims as stage

ROOT = Path(__file__).parents[1]
STRATEGIES = load(ROOT / "params.yaml").strategies
BASE = [24.0, 30.0, 26.0, 28.0, 25.0, 29.0, 31.0, 27.0]
MIXED = [1.0, -1.0] * 4
STUDENTS = {"gan2gan": 0.3, "gan2g": 0.2, "gan2g_al": 0.1, "g2g_al": 1.2}
TEACHERS = {"teacher_gan": 2.0, "teacher_g": 2.0, "student_g": 0.0, "student_g_al": 0.0}

Differences = float | list[float]


def scores(
    metric: str = "psnr", images: int = 8, sets: list[str] | None = None, **models: Differences
) -> dict[str, pd.DataFrame]:
    """Scores of `student` (BASE), of teachers 2 better, and of models that differ as given."""
    labels = {"set": sets or "Set5", "image": [str(number) for number in range(len(BASE))]}
    student = pd.DataFrame(labels | {metric: BASE})
    better = -1 if metric in ("pi", "niqe", "lpips") else 1
    made = {name: better * lead for name, lead in TEACHERS.items()} | models
    found = {name: student.assign(**{metric: student[metric] + d}) for name, d in made.items()}
    return {name: frame.head(images) for name, frame in ({"student": student} | found).items()}


def judge(claim: Claim, found: dict[str, pd.DataFrame], ratings=None) -> Finding:
    return Evidence(found, ratings or {}, STRATEGIES).judge(claim)


def verdict(finding: Finding) -> tuple[str, str]:
    return finding.verdict, finding.reason


def claim(*pairs: tuple[str, str], metric: str = "psnr", **options: object) -> Claim:
    return Claim("", "Table 2", (Statement(pairs, (metric,), **options),))


BEATS = claim(("gan2g", "student"))


# ── One comparison ────────────────────────────────────────────────────────────────────────────


def test_verdict_flips_with_the_data() -> None:
    assert verdict(judge(BEATS, scores(gan2g=0.3))) == ("holds", "")
    assert verdict(judge(BEATS, scores(gan2g=-0.3))) == ("fails", "GAN2G - Student (PSNR)")
    assert verdict(judge(BEATS, scores(gan2g=MIXED))) == ("cannot be told", "an interval spans 0")
    assert verdict(judge(BEATS, scores(gan2g=0.0))) == ("cannot be told", "an interval spans 0")


def test_lower_pi_is_better() -> None:
    better = claim(("gan2g_al", "student"), metric="pi")
    assert judge(better, scores("pi", gan2g_al=-0.3)).verdict == "holds"
    assert judge(better, scores("pi", gan2g_al=0.3)).verdict == "fails"


@pytest.mark.parametrize(
    ("images", "reason"),
    [(1, "n=1, no interval"), (2, "2 images, 6 are needed"), (5, "5 images, 6 are needed")],
)
def test_few_images_cannot_tell(images: int, reason: str) -> None:
    # Of the re-training, which needs no teacher's lead.
    retrained = claim(("gan2g_al", "gan2g"), of_teaching=False)
    finding = judge(retrained, scores(images=images, gan2g=0.0, gan2g_al=0.3))
    assert verdict(finding) == ("cannot be told", reason)
    assert finding.comparisons[0].difference.mean == pytest.approx(0.3)


def test_infinite_scores_and_sets_of_one_image_cannot_tell() -> None:
    retrained = claim(("gan2g_al", "gan2g"), of_teaching=False)
    infinite = scores(gan2g=0.0, gan2g_al=[math.inf, *[0.3] * 7])
    assert verdict(judge(retrained, infinite)) == ("cannot be told", "a score is infinite")
    single = scores(sets=["Set5"] * 7 + ["Home"], gan2g=0.0, gan2g_al=0.3)
    finding = judge(retrained, single)
    assert verdict(finding) == ("cannot be told", "a set has one image, no interval")
    assert (finding.of_set("Set5"), finding.of_set("Home")) == ("holds", "cannot be told")


def test_different_images_stop() -> None:
    found = scores(gan2g=0.3)
    found["gan2g"] = found["gan2g"].head(7)
    with pytest.raises(UserError, match="different images"):
        judge(BEATS, found)


def test_what_was_not_computed_cannot_be_told() -> None:
    assert verdict(judge(BEATS, scores())) == ("cannot be told", "GAN2G not evaluated")
    best = claim(("gan2g", "student"), metric="pi", shown=("niqe",))
    missing = judge(best, scores(gan2g=-0.3))
    assert verdict(missing) == ("cannot be told", "PI not computed")
    assert missing.comparisons[0].difference is None
    finding = judge(best, scores("niqe", gan2g=-0.3))
    (comparison,) = finding.comparisons
    # Another metric is shown in PI's place, and decides nothing.
    assert verdict(finding) == ("cannot be told", "PI not computed")
    assert (comparison.metric, comparison.decides) == ("niqe", False)
    assert comparison.difference.mean == pytest.approx(-0.3)
    assert finding.of_set("Set5") == "cannot be told"


def test_every_set_weighs_the_same() -> None:
    """Over the images together 0.35 dB, over the two sets (0.8 - 1) / 2 = -0.1 dB."""
    sets = ["large"] * 6 + ["small"] * 2
    finding = judge(BEATS, scores(sets=sets, gan2g=[0.8] * 6 + [-1.0] * 2))
    assert verdict(finding) == ("fails", "GAN2G - Student (PSNR)")
    (comparison,) = finding.comparisons
    assert comparison.difference.mean == pytest.approx(-0.1)
    assert comparison.by_set["large"].mean == pytest.approx(0.8)
    assert comparison.by_set["small"].images == 2
    assert (finding.of_set("large"), finding.of_set("small")) == ("holds", "cannot be told")


@pytest.mark.parametrize(
    ("difference", "relation", "expected"),
    [
        # A PSNR of 0.1 dB is worth speaking of.
        (0.11, "clearly better", ("holds", "")),
        (0.09, "clearly better", ("fails", "GAN2G - Student (PSNR)")),
        ([0.05, 0.25] * 4, "clearly better", ("cannot be told", "an interval spans 0.10")),
        (0.09, "alike", ("holds", "")),
        (-0.09, "alike", ("holds", "")),
        (0.11, "alike", ("fails", "GAN2G - Student (PSNR)")),
        (-0.11, "alike", ("fails", "GAN2G - Student (PSNR)")),
        ([0.05, 0.25] * 4, "alike", ("cannot be told", "an interval spans ±0.10")),
    ],
)
def test_how_much_is_clear_and_how_little_is_alike(
    difference: Differences, relation: str, expected: tuple[str, str]
) -> None:
    compared = claim(("gan2g", "student"), relation=relation)
    assert verdict(judge(compared, scores(gan2g=difference))) == expected


def test_a_bound_is_named_with_the_sign_that_the_differences_shown_have() -> None:
    """Of NIQE a difference of -0.1 is the better one."""
    compared = claim(("gan2g", "student"), metric="niqe", relation="clearly better")
    finding = judge(compared, scores("niqe", gan2g=[-0.05, -0.25] * 4))
    assert verdict(finding) == ("cannot be told", "an interval spans -0.100")
    (comparison,) = finding.comparisons
    assert comparison.difference.low < -0.1 < comparison.difference.high


# ── The teacher's lead ────────────────────────────────────────────────────────────────────────

NO_LEAD = ("cannot be told", "the teacher does not lead")


@pytest.mark.parametrize("lead", [0.09, -2.0, MIXED])
def test_a_teacher_that_does_not_lead_decides_nothing(lead: Differences) -> None:
    finding = judge(BEATS, scores(gan2g=0.3, teacher_gan=lead))
    assert verdict(finding) == NO_LEAD
    assert finding.comparisons[0].difference.mean == pytest.approx(0.3)
    # That of another strategy does not matter.
    assert verdict(judge(BEATS, scores(gan2g=0.3, teacher_g=lead))) == ("holds", "")


def test_a_lead_is_one_over_the_student_compared_with() -> None:
    fair = claim(("gan2g", "student_g"))
    assert judge(fair, scores(gan2g=0.3, teacher_gan=1.0)).verdict == "holds"
    ahead = scores(gan2g=1.3, teacher_gan=1.0, student_g=1.0)
    assert verdict(judge(fair, ahead)) == NO_LEAD


def test_of_two_strategies_one_teacher_is_enough() -> None:
    contest = claim(("g2g_al", "gan2g"))
    students = {"g2g_al": 0.5, "gan2g": 0.2}
    assert judge(contest, scores(**students, teacher_gan=0.0)).verdict == "holds"
    assert judge(contest, scores(**students, teacher_g=0.0)).verdict == "holds"
    both = scores(**students, teacher_g=0.0, teacher_gan=0.0)
    assert verdict(judge(contest, both)) == NO_LEAD


def test_a_comparison_with_the_teacher_needs_its_lead_over_the_papers_student() -> None:
    below = claim(("teacher_gan", "gan2g"))
    assert judge(below, scores(gan2g=0.3)).verdict == "holds"
    assert verdict(judge(below, scores(gan2g=-0.3, teacher_gan=0.0))) == NO_LEAD
    assert verdict(judge(below, scores(gan2g=-0.3, teacher_gan=0.0, student_g=-1.0))) == NO_LEAD


def test_a_lead_is_of_the_same_sets() -> None:
    sets = ["large"] * 6 + ["small"] * 2
    leads = [2.0] * 6 + [-2.0] * 2
    finding = judge(BEATS, scores(sets=sets, gan2g=0.3, teacher_gan=leads))
    assert verdict(finding) == NO_LEAD
    assert finding.of_set("large") == "holds"


# ── The nine ──────────────────────────────────────────────────────────────────────────────────


def both(**models: Differences) -> dict[str, pd.DataFrame]:
    """PSNR, and SSIM that differs by a hundredth as much."""
    psnr = scores(**models)
    base = psnr["student"]["psnr"]
    return {
        name: frame.assign(ssim=0.7 + (frame["psnr"] - base) / 100) for name, frame in psnr.items()
    }


def test_there_are_nine_of_known_models() -> None:
    assert len(CLAIMS) == len({claim.text for claim in CLAIMS}) == 9
    runs = names(all_runs(load(ROOT / "params.yaml").pretrain, TEACHERS, STRATEGIES))
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
    sets = ["Set5"] * 6 + ["Set14"] * 2
    found = both(**STUDENTS)
    for name, frame in found.items():
        found[name] = frame.assign(set=sets)
    found["g2g_al"] = found["g2g_al"].assign(
        ssim=[*found["g2g_al"]["ssim"][:6], *[0.1] * 2]  # the worst by far, on Set14
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


def ratings(**dmos: list[float]) -> dict[str, pd.DataFrame]:
    """What stage opinion would write of so many images, read as stage claims reads it."""
    rows = [
        {"model": model, "image": f"Set5/{number}", "dmos": value, "paper_dmos": math.nan}
        for model, values in dmos.items()
        for number, value in enumerate(values)
    ]
    # Of the paper, and the mean of ours: no images of ours.
    rows += [{"model": "gan2g", "image": "3", "dmos": math.nan, "paper_dmos": 52.9}]
    rows += [{"model": "gan2g", "image": "mean", "dmos": 50.0, "paper_dmos": math.nan}]
    return rated(pd.DataFrame(rows))


def test_first_places_by_hand() -> None:
    """A lower DMOS is better; equal ones share a place; a fifth method is not in the contest."""
    found = ratings(gan2g=[40.0, 50.0, 60.0], g2g_al=[45.0, 50.0, 30.0], student=[1.0, 1.0, 1.0])
    assert found["gan2g"]["first_places"].tolist() == [1.0, 0.5, 0.0]
    assert found["g2g_al"]["first_places"].tolist() == [0.0, 0.5, 1.0]
    assert found["student"]["dmos"].tolist() == [1.0] * 3
    assert "first_places" not in found["student"]


def test_fourth_claim_counts_first_places() -> None:
    """Of thirty images G2G+AL is first on twenty-one, GAN2G+AL on eight, GAN2G on one."""
    first = ["g2g_al"] * 21 + ["gan2g_al"] * 8 + ["gan2g"]
    given = ratings(**{name: [40.0 if name == f else 50.0 for f in first] for name in STUDENTS})
    finding = judge(CLAIMS[3], scores(), given)
    assert finding.verdict == "holds"
    lead, *others = finding.comparisons
    assert lead.difference.mean == pytest.approx(13 / 30)
    assert lead.difference.images == 30
    assert [item.difference.mean for item in others] == pytest.approx([8 / 30, 7 / 30])
    # The paper's reading: 4, 3, 1 and 2 of ten.
    assert [item.paper for item in finding.comparisons] == pytest.approx([0.1, 0.2, 0.1])
    reversed_ = ratings(**{name: [60.0 if name == f else 50.0 for f in first] for name in STUDENTS})
    assert judge(CLAIMS[3], scores(), reversed_).verdict == "fails"


def test_fifth_claim_is_of_dmos_and_lower_is_better() -> None:
    good, bad = [40.0 + n for n in range(8)], [55.0 + n / 2 for n in range(8)]
    finding = judge(CLAIMS[4], scores(), ratings(gan2g_al=good, gan2g=bad))
    assert finding.verdict == "holds"
    assert finding.of_set("Set5") is None
    assert judge(CLAIMS[4], scores(), ratings(gan2g_al=bad, gan2g=good)).verdict == "fails"


def test_claims_on_dmos_without_ratings() -> None:
    for number in (3, 4):
        assert verdict(judge(CLAIMS[number], scores())) == ("cannot be told", "no ratings")
    unrated = judge(CLAIMS[4], scores(), ratings(gan2g=[50.0] * 8))
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
        assert Evidence(found, {}, strategies).judge(eighth).verdict == expected


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


def test_sizes() -> None:
    assert verdict(judge_size(teacher=1_550_659, student=248_227)) == (
        "holds", "1,550,659 / 248,227 = 6.2469",
    )  # fmt: skip
    assert judge_size(teacher=1_550_659, student=250_000).verdict == "fails"


# ── The page and the stage ────────────────────────────────────────────────────────────────────


def rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_page_and_json() -> None:
    sets = ["Set5"] * 6 + ["Home"] * 2
    evidence = Evidence(scores(sets=sets, gan2g=0.3), {}, STRATEGIES)
    named = Claim("GAN2G beats the student", "Table 2", BEATS.statements)
    findings = [evidence.judge(named), evidence.judge(CLAIMS[3])]
    page = as_markdown(findings, [judge_size(1_550_659, 248_227)], evidence.sets, "sample")
    found = rows(page)
    assert ["1. GAN2G beats the student", "**holds**", "-", "holds", "?", "Table 2"] in found
    assert ["GAN2G - Student", "PSNR (dB) ↑", "holds", "-", "+0.30 [+0.30, +0.30]",
            "+0.30 [+0.30, +0.30]", "+0.30 [+0.30, +0.30]", "+0.64"] in found  # fmt: skip
    size = next(row for row in found if row[0].startswith("The students have"))
    assert size[1:5] == ["**holds**", "1,550,659 / 248,227 = 6.2469", "-", "-"]
    assert "not corrected for multiple comparisons" in page
    document = as_document(findings, [], evidence.sets, "sample")
    json.dumps(document, allow_nan=False)
    first, fourth = document["claims"]
    assert first["by_set"] == {"Set5": "holds", "Home": "cannot be told"}
    (comparison,) = first["comparisons"]
    assert comparison["by_set"]["Home"] == {
        "difference": 0.3, "low": 0.3, "high": 0.3, "images": 2, "verdict": "cannot be told",
    }  # fmt: skip
    assert (fourth["verdict"], fourth["reason"]) == ("cannot be told", "no ratings")
    assert fourth["comparisons"][0]["difference"] is None


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A folder with made-up scores of every run, each 0.1 dB better than the one before."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    params = load()
    paths = Paths(params.profile)
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    made_up = both(**{name: number / 10 for number, name in enumerate(models)})
    for name, frame in made_up.items():
        paths.scores(name).parent.mkdir(parents=True)
        frame.to_csv(paths.scores(name), index=False)
    return paths


def write_table3(paths: Paths, rows: list[tuple[str, str, float]]) -> None:
    table = pd.DataFrame(rows, columns=["model", "image", "dmos"])
    paths.metrics("opinion").mkdir(parents=True)
    table.to_csv(paths.metrics("opinion", "table3.csv"), index=False)


def test_stage_writes_page_and_json(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write_table3(paths, [("gan2g", "1", math.nan)])
    stage.run()
    document = json.loads(paths.metrics("claims", "claims.json").read_text())
    assert document["profile"] == paths.profile
    assert document["corrected_for_multiple_comparisons"] is False
    verdicts = {claim["claim"]: claim["verdict"] for claim in document["claims"]}
    assert len(verdicts) == 11
    assert list(verdicts)[:9] == [claim.text for claim in CLAIMS]
    assert verdicts["The students have 1/6.24 of the teacher's parameters"] == "holds"
    assert verdicts[CLAIMS[5].text] == "cannot be told"
    # Here every run is better than those before it, the strategies' teachers among them.
    assert document["claims"][0]["reason"] == "the teacher does not lead"
    assert document["claims"][3]["reason"] == "no ratings"
    page = paths.metrics("claims", "claims.md").read_text(encoding="utf-8")
    assert page in capsys.readouterr().out
    for text in verdicts:
        assert text in page


def test_stage_takes_the_ratings(paths: Paths) -> None:
    write_table3(
        paths,
        [
            (model, f"Set5/{number}", dmos)
            for model, dmos in (("gan2g_al", 40.0), ("gan2g", 60.0))
            for number in range(6)
        ],
    )
    stage.run()
    document = json.loads(paths.metrics("claims", "claims.json").read_text())
    assert document["claims"][4]["verdict"] == "holds"
    assert document["claims"][4]["comparisons"][0]["difference"] == -20


def test_stage_without_stage_opinion(paths: Paths) -> None:
    with pytest.raises(UserError, match=r"opinion[/\\]table3\.csv does not exist; run `dvc repro`"):
        stage.run()
