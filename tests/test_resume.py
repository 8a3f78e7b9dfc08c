"""A run that is killed goes on and ends with the same weights; nobody else's checkpoint is used."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.code_reading import SOURCE
from support.params import change_params
from support.small_project import contents, finish, kill_at, saved_step, stage_of, start

from srgan_distill.common.paths import Paths
from srgan_distill.training.checkpoint import Checkpoint, fingerprint

CONTENT, ALONE, WARM_UP, ADVERSARIAL = range(10, 60), range(60, 70), range(70, 80), range(80, 120)
"""Steps of a run in the small project, by what happens in them."""

OUTPUTS = [Paths("sample").data(folder, "teacher_al") for folder in ("models", "curves")]


def results(project: Path) -> dict[str, bytes]:
    """Weights, discriminator and curves: the outputs of the stage."""
    return {
        f"{folder}/{name}": content
        for folder in OUTPUTS
        for name, content in contents(project / folder).items()
    }


def test_killed_in_every_kind_of_phase_it_ends_with_the_same_weights(
    small_project: Callable[..., Path],
) -> None:
    """In the content phase, while the discriminator learns alone, in the warm-up, and behind it."""
    project = small_project(100, batch=2, log_every=5)

    def add_teacher(params: dict) -> None:  # whose discriminator is kept
        student = params["train"]["student_g_al"]
        params["train"]["teacher_al"] = student | {"network": "teacher"}

    change_params(project, add_teacher)
    finish(project, "train", "teacher_al")
    uninterrupted = results(project)
    assert sum(name.endswith(".safetensors") for name in uninterrupted) == 2
    assert any(name.endswith(".tsv") for name in uninterrupted)
    for folder in OUTPUTS:
        shutil.rmtree(project / folder)
    checkpoint = project / Paths("sample").checkpoint("teacher_al")

    for steps in (CONTENT, ALONE, WARM_UP, ADVERSARIAL):
        kill_at(project, "train", "teacher_al", steps.__contains__)
        assert saved_step(checkpoint) in steps
        assert not (project / Paths("sample").generator("teacher_al")).exists()

    # A run from step 0 would end with the same weights too.
    reached = saved_step(checkpoint)
    output = finish(project, "train", "teacher_al")
    assert "train/teacher_al: on 1 x CPU, " in output
    assert f"train/teacher_al: going on from step {reached}\n" in output
    assert f" {reached}/110 [" in output
    assert results(project) == uninterrupted
    assert not checkpoint.exists()


def test_a_checkpoint_of_another_run_counts_as_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"tiles")
    mine = fingerprint({"lr": 1e-4}, [data], "train")
    Checkpoint(tmp_path / "a.pt", mine).save({"step": 5})
    assert Checkpoint(tmp_path / "a.pt", mine).load() == {"step": 5}
    assert mine == fingerprint({"lr": 1e-4}, [data], "train")
    other_settings = fingerprint({"lr": 2e-4}, [data], "train")
    data.write_bytes(b"other")
    other_data = fingerprint({"lr": 1e-4}, [data], "train")
    for other in (other_settings, other_data):
        assert other != mine
        assert Checkpoint(tmp_path / "a.pt", other).load() is None


def test_a_run_finds_its_checkpoint_again_after_another_has_begun(tmp_path: Path) -> None:
    """Nothing is lost to a start with other settings, or with another number of threads."""
    file = tmp_path / "a.pt"
    for run, step in (("mine", 5), ("other", 2), ("mine", 7), ("other", 3)):
        checkpoint = Checkpoint(file, run)
        checkpoint.load()
        checkpoint.save({"step": step})
        checkpoint.save({"step": step + 1})
    assert Checkpoint(file, "mine").load() == {"step": 8}
    # Killed between the two moves of a save, when its own was in no other file.
    (tmp_path / "a.other.pt").rename(tmp_path / "a.part")
    assert Checkpoint(file, "mine").load() == {"step": 8}
    other = Checkpoint(file, "other")
    assert other.load() == {"step": 4}
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_code_is_part_of_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srgan_distill.training import checkpoint

    for package in (*checkpoint.CODE, "stages", "pages"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "train.py").write_text("x = 1")
    monkeypatch.setattr(checkpoint, "_SOURCE", tmp_path)
    before = fingerprint({}, [], "train")
    # What weights do not depend on is no part of it.
    (tmp_path / "pages" / "train.py").write_text("x = 2")
    assert fingerprint({}, [], "train") == before
    for package in (*checkpoint.CODE, "stages"):
        file = tmp_path / package / "train.py"
        file.write_text("x = 2")
        assert fingerprint({}, [], "train") != before
        file.write_text("x = 1")
    (tmp_path / "networks" / "README.md").write_text("a page")
    assert fingerprint({}, [], "train") == before
    (tmp_path / "networks" / "vgg16_to_relu3_3.safetensors").write_bytes(b"weights that ship")
    assert fingerprint({}, [], "train") != before


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / "a.pt"
    Checkpoint(file, "x").save({"step": 5, "values": torch.rand(100)})
    file.write_bytes(file.read_bytes()[:-50] if damage is None else damage)
    assert Checkpoint(file, "x").load() is None
    assert Checkpoint(tmp_path / "none.pt", "x").load() is None


def test_what_is_not_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.pt"
    Checkpoint(file, "mine").load()
    assert capsys.readouterr().out == ""
    Checkpoint(file, "mine").save({"step": 5})
    Checkpoint(file, "mine").load()
    assert capsys.readouterr().out == ""
    Checkpoint(file, "other").load()
    assert "of other parameters, data, code or hardware" in capsys.readouterr().out
    file.write_bytes(b"nonsense")
    Checkpoint(file, "mine").load()
    assert "is damaged" in capsys.readouterr().out


def test_a_run_is_one_process_s(
    small_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = small_project(100_000, log_every=5)
    first = start(project, "pretrain", "pretrain_student")
    checkpoint = project / Paths("sample").checkpoint("pretrain_student")
    while not checkpoint.exists():
        assert first.poll() is None
        time.sleep(0.05)
    second = start(project, "pretrain", "pretrain_student")
    output, _ = second.communicate(timeout=60)
    first.kill()
    first.wait()
    assert second.returncode == 1
    assert output.splitlines()[-1] == (
        f"error: pretrain_student is trained by process {first.pid} already; wait for it, or end "
        "it and run again"
    )


def test_a_stage_ends_with_the_dvc_that_started_it(small_project: Callable[..., Path]) -> None:
    """Killed alone with -9, as an overfull machine does it; directly, and through a shell."""
    project = small_project(100_000, log_every=5)
    checkpoint = project / Paths("sample").checkpoint("pretrain_student")
    stage = [sys.executable, str(SOURCE / "stage.py"), "pretrain", "pretrain_student"]
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    for command in (stage, ["sh", "-c", f"{shlex.join(stage)}; exit"]):
        dvc = subprocess.Popen(
            [sys.executable, "-c", code, *command], cwd=project,
            env={**os.environ, "DVC_STAGE": "pretrain@pretrain_student"},
        )  # fmt: skip
        before = saved_step(checkpoint)
        while saved_step(checkpoint) == before:
            assert dvc.poll() is None
            time.sleep(0.1)
        child = stage_of(dvc)
        dvc.kill()
        dvc.wait()
        child.wait(timeout=10)
        assert not child.is_running()


def test_another_number_of_threads_starts_again(small_project: Callable[..., Path]) -> None:
    """Its sums are in another order, and would end with weights of neither."""
    project = small_project(100, batch=2, log_every=5)
    run = "pretrain", "pretrain_student"
    kill_at(project, *run, (1).__le__)
    again = start(project, *run, OMP_NUM_THREADS=str(torch.get_num_threads() + 1))
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert "of other parameters, data, code or hardware: not used, but kept as" in output
