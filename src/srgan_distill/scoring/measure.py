"""Measure quality by a metric's name, on uint8 RGB arrays [height, width, 3], values 0..255.

Full-reference metrics (`fidelity`) compare SR with HR by the standard protocol; no-reference
metrics (pyiqa) look at the whole SR image.
"""

import math
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import UserError
from ..common.metrics import METRICS, PI_PARTS, WEIGHT_FILES
from ..imaging.images import to_tensor
from ..imaging.protocol import require_side
from .bands import psnr_of_any_size, ssim_of_any_size
from .fidelity import psnr_wrapped

# Local parameter files of no-reference metrics; a name left out (or None) is downloaded.
Weights = Mapping[str, str | Path | None]

WEIGHTS_SOURCE = "chaofengc/IQA-PyTorch-Weights on Hugging Face"

_NIQE_BLOCK = 96
_DOWNLOAD_TIMEOUT = 15.0  # seconds without an answer; the downloader itself waits for ever
# The PIRM 2018 challenge (and pyiqa's "pi") measures both halves of PI under these conditions.
_PIRM = {"crop_border": 4, "color_space": "ycbcr"}


_FULL_REFERENCE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "psnr": psnr_of_any_size,
    "ssim": ssim_of_any_size,
    "psnr_wrapped": psnr_wrapped,
}


def measure(name: str, sr: np.ndarray, hr: np.ndarray, weights: Weights | None = None) -> float:
    """Value of the metric `name`, a key of `METRICS`; `sr` and `hr` have the same shape.

    Raises:
        UserError: the images are too small, or the metric's parameters cannot be had.
    """
    compare = _FULL_REFERENCE.get(name)
    return compare(sr, hr) if compare else no_reference(name, sr, weights)


def check_available(names: Collection[str], weights: Weights | None = None) -> None:
    """Load all that the metrics `names` need, so that a long run fails at its start or not at all.

    Raises:
        UserError: an unknown metric, a file for a metric that takes none, or parameters that can
            be neither read nor downloaded.
    """
    for name in names:
        if name not in METRICS:
            raise UserError(f"unknown metric {name!r}; the metrics are {', '.join(METRICS)}")
    for name in weights or {}:
        if name not in WEIGHT_FILES:
            raise UserError(f"no weights for {name!r}; they are for {', '.join(WEIGHT_FILES)}")
    for name in names:
        if not METRICS[name].full_reference:
            _models(name, weights)


def no_reference(name: str, sr: np.ndarray, weights: Weights | None = None) -> float:
    """piqe (0..100), niqe, nrqm (Ma, about 0..10) or pi of one image, as pyiqa defines them.

    niqe and nrqm see the luma of YIQ and no crop (pyiqa's and the authors' own code), pi its two
    parts as in the PIRM 2018 challenge: BT.601 luma, 4 px cropped, PI = ((10 - Ma) + NIQE) / 2.

    Raises:
        UserError: the image is too small or flat, or the metric's parameters cannot be had.
    """
    from torch.linalg import LinAlgError

    models = _models(name, weights)
    if name in ("niqe", "pi"):
        require_side(sr, _NIQE_BLOCK + (2 * _PIRM["crop_border"] if name == "pi" else 0))
    image = to_tensor(sr)
    try:
        values = [float(model(image)) for model in models]
    except LinAlgError:
        values = [math.nan]
    value = ((10 - values[0]) + values[1]) / 2 if len(values) == 2 else values[0]
    if not math.isfinite(value):
        raise UserError(f"{name} is undefined on this image: it is flat or nearly so")
    return value


def _models(name: str, weights: Weights | None) -> list[Any]:
    """The pyiqa metrics behind `name`; for pi [nrqm, niqe], since pyiqa's own takes no files."""
    parts, options = (PI_PARTS, _PIRM) if name == "pi" else ((name,), {})
    files = weights or {}
    return [_create(name, part, str(files.get(part) or ""), **options) for part in parts]


@cache
def _create(name: str, part: str, file: str, **options: Any) -> Any:
    import pyiqa
    import torch
    from scipy.io.matlab import MatReadError

    if file:
        options["pretrained_model_path"] = file
    try:
        # pyiqa announces downloads on stdout, which belongs to our caller's own output.
        with _network_timeout(), redirect_stdout(sys.stderr):
            return pyiqa.create_metric(part, device=torch.device("cpu"), **options)
    except (OSError, ValueError, KeyError, NotImplementedError, MatReadError) as error:
        trouble = f"{file} cannot be used" if file else "it cannot be downloaded"
        raise UserError(
            f"metric {name} needs {WEIGHT_FILES[part]}: {trouble} ({error}); get it from "
            f"{WEIGHTS_SOURCE} and give its path as evaluate.weights.{part} in params.yaml "
            f"or as --weights {part}=FILE, or leave {name} out"
        ) from None


@contextmanager
def _network_timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
