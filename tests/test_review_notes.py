"""What a review says at its head: figures that are none of this change's."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from support.repository import environment, init_repository

from srgan_distill.experiments.review import review_markdown

HEADLINE = "metrics/sample/headline.json"
MODEL = "src/model.py"
SCORES = {"path": "data/sample/evaluate/student", "size": 7}
PIPELINE = {
    "evaluate": {"cmd": "true", "deps": [MODEL], "params": ["seed"], "outs": [SCORES["path"]]},
    "headline": {
        "cmd": "true", "deps": ["data/sample/evaluate"],
        "metrics": [{HEADLINE: {"cache": False}}],
    },
}  # fmt: skip


class Project:
    """A repository whose branch `main` holds a run of seed 0."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        init_repository(folder)
        self.write("dvc.yaml", yaml.safe_dump({"stages": PIPELINE}))
        self.write(HEADLINE, json.dumps({"mean": {"psnr": 27.0}}))
        self.write(MODEL, "")
        self.set(seed=0)
        self.ran(seed=0)
        self.commit("Run")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def set(self, **params: object) -> None:
        self.write("params.yaml", yaml.safe_dump({"profile": "sample"} | params))

    def ran(self, seed: int, read: int = 7) -> None:
        """A run of which stage headline has read so many bytes of the 7 of scores."""
        stages = {
            "evaluate": {
                "deps": [{"path": MODEL, "md5": hashlib.md5(b"").hexdigest(), "hash": "md5"}],
                "params": {"params.yaml": {"seed": seed}},
                "outs": [SCORES],
            },
            "headline": {
                "deps": [{"path": "data/sample/evaluate", "size": read}],
                "outs": [{"path": HEADLINE}],
            },
        }
        stages = {name: {"cmd": "true"} | stage for name, stage in stages.items()}
        self.write("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))

    def git(self, *arguments: str) -> None:
        command = ["git", *arguments]
        subprocess.run(command, cwd=self.folder, env=environment(), check=True)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def notes(base: str) -> list[str]:
    """The lines of a review's head in bold."""
    text = review_markdown(base, base)
    return [line for line in text.splitlines() if line.startswith("**")]


def test_parameters_that_no_run_has_seen(project: Project) -> None:
    assert notes("main") == []
    project.set(seed=1)
    why = "evaluate ran with seed = 0, params.yaml says 1; run `dvc repro` first."
    assert notes("main") == [f"**Not reproduced** (here): {why}"]
    project.git("switch", "-q", "-c", "not-run")
    project.commit("Not run")
    project.ran(seed=1)
    assert notes("not-run") == [f"**Not reproduced** (not-run): {why}"]


def test_a_run_that_ended_half_way(project: Project) -> None:
    project.ran(seed=0, read=8)
    (note,) = notes("main")
    assert "(here): stages have made another data/sample/evaluate since headline ran" in note


def test_code_that_no_run_has_seen(project: Project) -> None:
    project.write(MODEL, "another")
    why = "src/model.py has changed since evaluate ran; run `dvc repro` first."
    assert notes("main") == [f"**Not reproduced** (here): {why}"]


def test_a_profile_that_never_ran(project: Project) -> None:
    project.set(seed=0, profile="other")
    (note,) = notes("main")
    assert "(here): no run in dvc.lock has made metrics/other/headline.json; " in note


def test_a_base_that_went_on_meanwhile(project: Project) -> None:
    """Its progress would be read as this branch's loss; figures made again are no progress."""
    project.git("switch", "-q", "-c", "change")
    project.git("switch", "-q", "main")
    project.write(HEADLINE, json.dumps({"mean": {"psnr": 27.1}}))
    project.commit("The same on another machine")
    project.git("switch", "-q", "change")
    assert notes("main") == []
    project.git("switch", "-q", "main")
    project.write("src/code.py", "")
    project.commit("Better code")
    project.git("switch", "-q", "change")
    (note,) = notes("main")
    assert note.startswith("**Not here**: commits of main (1), ")
    assert notes("main~1") == []
    project.git("merge", "-q", "main")
    assert notes("main") == []
