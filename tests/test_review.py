"""The review of two commits of a temporary repository: right rows, right signs, right words."""

import json
import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
import yaml
from support.repository import environment, init_repository

from srgan_distill.app.cli import main
from srgan_distill.experiments import review
from srgan_distill.experiments.review import MOST_CHARACTERS, review_markdown, verdict

STAGE = {
    "cmd": "true",
    "params": [{"params.yaml": None}],
    "metrics": [{path: {"cache": False}} for path in ("metrics/sample/headline.json", "size.json")],
}
LOCK = {"headline": {"cmd": "true", "outs": [{"path": "metrics/sample/headline.json"}]}}
# Path -> content before and after: metrics of dvc.yaml, files that are none there, and a profile
# that dvc.yaml does not name.
SAMPLE = "metrics/sample"
FIGURES = {
    f"{SAMPLE}/headline.json": (
        {"mean": {"psnr": 27.0, "gain_psnr": 0.5, "share_of_lead_psnr": 0.25, "pi": 6.0}},
        {"mean": {"psnr": 27.0, "gain_psnr": 0.25, "share_of_lead_psnr": None, "pi": 5.5}},
    ),
    f"{SAMPLE}/tables/means.json": (
        {
            "gan2g": {"model": {"grid": 0.0034}, "mean": {"ssim": 0.8},
                      "Set5": {"psnr": 28.0, "ssim": 0.8, "niqe": 5.0, "nrqm": 6.0,
                               "seconds": 1.5}},
            "student": {"Set5": {"psnr": 27.0}},
        },
        {
            "gan2g": {"model": {"grid": 0.0051}, "mean": {"ssim": 0.79},
                      "Set5": {"psnr": 28.0, "ssim": 0.79, "niqe": 5.5, "nrqm": 6.5,
                               "seconds": 1.25, "piqe": 30.0}},
            "student": {"Set5": {"psnr": 27.0}},
        },
    ),
    f"{SAMPLE}/tables/export.json": (
        {"gan2g": {"int8": {"psnr_change": {"Set5": -0.05}}, "parity": {"difference": -2e-7}}},
        {"gan2g": {"int8": {"psnr_change": {"Set5": -0.03}}, "parity": {"difference": 3e-7}}},
    ),
    f"{SAMPLE}/opinion/dmos.json": ({}, {"gan2g": {"mean": 51.5, "low": None, "raters": 1}}),
    "metrics/mine/headline.json": ({"mean": {"ssim": 0.5}}, {"mean": {"ssim": 0.75}}),
    "metrics/mine/tables/means.json": ({"bicubic": {"Set14": {"psnr": 26.0}}}, None),
    "size.json": ({"file": {"mb": 1}}, {"file": {"mb": 2}}),
}  # fmt: skip


def write(folder: Path, side: int, seed: int, claim: str) -> None:
    """Params, FIGURES of a side (0 before, 1 after) and claims."""
    (folder / "params.yaml").write_text(
        yaml.safe_dump({"profile": "sample", "seed": seed, "device": "auto"})
    )
    claims = [{"claim": "It works", "verdict": claim}, {"claim": "A", "verdict": "fails"}]
    files = {path: sides[side] for path, sides in FIGURES.items()}
    for path, content in {**files, f"{SAMPLE}/claims/claims.json": {"claims": claims}}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            file.unlink()
        else:
            file.write_text(json.dumps(content))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commit `main` with what was before, and above it branch `change` with what came after."""
    folder = tmp_path_factory.mktemp("review")

    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, env=environment(), check=True)

    init_repository(folder)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"headline": STAGE}}))
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": LOCK}))
    write(folder, 0, seed=0, claim="cannot be told")
    (folder / "metrics/sample/figure2.png").write_bytes(b"before")
    run("git", "add", "-A")
    run("git", "commit", "-q", "-m", "Before")
    run("git", "switch", "-q", "-c", "change")
    write(folder, 1, seed=1, claim="holds")
    (folder / "metrics/sample/figure2.png").write_bytes(b"after")
    run("git", "commit", "-q", "-a", "-m", "After")
    return folder


def lines(text: str) -> list[list[str]]:
    """The cells of every table row."""
    found = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def test_changed_figures_with_signs_and_words(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(["review", "--base", "main"]) == 0
    text = capsys.readouterr().out
    rows = lines(text)
    assert text.startswith("<!-- srgan-distill review -->\n\n## Results against main\n")
    assert ["Parameter", "main", "Here"] in rows
    assert ["`seed`", "0", "1"] in rows
    gain = "Gain, PSNR (dB) ↑"
    assert ["mean", gain, "0.5000", "0.2500", "-0.2500", "worse"] in rows
    share = "Share of the teacher's lead, PSNR (dB) ↑"
    assert ["mean", share, "0.2500", "-", "-", ""] in rows
    # Lower is better: of PI, and of NIQE, but not of Ma.
    assert ["mean", "PI ↓", "6.0000", "5.5000", "-0.5000", "better"] in rows
    assert ["GAN2G", "Set5", "NIQE ↓", "5.0000", "5.5000", "+0.5000", "worse"] in rows
    assert ["GAN2G", "Set5", "Ma (NRQM) ↑", "6.0000", "6.5000", "+0.5000", "better"] in rows
    assert ["GAN2G", "Set5", "SSIM ↑", "0.8000", "0.7900", "-0.0100", "worse"] in rows
    # A figure of another kind has no direction here; one that was not there is new.
    assert ["GAN2G", "Set5", "seconds", "1.5000", "1.2500", "-0.2500", ""] in rows
    assert ["GAN2G", "Set5", "PIQE ↓", "-", "30.0000", "-", "new"] in rows
    assert ["It works", "sample", "cannot be told", "holds"] in rows
    assert ["`metrics/sample/figure2.png`"] in rows
    assert "Headline of profile sample: 1 better, 1 worse" in text
    assert "All models of profile sample: 1 better, 4 worse, 1 new" in text
    assert ["GAN2G", "model", "Grid ↓", "0.0034", "0.0051", "+0.0017", "worse"] in rows
    sets = [row[1] for row in rows if row[:1] == ["GAN2G"] and row[2] == "SSIM ↑"]
    assert sets == ["Set5", "mean"]
    exported = "Exported models of profile sample"
    assert text.index(exported) > text.index("All models of profile sample")
    assert ["GAN2G", "int8.psnr_change", "Set5", "-0.0500", "-0.0300", "+0.0200", ""] in rows
    assert "difference" not in text  # of the parity: in the seventh decimal
    # Unchanged: the student, PSNR, the parameter `device`, claim A.
    assert "Student" not in text
    # What only one side has: opinion scores, and the models of a profile.
    assert "Opinion scores of profile sample: 2 new" in text
    assert ["GAN2G", "", "mean", "-", "51.5000", "-", "new"] in rows
    assert "All models of profile mine (not by the parameters above): 1 gone" in text
    assert ["Bicubic", "Set14", "PSNR (dB) ↑", "26.0000", "-", "-", "gone"] in rows
    # A profile that dvc.yaml does not run at present, and a metric of the user's own.
    assert "Headline of profile mine (not by the parameters above): 1 better" in text
    assert ["mean", "SSIM ↑", "0.5000", "0.7500", "+0.2500", "better"] in rows
    assert ["`size.json`", "file", "mb", "1.0000", "2.0000", "+1.0000", ""] in rows
    headings = 2 * 10
    assert len(rows) - headings == 1 + 3 + 7 + 1 + 2 + 1 + 1 + 1 + 1 + 1


def test_a_new_record_fits_into_one_comment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More figures than a comment holds: the tables are cut, and say so."""
    figures = {
        f"metrics/{profile}/tables/means.json": {
            f"gan2g.Set{number}.psnr": {"old": 27.0, "new": 28.0} for number in range(350)
        }
        for profile in ("a", "b", "c")
    }
    monkeypatch.chdir(project)
    monkeypatch.setattr(review, "_dvc_diff", lambda kind, *_: figures if kind == "metrics" else {})
    text = review_markdown("main", "main")
    assert len(text) <= MOST_CHARACTERS
    assert text.count("... and 150 more.") == 3
    assert "All models of profile c (not by the parameters above): 350 better" in text


def test_a_file_that_is_as_it_was_is_not_gone(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As DVC has it where the other side's dvc.yaml names another profile's file."""
    gone = {"metrics/other/headline.json": {"mean.psnr": {"old": 27.0}}}
    monkeypatch.chdir(project)

    def diff(kind: str, *arguments: str) -> dict:
        return gone if kind == "metrics" and "--targets" not in arguments else {}

    monkeypatch.setattr(review, "_dvc_diff", diff)
    assert "profile other" not in review_markdown("main", "main")


def test_what_is_not_committed_yet_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor even known to git: a reviewer looks before the commit."""
    monkeypatch.chdir(project)
    claims, new = Path(f"{SAMPLE}/claims/claims.json"), Path("metrics/new/headline.json")
    before = claims.read_text()
    claims.write_text(before.replace("fails", "holds"))
    new.parent.mkdir()
    new.write_text('{"mean": {"psnr": 30.0}}')
    try:
        assert main(["review", "--base", "change"]) == 0
    finally:
        claims.write_text(before)
        shutil.rmtree(new.parent)
    rows = lines(capsys.readouterr().out)
    assert ["A", "sample", "fails", "holds"] in rows
    assert ["mean", "PSNR (dB) ↑", "-", "30.0000", "-", "new"] in rows


def test_figures_of_a_renamed_profile_are_gone_and_new(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    subprocess.run(["git", "mv", "metrics/mine", "metrics/yours"], check=True)
    try:
        assert main(["review", "--base", "change"]) == 0
    finally:
        subprocess.run(["git", "reset", "-q", "--hard"], check=True)
    text = capsys.readouterr().out
    assert "Headline of profile mine (not by the parameters above): 1 gone" in text
    assert "Headline of profile yours (not by the parameters above): 1 new" in text


CONFLICT = "<<<<<<< HEAD: {\n"
PIPELINE = "DVC cannot read the pipeline of {}: "


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("params.yaml", "seed: [", "params.yaml of {} is no YAML mapping"),
        ("dvc.yaml", "seed: [", PIPELINE + "unable to read: 'dvc.yaml'"),
        ("dvc.yaml", "stages: {a: {cmd: '${nothing}'}}", PIPELINE + "failed to parse"),
        ("dvc.yaml", "vars: [gone.yaml]", PIPELINE + "failed to parse 'vars'"),
        ("dvc.lock", CONFLICT, PIPELINE + "unable to read: 'dvc.lock'"),
        ("dvc.lock", "schema: '2.0'\nstages: 1", PIPELINE + "'./dvc.lock' validation failed"),
        (
            f"{SAMPLE}/headline.json",
            CONFLICT,
            "{} has a metrics/sample/headline.json that is no JSON",
        ),
    ],
)
def test_what_dvc_cannot_read_is_one_line_and_not_gone(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    file: str, content: str, problem: str,
) -> None:  # fmt: skip
    """On either side."""

    def refused(base: str, side: str) -> None:
        assert main(["review", "--base", base]) == 1
        output = capsys.readouterr()
        (line,) = output.err.splitlines()
        assert output.out == ""
        assert line.startswith(f"error: {problem.format(side)}")
        assert line.endswith(("; correct it there", "; run `dvc repro` there"))

    monkeypatch.chdir(project)
    git = partial(subprocess.run, cwd=project, check=True)
    git(["git", "switch", "-q", "-c", "broken"])
    try:
        Path(file).write_text(content)
        refused("main", "workspace")
        git(["git", "add", "-A"])
        git(["git", "commit", "-q", "-m", "Broken"])
        git(["git", "switch", "-q", "change"])
        refused("broken", "broken")
    finally:
        git(["git", "switch", "-q", "-f", "change"])
        git(["git", "branch", "-q", "-D", "broken"])


def test_nothing_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(["review", "--base", "change", "--label", "itself"]) == 0
    text = capsys.readouterr().out
    assert "## Results against itself\n\nNo parameter and no figure changed." in text
    assert "|" not in text


def test_unknown_base(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(["review", "--base", "nowhere"]) == 1
    assert "unknown revision 'nowhere'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("figure", "change", "word"),
    [
        ("psnr", 0.1, "better"),
        ("psnr", -0.1, "worse"),
        ("piqe", -0.1, "better"),
        ("gain_pi", -0.1, "better"),
        ("gain_niqe", 0.1, "worse"),
        ("grid", 0.1, "worse"),
        ("share_of_lead_niqe", 0.1, "better"),
        ("psnr", 0.0, ""),
        ("seconds", 1.0, ""),
    ],
)
def test_verdict_knows_the_direction(figure: str, change: float, word: str) -> None:
    assert verdict(figure, change) == word
