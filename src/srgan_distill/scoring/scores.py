"""Scores of one image pair, and of a folder of super-resolved images against its HR folder."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tabulate import SEPARATING_LINE, tabulate
from tqdm import tqdm

from ..common.errors import UserError
from ..common.metrics import METRICS
from ..common.scale import SCALE
from ..imaging.images import crop_to_multiple, list_images, read_rgb
from ..imaging.photographs import MOST_PIXELS
from .measure import Weights, check_available, measure
from .pairing import pair_names

_MOST_PIXELS = SCALE**2 * MOST_PIXELS
"""Of the largest photograph, enlarged."""


def score_pair(
    sr: np.ndarray, hr: np.ndarray, metrics: Sequence[str], weights: Weights | None = None
) -> dict[str, float]:
    """Value of each metric for one SR image.

    Args:
        sr: uint8 RGB, [height, width, 3], 0..255.
        hr: the same of the ground truth; where only it has sides that are no multiples of 4, it
            is cropped to them at the right and the bottom.
        metrics: names of `srgan_distill.common.metrics`.
        weights: local parameter files of metrics that need one, see `measure.check_available`.

    Raises:
        UserError: the sizes do not belong together, or a metric cannot be had.
    """
    if sr.shape != hr.shape:
        hr = crop_to_multiple(hr, SCALE)
    if sr.shape != hr.shape:
        raise UserError(
            f"SR is {_size(sr)} px and HR {_size(hr)} px; likely cause: {_likely_cause(sr, hr)}"
        )
    return {name: measure(name, sr, hr, weights) for name in metrics}


def find_pairs(
    sr_dir: Path, hr_dir: Path, sr_suffix: str = "", hr_suffix: str = ""
) -> list[tuple[Path, Path]]:
    """The SR and HR images of two folders that belong together by their names, see `pair_names`.

    Raises:
        UserError: a folder without images, or images without a partner or with several.
    """
    return pair_names(list_images(sr_dir), list_images(hr_dir), sr_suffix, hr_suffix)


def score_pairs(
    pairs: Sequence[tuple[Path, Path]],
    metrics: Sequence[str],
    weights: Weights | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Score SR images against their HR images.

    Args:
        pairs: files of SR and HR.
        metrics: names of `srgan_distill.common.metrics`.
        weights: local parameter files of metrics that need one, see `measure.check_available`.
        progress: show a bar on a terminal's stderr.

    Returns:
        One row per image: `image` (stem of the HR file), then one float column per metric.

    Raises:
        UserError: sizes that do not belong together, a file that is no image or holds what 8-bit
            RGB does not (see `read_rgb`), a metric that cannot be had. Metrics are checked before
            any scoring.
    """
    check_available(metrics, weights)
    rows = []
    for sr, hr in tqdm(pairs, desc="score", unit="image", disable=None if progress else True):
        try:
            images = (read_rgb(path, _MOST_PIXELS) for path in (sr, hr))
            values = score_pair(*images, metrics, weights)
        except UserError as error:
            raise UserError(f"{sr.name}: {error}") from None
        rows.append({"image": hr.stem, **values})
    return pd.DataFrame(rows)


def mean_scores(table: pd.DataFrame) -> dict[str, float]:
    """Mean over images of each metric of a table of scores."""
    return {name: float(table[name].mean()) for name in table.columns.drop("image")}


def as_json(table: pd.DataFrame) -> dict[str, Any]:
    """A table of scores as {"mean": {metric: value}, "images": {image: {metric: value}}}.

    JSON knows no infinity: the PSNR of identical images, and a mean over it, is None (null).
    """
    images = {row.pop("image"): _finite(row) for row in table.to_dict("records")}
    return {"mean": _finite(mean_scores(table)), "images": images}


def as_text(table: pd.DataFrame) -> str:
    """A table of scores as aligned plain text, the mean in the last row."""
    names = list(table.columns.drop("image"))
    rows = [*table.values.tolist(), SEPARATING_LINE, ["mean", *mean_scores(table).values()]]
    return tabulate(
        rows,
        headers=["image", *(METRICS[name].label for name in names)],
        floatfmt=["", *(f".{METRICS[name].decimals}f" for name in names)],
        disable_numparse=[0],  # an image called 001 keeps its zeros
    )


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _size(rgb: np.ndarray) -> str:
    return f"{rgb.shape[1]}x{rgb.shape[0]}"


def _likely_cause(sr: np.ndarray, hr: np.ndarray) -> str:
    (height, width), (hr_height, hr_width) = sr.shape[:2], hr.shape[:2]
    if (height * SCALE, width * SCALE) == (hr_height, hr_width):
        return "this is the LR image, not its x4 super-resolution"
    if (width, height) == (hr_height, hr_width):
        return "one of them is turned by 90 degrees"
    if abs(height - hr_height) <= SCALE and abs(width - hr_width) <= SCALE:
        return f"the LR image was made before HR was cropped to multiples of {SCALE}"
    if height * hr_width == width * hr_height:
        return f"the images are of another scale than x{SCALE}"
    return "these are different images"
