"""Room on a disk, asked for before anything is written."""

import os
import shutil
from pathlib import Path

from .errors import UserError

COPIES = 2
"""Of every output of a stage: where it lies, and in DVC's cache."""


def require_space(folder: Path, size: int) -> None:
    """Refuse to write `size` bytes below `folder` (or where it will be) on a disk without room.

    Raises:
        UserError: names the folder, what it needs and what is free.
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(
            f"the disk of {folder} is too full: {size / 1e9:.2f} GB are needed, {free / 1e9:.2f} "
            "GB are free; make room (or make `data` a link to another disk) and run again"
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
