"""Measure quality by a metric's name, on uint8 RGB arrays [height, width, 3], values 0..255.

Full-reference metrics compare SR with HR: those of `fidelity` by the standard protocol, LPIPS and
DISTS (pyiqa) over the whole RGB images. No-reference metrics (pyiqa) look at the whole SR image.
"""

import math
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from ..common.errors import UserError
from ..common.metrics import BACKBONES, METRICS, PI_PARTS, WEIGHT_FILES
from ..imaging.images import to_tensor
from ..imaging.protocol import require_side
from .backbones import in_place_of_torchvision, load_backbone, load_learnt
from .bands import psnr_of_any_size, ssim_of_any_size
from .fidelity import edge_sharpness, psnr_wrapped

# Local parameter files, by `WEIGHT_FILES`; a name left out (or None) is downloaded.
Weights = Mapping[str, str | Path | None]

PYIQA_SOURCE = "chaofengc/IQA-PyTorch-Weights on Hugging Face"
TORCHVISION_SOURCE = "download.pytorch.org/models"

_DOWNLOAD_TIMEOUT = 15.0  # seconds without an answer; the downloader itself waits for ever
# The PIRM 2018 challenge (and pyiqa's "pi") measures both halves of PI under these conditions.
_PIRM = {"crop_border": 4, "color_space": "ycbcr"}

# px: a block of NIQE's, with PIRM's border for PI; Ma cuts borders of 17 and compares windows of
# 11; AlexNet's strides leave one value.
_LEAST_SIDES = {"niqe": 96, "pi": 96 + 2 * 4, "nrqm": 2 * 17 + 11, "lpips": 31}


_FULL_REFERENCE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "psnr": psnr_of_any_size,
    "ssim": ssim_of_any_size,
    "psnr_wrapped": psnr_wrapped,
    "edges": edge_sharpness,
}


def measure(name: str, sr: np.ndarray, hr: np.ndarray, weights: Weights | None = None) -> float:
    """Value of the metric `name`, a key of `METRICS`; `sr` and `hr` have the same shape.

    Raises:
        UserError: the images are too small, or the metric's parameters cannot be had.
    """
    if compare := _FULL_REFERENCE.get(name):
        return compare(sr, hr)
    if name in BACKBONES:
        return feature_distance(name, sr, hr, weights)
    return no_reference(name, sr, weights)


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
        if name not in _FULL_REFERENCE:
            _models(name, weights)


def feature_distance(
    name: str, sr: np.ndarray, hr: np.ndarray, weights: Weights | None = None
) -> float:
    """lpips (of AlexNet, version 0.1) or dists of SR and HR, as pyiqa defines them; 0 where equal.

    Both see RGB in [0, 1] and no crop.

    Raises:
        UserError: the images are too small, or the metric's parameters cannot be had.
    """
    require_side(sr, _LEAST_SIDES.get(name, 1))
    (model,) = _models(name, weights)
    return float(model(to_tensor(sr), to_tensor(hr)))


def no_reference(name: str, sr: np.ndarray, weights: Weights | None = None) -> float:
    """piqe (0..100), niqe, nrqm (Ma, about 0..10) or pi of one image, as pyiqa defines them.

    niqe and nrqm see the luma of YIQ and no crop (pyiqa's and the authors' own code), pi its two
    parts as in the PIRM 2018 challenge: BT.601 luma, 4 px cropped, PI = ((10 - Ma) + NIQE) / 2.

    Raises:
        UserError: the image is too small or flat, or the metric's parameters cannot be had.
    """
    from torch.linalg import LinAlgError

    models = _models(name, weights)
    require_side(sr, _LEAST_SIDES.get(name, 1))
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

    def file(part: str) -> str:
        return str((weights or {}).get(part) or "")

    if name in BACKBONES:
        return [_create_on_backbone(name, file(name), file(BACKBONES[name]))]
    if name == "pi":
        return [_create(name, part, file(part), **_PIRM) for part in PI_PARTS]
    return [_create(name, name, file(name))]


@cache
def _create(name: str, part: str, file: str, **options: Any) -> Any:
    import pyiqa
    import torch

    if file:
        options["pretrained_model_path"] = file
    with _one_error(name, part, file):
        return pyiqa.create_metric(part, device=torch.device("cpu"), **options)


@cache
def _create_on_backbone(name: str, file: str, backbone_file: str) -> Any:
    import pyiqa
    import torch

    backbone = BACKBONES[name]
    with _one_error(name, backbone, backbone_file):
        network = load_backbone(backbone, backbone_file)
    with _one_error(name, name, file), in_place_of_torchvision(backbone, network):
        metric = pyiqa.create_metric(name, device=torch.device("cpu"), pretrained=not file)
        if file:
            load_learnt(metric, name, file)
        return metric


@contextmanager
def _one_error(name: str, part: str, file: str) -> Iterator[None]:
    """Whatever is wrong with a parameter file, or its download, in one line."""
    from scipy.io.matlab import MatReadError

    try:
        # pyiqa announces downloads on stdout, which belongs to our caller's own output.
        with _network_timeout(), redirect_stdout(sys.stderr):
            yield
    except (
        OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, RuntimeError,
        UnpicklingError, MatReadError,
    ) as error:  # fmt: skip
        trouble = f"{file} cannot be used" if file else "it cannot be downloaded"
        source = TORCHVISION_SOURCE if part in BACKBONES.values() else PYIQA_SOURCE
        raise UserError(
            f"metric {name} needs {WEIGHT_FILES[part]}: {trouble} ({_short(error)}); get it from "
            f"{source} and give its path as evaluate.weights.{part} in params.yaml "
            f"or as --weights {part}=FILE, or leave {name} out"
        ) from None


def _short(error: Exception) -> str:
    """An error in one line, of which torch writes many."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]}..."


@contextmanager
def _network_timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
