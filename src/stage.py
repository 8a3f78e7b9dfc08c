"""Run one stage of dvc.yaml: python src/stage.py STAGE [NAME].

Python puts this file's folder first in its path. So a stage runs the code that lies beside its own
dvc.yaml (in a DVC queue's copy, in a second worktree), whichever copy is installed.

Started by DVC, a stage ends itself when DVC is killed: it would train on unseen, and a second
`dvc repro` beside it.
"""

import os
import sys
from importlib import import_module

from srgan_distill.common.errors import exit_code
from srgan_distill.common.processes import end_with_parent

if __name__ == "__main__":
    if "DVC_STAGE" in os.environ:
        end_with_parent()
    stage, *names = sys.argv[1:]
    sys.exit(exit_code(lambda: import_module(f"srgan_distill.stages.{stage}").run(*names)))
