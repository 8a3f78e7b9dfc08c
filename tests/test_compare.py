"""Runs of several revisions in one table, from a small DVC project of its own."""

import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from srgan_distill.app.cli import main
from srgan_distill.common.errors import UserError
from srgan_distill.experiments.compare import as_text, comparison, read_runs

# Seeds 0, 1, 2 give PSNRs 27.0, 27.4, 27.1 for g2g_al and 1 dB less for gan2g.
HEADLINE = """
import json, pathlib, yaml
params = yaml.safe_load(open("params.yaml"))
psnr = [27.0, 27.4, 27.1][params["seed"]] - (params["strategy"] == "gan2g") + params["bonus"]
mean = {"psnr": psnr, "gain_psnr": psnr - 27, "share_of_lead_psnr": None}
path = pathlib.Path("metrics", params["profile"], "headline.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"Set5": mean, "mean": mean}))
"""
PIPELINE = {
    "stages": {
        "headline": {
            "cmd": "python src/headline.py",
            "deps": ["src/headline.py"],
            "params": ["seed", "strategy", "bonus", "profile"],
            "metrics": [{"metrics/${profile}/headline.json": {"cache": False}}],
        }
    }
}
PARAMS = {
    "seed": 0, "profile": "sample", "strategy": "g2g_al", "bonus": 0,
    "strategies": {"g2g_al": {"teacher": "teacher_g"}, "gan2g": {"teacher": "teacher_gan"}},
    "profiles": {"sample": {"steps": 10}, "bsds500": {"steps": 999}},
}  # fmt: skip


class Project:
    """A git repository with a one-stage DVC pipeline that writes a headline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run("git", "init", "-q", "-b", "main")
        self.run("git", "config", "user.email", "test@example.org")
        self.run("git", "config", "user.name", "Test")
        self.run("dvc", "init", "-q")
        (folder / "src").mkdir()
        (folder / "src/headline.py").write_text(HEADLINE)
        (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
        self.change()
        self.run("dvc", "repro", "-q")
        self.commit("Run")

    def run(self, *command: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(command, cwd=self.folder, env={**os.environ, "PATH": path}, check=True)

    def change(self, **values: object) -> None:
        (self.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | values, sort_keys=False))

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Commit `main` has seed 0; experiments have seeds 1 and 2, and gan2g with seed 0."""
    project = Project(tmp_path_factory.mktemp("compare"))
    for name, changes in (
        ("seed-1", ["seed=1"]),
        ("seed-2", ["seed=2"]),
        ("other", ["strategy=gan2g"]),
    ):
        settings = [argument for change in changes for argument in ("-S", change)]
        project.run("dvc", "exp", "run", "-q", "-n", name, *settings)
        project.run("git", "checkout", "-q", ".")
    return project


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(project.folder)
    return project


def test_seeds_share_a_row_with_mean_and_spread(inside: Project) -> None:
    table = comparison(read_runs(["main", "seed-1", "other", "seed-2"])).set_index("strategy")
    assert list(table.index) == ["g2g_al", "gan2g"]
    row = table.loc["g2g_al"]
    assert row[["runs", "seeds", "n"]].tolist() == ["main, seed-1, seed-2", "0, 1, 2", 3]
    assert row["psnr"] == pytest.approx((27.0 + 27.4 + 27.1) / 3)
    assert row["psnr_std"] == pytest.approx(statistics.stdev([27.0, 27.4, 27.1]))
    assert row["gain_psnr"] == pytest.approx(row["psnr"] - 27)
    assert table.loc["gan2g", "psnr"] == 26.0
    assert table.loc["gan2g", ["psnr_std"]].isna().all()
    # What comes with another strategy is no difference of its own.
    assert not [column for column in table if "." in column or column == "code"]


def test_formats(inside: Project, capsys: pytest.CaptureFixture[str]) -> None:
    revisions = ["main", "seed-1", "other"]
    for style, expected in (
        ("markdown", " 27.20 ± 0.28 | "),
        ("terminal", " +0.20 ± 0.28"),
        ("csv", '"main, seed-1",g2g_al,"0, 1",2,27.200000,0.282843,0.200000,0.282843,'),
    ):
        assert main(["compare", *revisions, "--format", style]) == 0
        assert expected in capsys.readouterr().out, style
    assert main(["compare", *revisions, "--set", "Set14"]) == 1
    assert "'Set14'; it has Set5, mean" in capsys.readouterr().err


def test_same_run_twice_counts_once(inside: Project) -> None:
    (row,) = comparison(read_runs(["main", "HEAD", "workspace"])).to_dict("records")
    assert (row["runs"], row["n"]) == ("main = HEAD = workspace", 1)


@pytest.fixture
def changed(inside: Project) -> Callable[..., None]:
    """Change params.yaml for one test."""
    yield inside.change
    inside.run("git", "checkout", "-q", ".")


def test_workspace_that_was_not_run_again_enters_no_mean(changed: Callable[..., None]) -> None:
    changed(seed=2)
    table = comparison(read_runs(["main", "workspace"]))
    assert table["n"].tolist() == [1, 1]
    assert table["problem"][1] == (
        "is not reproduced: headline ran with seed = 0, params.yaml says 2"
    )
    assert "is not reproduced" in as_text(table, "markdown")


def test_different_profiles(
    changed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    changed(profile="bsds500")
    assert main(["compare", "main", "workspace"]) == 1
    error = capsys.readouterr().err
    assert "main sample, workspace bsds500" in error
    assert "--profile" in error
    table = comparison(read_runs(["main", "workspace"], "sample"))
    assert table["n"].tolist() == [1, 0]
    assert table["problem"].tolist() == ["", "ran profile bsds500"]
    assert "| workspace |" in as_text(table, "markdown")


def test_other_code_and_parameters_are_other_rows(inside: Project) -> None:
    inside.run("git", "switch", "-q", "-c", "more")
    inside.change(bonus=1, seed=1)
    inside.run("dvc", "repro", "-q")
    inside.commit("Bonus")
    with (inside.folder / "src/headline.py").open("a") as file:
        file.write("# changed\n")
    inside.change(seed=1)
    inside.run("dvc", "repro", "-q")
    inside.commit("Code")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_runs(["main", "more~1", "more", "seed-1"]))
    assert table["runs"].tolist() == ["main, seed-1", "more~1", "more"]
    assert table["bonus"].tolist() == ["0", "1", "0"]
    assert len(set(table["code"])) == 2


def test_missing_metrics(inside: Project) -> None:
    inside.run("git", "switch", "-q", "-c", "empty")
    inside.run("git", "rm", "-q", "metrics/sample/headline.json")
    inside.run("git", "commit", "-q", "-m", "Without")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_runs(["main", "empty"]))
    assert table["n"].tolist() == [1, 0]
    assert "has no metrics/sample/headline.json" in table["problem"][1]
    with pytest.raises(UserError, match=r"empty has no metrics/sample/headline\.json"):
        read_runs(["empty"])


def test_without_names_the_last_commit_s_experiments(
    inside: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--format", "csv"]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index("strategy")
    assert rows["runs"].to_dict() == {"g2g_al": "seed-1, seed-2", "gan2g": "other"}


def test_without_names_and_experiments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Project(tmp_path).folder)
    assert main(["compare"]) == 1
    assert "no DVC experiment started from the last commit" in capsys.readouterr().err


def test_unknown_revision(inside: Project) -> None:
    with pytest.raises(UserError, match="unknown revision 'seed-9'"):
        read_runs(["main", "seed-9"])
    with pytest.raises(UserError, match="unknown revision"):
        read_runs(["--all"])


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match="in no git repository"):
        read_runs(["main"])


def test_help_does_not_import_torch() -> None:
    code = "import sys\nfrom srgan_distill.app.cli import main\ntry: main(['--help'])\nfinally: "
    code += "print(json.dumps('torch' in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", "import json\n" + code], capture_output=True, text=True, check=False
    )
    assert "compare" in done.stdout
    assert json.loads(done.stdout.splitlines()[-1]) is False
