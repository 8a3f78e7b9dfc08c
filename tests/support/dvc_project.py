"""A copy of this repository's pipeline in a git repository of its own, with tiny budgets."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from support import repository
from support.code_reading import SOURCE
from support.params import change_params
from support.repository import init_repository

ROOT = SOURCE.parent
CROPS = {
    "batch": 2, "crop": 16, "lr": 1e-3, "lr_end": 1e-4,
    "permute_channels": True, "log_every": 2, "validate_every": 2,
}  # fmt: skip
TINY = CROPS | {
    "steps": {"content": 2, "adversarial": 4}, "discriminator_first": 2, "warm_up": 1, "ema": 0.5,
    "keep_statistics": True,
}  # fmt: skip


class Project:
    """A copy of this repository's pipeline, small enough to run in a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
            shutil.copy(ROOT / name, folder)
        shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
        # Without ratings, should the repository hold some: they are of other images.
        (folder / "data" / "ratings").mkdir(parents=True)
        shutil.copy(ROOT / "data" / "ratings" / "README.md", folder / "data" / "ratings")
        init_repository(folder)
        shutil.copy(ROOT / ".dvc" / "config", folder / ".dvc")
        shutil.copytree(ROOT / ".dvc" / "plots", folder / ".dvc" / "plots")
        self.change_params(self._shrink)
        self.commit("Start")

    @staticmethod
    def _shrink(params: dict) -> None:
        params["networks"] = {
            "teacher": {"filters": 6, "blocks": 2, "checkerboard_free": True},
            "student": {"filters": 4, "blocks": 1, "checkerboard_free": True},
        }
        params["strategies"] = {name: params["strategies"][name] for name in ("gan2g", "g2g_al")}
        profile = params["profiles"]["sample"]
        profile["start_from"] = "scratch"  # what ships is larger
        profile["download"] = {
            "train": ["SampleValidation"], "validation": ["Nature"], "test": ["Nature", "Places"],
        }  # fmt: skip
        profile["preprocess"]["workers"] = 1
        profile["pretrain"] = {name: CROPS | {"steps": 4} for name in ("teacher", "student")}
        profile["train"], profile["distill"] = dict(TINY), dict(TINY)
        profile["efficiency"] = {"inputs": [[8, 8], [9, 12]], "repeats": 1}
        profile["evaluate"]["metrics"] = ["psnr", "ssim", "psnr_wrapped"]
        profile["tables"]["crops"] = [
            {"set": "Nature", "image": "chelsea", "top": 40, "left": 40, "size": 64}
        ]

    def change_params(self, change: Callable[[dict], object]) -> None:
        change_params(self.folder, change)

    def run(self, *command: str, fails: bool = False, **environment: str) -> str:
        """Run a command in the project, `dvc` and `python` from this environment.

        Its output; that it does what it should (or fails) is asserted.
        """
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False,
            env=repository.environment(**environment),
        )  # fmt: skip
        shown = f"exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        assert (done.returncode != 0) == fails, shown
        return done.stdout + done.stderr

    def start(self, *command: str) -> subprocess.Popen:
        """Start a command in the same way, as the leader of processes of its own; it is silent."""
        return subprocess.Popen(
            command, cwd=self.folder, start_new_session=True, env=repository.environment(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "-m", message)

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def experiment(self, name: str, path: str) -> str:
        """A file as a DVC experiment that started from HEAD left it."""
        head = self.run("git", "rev-parse", "HEAD").strip()
        return self.run("git", "show", f"refs/exps/{head[:2]}/{head[2:]}/{name}:{path}")
