"""Gain over the baseline, share of the teacher's lead, and the two stages."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from srgan_distill.common.errors import UserError
from srgan_distill.common.metrics import METRICS
from srgan_distill.results.gains import gain_table, gains, has_lead
from srgan_distill.results.gains import headline as headline_of
from srgan_distill.results.reading import read_scores
from srgan_distill.stages import gain, headline

ROOT = Path(__file__).parents[1]


def scores(**columns: tuple[float, float]) -> pd.DataFrame:
    """Six images of Set5, whose names are numbers, and six of Set14; a metric's mean of each.

    Around it the images differ by what adds up to 0, the same in every model.
    """
    spread = [-2.0, 2.0, -1.0, 1.0, 0.0, 0.0]
    frame = pd.DataFrame(
        {
            "set": ["Set5"] * 6 + ["Set14"] * 6,
            "image": [f"{number:03}" for number in range(1, 7)] + list("abcdef"),
        }
    )
    for metric, means in columns.items():
        frame[metric] = [mean + one for mean in means for one in spread]
    return frame


BASELINE = scores(psnr=(29.0, 25.0), niqe=(7.0, 5.0), piqe=(50.0, 30.0), psnr_wrapped=(29.0, 29.0))
STUDENT = scores(psnr=(28.5, 24.0), niqe=(7.25, 5.5), piqe=(52.0, 30.0), psnr_wrapped=(29.0, 29.0))
TEACHER = scores(psnr=(31.0, 25.5), niqe=(5.0, 6.0), piqe=(30.0, 20.0), psnr_wrapped=(30.0, 30.0))
DISTILLED = scores(psnr=(29.5, 25.5), niqe=(6.25, 5.5), piqe=(40, 33), psnr_wrapped=(29.5, 29.5))


def test_gain_and_share_by_hand() -> None:
    figures = gains(DISTILLED, BASELINE, TEACHER, STUDENT)
    assert list(figures) == ["Set5", "Set14", "mean"]
    # The leads are of all images alike: their intervals have no width.
    assert figures["Set5"] == {
        "psnr": 29.5, "gain_psnr": 0.5, "gain_over_student_psnr": 1.0, "share_of_lead_psnr": 0.25,
        # Lower is better: the teacher's 5 leads the baseline's 7 by 2, of which 0.75 are made up.
        "niqe": 6.25, "gain_niqe": -0.75, "gain_over_student_niqe": -1.0,
        "share_of_lead_niqe": 0.375,
        # However far the teacher leads, these two metrics tell nothing of quality.
        "piqe": 40.0, "gain_piqe": -10.0, "gain_over_student_piqe": -12.0,
        "psnr_wrapped": 29.5, "gain_psnr_wrapped": 0.5, "gain_over_student_psnr_wrapped": 0.5,
    }  # fmt: skip
    # The teacher has more NIQE than the baseline: no lead.
    assert figures["Set14"] == {
        "psnr": 25.5, "gain_psnr": 0.5, "gain_over_student_psnr": 1.5, "share_of_lead_psnr": 1.0,
        "niqe": 5.5, "gain_niqe": 0.5, "gain_over_student_niqe": 0.0,
        "piqe": 33.0, "gain_piqe": 3.0, "gain_over_student_piqe": 3.0,
        "psnr_wrapped": 29.5, "gain_psnr_wrapped": 0.5, "gain_over_student_psnr_wrapped": 0.5,
    }  # fmt: skip
    # Over sets, not images; the share is that of the mean gain in the mean lead. NIQE: of a lead of
    # (2 - 1) / 2 = 0.5, the same whichever images are drawn, 0.125 are made up.
    assert figures["mean"] == {
        "psnr": 27.5, "gain_psnr": 0.5, "gain_over_student_psnr": 1.25, "share_of_lead_psnr": 0.4,
        "niqe": 5.875, "gain_niqe": -0.125, "gain_over_student_niqe": -0.5,
        "share_of_lead_niqe": 0.25,
        "piqe": 36.5, "gain_piqe": -3.5, "gain_over_student_piqe": -4.5,
        "psnr_wrapped": 29.5, "gain_psnr_wrapped": 0.5, "gain_over_student_psnr_wrapped": 0.5,
    }  # fmt: skip


def test_equal_teacher_and_baseline_give_no_share() -> None:
    figures = gains(DISTILLED, BASELINE, BASELINE, STUDENT)
    assert not any(key.startswith("share") for values in figures.values() for key in values)
    assert figures["mean"]["gain_psnr"] == 0.5


def lead(psnr: list[float], images: int = 6) -> bool:
    """Whether a teacher that is so much better, image by image, has a lead to share in."""
    student = BASELINE.iloc[:images]
    return has_lead(student.assign(psnr=student["psnr"] + psnr), student, "psnr")


@pytest.mark.parametrize(
    ("psnr", "real"),
    [
        ([0.2] * 6, True),
        # Less than 0.1 dB, though of all images alike.
        ([0.09] * 6, False),
        ([0.11] * 6, True),
        # 0.5 dB in the mean, but of six images three are worse: the interval includes 0.
        ([3.0, -2.0] * 3, False),
        # 0.5 dB too, and no image is worse: of all resamples none has a mean of 0.
        ([0.9, 0.1] * 3, True),
        ([-0.5] * 6, False),
    ],
)
def test_a_lead_is_worth_speaking_of_and_no_chance(psnr: list[float], real: bool) -> None:
    assert lead(psnr) == real


def test_a_lead_of_few_images_is_none() -> None:
    assert not lead([0.5] * 2, images=2)
    assert lead([0.5] * 3, images=3)


@pytest.mark.parametrize(
    ("large", "small", "real"),
    [
        # Over the twelve images 0.2 dB, over the two sets (0.8 - 1) / 2 dB.
        (0.8, -1.0, False),
        (0.5, 0.4, True),
        # Over the images 0.13 dB, over the sets 0.225 dB.
        (-0.05, 0.5, True),
    ],
)
def test_a_lead_counts_sets_and_not_images(large: float, small: float, real: bool) -> None:
    student = BASELINE.assign(set=["large"] * 8 + ["small"] * 4)
    teacher = student.assign(psnr=student["psnr"] + [*[large] * 8, *[small] * 4])
    assert has_lead(teacher, student, "psnr") == real


def test_a_set_of_one_image_tells_of_no_lead() -> None:
    student = BASELINE.assign(set=["large"] * 11 + ["single"])
    teacher = student.assign(psnr=student["psnr"] + 0.5)
    assert not has_lead(teacher, student, "psnr")


@pytest.mark.parametrize(
    ("metric", "worse", "better"),
    [("ssim", 0.0029, 0.0031), ("niqe", -0.09, -0.11), ("pi", -0.09, -0.11)],
)
def test_least_lead_of_each_metric_and_its_direction(
    metric: str, worse: float, better: float
) -> None:
    student = scores(**{metric: (5.0, 5.0)})

    def leads(difference: float) -> bool:
        return has_lead(student.assign(**{metric: student[metric] + difference}), student, metric)

    assert leads(better)
    assert not leads(worse)
    assert not leads(-better)


def test_infinite_psnr_is_valid_json() -> None:
    perfect = DISTILLED.assign(psnr=[math.inf, *DISTILLED["psnr"][1:]])
    figures = gains(perfect, BASELINE, TEACHER, STUDENT)
    assert figures["Set5"]["psnr"] is None
    assert figures["Set5"]["share_of_lead_psnr"] is None
    assert figures["Set14"]["psnr"] == 25.5
    json.dumps(figures, allow_nan=False)
    # A teacher's that is infinite is no lead that an interval could tell of.
    assert "share_of_lead_psnr" not in gains(DISTILLED, BASELINE, perfect, STUDENT)["Set5"]


def test_gain_table_reads_with_signs_and_shares() -> None:
    lines = gain_table(gains(DISTILLED, BASELINE, TEACHER, STUDENT)).split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0][3:5] == ["Over baseline", "Over Student, as in the paper"]
    assert ["Set5", "PSNR (dB) ↑", "29.50", "+0.50", "+1.00", "25%"] in rows
    assert ["Set14", "PIQE ↓", "33.00", "+3.00", "+3.00", "-"] in rows
    assert ["Set14", "NIQE ↓", "5.500", "+0.500", "+0.000", "-"] in rows


def test_headline_by_hand() -> None:
    """Of each set the metrics alone, of the mean gains and shares too; two metrics never."""
    assert headline_of(gains(DISTILLED, BASELINE, TEACHER, STUDENT)) == {
        "Set5": {"psnr": 29.5, "niqe": 6.25},
        "Set14": {"psnr": 25.5, "niqe": 5.5},
        "mean": {
            "psnr": 27.5, "niqe": 5.875, "gain_psnr": 0.5, "gain_niqe": -0.125,
            "share_of_lead_psnr": 0.4, "share_of_lead_niqe": 0.25,
        },
    }  # fmt: skip


def test_metrics_of_a_headline() -> None:
    assert [name for name, metric in METRICS.items() if metric.headline] == [
        "psnr", "ssim", "niqe", "pi",
    ]  # fmt: skip
    figures = dict.fromkeys(METRICS, 1.0) | {f"gain_{name}": 2.0 for name in METRICS}
    figures |= {f"share_of_lead_{name}": 3.0 for name in METRICS}
    figures |= {f"gain_over_student_{name}": 4.0 for name in METRICS}
    shown = headline_of({"Set5": figures, "mean": figures})
    assert list(shown["Set5"]) == ["psnr", "ssim", "niqe", "pi"]
    assert len(shown["mean"]) == 3 * 4
    others = ("piqe", "wrapped", "over_student")
    assert not [key for key in shown["mean"] if any(other in key for other in others)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's params.yaml and made-up scores of every model."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    scores = {
        "student": BASELINE, "teacher_gan": TEACHER, "teacher_g": DISTILLED, "gan2gan": DISTILLED,
        "student_g_al": STUDENT, "g2g_al": STUDENT.assign(psnr=STUDENT["psnr"] - 3),
    }  # fmt: skip
    for model, frame in scores.items():
        folder = tmp_path / "data/sample/evaluate" / model
        folder.mkdir(parents=True)
        frame.to_csv(folder / "scores.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stage_takes_the_strategys_own_teacher_and_baseline(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gain.run("gan2gan")
    capsys.readouterr()
    gain.run("g2g_al")
    assert "without a teacher: Student (G only)+AL" in capsys.readouterr().out
    read = {
        name: json.loads((project / f"metrics/sample/gain/{name}.json").read_text())
        for name in ("gan2gan", "g2g_al")
    }
    assert read["gan2gan"]["Set5"]["share_of_lead_psnr"] == 0.25
    # The paper's student is its baseline.
    assert read["gan2gan"]["Set5"]["gain_over_student_psnr"] == 0.5
    # Its teacher is teacher_g, 1 dB ahead of student_g_al, of whose PSNR it is 3 dB short; of the
    # paper's student, which has 0.5 dB more, 3.5 dB.
    assert read["g2g_al"]["Set5"]["gain_psnr"] == -3.0
    assert read["g2g_al"]["Set5"]["gain_over_student_psnr"] == -3.5
    assert read["g2g_al"]["Set5"]["share_of_lead_psnr"] == -3.0
    # Not even in the keys do the files name the strategy; what has a share depends on the teacher.
    keys = [
        {name: [key for key in values if "share" not in key] for name, values in figures.items()}
        for figures in read.values()
    ]
    assert keys[0] == keys[1]


def test_headline_is_the_strategy_under_study(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["strategy"] = "gan2gan"
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    gain.run("gan2gan")
    gain.run("g2g_al")
    capsys.readouterr()
    headline.run()
    written = project / "metrics/sample/headline.json"
    read = json.loads((project / "metrics/sample/gain/gan2gan.json").read_text())
    assert json.loads(written.read_text()) == headline_of(read)
    assert read["mean"]["psnr"] == json.loads(written.read_text())["mean"]["psnr"] == 27.5
    assert "gan2gan" not in written.read_text()
    assert "GAN2GAN" in capsys.readouterr().out


def test_unknown_strategy(project: Path) -> None:
    with pytest.raises(UserError, match=r"strategies\.nothing"):
        gain.run("nothing")


def test_scores_that_are_missing(project: Path) -> None:
    (project / "data/sample/evaluate/student/scores.csv").unlink()
    with pytest.raises(UserError, match=r"student[/\\]scores\.csv does not exist"):
        gain.run("gan2gan")


def test_names_of_images_survive(project: Path) -> None:
    frame = read_scores(project / "data/sample/evaluate/student/scores.csv")
    assert frame["image"].tolist()[:7] == ["001", "002", "003", "004", "005", "006", "a"]
    assert frame["psnr"].dtype == float
