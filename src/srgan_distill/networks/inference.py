"""A trained generator as a function from image to image."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..common.scale import SCALE
from ..imaging.images import to_tensor, to_uint8
from .compute import choose_compute
from .generator import Generator

Upscale = Callable[[np.ndarray], np.ndarray]

# LR pixels that a network has in work at once: a teacher's take 10 kB each. No image of the test
# sets has more; a photograph of 24 megapixels has 1.5 million.
MOST_AT_ONCE = 2**18


def super_resolve(
    generator: Callable[[Tensor], Tensor], lr: Tensor, reach: int, most: int = MOST_AT_ONCE
) -> Tensor:
    """SR [1, 3, 4h, 4w] of LR [1, 3, h, w], RGB in [0, 1] (SR not clipped), in bounded memory.

    A larger image is cut into bands of rows, each with all that its result depends on.

    Args:
        generator: a `Generator`, or the model exported of one.
        lr: the image.
        reach: its `receptive_radius`.
        most: LR pixels of a band, its surroundings included, where they leave room for any.
    """
    height, width = lr.shape[-2:]
    if height * width <= most:
        return generator(lr)
    rows = max(most // width - 2 * reach, reach)
    bands = []
    for top in range(0, height, rows):
        above, bottom = max(top - reach, 0), min(top + rows, height)
        sr = generator(lr[..., above : bottom + reach, :])
        bands.append(sr[..., SCALE * (top - above) : SCALE * (bottom - above), :])
    return torch.cat(bands, dim=-2)


def upscaler(generator: Generator, device: str) -> Upscale:
    """A function from LR to SR, uint8 RGB [h, w, 3] to [4h, 4w, 3]; float32 throughout.

    Args:
        generator: in evaluation mode; it is moved to the device.
        device: `hardware.device`.

    Raises:
        UserError: no such device.
    """
    compute = choose_compute(device, "float32")
    generator = compute.place(generator)
    reach = generator.receptive_radius

    @torch.inference_mode()
    def upscale(lr: np.ndarray) -> np.ndarray:
        return to_uint8(super_resolve(generator, to_tensor(lr).to(compute.device), reach))

    return upscale
