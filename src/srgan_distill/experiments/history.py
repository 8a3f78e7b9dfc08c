"""Files and parameters of a revision: a git commit, a DVC experiment or the workspace."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..common.errors import UserError
from ..common.params import FILE

WORKSPACE = "workspace"

# Below refs/exps/ DVC keeps <first 2>/<other 38 digits of the baseline>/<name of the experiment>.
_EXPERIMENT = "refs/exps/??/*/*"


@dataclass(frozen=True)
class Revision:
    """A state of the repository that can be read without checking it out.

    Attributes:
        name: as the user calls it.
        commit: its hash; None of the workspace.
    """

    name: str
    commit: str | None

    @classmethod
    def find(cls, name: str) -> "Revision":
        """The revision called `name`: WORKSPACE, else what git knows, else a DVC experiment.

        Raises:
            UserError: there is none of that name, or more than one experiment.
        """
        if name == WORKSPACE:
            _git("rev-parse", "--git-dir")
            return cls(name, None)
        commit = _try_git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"
        )
        if commit is not None:
            return cls(name, commit.strip())
        lines = _git("for-each-ref", "--format=%(objectname) %(refname)", _EXPERIMENT).splitlines()
        found = [line.split()[0] for line in lines if line.rpartition("/")[2] == name]
        if len(found) > 1:
            raise UserError(
                f"{len(found)} experiments are called {name!r}; give the commit of one: "
                + ", ".join(commit[:10] for commit in found)
            )
        if not found:
            raise UserError(
                f"unknown revision {name!r}: no commit, branch or tag (git log), and no "
                "experiment (dvc exp list --all-commits)"
            )
        return cls(name, found[0])

    def read(self, path: Path) -> str | None:
        """The text of a file, by its path from the working directory; None where it has none."""
        if self.commit is None:
            return path.read_text(encoding="utf-8") if path.is_file() else None
        return _try_git("show", f"{self.commit}:./{path.as_posix()}")

    def changed(self, pattern: str) -> list[str]:
        """Paths that match a git pattern and differ between here and the workspace."""
        tracked = _git("diff", "--name-only", "--relative", self.commit or "HEAD", "--", pattern)
        new = _git("ls-files", "--others", "--exclude-standard", "--", pattern)
        return sorted({*tracked.splitlines(), *new.splitlines()})

    def params(self) -> dict[str, Any]:
        """The values of params.yaml by dotted key, of the profiles only the one in use.

        Not checked: an older commit may have other keys than this code knows.

        Raises:
            UserError: the revision has no params.yaml, or one that is no YAML mapping.
        """
        text = self.read(FILE)
        if text is None:
            raise UserError(f"{self.name} has no {FILE} here; run from the repository's root")
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError:
            content = None
        if not isinstance(content, dict):
            raise UserError(f"{FILE} of {self.name} is no YAML mapping; correct it there")
        profiles = content.get("profiles") or {}
        profile = content.get("profile")
        if profile in profiles:
            content["profiles"] = {profile: profiles[profile]}
        return flat(content)


def experiments() -> list[str]:
    """The names of the DVC experiments that started from HEAD, in the order in which they ended.

    Raises:
        UserError: there are none. (`dvc exp list` names them too, but not while one is running.)
    """
    head = _git("rev-parse", "HEAD").strip()
    folder = f"refs/exps/{head[:2]}/{head[2:]}/"
    refs = _git("for-each-ref", "--sort=creatordate", "--format=%(refname)", folder).split()
    if not refs:
        raise UserError(
            "no DVC experiment started from the last commit; name the revisions to compare"
        )
    return [ref.removeprefix(folder) for ref in refs]


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested mappings by dotted key; lists are values."""
    values = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            values |= flat(value, f"{prefix}{key}.")
        else:
            values[f"{prefix}{key}"] = value
    return values


def _try_git(*arguments: str) -> str | None:
    """What a git command prints; None where it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        raise UserError("git is not installed; revisions cannot be read without it") from None
    return done.stdout if done.returncode == 0 else None


def _git(*arguments: str) -> str:
    output = _try_git(*arguments)
    if output is None:
        raise UserError("this folder is in no git repository; run from the repository's root")
    return output
