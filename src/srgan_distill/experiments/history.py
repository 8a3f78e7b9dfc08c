"""Files and parameters of a revision: a git commit, a DVC experiment or the workspace."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from dvc.api import DVCFileSystem
from dvc.exceptions import DvcException
from dvc.repo import Repo
from dvc.scm import RevError
from dvc.stage import Stage

from ..common.errors import UserError
from ..common.params import FILE
from ..common.yaml12 import YAMLError, parse_yaml

WORKSPACE = "workspace"


@dataclass(frozen=True)
class Revision:
    """A state of the repository that can be read without checking it out.

    Attributes:
        name: as the user calls it.
        files: those of its commit; None of the workspace.
        folder: the working directory, from the root of `files`, with / at its end where not empty.
    """

    name: str
    files: DVCFileSystem | None = None
    folder: str = ""

    @classmethod
    def find(cls, name: str) -> "Revision":
        """The revision called `name`: WORKSPACE, else what git knows, else a DVC experiment.

        Raises:
            UserError: there is none of that name, or several experiments; git or DVC refuses.
        """
        folder = _git("rev-parse", "--show-prefix").strip()
        if name == WORKSPACE:
            return cls(name)
        files = DVCFileSystem(rev=name or " ")  # an empty name would mean the workspace
        try:
            files.repo  # noqa: B018 - opened by being asked for
        except RevError as error:
            problem = str(error).replace("Git revision", "revision")
            raise UserError(
                f"{problem}; name a commit, branch or tag (git log), or an experiment, by its "
                "commit where several have the name (dvc exp list --all-commits)"
            ) from None
        except AttributeError:  # DVC takes for a commit whatever git has, and asks for its files
            raise UserError(
                f"revision {name!r} is no commit, but a folder or file of one; name the commit"
            ) from None
        except DvcException as error:
            raise UserError("DVC: " + " ".join(str(error).split())) from None
        return cls(name, files, folder)

    @property
    def commit(self) -> str:
        """The hash of its commit; HEAD of the workspace."""
        return self.files.repo.get_rev() if self.files else "HEAD"

    def read(self, path: Path) -> str | None:
        """The text of a file, by its path from the working directory; None where it has none.

        Raises:
            UserError: it is not in UTF-8.
        """
        try:
            if self.files is None:
                return path.read_text(encoding="utf-8") if path.is_file() else None
            return self.files.read_text(self.folder + path.as_posix(), encoding="utf-8")
        except (FileNotFoundError, DvcException):  # DVC reads dvc.yaml for what git does not have
            return None
        except UnicodeDecodeError:
            raise UserError(
                f"{self.name} has a {path.as_posix()} that is not in UTF-8; save it in that "
                "encoding"
            ) from None

    def read_json(self, path: Path) -> Any:
        """The content of a JSON file; None where there is none.

        Raises:
            UserError: it is no JSON.
        """
        text = self.read(path)
        try:
            return None if text is None else json.loads(text)
        except json.JSONDecodeError:
            raise UserError(
                f"{self.name} has a {path.as_posix()} that is no JSON; run `dvc repro` there"
            ) from None

    def read_mapping(self, path: Path) -> dict[str, Any]:
        """The content of a YAML file.

        Raises:
            UserError: there is none, or it is no YAML mapping.
        """
        text = self.read(path)
        if text is None:
            raise UserError(f"{self.name} has no {path} here; run from the repository's root")
        try:
            content = parse_yaml(text)
        except YAMLError:
            content = None
        if not isinstance(content, dict):
            raise UserError(f"{path} of {self.name} is no YAML mapping; correct it there")
        return content

    def pipeline(self) -> list[Stage]:
        """Its stages, as DVC reads them from dvc.yaml and dvc.lock.

        Raises:
            UserError: what DVC says where it cannot, as with a merge conflict.
        """
        try:
            return (self.files.repo if self.files else Repo()).index.stages
        except DvcException as error:
            problem = " ".join(str(error).split())
            raise UserError(
                f"DVC cannot read the pipeline of {self.name}: {problem}; correct it there"
            ) from None

    def changed(self, *patterns: str) -> list[str]:
        """Paths that match git patterns and differ between the revision and the workspace."""
        options = ("--name-only", "--no-renames", "--relative", "-z")
        tracked = _git("diff", *options, self.commit, "--", *patterns)
        new = _git("ls-files", "--others", "--exclude-standard", "-z", "--", *patterns)
        return sorted({*tracked.split("\0"), *new.split("\0")} - {""})

    def commits_ahead(self, *paths: str) -> int:
        """How many of its commits HEAD lacks that change files in `paths`."""
        return int(_git("rev-list", "--count", f"HEAD..{self.commit}", "--", *paths))

    def params(self) -> dict[str, Any]:
        """The values of params.yaml by dotted key, of the profiles only the one in use.

        Not checked: an older commit may have other keys than this code knows.

        Raises:
            UserError: the revision has no params.yaml, or one that is no YAML mapping.
        """
        content = self.read_mapping(FILE)
        profiles = content.get("profiles") or {}
        profile = content.get("profile")
        if profile in profiles:
            content["profiles"] = {profile: profiles[profile]}
        return flat(content)


def experiments() -> list[str]:
    """The names of the DVC experiments that started from HEAD, in the order in which they ended.

    From git, since `dvc exp list` waits for an experiment that runs, and `dvc.api.exp_show` reads
    the pipeline of every experiment, and has no such order.

    Raises:
        UserError: there are none.
    """
    head = _git("rev-parse", "HEAD").strip()
    folder = f"refs/exps/{head[:2]}/{head[2:]}/"
    refs = _git("for-each-ref", "--sort=creatordate", "--format=%(refname)", folder).split()
    if not refs:
        raise UserError(
            "no DVC experiment started from the last commit; name the revisions to compare"
        )
    return [ref.removeprefix(folder) for ref in refs]


def flat(content: dict[str, Any]) -> dict[str, Any]:
    """The values of nested mappings by dotted key; lists are values."""
    return pd.json_normalize(content).to_dict("records")[0]


def _git(*arguments: str) -> str:
    """What a git command prints.

    Raises:
        UserError: git is not installed, or what it says when it refuses.
    """
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError:
        raise UserError("git is not installed; revisions cannot be read without it") from None
    if done.returncode == 0:
        return done.stdout
    if "not a git repository" in done.stderr:
        raise UserError("this folder is in no git repository; run from the repository's root")
    raise UserError("git: " + " ".join(done.stderr.split()))
