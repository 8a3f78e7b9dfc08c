"""What the docs show works as it stands there."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.cli import parse_args
from support.code_reading import SOURCE

from srgan_distill.app import cli
from srgan_distill.common.params import load
from srgan_distill.common.yaml12 import parse_yaml
from srgan_distill.sources.packages import copy_photographs
from srgan_distill.stages import check

DOCS = SOURCE.parent / "docs"
PAGES = [SOURCE.parent / "README.md", *sorted(DOCS.glob("*.md"))]
COMMANDS = [
    line.removeprefix("$ ")
    for page in PAGES
    for line in page.read_text(encoding="utf-8").splitlines()
    if line.startswith("$ ")
]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("dvc ")])
def test_dvc_takes_the_commands_for_what_they_are_meant_for(command: str) -> None:
    """`--targets` takes every word behind it, revisions too."""
    for part in command.split(" && "):
        program, *words = shlex.split(part, comments=True)
        if program == "dvc":
            targets = getattr(parse_args(words), "targets", None) or []
            assert [name for name in targets if name in ("HEAD", "try-gan2gan")] == []


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command.startswith("srgan-distill ")]
)
def test_the_program_takes_the_commands(command: str) -> None:
    cli.parser().parse_args(shlex.split(command, comments=True)[1:])


def test_the_worked_example_of_own_photographs_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With such folders in the user's home, as the only addition to params.yaml."""
    text = (DOCS / "own_photographs.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)
    params = parse_yaml((SOURCE.parent / "params.yaml").read_text(encoding="utf-8"))
    params["profiles"] |= parse_yaml(shown)["profiles"]
    params["profile"] = "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("holiday", "family", "garden"):
        copy_photographs("Things", Path("photographs") / name)
    shutil.move("photographs/garden/coffee.png", "photographs/garden/rose.png")
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    check.run()
    sets = load().settings.download
    assert sets.train == ["holiday", "DIV2KTrain_100"]
    assert sets.test == ["garden", "Set5"]
