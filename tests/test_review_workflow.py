"""The workflow that reviews a pull request: its scripts, run with programs that only say so."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from support.repository import init_repository

from srgan_distill.app.cli import parser
from srgan_distill.experiments.review import MARKER

ROOT = Path(__file__).parents[1]
STEPS = yaml.safe_load((ROOT / ".github/workflows/review.yml").read_text())["jobs"]["review"][
    "steps"
]
SCRIPTS = {step["name"]: step["run"] for step in STEPS if "run" in step}
COMMON = "src/srgan_distill/common/runs.py"
LOCK = "requirements.lock"


class Runner:
    """A machine of the workflow, with the change checked out."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder / "checkout", folder / "programs"
        self.log, self.variables = folder / "log", folder / "variables"
        self.temporary = folder / "temporary"
        for new in (self.folder, self.programs, self.temporary):
            new.mkdir()
        for name in ("dvc", "make"):
            self.program(name, f'echo "$(basename "$PWD"): {name} $*" >> "{self.log}"')
        self.processor("one")
        init_repository(self.folder)
        for path in (COMMON, LOCK, "README.md"):
            self.change(path, "base")

    def program(self, name: str, script: str) -> None:
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def processor(self, name: str) -> None:
        self.program("lscpu", f"echo 'Model name: {name}'")

    def git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def change(self, path: str, text: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", text)

    def run(self, step: str) -> list[str]:
        """What the programs of a step were asked for, and in which folder."""
        self.log.write_text("")
        variables = {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}", "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temporary), "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_SHA": self.git("rev-parse", "HEAD"),
            **dict.fromkeys(("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH"), str(self.variables)),
        }  # fmt: skip
        self.variables.write_text("")
        subprocess.run(
            ["bash", "-e", "-c", SCRIPTS[step]], cwd=self.folder, env=os.environ | variables,
            check=True,
        )  # fmt: skip
        return self.log.read_text().splitlines()

    def cache(self) -> str:
        """The key of the cache that it starts from."""
        self.run("Set up")
        (key,) = [line for line in self.variables.read_text().splitlines() if "CACHE=" in line]
        return key


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_workflow_calls_what_there_is() -> None:
    """Its scripts are valid, and the review it runs and the mark it looks for are ours."""
    for script in SCRIPTS.values():
        assert "${{" not in script  # names of branches come by environment: they may hold code
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    text = "\n".join(SCRIPTS.values())
    assert MARKER in text
    (command,) = [line for line in text.splitlines() if line.startswith("srgan-distill")]
    arguments = shlex.split(command.split(">")[0])
    assert arguments[0] == "srgan-distill"
    assert parser().parse_args(arguments[1:]).label == "$LABEL"
    paths = [step["with"]["path"] for step in STEPS if "actions/cache" in step.get("uses", "")]
    assert paths == [".dvc/cache"] * 2


def test_a_cache_is_of_one_processor_and_of_the_code_that_dvc_does_not_see(runner: Runner) -> None:
    first = runner.cache()
    assert first == runner.cache()
    runner.change("README.md", "changed")
    assert first == runner.cache()
    keys = {first}
    runner.processor("other")
    keys.add(runner.cache())
    runner.change(COMMON, "changed")
    keys.add(runner.cache())
    runner.change(LOCK, "changed")
    keys.add(runner.cache())
    assert len(keys) == 4


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("README.md", ["base: dvc cache dir --local {}/.dvc/cache", "base: dvc repro"]),
        (COMMON, ["base: dvc repro"]),
        (LOCK, ["base: make setup", "base: dvc repro"]),
    ],
)
def test_the_base_shares_what_dvc_can_tell_apart(
    runner: Runner, changed: str, expected: list[str]
) -> None:
    runner.change(changed, "changed")
    done = runner.run("Run the base on this machine")
    assert done == [line.format(runner.folder) for line in expected]
    assert runner.variables.read_text().startswith("commit=")
    base = runner.git("-C", str(runner.temporary / "base"), "rev-parse", "HEAD^1")
    assert base == runner.git("rev-parse", "HEAD^1")  # what the change was merged with
