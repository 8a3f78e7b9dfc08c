"""The grid: a pattern of 4 px that a generator draws into flat areas.

A constant LR image tells a generator nothing but its colour, and every layer is a convolution: what
it gives repeats every SCALE pixels, and should be constant. Whatever is not, is the grid.
"""

import torch

from ..common.scale import SCALE
from .generator import Generator

# RGB in [0, 1], as photographs have them: black, grey, white, skin, sky, leaves, brick.
COLOURS = (
    (0.0, 0.0, 0.0), (0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (0.8, 0.6, 0.5), (0.4, 0.6, 0.9),
    (0.3, 0.5, 0.2), (0.6, 0.3, 0.25),
)  # fmt: skip
VISIBLE = 0.5
"""Grey levels: the strongest grid of a model that is offered to people by name."""

# LR pixels. The borders reach the middle of so small an image, but weakly: the trained generators'
# grids are the same to 0.01 grey levels on 32 px as on 96.
_SIDE = 32


@torch.no_grad()
def grid(generator: Generator) -> float:
    """How strong the grid is, in grey levels (0..255): 0 is none.

    The standard deviation of the repeated cell, the largest over `COLOURS` and over red, green and
    blue. The generator is left in eval mode.
    """
    weight = generator.tail.weight
    colours = torch.tensor(COLOURS, device=weight.device)
    sr = generator.eval()(colours[:, :, None, None].expand(-1, -1, _SIDE, _SIDE))
    middle = slice(_SIDE // 2 * SCALE, (_SIDE // 2 + 1) * SCALE)
    cells = sr[:, :, middle, middle].float()
    return 255 * cells.flatten(2).std(2, correction=0).max().item()
