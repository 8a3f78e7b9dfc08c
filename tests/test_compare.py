"""Runs of several revisions in one table, from a small DVC project of its own."""

import io
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support.code_reading import SOURCE
from support.repository import environment, init_repository

from srgan_distill.app.cli import main
from srgan_distill.common.errors import UserError
from srgan_distill.experiments.compare import as_text, comparison, read_results

# Seeds 0, 1, 2 give PSNRs 27.0, 27.4, 27.1 for g2g_al and 1 dB less for gan2g. The gain of Set5
# stands beside the headline, with a metric that does not stand in it.
HEADLINE = """
import json, pathlib, yaml
params = yaml.safe_load(open("params.yaml"))
seed = params["seeds"]["student"]
psnr = [27.0, 27.4, 27.1][seed] - (params["strategy"] == "gan2g") + params["bonus"]
mean = {"psnr": psnr, "gain_psnr": psnr - 27, "share_of_lead_psnr": None}
set5 = {"psnr": psnr + 2, "gain_psnr": psnr - 26, "piqe": 70.0, "gain_piqe": 1.0}
folder = pathlib.Path("metrics", params["profile"])
(folder / "gain").mkdir(parents=True, exist_ok=True)
headline = {"Set5": {"psnr": psnr + 2}, "mean": mean}
(folder / "headline.json").write_text(json.dumps(headline))
gain = {"Set5": set5, "mean": mean}
(folder / "gain" / (params["strategy"] + ".json")).write_text(json.dumps(gain))
"""
PIPELINE = {
    "stages": {
        "headline": {
            "cmd": "python src/headline.py",
            "deps": ["src/headline.py"],
            "params": ["seeds", "strategy", "bonus", "profile", "strategies.${strategy}"],
            "outs": [{"metrics/${profile}/gain": {"cache": False}}],
            "metrics": [{"metrics/${profile}/headline.json": {"cache": False}}],
        }
    }
}
PARAMS = {
    "seeds": {"pretrain": 0, "teacher": 0, "student": 0},
    "profile": "sample", "strategy": "g2g_al", "bonus": 0,
    "strategies": {"g2g_al": {"teacher": "teacher_g"}, "gan2g": {"teacher": "teacher_gan"}},
    "profiles": {"sample": {"steps": 10}, "bsds500": {"steps": 999}},
}  # fmt: skip


class Project:
    """A git repository with a one-stage DVC pipeline that writes a headline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        init_repository(folder)
        (folder / "src").mkdir()
        (folder / "src/headline.py").write_text(HEADLINE)
        (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
        self.change()
        self.run("dvc", "repro", "-q")
        self.commit("Run")

    def run(self, *command: str) -> None:
        subprocess.run(command, cwd=self.folder, env=environment(), check=True)

    def change(self, **values: object) -> None:
        (self.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | values, sort_keys=False))

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Commit `main` has seeds 0; experiments have students' seeds 1 and 2, and gan2g with 0."""
    project = Project(tmp_path_factory.mktemp("compare"))
    for name, changes in (
        ("seed-1", ["seeds.student=1"]),
        ("seed-2", ["seeds.student=2"]),
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
    table = comparison(read_results(["main", "seed-1", "other", "seed-2"])).set_index("strategy")
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


def test_seeds_of_all_that_is_trained(changed: Callable[..., None], inside: Project) -> None:
    changed(seeds={"pretrain": 1, "teacher": 1, "student": 1})
    inside.run("dvc", "repro", "-q")
    (row,) = comparison(read_results(["main", "seed-2", "workspace"])).to_dict("records")
    assert (row["n"], row["seeds"]) == (3, "0/0/0, 0/0/2, 1/1/1")


def test_one_seed_for_all_as_earlier_versions_have_it(inside: Project) -> None:
    inside.run("git", "switch", "-q", "-c", "one-seed")
    for file, old, new in (
        ("dvc.yaml", "- seeds\n", "- seed\n"),
        ("src/headline.py", 'params["seeds"]["student"]', 'params["seed"]'),
    ):
        path = inside.folder / file
        path.write_text(path.read_text().replace(old, new))
    for seed in (0, 1):
        values = {key: value for key, value in PARAMS.items() if key != "seeds"} | {"seed": seed}
        (inside.folder / "params.yaml").write_text(yaml.safe_dump(values))
        inside.run("dvc", "repro", "-q")
        inside.commit(f"Seed {seed}")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_results(["one-seed~1", "one-seed", "main"]))
    assert table["seeds"].tolist() == ["0/0/0, 1/1/1", "0/0/0"]
    assert table["problem"].tolist() == ["", ""]


def test_formats(inside: Project, capsys: pytest.CaptureFixture[str]) -> None:
    revisions = ["main", "seed-1", "other"]
    for style, expected in (
        ("markdown", " 27.20 ± 0.28 | "),
        ("terminal", " +0.20 ± 0.28"),
        ("csv", '"main, seed-1",g2g_al,"0, 1",2,27.200000,0.282843,0.200000,0.282843,'),
    ):
        assert main(["compare", *revisions, "--format", style]) == 0
        assert expected in capsys.readouterr().out, style
    assert main(["compare", "main", "--profile", "nobodys"]) == 1
    assert "no figures to compare: main ran profile sample" in capsys.readouterr().err
    assert main(["compare", *revisions, "--set", "Set14"]) == 1
    assert "'Set14'; it has Set5, mean" in capsys.readouterr().err


def test_gain_of_a_set(inside: Project) -> None:
    (row,) = comparison(read_results(["main", "seed-1"]), "Set5").to_dict("records")
    assert row["psnr"] == pytest.approx((29.0 + 29.4) / 2)
    assert row["gain_psnr"] == pytest.approx((1.0 + 1.4) / 2)
    assert row["gain_psnr_std"] == pytest.approx(statistics.stdev([1.0, 1.4]))
    assert "piqe" not in row


def test_headline_that_has_all_gains_needs_no_other_file(inside: Project) -> None:
    """As commits of earlier versions have it."""
    inside.run("git", "switch", "-q", "-c", "older")
    figures = {"psnr": 25.0, "gain_psnr": -0.5}
    (inside.folder / "metrics/sample/headline.json").write_text(
        json.dumps({"Set5": figures, "mean": figures})
    )
    inside.run("git", "rm", "-q", "-r", "metrics/sample/gain")
    inside.commit("Older")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_results(["older"]), "Set5")
    assert table["gain_psnr"].tolist() == [-0.5]


def test_same_run_twice_counts_once(inside: Project) -> None:
    (row,) = comparison(read_results(["main", "HEAD", "workspace"])).to_dict("records")
    assert (row["runs"], row["n"]) == ("main = HEAD = workspace", 1)


@pytest.fixture
def changed(inside: Project) -> Callable[..., None]:
    """Change params.yaml for one test."""
    yield inside.change
    inside.run("git", "checkout", "-q", ".")


def test_workspace_that_was_not_run_again_enters_no_mean(changed: Callable[..., None]) -> None:
    changed(seeds=PARAMS["seeds"] | {"student": 2})
    table = comparison(read_results(["main", "workspace"]))
    assert table["n"].tolist() == [1, 1]
    assert table["problem"][1] == (
        "is not reproduced: headline ran with seeds.student = 0, params.yaml says 2"
    )
    assert "is not reproduced" in as_text(table, "markdown")


def test_a_profile_that_was_chosen_and_not_run(changed: Callable[..., None]) -> None:
    """Its record is of earlier parameters."""
    changed(profile="bsds500")
    shutil.copytree("metrics/sample", "metrics/bsds500")
    try:
        with pytest.raises(UserError, match=r"no run in dvc\.lock has made metrics/bsds500/head"):
            read_results(["workspace"])
    finally:
        shutil.rmtree("metrics/bsds500")


def test_parameters_are_compared_as_numbers(changed: Callable[..., None], inside: Project) -> None:
    changed(bonus=1e-05)  # which DVC and PyYAML write differently
    inside.run("dvc", "repro", "-q")
    assert comparison(read_results(["workspace"]))["problem"].tolist() == [""]


def test_different_profiles(
    changed: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    changed(profile="bsds500")
    assert main(["compare", "main", "workspace"]) == 1
    error = capsys.readouterr().err
    assert "main sample, workspace bsds500" in error
    assert "--profile" in error
    table = comparison(read_results(["main", "workspace"], "sample"))
    assert table["n"].tolist() == [1, 0]
    assert table["problem"].tolist() == ["", "ran profile bsds500"]
    assert "| workspace |" in as_text(table, "markdown")


def test_other_code_and_parameters_are_other_rows(inside: Project) -> None:
    seeds = PARAMS["seeds"] | {"student": 1}
    inside.run("git", "switch", "-q", "-c", "more")
    inside.change(bonus=1, seeds=seeds)
    inside.run("dvc", "repro", "-q")
    inside.commit("Bonus")
    with (inside.folder / "src/headline.py").open("a") as file:
        file.write("# changed\n")
    inside.change(seeds=seeds)
    inside.run("dvc", "repro", "-q")
    inside.commit("Code")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_results(["main", "more~1", "more", "seed-1"]))
    assert table["runs"].tolist() == ["main, seed-1", "more~1", "more"]
    assert table["bonus"].tolist() == ["0", "1", "0"]
    assert len(set(table["code"])) == 2


def test_a_parameter_that_no_stage_reads_splits_nothing(
    changed: Callable[..., None], inside: Project
) -> None:
    """As the budget of the report; `claims` groups by the same parameters."""
    seeds = PARAMS["seeds"] | {"student": 1}
    changed(seeds=seeds, profiles={"sample": {"steps": 11}})
    inside.run("dvc", "repro", "-q")
    (row,) = comparison(read_results(["main", "workspace", "seed-2"])).to_dict("records")
    assert (row["seeds"], row["n"]) == ("0, 1, 2", 3)


def test_an_optional_key_of_a_strategy_is_named(
    changed: Callable[..., None], inside: Project
) -> None:
    strategies = {**PARAMS["strategies"], "g2g_al": {"teacher": "teacher_g", "bonus": 1}}
    changed(strategies=strategies)
    inside.run("dvc", "repro", "-q")
    table = comparison(read_results(["main", "workspace", "other"]))
    assert table["strategies.g2g_al.bonus"].tolist() == ["", "1", ""]
    assert "strategies.g2g_al.teacher" not in table


def test_a_seed_of_another_machine_is_no_second_one(inside: Project) -> None:
    _commit_other(inside, "cpu", ("metrics/sample/headline.json", "27.0", "25.0"))
    results = read_results(["main", "seed-1", "cpu", "workspace"])
    table = comparison(results)
    assert table["runs"].tolist() == ["main = workspace, seed-1", "cpu"]
    assert table["n"].tolist() == [2, 1]
    assert table["problem"].tolist() == ["", "has the seeds of main, and other figures"]


def test_other_images_are_another_row(inside: Project) -> None:
    downloads = {
        "stages": {
            **yaml.safe_load((inside.folder / "dvc.lock").read_text())["stages"],
            "download": {"cmd": "true", "outs": [{"path": "data/sample", "md5": "new"}]},
        }
    }
    pipeline = {
        "stages": {
            "download": {"cmd": "true", "outs": ["data/sample"]},
            "headline": PIPELINE["stages"]["headline"] | {"deps": ["src/headline.py", "data"]},
        }
    }
    (inside.folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    downloads["stages"]["headline"]["deps"].append({"path": "data/sample", "md5": "new"})
    (inside.folder / "dvc.lock").write_text(yaml.safe_dump(downloads))
    try:
        table = comparison(read_results(["seed-1", "workspace"]))
        assert (len(table), len(set(table["data"]))) == (2, 2)
        downloads["stages"]["download"]["outs"][0]["md5"] = "newer"
        (inside.folder / "dvc.lock").write_text(yaml.safe_dump(downloads))
        (_, problem) = comparison(read_results(["seed-1", "workspace"]))["problem"]
        assert problem == (
            "is not reproduced: download has made another data/sample since headline ran"
        )
    finally:
        inside.run("git", "checkout", "-q", ".")


def _commit_other(project: Project, branch: str, *edits: tuple[str, str, str]) -> None:
    """A branch of `main` with other texts in files."""
    project.run("git", "switch", "-q", "-c", branch)
    for file, old, new in edits:
        path = project.folder / file
        path.write_text(path.read_text().replace(old, new))
    project.commit(branch)
    project.run("git", "switch", "-q", "main")


def test_missing_metrics(inside: Project) -> None:
    inside.run("git", "switch", "-q", "-c", "empty")
    inside.run("git", "rm", "-q", "metrics/sample/headline.json")
    inside.run("git", "commit", "-q", "-m", "Without")
    inside.run("git", "switch", "-q", "main")
    table = comparison(read_results(["main", "empty"]))
    assert table["n"].tolist() == [1, 0]
    assert "has no metrics/sample/headline.json" in table["problem"][1]
    with pytest.raises(UserError, match=r"empty has no metrics/sample/headline\.json"):
        read_results(["empty"])


def test_parameters_in_another_encoding(changed: Callable[..., None], inside: Project) -> None:
    (inside.folder / "params.yaml").write_bytes("strategy: größe".encode("latin-1"))
    with pytest.raises(UserError, match=r"^workspace has a params\.yaml that is not in UTF-8"):
        read_results(["workspace"])


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("dvc.lock", "has a dvc.lock that is no YAML"),
        ("metrics/sample/headline.json", "has a metrics/sample/headline.json that is no JSON"),
        ("metrics/sample/gain/g2g_al.json", "has a metrics/sample/gain/g2g_al.json that is no"),
    ],
)
def test_file_with_a_conflict(
    changed: Callable[..., None], inside: Project, file: str, problem: str
) -> None:
    path = inside.folder / file
    path.write_text("<<<<<<< HEAD: {\n" + path.read_text())
    table = comparison(read_results(["main", "workspace"]))
    assert table["n"].tolist() == [1, 0]
    assert table["problem"][1].startswith(problem)


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
        read_results(["main", "seed-9"])
    with pytest.raises(UserError, match="unknown revision"):
        read_results(["--all"])
    with pytest.raises(UserError, match="unknown revision"):
        read_results([""])
    for name in ("HEAD^{tree}", "main:dvc.yaml"):
        with pytest.raises(UserError, match="is no commit, but a folder or file of one"):
            read_results([name])


def test_experiments_of_one_name(inside: Project) -> None:
    """By DVC's rule: the one of the last commit, if there is such a one."""
    for baseline, name in (("a", "seed-1"), ("a", "twin"), ("b", "twin")):
        inside.run("git", "update-ref", f"refs/exps/{2 * baseline}/{38 * baseline}/{name}", "HEAD")
    assert comparison(read_results(["seed-1"]))["seeds"].tolist() == ["1"]
    with pytest.raises(UserError, match="ambiguous revision 'twin'; name a commit"):
        read_results(["twin"])


def test_in_another_folder(inside: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    for name in ("main", "workspace"):
        with pytest.raises(UserError, match=rf"{name} has no params\.yaml here; run from"):
            read_results([name])


def test_repository_of_another_user(
    inside: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert main(["compare", "main"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "dubious ownership" in line
    # git quotes a path with a space in it.
    unquoted = line.replace("'", "")
    assert f"git config --global --add safe.directory {inside.folder}" in unquoted


def test_configuration_that_dvc_refuses(
    changed: Callable[..., None], inside: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside.folder / ".dvc/config").write_text("[core]\n    wrong = true\n")
    assert main(["compare", "main"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: DVC: ")
    assert "wrong" in line


def test_reader_that_has_seen_enough(inside: Project) -> None:
    """As `srgan-distill compare main | head -1` does it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "srgan_distill.app.cli", "compare", "main"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (141, "")  # as for other programs


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match="in no git repository"):
        read_results(["main"])
