"""A git repository with DVC in it, of a test's own."""

import os
import subprocess
import sys
from pathlib import Path


def environment(**changes: str) -> dict[str, str]:
    """The environment, with the commands of this one (`dvc`, `python`) first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **changes}


def init_repository(folder: Path) -> None:
    """Make `folder` one, with an author and a branch `main`."""
    for command in (
        ["git", "init", "-q", "-b", "main"],
        ["git", "config", "user.email", "test@example.org"],
        ["git", "config", "user.name", "Test"],
        ["dvc", "init", "-q"],
    ):
        subprocess.run(command, cwd=folder, env=environment(), check=True)
