"""Scores of one model on whole test sets."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from ..common.errors import UserError
from ..imaging.images import read_rgb, write_png
from ..imaging.pairs import Pair
from .measure import Weights, check_available
from .scores import score_pair


def evaluate(
    upscale: Callable[[np.ndarray], np.ndarray],
    pairs: Mapping[str, Sequence[Pair]],
    metrics: Sequence[str],
    weights: Weights,
    folder: Path,
) -> None:
    """Upscale and score every image of every test set.

    Args:
        upscale: uint8 RGB [h, w, 3] to [4h, 4w, 3].
        pairs: by test set.
        metrics: names of `srgan_distill.common.metrics`.
        weights: parameter files of metrics that need one.
        folder: gets the SR images, <set>/<image>.png, and scores.csv: `set`, `image`, one float
            column per metric.

    Raises:
        UserError: a metric's parameters cannot be had, or an image cannot be scored; names it.
    """
    check_available(metrics, weights)
    jobs = [(test_set, pair) for test_set, own in pairs.items() for pair in own]
    rows = []
    for test_set, pair in tqdm(jobs, desc=f"evaluate {folder.name}", unit="image"):
        sr = upscale(read_rgb(pair.lr))
        write_png(folder / test_set / f"{pair.lr.stem}.png", sr)
        try:
            scores = score_pair(sr, read_rgb(pair.hr), metrics, weights)
        except UserError as error:
            raise UserError(f"{test_set}/{pair.lr.stem}: {error}") from None
        rows.append({"set": test_set, "image": pair.lr.stem, **scores})
    scores = pd.DataFrame(rows)
    scores.to_csv(folder / "scores.csv", index=False, float_format="%.6f")
    means = scores.drop(columns="image").groupby("set", sort=False).mean().round(4)
    print(f"evaluate {folder.name}: {folder}\n{means.to_string()}")
