"""Kill runs at random moments: does every one go on, and end with the same bytes?

A copy of the pipeline with small networks in a folder of its own. `dvc repro train` of the recipe
with every kind of phase runs once undisturbed. Then it runs again and again, and at a random moment
the stage, DVC, or both are killed with -9; the run that follows must end well, with the weights and
the curves of the undisturbed one. Printed: what was killed in which kind of phase, how many steps
the checkpoint held, and whether the bytes are the same.

Usage: python benchmarks/kills.py [KILLS] [SEED]
"""

import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from support.dvc_project import Project  # noqa: E402
from support.small_project import contents, saved_step, stage_of  # noqa: E402

from srgan_distill.common.paths import Paths  # noqa: E402

RECIPE = "student_g_al"
STAGE = f"train@{RECIPE}"
# By force: DVC would take the results of the first run from its cache.
COMMAND = ("dvc", "repro", "--force", "--single-item", STAGE)
CONTENT, ALONE, WARM_UP, ADVERSARIAL = 60, 20, 20, 60
PHASES = {
    "content": 0,
    "discriminator alone": CONTENT,
    "warm-up": CONTENT + ALONE,
    "adversarial": CONTENT + ALONE + WARM_UP,
}
"""The first step of each kind; the printed step of a checkpoint shows that the kill met it."""

OUTPUTS = [Paths("sample").data(folder, RECIPE) for folder in ("models", "curves")]
CHECKPOINT = Paths("sample").checkpoint(RECIPE)
PATIENCE = 120.0  # seconds


def lengthen(params: dict) -> None:
    """Phases long enough to be hit, and a checkpoint at every log point."""
    params["hardware"]["checkpoint_seconds"] = 0
    params["profiles"]["sample"]["train"] |= {
        "steps": {"content": CONTENT, "adversarial": ADVERSARIAL},
        "discriminator_first": ALONE, "warm_up": WARM_UP, "batch": 16, "crop": 32, "log_every": 2,
    }  # fmt: skip


def kill(project: Project, whom: str, first: int) -> int:
    """Start the stage and kill it behind step `first`; the step that its checkpoint holds then."""
    dvc, checkpoint = project.start(*COMMAND), project.folder / CHECKPOINT
    deadline = time.monotonic() + PATIENCE
    while saved_step(checkpoint) < first:
        if dvc.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the run did not come to step {first}")
        time.sleep(0.01)
    stage = stage_of(dvc)
    time.sleep(random.random() * 0.3)
    for process in {"stage": [stage], "dvc": [dvc], "both": [dvc, stage]}[whom]:
        os.kill(process.pid, signal.SIGKILL)
    dvc.wait()
    stage.wait(PATIENCE)  # without its DVC it ends itself
    return saved_step(checkpoint)


def main(kills: int, seed: int) -> None:
    random.seed(seed)
    rows = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        project = Project(Path(name))
        project.change_params(lengthen)
        project.run("dvc", "repro", STAGE)
        outputs = [project.folder / folder for folder in OUTPUTS]
        undisturbed = [contents(folder) for folder in outputs]
        cases = itertools.cycle(itertools.product(PHASES.items(), ("stage", "dvc", "both")))
        for (phase, first), whom in itertools.islice(cases, kills):
            for folder in outputs:
                shutil.rmtree(folder)
            step = kill(project, whom, first)
            ended = project.start(*COMMAND).wait(PATIENCE)
            same = ended == 0 and [contents(folder) for folder in outputs] == undisturbed
            rows.append({"killed": whom, "in": phase, "checkpoint": step, "same bytes": same})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    print(f"{sum(map(len, undisturbed))} files of {len(table)} runs")
    print(table.groupby(["in", "killed"], sort=False)["same bytes"].agg(["size", "sum"]))


if __name__ == "__main__":
    chosen = [int(argument) for argument in sys.argv[1:]]
    main(*chosen, *(24, 0)[len(chosen) :])
