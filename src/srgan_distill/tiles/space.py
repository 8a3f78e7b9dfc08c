"""What a profile's tiles and pairs take on the disk, from the images' headers alone."""

from collections.abc import Iterable
from contextlib import suppress
from math import prod
from pathlib import Path

from ..common.disk import copies
from ..common.errors import UserError
from ..common.params import PreprocessSettings
from ..common.scale import SCALE
from ..imaging.photographs import photograph_size
from .cutting import corners

CHANNELS = 3


def space_needed(
    tiled: Iterable[Path], paired: Iterable[Path], settings: PreprocessSettings
) -> int:
    """Bytes, at most, of the tiles of some images and the pairs of others, with DVC's copy.

    Images that cannot be read count nothing: they are refused or skipped when it is their turn.
    """
    pixels = 0
    for path in tiled:
        with suppress(UserError):
            places = corners(path, settings.tile, settings.stride, settings.most_per_image)
            pixels += len(places) * settings.tile**2
    for path in paired:
        with suppress(UserError):
            pixels += prod(photograph_size(path))
    return copies() * pixels * CHANNELS * (SCALE**2 + 1) // SCALE**2
