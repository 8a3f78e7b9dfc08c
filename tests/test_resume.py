"""A run that is killed goes on and ends with the same weights; nobody else's checkpoint is used."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from code_reading import SOURCE

from srgan_distill.images import write_png
from srgan_distill.layout import Layout
from srgan_distill.networks.generator import build_generator
from srgan_distill.networks.weights import save_generator
from srgan_distill.training.checkpoint import Checkpoint, fingerprint

STEPS = 400
# Every log point becomes a checkpoint, for kills to fall between.
STAGE = (
    "import sys; from srgan_distill import distill; from srgan_distill.training import engine; "
    "engine.Trainer.__init__.__defaults__ = (0,); distill.run('g2g_al')"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the stage distill reads, in a folder of its own."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["networks"] = {
        "teacher": {"filters": 4, "blocks": 1},
        "student": {"filters": 4, "blocks": 1},
    }
    params["profiles"]["sample"]["distill"] = {
        "steps": STEPS, "batch": 2, "crop": 16, "lr": 1e-3, "lr_end": 1e-4,
        "permute_channels": True, "log_every": 10, "validate_every": 50,
    }  # fmt: skip
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    layout = Layout("sample")
    generator = build_generator(4, 1, seed=0)
    for stage, name in (("pretrain", "student"), ("train", "teacher_g")):
        save_generator(tmp_path / layout.generator(stage, name), generator, 4, 1)
    folder = tmp_path / layout.folder("preprocess")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32), np.uint8)
    (folder / "train").mkdir(parents=True)
    np.save(folder / "train" / "hr.npy", pixels)
    np.save(folder / "train" / "lr.npy", pixels[:, :, ::4, ::4])
    write_png(folder / "validation" / "HR" / "a.png", pixels[0].transpose(1, 2, 0))
    write_png(folder / "validation" / "LR" / "a.png", pixels[0, :, ::4, ::4].transpose(1, 2, 0))
    return tmp_path


def start(project: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", STAGE], cwd=project, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def finish(project: Path) -> str:
    process = start(project)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def results(project: Path) -> dict[str, bytes]:
    """Weights and curves, the outputs of the stage."""
    layout = Layout("sample")
    curves = project / layout.curves("distill", "g2g_al")
    files = [project / layout.generator("distill", "g2g_al"), *sorted(curves.rglob("*.*"))]
    return {str(file.relative_to(project)): file.read_bytes() for file in files}


def test_killed_at_random_moments_it_ends_with_the_same_weights(project: Path) -> None:
    finish(project)
    uninterrupted = results(project)
    assert len(uninterrupted) > 5
    (project / Layout("sample").generator("distill", "g2g_al")).unlink()
    checkpoint = project / Layout("sample").checkpoint("distill", "g2g_al")

    chance = random.Random(0)
    for _ in range(3):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = start(project)
        # Kill once it has gone on: a moment after it has written a newer checkpoint.
        deadline = time.monotonic() + 60
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (project / Layout("sample").generator("distill", "g2g_al")).exists()

    assert torch.load(checkpoint, weights_only=True)["state"]["step"] > 0
    finish(project)
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
