"""What cannot be had from one place, so that the next is tried and all of it told at the end."""

import shutil
from pathlib import Path

from ..common.errors import UserError


class Unavailable(Exception):
    """A file or data set cannot be had from somewhere; says why in a few words."""


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
