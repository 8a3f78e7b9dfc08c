"""Checkpoints: where a run that was killed goes on, to the same weights."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch

from ..common.errors import UserError
from ..common.locking import Busy, locked

_SOURCE = Path(__file__).parents[1]
CODE = ("imaging", "networks", "training")
"""The packages that weights depend on, beside the stage's module: its code deps in dvc.yaml."""


LOCK_TIMEOUT = 5.0  # seconds: a stage whose DVC was killed ends itself within two


def fingerprint(settings: dict[str, Any], files: Iterable[Path], stage: str) -> str:
    """What a run's weights depend on: settings, the files it reads, and the stage's code."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    # With the weights that ship among the networks.
    code = [
        file
        for package in CODE
        for file in sorted((_SOURCE / package).rglob("*.*"))
        if file.suffix in (".py", ".safetensors")
    ]
    for path in (*files, *code, _SOURCE / "stages" / f"{stage}.py"):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


class Checkpoint:
    """The state of one run on disk, replaced whole or not at all.

    A file of another run (other settings, data or code, by `fingerprint`, or another machine) or a
    damaged one is not used, and said so. The other run's is set aside at the first save and found
    again by that run, until one of the two is complete: another OMP_NUM_THREADS is enough to make
    it another, and hours would be lost.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._aside = path.with_suffix(".other.pt")
        self._part = path.with_suffix(".part")
        self._is_others = False

    def load(self) -> dict[str, Any] | None:
        """The state saved last by this very run, on the CPU, or None."""
        # .part: whole, if a kill came while the other run's file was set aside.
        for path in (self._path, self._aside, self._part):
            if not path.exists():
                continue
            try:
                saved = torch.load(path, map_location="cpu", weights_only=True)
                state, fingerprint = saved["state"], saved["fingerprint"]
            except Exception:  # of whatever kind: the worst that follows is a start from step 0
                print(f"checkpoint {path} is damaged: not used")
                continue
            if fingerprint == self._fingerprint:
                return state
            self._is_others |= path == self._path
        if self._is_others:
            print(
                f"checkpoint {self._path} is of other parameters, data, code or hardware: not "
                f"used, but kept as {self._aside.name} for as long as this run takes"
            )
        return None

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file; a kill at any moment leaves the old one or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._part.open("wb") as file:
            torch.save({"fingerprint": self._fingerprint, "state": state}, file)
            file.flush()
            os.fsync(file.fileno())
        if self._is_others:
            os.replace(self._path, self._aside)
            self._is_others = False
        os.replace(self._part, self._path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no second process train the same run meanwhile.

        The lock goes with its process, however that ends.

        Raises:
            UserError: another process holds it; names it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._path, LOCK_TIMEOUT))
            except Busy as error:
                raise UserError(
                    f"{self._path.stem} is trained by process {error.holder} already; wait for "
                    "it, or end it and run again"
                ) from None
            yield

    def remove(self) -> None:
        """Forget the run: it is complete."""
        for path in (self._path, self._aside, self._part):
            path.unlink(missing_ok=True)
