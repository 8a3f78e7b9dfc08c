"""The standard x4 super-resolution protocol: bicubic LR, BT.601 luma, cropped border, PSNR.

Everything works on uint8 RGB arrays, [height, width, 3], values 0..255.
"""

import math
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from ..common.errors import UserError
from ..common.scale import SCALE

if TYPE_CHECKING:
    import torch

BORDER = 4

# More than the reach of the antialiased kernel (2 * SCALE pixels), in whole LR pixels.
_PADDING = 4 * SCALE


def luma(rgb: np.ndarray) -> np.ndarray:
    """Y of ITU-R BT.601 in studio range, as MATLAB's `rgb2ycbcr` but not rounded.

    Args:
        rgb: uint8, [height, width, 3], 0..255.

    Returns:
        float64, [height, width], 16 (black) to 235 (white).
    """
    return 16 + rgb @ np.array([65.481, 128.553, 24.966]) / 255


def crop_border(img: np.ndarray, border: int = BORDER) -> np.ndarray:
    """Cut `border` pixels from all four sides of a [height, width, ...] array."""
    height, width = img.shape[:2]
    return img[border : height - border, border : width - border]


def psnr(sr: np.ndarray, hr: np.ndarray) -> float:
    """PSNR in dB of Y (BT.601, not rounded) with peak 255, border cropped; inf where equal.

    Raises:
        UserError: nothing is left of the images after cropping.
    """
    sr_y, hr_y = measured_luma(sr, hr, smallest=1)
    return decibels(np.mean((sr_y - hr_y) ** 2))


def decibels(mean_squared_error: np.floating) -> float:
    """PSNR of a mean squared error of grey levels, peak 255; inf of 0."""
    return 10 * math.log10(255**2 / mean_squared_error) if mean_squared_error else math.inf


def measured_luma(sr: np.ndarray, hr: np.ndarray, smallest: int) -> tuple[np.ndarray, np.ndarray]:
    """The luma of two uint8 RGB images within their borders, at least `smallest` px a side."""
    require_side(sr, smallest + 2 * BORDER)
    return crop_border(luma(sr)), crop_border(luma(hr))


def require_side(rgb: np.ndarray, smallest: int) -> None:
    """Refuse an image [height, width, 3] with a side of fewer than `smallest` pixels.

    Raises:
        UserError: names the image's size and the smallest one.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < smallest:
        raise UserError(
            f"image of {width}x{height} px is too small: this metric needs {smallest} px a side"
        )


def bicubic(rgb: np.ndarray, factor: float) -> np.ndarray:
    """MATLAB's `imresize(rgb, factor, "bicubic")`: cubic kernel with a = -0.5, antialiased.

    Shrinking gives the public LR_bicubic X4 images of Set5 and Set14 bit for bit. Enlarging (the
    baseline of every comparison) rounds once, at the end, like any other SR.

    Args:
        rgb: uint8, [height, width, 3], 0..255, of any size.
        factor: 1 / SCALE or SCALE.

    Returns:
        uint8, [ceil(height * factor), ceil(width * factor), 3].
    """
    import torch

    x = torch.from_numpy(rgb.copy()).permute(2, 0, 1).unsqueeze(0).float()
    x = _shrink(x) if factor < 1 else _resize(x, x.shape[2] * SCALE, x.shape[3] * SCALE)
    return x[0].permute(1, 2, 0).byte().contiguous().numpy()


def _shrink(x: "torch.Tensor") -> "torch.Tensor":
    """The imresize that public LR images come from, which is not quite pyiqa's.

    It repeats the edge pixel where pyiqa mirrors the image, and holds uint8 between its passes.
    """
    from torch.nn.functional import pad

    height, width = x.shape[2:]
    below, right = (_PADDING + -side % SCALE for side in (height, width))
    x = pad(x, (_PADDING, right, _PADDING, below), mode="replicate")
    padded_height, padded_width = x.shape[2:]
    x = _resize(x, padded_height // SCALE, padded_width)
    x = _resize(x, padded_height // SCALE, padded_width // SCALE)
    start = _PADDING // SCALE
    return x[:, :, start : start + ceil(height / SCALE), start : start + ceil(width / SCALE)]


def _resize(x: "torch.Tensor", height: int, width: int) -> "torch.Tensor":
    """Bicubic, rounded half up and clipped to whole grey levels."""
    from pyiqa.matlab_utils import imresize  # takes seconds to import

    # The kernel's weights are multiples of 1/4096: no other value lies within the nudge, which
    # keeps float32's rounding errors from pushing a half down.
    return (imresize(x, sizes=(height, width)) + 0.5 + 1e-4).floor().clamp(0, 255)
