"""What DVC records of a stage is what the stage ran with: a change meanwhile ends it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.dependency.param import ParamsDependency
from dvc.repo import Repo
from support.code_reading import SOURCE
from support.params import change_params

from srgan_distill.common.errors import UserError
from srgan_distill.common.recorded import as_recorded, inputs

ROOT = SOURCE.parent
CODE = Path("src/srgan_distill/training")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """dvc.yaml and params.yaml, and code that stands for a package."""
    for name in (".dvcignore", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / CODE).mkdir(parents=True)
    (tmp_path / CODE / "loop.py").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_parameters_and_code_are_those_that_dvc_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every stage, as DVC itself reads dvc.yaml."""
    monkeypatch.chdir(ROOT)
    stages = Repo(".").index.stages
    for stage in stages:
        recorded = {}
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                recorded |= dep.read_params()
            elif dep.def_path.startswith("src/") or dep.def_path == "params.yaml":
                recorded[dep.def_path] = None
        found = inputs(stage.addressing)
        digests = {name for name in found if name.startswith("src/") or name == "params.yaml"}
        assert found | dict.fromkeys(digests) == recorded
        assert all(len(found[name]) == 64 for name in digests)
    assert len(stages) > 40


def test_a_stage_may_be_named_with_the_path_of_its_file(project: Path) -> None:
    """As DVC does when it is started in another folder."""
    assert inputs("../dvc.yaml:distill@gan2gan") == inputs("distill@gan2gan")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda params: params["losses"].update(adversarial=7.0), "losses"),
        (lambda params: params["strategies"].pop("gan2gan"), "strategies.gan2gan"),
        (lambda params: params["profiles"]["sample"]["distill"].update(batch=2),
         "profiles.sample.distill"),
    ],
)  # fmt: skip
def test_a_parameter_that_changes_meanwhile_is_named(
    project: Path, change: Callable[[dict], object], named: str
) -> None:
    with (
        pytest.raises(
            UserError, match=f"^{named} changed while distill@gan2gan ran, .* `dvc commit"
        ),
        as_recorded("distill@gan2gan"),
    ):
        change_params(project, change)


@pytest.mark.parametrize("stage", ["check", "report"])
def test_any_parameter_counts_where_the_file_is_a_dep(project: Path, stage: str) -> None:
    with (
        pytest.raises(UserError, match=f"^params.yaml changed while {stage} ran"),
        as_recorded(stage),
    ):
        change_params(project, lambda params: params["export"].update(most_psnr_loss=0.2))


def test_code_that_changes_meanwhile_is_named(project: Path) -> None:
    with (
        pytest.raises(UserError, match=f"^{CODE} changed while distill@gan2gan ran"),
        as_recorded("distill@gan2gan"),
    ):
        (project / CODE / "loop.py").write_text("x = 2")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("params.yaml", b"losses: ["),
        ("params.yaml", b""),
        ("params.yaml", b"strategies: [a]"),
        ("params.yaml", "größe: 1".encode("latin-1")),
        ("params.yaml", None),
        ("dvc.yaml", b"stages: {}"),
        ("dvc.yaml", None),
    ],
)
def test_files_half_edited_when_the_stage_ends(
    project: Path, file: str, content: bytes | None
) -> None:
    """One line with what to do, and no traceback after hours of training."""
    with (
        pytest.raises(
            UserError, match=r"^params\.yaml or dvc\.yaml changed .* `dvc commit --force"
        ),
        as_recorded("distill@gan2gan"),
    ):
        (project / file).unlink()
        if content is not None:
            (project / file).write_bytes(content)


def test_what_the_stage_does_not_depend_on_may_change(project: Path) -> None:
    def others(params: dict) -> None:
        params["strategies"]["gan2g"]["phases"] = []
        params["strategy"] = "gan2g"
        params["profiles"]["div2k"]["distill"]["batch"] = 3

    with as_recorded("distill@gan2gan"):
        change_params(project, others)
        for name in ("notes.md", ".loop.py.swp", "loop.py~", "loop.py.orig", ".DS_Store"):
            (project / CODE / name).write_text("no code")
        (project / CODE / "__pycache__").mkdir()
        for name in ("loop.cpython-311.pyc", "loop.cpython-311.pyc.140234"):
            (project / CODE / "__pycache__" / name).write_bytes(b"compiled")


def test_an_error_of_the_stage_comes_first(project: Path) -> None:
    with pytest.raises(UserError, match=r"^its own$"), as_recorded("distill@gan2gan"):
        change_params(project, lambda params: params["losses"].update(adversarial=7.0))
        raise UserError("its own")
