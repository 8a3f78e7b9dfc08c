"""PSNR and SSIM of images too large for float64 at once: by bands of rows, the same values."""

from collections.abc import Callable, Iterator

import numpy as np

from ..imaging.protocol import BORDER, crop_border, decibels, luma, psnr, require_side
from .fidelity import WINDOW, ssim, ssim_of_luma

# Whole images up to here: 0.4 GB for each float64 array that SSIM holds of them.
_MOST_AT_ONCE = 50_000_000
_ROWS = 1024


def psnr_of_any_size(sr: np.ndarray, hr: np.ndarray) -> float:
    """`psnr`, uint8 RGB [height, width, 3], in the memory of a band."""
    if sr.size // 3 <= _MOST_AT_ONCE:
        return psnr(sr, hr)
    require_side(sr, 1 + 2 * BORDER)
    return decibels(_mean(sr, hr, 0, lambda a, b: np.mean((a - b) ** 2)))


def ssim_of_any_size(sr: np.ndarray, hr: np.ndarray) -> float:
    """`ssim`, uint8 RGB [height, width, 3], in the memory of a band."""
    if sr.size // 3 <= _MOST_AT_ONCE:
        return ssim(sr, hr)
    require_side(sr, WINDOW + 2 * BORDER)
    return float(_mean(sr, hr, WINDOW - 1, ssim_of_luma))


def _mean(
    sr: np.ndarray, hr: np.ndarray, reach: int, compare: Callable[[np.ndarray, np.ndarray], float]
) -> float:
    """The mean over rows, of whose luma `compare` needs `reach` more than it gives values for."""
    sr, hr = crop_border(sr), crop_border(hr)
    rows = len(sr) - reach
    total = 0.0
    for band in _bands(rows):
        part = slice(band.start, band.stop + reach)
        total += float(compare(luma(sr[part]), luma(hr[part]))) * (band.stop - band.start)
    return total / rows


def _bands(rows: int) -> Iterator[slice]:
    for top in range(0, rows, _ROWS):
        yield slice(top, min(top + _ROWS, rows))
