"""The paper's claims: verdicts that follow the data, and the page and JSON of the stage."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import all_runs, names
from srgan_distill.results.claims import CLAIMS, Claim, Finding, judge, judge_size
from srgan_distill.stages import claims as stage

ROOT = Path(__file__).parents[1]
BASE = [24.0, 30.0, 26.0, 28.0, 25.0, 29.0, 31.0, 27.0]
BEATS = Claim("GAN2G beats the student", "Table 2", "psnr", ("gan2g",), ("student",))
MIXED = [1.0, -1.0] * 4


def scores(images: int = 8, **differences: float | list[float]) -> dict[str, pd.DataFrame]:
    """Scores of `student` (PSNR BASE, PI 5) and of models that differ from it as given."""
    labels = {"set": "Set5", "image": [str(number) for number in range(len(BASE))]}
    student = pd.DataFrame(labels | {"psnr": BASE, "ssim": 0.7, "pi": 5.0})
    models = {"student": student}
    for model, difference in differences.items():
        change = pd.Series(difference if isinstance(difference, list) else [difference] * 8)
        models[model] = student.assign(psnr=student["psnr"] + change, pi=student["pi"] + change)
    return {model: frame.head(images) for model, frame in models.items()}


def verdict(finding: Finding) -> tuple[str, str]:
    return finding.verdict, finding.reason


def test_verdict_flips_with_the_data() -> None:
    assert verdict(judge(BEATS, scores(gan2g=0.3))) == ("holds", "")
    assert verdict(judge(BEATS, scores(gan2g=-0.3))) == ("fails", "GAN2G - Student")
    assert verdict(judge(BEATS, scores(gan2g=MIXED))) == ("cannot be told", "an interval spans 0")
    assert verdict(judge(BEATS, scores(gan2g=0.0))) == ("cannot be told", "an interval spans 0")


def test_lower_pi_is_better() -> None:
    claim = Claim("", "Table 4", "pi", ("gan2g_al",), ("student",))
    assert judge(claim, scores(gan2g_al=-0.3)).verdict == "holds"
    assert judge(claim, scores(gan2g_al=0.3)).verdict == "fails"


@pytest.mark.parametrize(
    ("images", "reason"),
    [(1, "n=1, no interval"), (2, "2 images, 6 are needed"), (5, "5 images, 6 are needed")],
)
def test_few_images_cannot_tell(images: int, reason: str) -> None:
    finding = judge(BEATS, scores(images, gan2g=0.3))
    assert verdict(finding) == ("cannot be told", reason)
    assert finding.comparisons[0].difference.mean == pytest.approx(0.3)


def test_what_was_not_computed_cannot_be_told() -> None:
    assert verdict(judge(BEATS, scores())) == ("cannot be told", "GAN2G not evaluated")
    claim = Claim("", "Table 4", "pi", ("gan2g",), ("student",))
    models = scores(gan2g=-0.3)
    without = {name: frame.drop(columns="pi") for name, frame in models.items()}
    assert verdict(judge(claim, without)) == ("cannot be told", "pi not computed")
    renamed = {name: frame.rename(columns={"pi": "piqe"}) for name, frame in models.items()}
    (comparison,) = judge(claim, renamed).comparisons
    # Another metric is shown in PI's place, and decides nothing.
    assert (comparison.shown, comparison.verdict) == ("piqe", "cannot be told")
    assert comparison.difference.mean == pytest.approx(-0.3)


def test_all_must_hold_and_one_that_fails_is_enough() -> None:
    every = CLAIMS[0]
    students = {"gan2gan": 0.3, "gan2g": 0.2, "gan2g_al": 0.1, "g2g_al": 1.2}
    assert judge(every, scores(**students)).verdict == "holds"
    assert judge(every, scores(**students | {"gan2g": MIXED})).verdict == "cannot be told"
    failed = judge(every, scores(**students | {"gan2g": MIXED, "g2g_al": -0.1}))
    assert verdict(failed) == ("fails", "G2G+AL - Student")
    best = CLAIMS[2]
    assert judge(best, scores(**students)).verdict == "holds"
    assert len(judge(best, scores(**students)).comparisons) == 3
    assert judge(best, scores(**students | {"gan2g": 1.3})).verdict == "fails"


def test_papers_own_difference_stands_beside() -> None:
    (comparison,) = judge(CLAIMS[3], scores(g2g_al=0.1, teacher_gan=0.2)).comparisons
    teacher = (29.0393 + 29.2145 + 28.7672 + 29.8017) / 4
    ours = (29.6308 + 29.3279 + 28.9421 + 29.9858) / 4
    assert comparison.paper == pytest.approx(ours - teacher)
    (phase2,) = judge(CLAIMS[5], scores(gan2g=0.1, gan2g_al=0.2)).comparisons
    assert phase2.paper == pytest.approx(6.1876 - 6.7769)


def test_sizes() -> None:
    assert verdict(judge_size(teacher=1_550_659, student=248_227)) == (
        "holds", "1,550,659 / 248,227 = 6.2469",
    )  # fmt: skip
    assert judge_size(teacher=1_550_659, student=250_000).verdict == "fails"


def test_stage_writes_page_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    params = load()
    paths = Paths(params.profile)
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    made_up = scores(**{name: number / 10 for number, name in enumerate(models)})
    for name, frame in made_up.items():
        paths.scores(name).parent.mkdir(parents=True)
        frame.drop(columns="pi").to_csv(paths.scores(name), index=False)
    stage.run()
    document = json.loads(paths.metrics("claims", "claims.json").read_text())
    assert document["profile"] == params.profile
    assert document["corrected_for_multiple_comparisons"] is False
    verdicts = {claim["claim"]: claim["verdict"] for claim in document["claims"]}
    assert len(verdicts) == 7
    assert verdicts["G2G+AL beats even the teacher in PSNR"] == "holds"
    assert verdicts["The students have 1/6.24 of the teacher's parameters"] == "holds"
    assert verdicts["GAN2G+AL has the best PI of the distilled students"] == "cannot be told"
    page = paths.metrics("claims", "claims.md").read_text()
    assert "not corrected for multiple comparisons" in page
    for text in verdicts:
        assert text in page
