"""Revisions that do not compare: not run again, another profile, no figures, no revision."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.headline_project import PARAMS, Headlines

from srgan_distill.app.cli import main
from srgan_distill.common.errors import UserError
from srgan_distill.experiments.compare import as_text, comparison, read_results


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


def test_missing_metrics(headlines: Headlines) -> None:
    headlines.run("git", "switch", "-q", "-c", "empty")
    headlines.run("git", "rm", "-q", "metrics/sample/headline.json")
    headlines.run("git", "commit", "-q", "-m", "Without")
    headlines.run("git", "switch", "-q", "main")
    table = comparison(read_results(["main", "empty"]))
    assert table["n"].tolist() == [1, 0]
    assert "has no metrics/sample/headline.json" in table["problem"][1]
    with pytest.raises(UserError, match=r"empty has no metrics/sample/headline\.json"):
        read_results(["empty"])


def test_parameters_in_another_encoding(changed: Callable[..., None], headlines: Headlines) -> None:
    (headlines.folder / "params.yaml").write_bytes("strategy: größe".encode("latin-1"))
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
    changed: Callable[..., None], headlines: Headlines, file: str, problem: str
) -> None:
    path = headlines.folder / file
    path.write_text("<<<<<<< HEAD: {\n" + path.read_text())
    table = comparison(read_results(["main", "workspace"]))
    assert table["n"].tolist() == [1, 0]
    assert table["problem"][1].startswith(problem)


def test_without_names_and_experiments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Headlines(tmp_path).folder)
    assert main(["compare"]) == 1
    assert "no DVC experiment started from the last commit" in capsys.readouterr().err


def test_unknown_revision(headlines: Headlines) -> None:
    with pytest.raises(UserError, match="unknown revision 'seed-9'"):
        read_results(["main", "seed-9"])
    with pytest.raises(UserError, match="unknown revision"):
        read_results(["--all"])
    with pytest.raises(UserError, match="unknown revision"):
        read_results([""])
    for name in ("HEAD^{tree}", "main:dvc.yaml"):
        with pytest.raises(UserError, match="is no commit, but a folder or file of one"):
            read_results([name])


def test_in_another_folder(headlines: Headlines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("src")
    for name in ("main", "workspace"):
        with pytest.raises(UserError, match=rf"{name} has no params\.yaml here; run from"):
            read_results([name])


def test_repository_of_another_user(
    headlines: Headlines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert main(["compare", "main"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "dubious ownership" in line
    # git quotes a path with a space in it.
    unquoted = line.replace("'", "")
    assert f"git config --global --add safe.directory {headlines.folder}" in unquoted


def test_configuration_that_dvc_refuses(
    changed: Callable[..., None], headlines: Headlines, capsys: pytest.CaptureFixture[str]
) -> None:
    (headlines.folder / ".dvc/config").write_text("[core]\n    wrong = true\n")
    assert main(["compare", "main"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: DVC: ")
    assert "wrong" in line


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UserError, match="in no git repository"):
        read_results(["main"])
