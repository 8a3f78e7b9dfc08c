"""Folders of a user's own images: any format and size, with or without their own LR."""

import os
import shutil
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from stat import S_ISDIR

from ..common.disk import copies, require_space
from ..common.errors import UserError
from ..imaging.images import left_out, list_images
from ..imaging.pairs import HR, LR
from .catalogue import natural

LR_SUFFIX = "x4"  # as published LR images are called


def own_images(folder: Path, first: int | None = None) -> dict[str, Path]:
    """The images of a folder, by their path in a data set: `a.png`, or `HR/a.png` and `LR/a.png`.

    Args:
        folder: images, or two folders HR and LR in which an image has the same name (in LR also
            with x4 behind it).
        first: how many of them, the first in natural order of their names; None: all.

    Raises:
        UserError: the folder is not there or has too few images, one is no file, two have the same
            name but for the suffix, or one has no LR.
    """
    paired = (folder / HR).is_dir()
    images = _by_name(folder / HR if paired else folder)
    if first and first > len(images):
        raise UserError(f"folder {folder} has {len(images)} images, not {first}")
    if not paired:
        return {path.name: path for path in islice(images.values(), first)}
    found: dict[str, Path] = {}
    smaller = _by_name(folder / LR)
    for name, path in islice(images.items(), first):
        lr = smaller.get(name) or smaller.get(name + LR_SUFFIX)
        if lr is None:
            raise UserError(
                f"image {path} has no LR: {folder / LR} holds no {name} nor {name}{LR_SUFFIX}"
            )
        found[f"{HR}/{path.name}"] = path
        found[f"{LR}/{name}{lr.suffix}"] = lr
    return found


def what_is_left_out(folder: Path) -> str:
    """What `own_images` leaves out of a folder, by kind ("; left out 2 .gif"), or nothing."""
    parts = [folder / HR, folder / LR] if (folder / HR).is_dir() else [folder]
    found = ", ".join(filter(None, map(left_out, parts)))
    return f"; left out {found}" if found else ""


def copy_images(images: Mapping[str, Path], target: Path) -> dict[str, str]:
    """Copy `own_images` into the folder `target`; returns the original of each copy.

    Raises:
        UserError: the disk is too full.
    """
    require_space(target, space_of(images.values()))
    origins = {}
    for place, path in images.items():
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / place)
        origins[str(target / place)] = str(path)
    return origins


def space_of(images: Iterable[Path]) -> int:
    """Bytes that copies of `images` take, with those in DVC's cache."""
    return copies() * sum(path.stat().st_size for path in images)


def require_file(path: Path) -> None:
    """Refuse what has an image's name but cannot be read as a file.

    Raises:
        UserError: names it and says what it is.
    """
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise
    except OSError:
        raise UserError(f"{path} is a link to nothing; correct or remove it") from None
    if S_ISDIR(mode):
        raise UserError(f"{path} is a folder, not an image; rename or move it")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path} cannot be read (permission denied); let it be, or remove it")


def _by_name(folder: Path) -> dict[str, Path]:
    """The images of one folder by their names without suffix, in natural order."""
    found: dict[str, Path] = {}
    for path in sorted(list_images(folder), key=lambda path: natural(path.name)):
        require_file(path)
        if not _is_utf8(path.name):
            raise UserError(f"image {path} has a name that is not in UTF-8; rename it")
        if path.stem in found:
            raise UserError(f"images {found[path.stem]} and {path} share a name; rename one")
        found[path.stem] = path
    return found


def _is_utf8(name: str) -> bool:
    """Whether JSON and CSV can hold it; Python keeps other bytes of a name as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
