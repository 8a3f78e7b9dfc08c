"""Room on a disk, asked for before anything is written."""

import os
import shutil
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import suppress
from pathlib import Path

from .errors import UserError


def copies() -> int:
    """Of every output of a stage on the disk of data/: where it lies, and in DVC's cache.

    One where the cache is on another disk (`dvc cache dir`).
    """
    cache = Path(".dvc/cache")
    for file in (Path(".dvc/config"), Path(".dvc/config.local")):
        config = ConfigParser(interpolation=None, strict=False)
        with suppress(ConfigError):  # DVC, which has read it, takes more than Python does
            config.read(file, encoding="utf-8")
        if folder := config.get("cache", "dir", fallback=None):
            cache = file.parent / folder
    return 2 if _disk(cache) == _disk(Path("data")) else 1


def _disk(folder: Path) -> int:
    return _existing(folder).stat().st_dev


def _existing(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


def require_space(folder: Path, size: int) -> None:
    """Refuse to write `size` bytes below `folder` (or where it will be) on a disk without room.

    Raises:
        UserError: names the folder, what it needs and what is free.
    """
    folder = _existing(folder)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"the disk of {folder} is too full: {size / 1e9:.2f} GB are needed, {free / 1e9:.2f} "
            "GB are free; make room, or move DVC's cache (`dvc cache dir --local FOLDER`), and run "
            "again"
        )


def reserve(path: Path) -> None:
    """Give a file all the blocks of its size, where the system can.

    A file that was only made long is empty. Were the disk to fill up while it is mapped, the
    process would be killed (SIGBUS) instead of getting an error.

    Raises:
        OSError: the disk is full.
    """
    if hasattr(os, "posix_fallocate"):  # Linux has it, macOS not
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
