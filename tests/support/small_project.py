"""A folder in which the training stages run in seconds, and how a test runs them there."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import yaml

from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import write_png
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import build_generator
from srgan_distill.networks.weights import save_generator, save_network
from support.code_reading import SOURCE

# The seed of each; a teacher with the student's own weights would teach nothing.
MODELS = {"pretrain_student": 0, "pretrain_teacher": 1, "teacher_g": 1, "teacher_gan": 1}


@pytest.fixture
def small_project(tmp_path: Path) -> Callable[..., Path]:
    """make(steps, ...): a new folder with params.yaml and what the training stages read."""
    made: list[Path] = []

    def make(steps: int, batch: int = 4, log_every: int = 10, lr: float = 1e-3) -> Path:
        folder = tmp_path / f"project{len(made)}"
        made.append(folder)
        write_project(folder, steps, batch, log_every, lr)
        return folder

    return make


def write_project(folder: Path, steps: int, batch: int, log_every: int, lr: float) -> None:
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["profile"] = "sample"
    for network in ("teacher", "student"):
        params["networks"][network] = {"filters": 4, "blocks": 1, "checkerboard_free": True}
    # Every log point becomes a checkpoint, for kills to fall between.
    params["hardware"]["checkpoint_seconds"] = 0
    crops = {
        "batch": batch, "crop": 16, "lr": lr, "lr_end": lr / 10, "permute_channels": True,
        "log_every": log_every, "validate_every": 50,
    }  # fmt: skip
    phases = {
        "steps": {"content": steps // 2, "adversarial": steps // 2}, "discriminator_first": 10,
        "warm_up": 10, "ema": 0.9, "keep_statistics": True,
    }  # fmt: skip
    sample = params["profiles"]["sample"]
    sample |= {"start_from": "scratch", "train": crops | phases, "distill": crops | phases}
    sample["pretrain"] = {name: crops | {"steps": steps} for name in ("teacher", "student")}
    folder.mkdir()
    shutil.copy(SOURCE.parent / "dvc.yaml", folder)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    paths = Paths("sample")
    for run, seed in MODELS.items():
        generator = build_generator(4, 1, seed, checkerboard_free=True)
        save_generator(folder / paths.generator(run), generator)
    save_network(folder / paths.discriminator("teacher_gan"), build_discriminator(16, seed=1))
    pixels = np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32), np.uint8)
    (folder / paths.tiles).mkdir(parents=True)
    np.save(folder / paths.tiles / "hr.npy", pixels)
    np.save(folder / paths.tiles / "lr.npy", pixels[:, :, ::4, ::4])
    hr, lr = pixels[0].transpose(1, 2, 0), pixels[0, :, ::4, ::4].transpose(1, 2, 0)
    write_png(folder / paths.validation / "HR" / "a.png", hr)
    write_png(folder / paths.validation / "LR" / "a.png", lr)


def start(folder: Path, stage: str, name: str, **environment: str) -> subprocess.Popen:
    """Start a stage as DVC does."""
    return subprocess.Popen(
        [sys.executable, str(SOURCE / "stage.py"), stage, name], cwd=folder, text=True,
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    )  # fmt: skip


def finish(folder: Path, stage: str, name: str) -> str:
    """Run a stage to its end, which must be a good one; what it printed."""
    process = start(folder, stage, name)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


def kill_at(
    folder: Path, stage: str, name: str, reached: Callable[[int], bool], patience: float = 120
) -> None:
    """Start a stage, and kill it with -9 once `reached` says so of the step of its checkpoint."""
    process = start(folder, stage, name)
    checkpoint = folder / Paths("sample").checkpoint(name)
    deadline = time.monotonic() + patience
    while not reached(saved_step(checkpoint)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def saved_step(checkpoint: Path) -> int:
    """The step of the last checkpoint; -1 where there is none."""
    try:
        return torch.load(checkpoint, weights_only=True)["state"]["step"]
    except FileNotFoundError:
        return -1


def stage_of(dvc: subprocess.Popen) -> psutil.Process:
    """The process of the stage that this one, DVC or in its place, has started."""
    for child in psutil.Process(dvc.pid).children(recursive=True):
        if "stage.py" in " ".join(child.cmdline()[1:2]):
            return child
    raise AssertionError(f"process {dvc.pid} has started no stage")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by its path there."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}
