"""`dvc exp run` in DVC's queue and in temporary copies: an experiment is what it says."""

import hashlib
import shutil
from pathlib import Path

import pytest
from support.code_reading import SOURCE
from support.dvc_project import Project

from srgan_distill.common.paths import in_repository

OK = "params.yaml holds what the pipeline understands"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_queued_change_of_code_has_its_effect(project: Project) -> None:
    """And not the code that is installed, nor what the workspace holds meanwhile."""
    module = project.folder / "src/srgan_distill/stages/check.py"
    code = module.read_text(encoding="utf-8")
    assert OK in code
    module.write_text(code.replace(OK, "queued"), encoding="utf-8")
    project.run("dvc", "exp", "run", "--queue", "-n", "changed", "check")
    module.write_text(code.replace(OK, "meanwhile"), encoding="utf-8")
    project.run("dvc", "exp", "run", "--run-all")
    assert hashlib.md5(b"queued\n").hexdigest() in project.experiment("changed", "dvc.lock")


def test_a_users_path_is_found_from_dvcs_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / ".dvc/tmp/exps/tmp123"
    copy.mkdir(parents=True)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(copy)
    assert in_repository("photographs") == tmp_path / "photographs"
    assert in_repository("/photographs") == Path("/photographs")
    assert in_repository("~/photographs") == Path.home() / "photographs"
    monkeypatch.chdir(tmp_path)
    assert in_repository("photographs") == Path("photographs")


def test_stages_read_and_print_in_any_locale(tmp_path: Path) -> None:
    """params.yaml holds lines and dashes that ASCII has not, tables hold arrows."""
    project = Project(tmp_path)
    shutil.copy(SOURCE.parent / "params.yaml", tmp_path)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "ascii" in project.run(
        "python", "-c", "import locale; print(locale.getencoding().lower())", **ascii_only
    ).replace("ansi_x3.4-1968", "ascii")
    for stage in ("check", "download"):
        project.run("python", "src/stage.py", stage, **ascii_only)
    output = project.run(
        "python", "-c",
        "from srgan_distill.common.errors import exit_code\n"
        "exit_code(lambda: print('PSNR \\u2191'))", PYTHONPATH="src", **ascii_only,
    )  # fmt: skip
    assert output == "PSNR ?\n"
