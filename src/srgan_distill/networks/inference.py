"""A trained generator as a function from image to image."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ..imaging.images import to_tensor, to_uint8
from .compute import choose_compute
from .weights import load_generator

Upscale = Callable[[np.ndarray], np.ndarray]


def upscaler(weights: Path, device: str) -> Upscale:
    """A function from LR to SR, uint8 RGB [h, w, 3] to [4h, 4w, 3]; float32 throughout.

    Args:
        weights: a generator's file.
        device: `hardware.device`.

    Raises:
        UserError: no such device, or the file is missing or none of a generator.
    """
    compute = choose_compute(device, "float32")
    generator = compute.place(load_generator(weights))

    @torch.inference_mode()
    def upscale(lr: np.ndarray) -> np.ndarray:
        return to_uint8(generator(to_tensor(lr).to(compute.device)))

    return upscale
