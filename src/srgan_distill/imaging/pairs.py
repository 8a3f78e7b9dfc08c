"""LR beside HR: made from a photograph, and found again on disk."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..common.errors import UserError
from ..common.scale import SCALE
from .images import crop_to_multiple, list_images, read_rgb
from .protocol import bicubic

HR, LR = "HR", "LR"
"""The two folders of a set of pairs; an image has the same name in both."""


class Pair(NamedTuple):
    """The files of one image: SCALE times the size in `hr`."""

    lr: Path
    hr: Path


def pairs_of(folder: Path) -> list[Pair]:
    """The pairs of folder/LR and folder/HR, sorted by name.

    Raises:
        UserError: a folder is missing, or the two do not hold the same names.
    """
    lrs, hrs = (list_images(folder / side) for side in (LR, HR))
    if [lr.name for lr in lrs] != [hr.name for hr in hrs]:
        raise UserError(f"{folder}/{LR} and {HR} hold different images; run `dvc repro preprocess`")
    return [Pair(lr, hr) for lr, hr in zip(lrs, hrs, strict=True)]


def whole_pixels(hr: np.ndarray, path: Path) -> np.ndarray:
    """`hr`, uint8 [h, w, 3], cut to multiples of the scale at the right and the bottom.

    Raises:
        UserError: nothing is left of it; names `path`, its file.
    """
    cut = crop_to_multiple(hr, SCALE)
    if not cut.size:
        raise UserError(f"image {path} is smaller than {SCALE} px a side; remove it")
    return cut


def degrade(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """An image cut to multiples of the scale, and its LR by MATLAB's antialiased bicubic.

    Returns:
        HR uint8 [H, W, 3] and LR uint8 [H/4, W/4, 3].

    Raises:
        UserError: the image is unreadable or smaller than the scale; names it.
    """
    hr = whole_pixels(read_rgb(path), path)
    # One colour after the other: imresize holds 16 copies of what it is given, 0.5 GB for 2K RGB.
    channels = np.split(hr, 3, axis=2)
    return hr, np.concatenate([bicubic(channel, 1 / SCALE) for channel in channels], axis=2)
