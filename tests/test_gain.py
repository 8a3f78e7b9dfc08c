"""Gain over the undistilled student and share of the teacher's lead, and the two stages."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from srgan_distill.common.errors import UserError
from srgan_distill.results.gains import gain_table, gains
from srgan_distill.results.reading import read_scores
from srgan_distill.stages import gain, headline

ROOT = Path(__file__).parents[1]


def scores(psnr: tuple[float, float, float], piqe: tuple[float, float, float]) -> pd.DataFrame:
    """Two images of Set5, one of Set14."""
    return pd.DataFrame(
        {"set": ["Set5", "Set5", "Set14"], "image": ["001", "002", "1"], "psnr": psnr, "piqe": piqe}
    )


STUDENT = scores((28.0, 30.0, 25.0), (60.0, 40.0, 30.0))
TEACHER = scores((30.0, 32.0, 24.0), (30.0, 30.0, 40.0))
DISTILLED = scores((28.5, 30.5, 25.5), (45.0, 40.0, 33.0))


def test_gain_and_share_by_hand() -> None:
    figures = gains(DISTILLED, STUDENT, TEACHER)
    assert list(figures) == ["Set5", "Set14", "mean"]
    assert figures["Set5"] == {
        "psnr": 29.5, "gain_psnr": 0.5, "share_of_lead_psnr": 0.25,
        # Lower is better: the teacher's 30 leads the student's 50 by 20, of which 7.5 are made up.
        "piqe": 42.5, "gain_piqe": -7.5, "share_of_lead_piqe": 0.375,
    }  # fmt: skip
    # The teacher has less PSNR and more PIQE than the student: no lead.
    assert figures["Set14"] == {
        "psnr": 25.5, "gain_psnr": 0.5, "share_of_lead_psnr": None,
        "piqe": 33.0, "gain_piqe": 3.0, "share_of_lead_piqe": None,
    }  # fmt: skip
    # Over sets, not images; the share is that of the mean gain in the mean lead.
    assert figures["mean"] == {
        "psnr": 27.5, "gain_psnr": 0.5, "share_of_lead_psnr": 1.0,
        "piqe": 37.75, "gain_piqe": -2.25, "share_of_lead_piqe": 0.45,
    }  # fmt: skip


def test_equal_teacher_and_student_give_no_share() -> None:
    figures = gains(DISTILLED, STUDENT, STUDENT)
    assert figures["mean"]["share_of_lead_psnr"] is None
    assert figures["mean"]["share_of_lead_piqe"] is None


def test_infinite_psnr_is_valid_json() -> None:
    perfect = scores((math.inf, 30.0, 25.0), (60.0, 40.0, 30.0))
    figures = gains(perfect, STUDENT, TEACHER)
    assert figures["Set5"]["psnr"] is None
    assert figures["Set14"]["psnr"] == 25.0
    json.dumps(figures, allow_nan=False)


def test_gain_table_reads_with_signs_and_shares() -> None:
    lines = gain_table(gains(DISTILLED, STUDENT, TEACHER)).split("\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert ["Set5", "PSNR (dB) ↑", "29.50", "+0.50", "25%"] in rows
    assert ["Set14", "PIQE ↓", "33.00", "+3.00", "-"] in rows


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's params.yaml and made-up scores of every model."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    scores = {
        "student": STUDENT, "teacher_gan": TEACHER, "teacher_g": DISTILLED, "gan2gan": DISTILLED,
        "g2g_al": DISTILLED.assign(psnr=26.0),
    }  # fmt: skip
    for model, frame in scores.items():
        folder = tmp_path / "data/sample/evaluate" / model
        folder.mkdir(parents=True)
        frame.to_csv(folder / "scores.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stage_takes_the_strategys_own_teacher(project: Path) -> None:
    gain.run("gan2gan")
    gain.run("g2g_al")
    read = {
        name: json.loads((project / f"metrics/sample/gain/{name}.json").read_text())
        for name in ("gan2gan", "g2g_al")
    }
    assert read["gan2gan"]["Set5"]["share_of_lead_psnr"] == 0.25
    # Its teacher is teacher_g, 0.5 dB ahead; psnr 26 is 3 dB behind the student.
    assert read["g2g_al"]["Set5"]["share_of_lead_psnr"] == -6.0
    keys = [{name: list(values) for name, values in figures.items()} for figures in read.values()]
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
    assert written.read_text() == (project / "metrics/sample/gain/gan2gan.json").read_text()
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
    assert frame["image"].tolist() == ["001", "002", "1"]
    assert frame["psnr"].dtype == float
