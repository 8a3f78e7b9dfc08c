"""Where to cut an image so that its tiles, upscaled one by one, make the image upscaled whole."""

from collections.abc import Iterator
from math import ceil

import numpy as np


def margin(blocks: int) -> int:
    """LR pixels around a tile that its SR pixels depend on: the generator's receptive field.

    From the output back, for a generator with so many residual blocks: the 9x9 tail reads 4 pixels
    to either side at 4x, which are 2 at 2x; the last upsampling convolution (3x3) 1 more there.
    Those 3 at 2x reach 2 LR pixels beyond the tile, for a pixel at its edge is the outer one of
    its pair. To them come 1 for the first upsampling convolution, 1 for the fusing one, 2 for the
    two convolutions of each block and 4 for the 9x9 head.
    """
    return 2 + 1 + 1 + 2 * blocks + 4


def spans(length: int, longest: int) -> Iterator[tuple[int, int]]:
    """Cut 0..length into the fewest spans of at most `longest`, of equal length up to 1."""
    count = ceil(length / longest)
    for index in range(count):
        yield length * index // count, length * (index + 1) // count


def widened(start: int, stop: int, by: int, length: int, beyond: int) -> range:
    """A span with its neighbours, as far as there are any, and `beyond` mirrored pixels at most.

    The network pads every layer with zeros. It must meet them where it does in the whole image,
    `beyond` pixels off the border, and nowhere else: a tile is never padded.
    """
    return range(max(-beyond, start - by), min(length + beyond, stop + by))


def mirrored(places: range, length: int) -> np.ndarray:
    """The places of a row of `length` pixels that stand for `places`, also beyond its ends."""
    folded = np.arange(places.start, places.stop) % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)
