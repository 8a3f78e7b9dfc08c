"""Run one stage of dvc.yaml: python src/stage.py STAGE [NAME].

Python puts this file's folder first in its path. So a stage runs the code that lies beside its own
dvc.yaml (in a DVC queue's copy, in a second worktree), whichever copy is installed.

Started by DVC, a stage ends itself when DVC is killed: it would train on unseen, and a second
`dvc repro` beside it. And it fails where its parameters or its code changed while it ran.
"""

import os
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from importlib import import_module
from inspect import signature
from pkgutil import iter_modules

from srgan_distill import stages
from srgan_distill.common.errors import exit_code
from srgan_distill.common.processes import end_with_parent
from srgan_distill.common.recorded import as_recorded

BY_DVC = os.environ.get("DVC_STAGE")


def main() -> None:
    parser = ArgumentParser(description="Run one stage of dvc.yaml.")
    parser.add_argument("stage", choices=[module.name for module in iter_modules(stages.__path__)])
    parser.add_argument("name", nargs="?", help="of the run, where the stage has several")
    given = parser.parse_args()
    names = [given.name] if given.name else []
    with as_recorded(BY_DVC) if BY_DVC else nullcontext():
        run = import_module(f"srgan_distill.stages.{given.stage}").run
        if len(names) != len(needed := signature(run).parameters):
            parser.error(f"stage {given.stage} takes {'a name' if needed else 'no name'}")
        run(*names)


if __name__ == "__main__":
    if BY_DVC:
        end_with_parent()
    sys.exit(exit_code(main))
