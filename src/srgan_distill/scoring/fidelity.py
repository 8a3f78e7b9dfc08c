"""SSIM by the standard protocol, the paper's PSNR, and how sharp edges are.

On uint8 RGB arrays, [height, width, 3], values 0..255.
"""

import numpy as np

from ..common.errors import UserError
from ..imaging.protocol import decibels, measured_luma

WINDOW = 11

_SOBEL_WINDOW = 3
_EDGES = 0.1  # of HR's pixels: those with the largest gradients


def ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    """Mean SSIM of Y, border cropped, at most 1 (Wang et al., 2004).

    Gaussian window 11x11, sigma 1.5, population covariance, data range 255, whole windows only.

    Raises:
        UserError: a side is shorter than the window after cropping.
    """
    return ssim_of_luma(*measured_luma(sr, hr, smallest=WINDOW))


def ssim_of_luma(sr: np.ndarray, hr: np.ndarray) -> float:
    """The same of float64 luma, [height, width], where whole windows fit."""
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            sr, hr, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
        )
    )


def psnr_wrapped(sr: np.ndarray, hr: np.ndarray) -> float:
    """What `np.mean((sr - hr) ** 2)` on uint8 arrays makes of PSNR: no measure of quality.

    The difference and its square wrap modulo 256, on RGB and without cropping. It is the apparent
    scale of the PSNR columns of Lee and Park (2021): an inference, for their metric code is not
    public. Any large error reads about 27.9 dB (uniform errors), and one of 16 grey levels as none.

    Returns:
        Decibels, never below 24.05; inf where every squared difference is a multiple of 256.
    """
    return decibels(np.mean((sr - hr) ** 2))


def edge_sharpness(sr: np.ndarray, hr: np.ndarray) -> float:
    """How steep SR is where HR has its edges, over how steep HR is: 1 is as sharp, 0 is flat.

    The sum of the gradient's magnitudes (Sobel, of Y, border cropped) over the tenth of the pixels
    at which HR's is largest, SR's by HR's. A plain measure of our own. Beyond 1 SR is sharper than
    HR. Ringing and noise at an edge are steep too: it says nothing of quality by itself.

    Raises:
        UserError: HR is flat, or nothing is left of the images after cropping.
    """
    sr_slope, hr_slope = map(_slope, measured_luma(sr, hr, smallest=_SOBEL_WINDOW))
    edges = (hr_slope >= np.quantile(hr_slope, 1 - _EDGES)) & (hr_slope > 0)
    if not edges.any():
        raise UserError("edges is undefined on this image: HR is flat")
    return float(sr_slope[edges].sum() / hr_slope[edges].sum())


def _slope(luma: np.ndarray) -> np.ndarray:
    from scipy.ndimage import sobel

    return np.hypot(sobel(luma, axis=0), sobel(luma, axis=1))
