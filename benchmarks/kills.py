"""Kill runs at random moments: does every one go on, and end with the same bytes?

A copy of the pipeline with small networks in a folder of its own. `dvc repro train` of the recipe
with every kind of phase runs once undisturbed. Then it runs again and again, and at a random moment
the stage, DVC, or both are killed with -9; the run that follows must end well, with the weights,
the discriminator and the curves of the undisturbed one. Printed: what was killed in which kind of
phase, how many steps the checkpoint held, and whether the bytes are the same.

Usage: python benchmarks/kills.py [KILLS] [SEED]
"""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import psutil
import torch

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from support.dvc_project import Project  # noqa: E402

from srgan_distill.common.paths import Paths  # noqa: E402

RECIPE = "student_g_al"
STAGE = f"train@{RECIPE}"
CONTENT, ALONE, WARM_UP, ADVERSARIAL = 60, 20, 20, 60
PHASES = {
    "content": range(CONTENT),
    "discriminator alone": range(CONTENT, CONTENT + ALONE),
    "warm-up": range(CONTENT + ALONE, CONTENT + ALONE + WARM_UP),
    "adversarial": range(CONTENT + ALONE + WARM_UP, CONTENT + ALONE + ADVERSARIAL),
}
PATHS = Paths("sample")
PATIENCE = 120.0  # seconds


def lengthen(params: dict) -> None:
    """Phases long enough to be hit, and a checkpoint at every log point."""
    params["hardware"]["checkpoint_seconds"] = 0
    params["profiles"]["sample"]["train"] |= {
        "steps": {"content": CONTENT, "adversarial": ADVERSARIAL},
        "discriminator_first": ALONE, "warm_up": WARM_UP, "batch": 16, "crop": 32, "log_every": 2,
    }  # fmt: skip


def results(project: Project) -> dict[str, bytes]:
    """Every output of the stage: weights, discriminator, curves."""
    folder = project.folder / PATHS.data("models", RECIPE)
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def start(project: Project) -> subprocess.Popen:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # By force: DVC would take the results of the first run from its cache.
    return subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", STAGE], cwd=project.folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PATH": path},
    )  # fmt: skip


def saved_step(project: Project) -> int:
    """The step of the checkpoint; -1 where there is none."""
    try:
        saved = torch.load(project.folder / PATHS.checkpoint(RECIPE), weights_only=True)
    except FileNotFoundError:
        return -1
    return saved["state"]["step"]


def stage_of(dvc: subprocess.Popen) -> psutil.Process | None:
    """The process of the stage that this DVC started."""
    for child in psutil.Process(dvc.pid).children(recursive=True):
        if "src/stage.py" in child.cmdline()[1:2]:
            return child
    return None


def kill(project: Project, whom: str, steps: range) -> int:
    """Start the stage and kill it within `steps`; the step that its checkpoint holds then."""
    dvc = start(project)
    deadline = time.monotonic() + PATIENCE
    while saved_step(project) < steps.start:
        if dvc.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the run did not come to step {steps.start}")
        time.sleep(0.01)
    stage = stage_of(dvc)
    time.sleep(random.random() * 0.3)
    for process in {"stage": [stage], "dvc": [dvc], "both": [dvc, stage]}[whom]:
        os.kill(process.pid, signal.SIGKILL)
    dvc.wait()
    stage.wait(PATIENCE)  # without its DVC it ends itself
    return saved_step(project)


def main(kills: int, seed: int) -> None:
    random.seed(seed)
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        project = Project(Path(name))
        project.change_params(lengthen)
        project.run("dvc", "repro", STAGE)
        undisturbed = results(project)
        cases = itertools.cycle(itertools.product(PHASES.items(), ("stage", "dvc", "both")))
        for (phase, steps), whom in itertools.islice(cases, kills):
            shutil.rmtree(project.folder / PATHS.data("models", RECIPE))
            step = kill(project, whom, steps)
            ended = start(project).wait(PATIENCE)
            same = ended == 0 and results(project) == undisturbed
            rows.append({"killed": whom, "in": phase, "checkpoint": step, "same bytes": same})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(f"{len(undisturbed)} files of {len(table)} runs")
    print(table.groupby(["in", "killed"], sort=False)["same bytes"].agg(["size", "sum"]))


if __name__ == "__main__":
    chosen = [int(argument) for argument in sys.argv[1:]]
    main(*chosen, *(24, 0)[len(chosen) :])
