"""Training tiles: photographs cut into two uint8 arrays, on disk from the start."""

from functools import partial
from itertools import accumulate, product
from pathlib import Path

import numpy as np

from ..common.disk import reserve
from ..common.errors import UserError
from ..common.params import PreprocessSettings
from ..common.scale import SCALE
from ..imaging.photographs import photograph_size
from .pairs import read_pair
from .workers import Workers


def corners(path: Path, tile: int, stride: int, most: int) -> list[tuple[int, int]]:
    """The (top, left) of each tile, in HR px, from the image's header alone.

    Tiles stand `stride` apart; the last of a row or column ends at the image's edge. Of more than
    `most`, as many are kept, evenly chosen.

    Raises:
        UserError: the image is unreadable or smaller than a tile; names it.
    """
    width, height = (side - side % SCALE for side in photograph_size(path))
    if min(height, width) < tile:
        raise UserError(
            f"image {path} has {width}x{height} px, smaller than a tile of {tile} px; remove it "
            "or lower preprocess.tile of the profile"
        )
    grid = list(product(_starts(height, tile, stride), _starts(width, tile, stride)))
    kept = min(most, len(grid))
    return [grid[index * len(grid) // kept] for index in range(kept)]


def _starts(length: int, tile: int, stride: int) -> list[int]:
    starts = list(range(0, length - tile + 1, stride))
    return starts if starts[-1] == length - tile else [*starts, length - tile]


def places_in(tile: int, stride: int, most: int, path: Path) -> tuple[Path, list[tuple[int, int]]]:
    """An image and its `corners`."""
    return path, corners(path, tile, stride, most)


def cut(folder: Path, tile: int, job: tuple[Path, list[tuple[int, int]], int]) -> range:
    """Write the tiles of one image into their place in the arrays of `folder`; returns the place.

    The LR is that of the whole image, so that a tile's border holds what lies beyond it, as in
    the test images.
    """
    path, places, first = job
    hr, lr = read_pair(path)
    for image, name, shrink in ((hr, "hr", 1), (lr, "lr", SCALE)):
        tiles = np.load(folder / f"{name}.npy", mmap_mode="r+")
        side = tile // shrink
        for number, (top, left) in enumerate(places, first):
            top, left = top // shrink, left // shrink
            tiles[number] = image[top : top + side, left : left + side].transpose(2, 0, 1)
        tiles.flush()
    return range(first, first + len(places))


def write_tiles(
    paths: list[Path], folder: Path, settings: PreprocessSettings, workers: Workers
) -> int:
    """Write hr.npy [n, 3, tile, tile] and lr.npy [n, 3, tile/4, tile/4], uint8; returns n.

    Memory stays that of one image per worker: the arrays are mapped files.

    Raises:
        UserError: an image cannot be used and such are not skipped, or none can be used.
        OSError: the disk is full.
    """
    tile = settings.tile
    find = partial(places_in, tile, settings.stride, settings.most_per_image)
    places = dict(workers.each(find, paths, "headers"))
    firsts = list(accumulate(map(len, places.values()), initial=0))
    folder.mkdir(parents=True, exist_ok=True)
    for name, side in (("hr", tile), ("lr", tile // SCALE)):
        shape = (firsts[-1], 3, side, side)
        _new_array(folder / f"{name}.npy", shape)
    jobs = list(zip(places, places.values(), firsts[:-1], strict=True))
    written = workers.each(partial(cut, folder, tile), jobs, "tiles")
    if len(written) < len(jobs):
        _keep(folder, [number for numbers in written for number in numbers])
    return sum(map(len, written))


def _new_array(path: Path, shape: tuple[int, ...]) -> np.memmap:
    """An array of zeros in a new file, of uint8, with all the room that it takes."""
    array = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    reserve(path)
    return array


def _keep(folder: Path, numbers: list[int]) -> None:
    """Drop all other tiles: those of images whose header is sound and the rest is not."""
    for path in (folder / "hr.npy", folder / "lr.npy"):
        tiles = np.load(path, mmap_mode="r")
        new = path.with_name(f"new_{path.name}")
        shape = (len(numbers), *tiles.shape[1:])
        kept = _new_array(new, shape)
        for place, number in enumerate(numbers):
            kept[place] = tiles[number]
        kept.flush()
        new.replace(path)
