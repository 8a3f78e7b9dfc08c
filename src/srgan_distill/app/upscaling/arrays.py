"""Arrays that are images."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...common.errors import UserError
from ...imaging.photographs import read_photograph


def read_image(path: str | Path) -> np.ndarray:
    """Read a photograph as the command does: upright, palettes and CMYK as RGB.

    Args:
        path: PNG, JPEG, WebP, TIFF, BMP, HEIC or AVIF, whatever its suffix says.

    Returns:
        uint8 or uint16, [height, width, channels]: grey, grey and alpha, RGB or RGBA, in the colour
        space of the file. Its colour profile and EXIF data are not in there.

    Raises:
        UserError: no such file, damaged, another format, more than 250 megapixels, or pixels of
            other kinds than integers of up to 8 or of 16 bits.
    """
    return read_photograph(as_path(path)).pixels


def as_path(path: Any) -> Path:
    """A file's name as a path.

    Raises:
        UserError: neither text nor a path.
    """
    if not isinstance(path, str | os.PathLike):
        raise UserError(f"a file's name must be text or a path, not {type(path).__name__}")
    return Path(path)


def as_pixels(image: Any) -> np.ndarray:
    """An image with an axis for its channels, be it one.

    Raises:
        UserError: no array of uint8 or uint16, [height, width] or [height, width, 1 to 4 channels].
    """
    if not isinstance(image, np.ndarray):
        raise UserError(
            f"an image must be a NumPy array, not {type(image).__name__}; read_image makes one of "
            "a file"
        )
    if image.dtype not in (np.uint8, np.uint16):
        raise UserError(f"an image must be uint8 (0..255) or uint16 (0..65535), not {image.dtype}")
    pixels = image[..., np.newaxis] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise UserError(
            "an image must have the shape [height, width] or [height, width, 1 to 4 channels], "
            f"not {list(image.shape)}"
        )
    return pixels
