"""Arrays that are images."""

from typing import Any

import numpy as np

from ...common.errors import UserError


def as_pixels(image: Any) -> np.ndarray:
    """An image with an axis for its channels, be it one.

    Raises:
        UserError: no array of uint8 or uint16, [height, width] or [height, width, 1 to 4 channels].
    """
    if not isinstance(image, np.ndarray):
        raise UserError(
            f"an image must be a NumPy array, not {type(image).__name__}; numpy.asarray makes one "
            "of a PIL image"
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
