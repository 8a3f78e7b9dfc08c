"""Verdicts on claims that follow the data, and the page and JSON of the stage."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from support.claims import (
    MIXED,
    STRATEGIES,
    Differences,
    both,
    claim,
    judge,
    opinions,
    scores,
    verdict,
)
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import all_runs, names
from srgan_distill.results.claims.page import as_document, as_markdown
from srgan_distill.results.claims.rated import Ratings
from srgan_distill.results.claims.statements import CLAIMS, Claim
from srgan_distill.results.claims.verdicts import Evidence, judge_size
from srgan_distill.results.opinion import dmos
from srgan_distill.stages import claims as stage

BEATS = claim(("gan2g", "student"))


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
    [(1, "a set has fewer than 3 images"), (2, "a set has fewer than 3 images"), (3, "")],
)
def test_fewer_than_three_images_cannot_tell(images: int, reason: str) -> None:
    # Of the re-training, which needs no teacher's lead.
    retrained = claim(("gan2g_al", "gan2g"), of_teaching=False)
    finding = judge(retrained, scores(images=images, gan2g=0.0, gan2g_al=0.3))
    assert verdict(finding) == ("cannot be told" if reason else "holds", reason)
    assert finding.comparisons[0].difference.mean == pytest.approx(0.3)


def test_two_images_cannot_tell_beside_a_large_set() -> None:
    retrained = claim(("gan2g_al", "gan2g"), of_teaching=False)
    found = scores(sets=["Set5"] * 2 + ["Home"] * 8, gan2g=0.0, gan2g_al=0.3)
    finding = judge(retrained, found)
    assert verdict(finding) == ("cannot be told", "a set has fewer than 3 images")
    assert (finding.of_set("Set5"), finding.of_set("Home")) == ("cannot be told", "holds")


def test_infinite_scores_and_sets_of_one_image_cannot_tell() -> None:
    retrained = claim(("gan2g_al", "gan2g"), of_teaching=False)
    infinite = scores(gan2g=0.0, gan2g_al=[math.inf, *[0.3] * 7])
    assert verdict(judge(retrained, infinite)) == ("cannot be told", "a score is infinite")
    single = scores(sets=["Set5"] * 7 + ["Home"], gan2g=0.0, gan2g_al=0.3)
    finding = judge(retrained, single)
    assert verdict(finding) == ("cannot be told", "a set has fewer than 3 images")
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
    """Over the images together 0.08 dB, over the two sets (0.8 - 1) / 2 = -0.1 dB."""
    sets = ["large"] * 6 + ["small"] * 4
    finding = judge(BEATS, scores(sets=sets, gan2g=[0.8] * 6 + [-1.0] * 4))
    assert verdict(finding) == ("fails", "GAN2G - Student (PSNR)")
    (comparison,) = finding.comparisons
    assert comparison.difference.mean == pytest.approx(-0.1)
    assert comparison.by_set["large"].mean == pytest.approx(0.8)
    assert comparison.by_set["small"].images == 4
    assert (finding.of_set("large"), finding.of_set("small")) == ("holds", "fails")


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
    sets = ["large"] * 6 + ["small"] * 4
    leads = [2.0] * 6 + [-2.0] * 4
    finding = judge(BEATS, scores(sets=sets, gan2g=0.3, teacher_gan=leads))
    assert verdict(finding) == NO_LEAD
    assert finding.of_set("large") == "holds"


def test_sizes() -> None:
    assert verdict(judge_size(teacher=1_550_659, student=248_227)) == (
        "holds", "1,550,659 / 248,227 = 6.2469",
    )  # fmt: skip
    assert judge_size(teacher=1_550_659, student=250_000).verdict == "fails"


def rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_page_and_json() -> None:
    sets = ["Set5"] * 6 + ["Home"] * 4
    evidence = Evidence(scores(sets=sets, gan2g=0.3), Ratings(), STRATEGIES)
    named = Claim("GAN2G beats the student", "Table 2", BEATS.statements)
    findings = [evidence.judge(named), evidence.judge(CLAIMS[3])]
    page = as_markdown(findings, [judge_size(1_550_659, 248_227)], evidence.sets, "sample")
    found = rows(page)
    assert ["1. GAN2G beats the student", "**holds**", "-", "holds", "holds", "Table 2"] in found
    assert ["GAN2G - Student", "PSNR (dB) ↑", "holds", "-", "+0.30 [+0.30, +0.30]",
            "+0.30 [+0.30, +0.30]", "+0.30 [+0.30, +0.30]", "+0.64"] in found  # fmt: skip
    size = next(row for row in found if row[0].startswith("The students have"))
    assert size[1:5] == ["**holds**", "1,550,659 / 248,227 = 6.2469", "-", "-"]
    assert "not corrected for multiple comparisons" in page
    document = as_document(findings, [], evidence.sets, "sample")
    json.dumps(document, allow_nan=False)
    first, fourth = document["claims"]
    assert first["by_set"] == {"Set5": "holds", "Home": "holds"}
    (comparison,) = first["comparisons"]
    assert comparison["by_set"]["Home"] == {
        "difference": 0.3, "low": 0.3, "high": 0.3, "images": 4, "verdict": "holds",
    }  # fmt: skip
    assert (fourth["verdict"], fourth["reason"]) == ("cannot be told", "no ratings")
    assert fourth["comparisons"][0]["difference"] is None


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A folder with made-up scores of every run, each 0.1 dB better than the one before."""
    shutil.copy(SOURCE.parent / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    params = load()
    paths = Paths(params.profile)
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    made_up = both(**{name: number / 10 for number, name in enumerate(models)})
    for name, frame in made_up.items():
        paths.scores(name).parent.mkdir(parents=True)
        frame.to_csv(paths.scores(name), index=False)
    return paths


def write_opinions(paths: Paths, given: pd.DataFrame) -> None:
    paths.metrics("opinion").mkdir(parents=True)
    given.to_csv(paths.metrics("opinion", "opinions.csv"), index=False)


def test_stage_writes_page_and_json(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    write_opinions(paths, dmos.opinions(pd.DataFrame()))
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
    write_opinions(paths, opinions(gan2g_al=[40.0] * 6, gan2g=[60.0] * 6))
    stage.run()
    document = json.loads(paths.metrics("claims", "claims.json").read_text())
    assert document["claims"][4]["verdict"] == "holds"
    comparison = document["claims"][4]["comparisons"][0]
    assert (comparison["difference"], comparison["images"]) == (-20, 6)
    assert comparison["over_raters"] == {"difference": -20, "low": -20, "high": -20, "raters": 6}
    page = paths.metrics("claims", "claims.md").read_text(encoding="utf-8")
    row = next(row for row in rows(page) if row[:2] == ["GAN2G+AL - GAN2G", "DMOS ↓"])
    assert "-20.00 [-20.00, -20.00]" in row


def test_stage_without_stage_opinion(paths: Paths) -> None:
    with pytest.raises(
        UserError, match=r"opinion[/\\]opinions\.csv does not exist; run `dvc repro`"
    ):
        stage.run()
