"""SSIM by the standard protocol, and the paper's PSNR.

On uint8 RGB arrays, [height, width, 3], values 0..255.
"""

import numpy as np

from ..imaging.protocol import decibels, measured_luma

WINDOW = 11


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
