"""A small DVC project of one stage that writes a headline, with runs of several seeds."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.repository import environment, init_repository

# Seeds 0, 1, 2 give PSNRs 27.0, 27.4, 27.1 for g2g_al and 1 dB less for gan2g. The gain of Set5
# stands beside the headline, with a metric that does not stand in it.
HEADLINE = """
import json, pathlib, yaml
params = yaml.safe_load(open("params.yaml"))
seed = params["seeds"]["student"]
psnr = [27.0, 27.4, 27.1][seed] - (params["strategy"] == "gan2g") + params["bonus"]
mean = {"psnr": psnr, "gain_psnr": psnr - 27, "share_of_lead_psnr": None}
set5 = {"psnr": psnr + 2, "gain_psnr": psnr - 26, "piqe": 70.0, "gain_piqe": 1.0}
folder = pathlib.Path("metrics", params["profile"])
(folder / "gain").mkdir(parents=True, exist_ok=True)
headline = {"Set5": {"psnr": psnr + 2}, "mean": mean}
(folder / "headline.json").write_text(json.dumps(headline))
gain = {"Set5": set5, "mean": mean}
(folder / "gain" / (params["strategy"] + ".json")).write_text(json.dumps(gain))
"""
PIPELINE = {
    "stages": {
        "headline": {
            "cmd": "python src/headline.py",
            "deps": ["src/headline.py"],
            "params": ["seeds", "strategy", "bonus", "profile", "strategies.${strategy}"],
            "outs": [{"metrics/${profile}/gain": {"cache": False}}],
            "metrics": [{"metrics/${profile}/headline.json": {"cache": False}}],
        }
    }
}
PARAMS = {
    "seeds": {"pretrain": 0, "teacher": 0, "student": 0},
    "profile": "sample", "strategy": "g2g_al", "bonus": 0,
    "strategies": {"g2g_al": {"teacher": "teacher_g"}, "gan2g": {"teacher": "teacher_gan"}},
    "profiles": {"sample": {"steps": 10}, "bsds500": {"steps": 999}},
}  # fmt: skip


class Headlines:
    """A git repository with a one-stage DVC pipeline that writes a headline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        init_repository(folder)
        (folder / "src").mkdir()
        (folder / "src/headline.py").write_text(HEADLINE)
        (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
        self.change()
        self.run("dvc", "repro", "-q")
        self.commit("Run")

    def run(self, *command: str) -> None:
        subprocess.run(command, cwd=self.folder, env=environment(), check=True)

    def change(self, **values: object) -> None:
        (self.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | values, sort_keys=False))

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)


@pytest.fixture(scope="session")
def headlines_project(tmp_path_factory: pytest.TempPathFactory) -> Headlines:
    """Commit `main` has seeds 0; experiments have students' seeds 1 and 2, and gan2g with 0."""
    project = Headlines(tmp_path_factory.mktemp("compare"))
    for name, change in (
        ("seed-1", "seeds.student=1"),
        ("seed-2", "seeds.student=2"),
        ("other", "strategy=gan2g"),
    ):
        project.run("dvc", "exp", "run", "-q", "-n", name, "-S", change)
        project.run("git", "checkout", "-q", ".")
    return project


@pytest.fixture
def headlines(headlines_project: Headlines, monkeypatch: pytest.MonkeyPatch) -> Headlines:
    """That project, as the working directory."""
    monkeypatch.chdir(headlines_project.folder)
    return headlines_project


@pytest.fixture
def changed(headlines: Headlines) -> Callable[..., None]:
    """Change params.yaml for one test."""
    yield headlines.change
    headlines.run("git", "checkout", "-q", ".")
