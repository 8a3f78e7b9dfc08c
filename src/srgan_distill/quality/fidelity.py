"""PSNR and SSIM by the standard protocol, on uint8 RGB arrays [height, width, 3], 0..255."""

import math

import numpy as np

from ..errors import UserError
from .protocol import BORDER, crop_border, luma

_SSIM_WINDOW = 11


def psnr(sr: np.ndarray, hr: np.ndarray) -> float:
    """PSNR in dB of Y (BT.601, not rounded) with peak 255, border cropped; inf where equal.

    Raises:
        UserError: nothing is left of the images after cropping.
    """
    sr_y, hr_y = _measured_luma(sr, hr, smallest=1)
    return _decibels(np.mean((sr_y - hr_y) ** 2))


def ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    """Mean SSIM of Y, border cropped, at most 1 (Wang et al., 2004).

    Gaussian window 11x11, sigma 1.5, population covariance, data range 255, whole windows only.

    Raises:
        UserError: a side is shorter than the window after cropping.
    """
    from skimage.metrics import structural_similarity

    sr_y, hr_y = _measured_luma(sr, hr, smallest=_SSIM_WINDOW)
    return float(
        structural_similarity(
            sr_y, hr_y, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
            data_range=255,
        )
    )  # fmt: skip


def psnr_wrapped(sr: np.ndarray, hr: np.ndarray) -> float:
    """What `np.mean((sr - hr) ** 2)` on uint8 arrays makes of PSNR: no measure of quality.

    The difference and its square wrap modulo 256, on RGB and without cropping. It is the apparent
    scale of the PSNR columns of Lee and Park (2021): an inference, for their metric code is not
    public. Any large error reads about 27.9 dB (uniform errors), and one of 16 grey levels as none.

    Returns:
        Decibels, never below 24.05; inf where every squared difference is a multiple of 256.
    """
    return _decibels(np.mean((sr - hr) ** 2))


def _decibels(mean_squared_error: np.floating) -> float:
    return 10 * math.log10(255**2 / mean_squared_error) if mean_squared_error else math.inf


def _measured_luma(sr: np.ndarray, hr: np.ndarray, smallest: int) -> tuple[np.ndarray, np.ndarray]:
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
