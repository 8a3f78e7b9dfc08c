"""Is an exported model the network that was trained? On several sizes, in values and in pixels."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import nn

from ..common.errors import UserError
from .runtime import Session

SIZES = ((1, 48, 48), (1, 33, 47), (2, 17, 40), (1, 61, 31))
"""Batch, height and width of the LR: even, odd, several images."""

MOST_DIFFERENCE = 1e-4
MOST_LEVELS = 1
MOST_CHANGED = 1e-4  # share of the values
_SEED = 0


@dataclass(frozen=True)
class Parity:
    """The largest differences over all sizes.

    `difference` over [0, 1]; after rounding to uint8, `levels` in grey levels and `changed` the
    share of values that are not equal.
    """

    difference: float
    levels: float
    changed: float

    def figures(self) -> dict[str, float]:
        """Rounded, for a metrics file."""
        return {name: round(value, 8) for name, value in asdict(self).items()}


@torch.inference_mode()
def check_parity(name: str, run: Session, network: nn.Module) -> Parity:
    """Compare `run`, an exported model, with `network` on random images of `SIZES`.

    The network computes in float64: in float32, oneDNN's convolutions alone round differently
    enough to change about 0.01 % of the pixels. It is left in float32.

    Raises:
        UserError: a limit is passed; names the model, the size and the difference.
    """
    random = np.random.default_rng(_SEED)
    found = []
    network.double()
    for count, height, width in SIZES:
        lr = random.random((count, 3, height, width), np.float32)
        parity = _compare(network(torch.from_numpy(lr).double()).numpy(), run(lr))
        where = f"on {count} images of {width}x{height} px"
        _require(name, where, "the largest difference", parity.difference, MOST_DIFFERENCE)
        _require(name, where, "the largest difference in grey levels", parity.levels, MOST_LEVELS)
        found.append(parity)
    network.float()
    values = [count * height * width for count, height, width in SIZES]
    changed = float(np.average([parity.changed for parity in found], weights=values))
    _require(name, "over all sizes", "the share of changed grey levels", changed, MOST_CHANGED)
    return Parity(
        max(parity.difference for parity in found), max(parity.levels for parity in found), changed
    )


def _require(name: str, where: str, what: str, value: float, limit: float) -> None:
    if not value <= limit:  # nor is NaN
        raise UserError(
            f"{name} is not the network that was trained: {where}, {what} is {value:.3g}, more "
            f"than {limit:g}; report this with the versions of torch, onnx and onnxruntime"
        )


def _compare(expected: np.ndarray, got: np.ndarray) -> Parity:
    levels = np.abs(_grey_levels(expected) - _grey_levels(got))
    return Parity(
        float(np.abs(expected - got).max()), float(levels.max()), float((levels > 0).mean())
    )


def _grey_levels(image: np.ndarray) -> np.ndarray:
    return (image.clip(0, 1) * 255).round()
