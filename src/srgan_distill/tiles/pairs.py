"""LR and HR of validation and test images, as PNG; the LR is the user's own where there is one."""

from functools import partial
from pathlib import Path

import numpy as np

from ..common.errors import UserError
from ..common.scale import SCALE
from ..imaging.images import list_images, read_rgb, write_png
from ..imaging.pairs import HR, LR, degrade, whole_pixels
from .workers import Workers


def photographs(folder: Path) -> list[Path]:
    """The HR images of a data set: those of the folder, or of its folder HR if there is an LR too.

    Raises:
        UserError: there is none.
    """
    return list_images(folder / HR if (folder / LR).is_dir() else folder)


def read_pair(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """An image cut to multiples of the scale, and the LR beside it, or one made by bicubic.

    Args:
        path: an image; its own LR has its name, in a folder LR beside its folder HR.

    Returns:
        HR uint8 [H, W, 3] and LR uint8 [H/4, W/4, 3].

    Raises:
        UserError: an image is unreadable, too small, or the LR has another size; names it.
    """
    given = path.parent.parent / LR
    if path.parent.name != HR or not given.is_dir():
        return degrade(path)
    # Not by a pattern: rose.* is rose.1.png too.
    own = next(file for file in list_images(given) if file.stem == path.stem)
    hr, lr = read_rgb(path), read_rgb(own)
    cut = whole_pixels(hr, path)
    height, width = (side // SCALE for side in cut.shape[:2])
    # The LR of a side that is no multiple may have been rounded up.
    if lr.shape[0] - height not in (0, hr.shape[0] % SCALE > 0) or (
        lr.shape[1] - width not in (0, hr.shape[1] % SCALE > 0)
    ):
        raise UserError(
            f"image {own} has {lr.shape[1]}x{lr.shape[0]} px; as LR of {path} it needs "
            f"{width}x{height}"
        )
    return cut, lr[:height, :width]


def write_pair(folder: Path, path: Path) -> Path:
    """Write one image's HR and LR as PNG under folder/HR and folder/LR; returns `path`."""
    hr, lr = read_pair(path)
    write_png(folder / HR / f"{path.stem}.png", hr)
    write_png(folder / LR / f"{path.stem}.png", lr)
    return path


def write_pairs(paths: list[Path], folder: Path, workers: Workers) -> int:
    """Write each image's HR and LR as PNG under folder/HR and folder/LR; returns how many.

    Raises:
        UserError: an image cannot be used and such are not skipped, or none can be used, or two
            have one name.
    """
    by_name = {path.stem: path for path in paths}
    for path in paths:
        if by_name[path.stem] != path:
            raise UserError(f"images {path} and {by_name[path.stem]} share a name; rename one")
    return len(workers.each(partial(write_pair, folder), paths, folder.name))
