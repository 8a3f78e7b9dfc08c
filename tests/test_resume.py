"""A run that is killed goes on and ends with the same weights; nobody else's checkpoint is used."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.small_project import finish, start

from srgan_distill.common.paths import Paths
from srgan_distill.training.checkpoint import Checkpoint, fingerprint

STEPS = 400


def results(project: Path) -> dict[str, bytes]:
    """Weights and curves, the outputs of the stage."""
    layout = Paths("sample")
    curves = project / layout.curves("distill", "g2g_al")
    files = [project / layout.generator("distill", "g2g_al"), *sorted(curves.rglob("*.*"))]
    return {str(file.relative_to(project)): file.read_bytes() for file in files}


def test_killed_at_random_moments_it_ends_with_the_same_weights(
    small_project: Callable[..., Path],
) -> None:
    project = small_project(STEPS, batch=2)
    finish(project, "distill", "g2g_al")
    uninterrupted = results(project)
    assert len(uninterrupted) > 5
    (project / Paths("sample").generator("distill", "g2g_al")).unlink()
    checkpoint = project / Paths("sample").checkpoint("distill", "g2g_al")

    chance = random.Random(0)
    for _ in range(3):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = start(project, "distill", "g2g_al")
        # Kill once it has gone on: a moment after it has written a newer checkpoint.
        deadline = time.monotonic() + 60
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (project / Paths("sample").generator("distill", "g2g_al")).exists()

    assert torch.load(checkpoint, weights_only=True)["state"]["step"] > 0
    finish(project, "distill", "g2g_al")
    assert results(project) == uninterrupted
    assert not checkpoint.exists()


def test_a_checkpoint_of_another_run_counts_as_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"tiles")
    mine = fingerprint({"lr": 1e-4}, [data])
    Checkpoint(tmp_path / "a.pt", mine).save({"step": 5})
    assert Checkpoint(tmp_path / "a.pt", mine).load() == {"step": 5}
    assert mine == fingerprint({"lr": 1e-4}, [data])
    other_settings = fingerprint({"lr": 2e-4}, [data])
    data.write_bytes(b"other")
    other_data = fingerprint({"lr": 1e-4}, [data])
    for other in (other_settings, other_data):
        assert other != mine
        assert Checkpoint(tmp_path / "a.pt", other).load() is None


def test_the_code_is_part_of_the_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srgan_distill.training import checkpoint

    (tmp_path / "code.py").write_text("x = 1")
    monkeypatch.setattr(checkpoint, "PACKAGE", tmp_path)
    before = fingerprint({}, [])
    (tmp_path / "code.py").write_text("x = 2")
    assert fingerprint({}, []) != before


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / "a.pt"
    Checkpoint(file, "x").save({"step": 5, "values": torch.rand(100)})
    file.write_bytes(file.read_bytes()[:-50] if damage is None else damage)
    assert Checkpoint(file, "x").load() is None
    assert Checkpoint(tmp_path / "none.pt", "x").load() is None
