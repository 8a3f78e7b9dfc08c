"""Stage preprocess: training tiles as two uint8 arrays; LR and HR of validation and test images."""

import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import accumulate, product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .errors import UserError, exit_code
from .images import crop_to_multiple, image_size, list_images, read_rgb, write_png
from .layout import Layout
from .params import PreprocessScale, load
from .quality.protocol import SCALE, bicubic


def degrade(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """An image cut to multiples of the scale, and its LR by MATLAB's antialiased bicubic.

    Returns:
        HR uint8 [H, W, 3] and LR uint8 [H/4, W/4, 3].
    """
    hr = crop_to_multiple(read_rgb(path), SCALE)
    return hr, bicubic(hr, 1 / SCALE)


def corners(path: Path, tile: int, stride: int, most: int) -> list[tuple[int, int]]:
    """The (top, left) of each tile, in HR px, from the image's header alone.

    Tiles stand `stride` apart; the last of a row or column ends at the image's edge. Of more than
    `most`, as many are kept, evenly chosen.

    Raises:
        UserError: the image is unreadable or smaller than a tile; names it.
    """
    width, height = (side - side % SCALE for side in image_size(path))
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


def cut(folder: Path, tile: int, job: tuple[Path, list[tuple[int, int]], int]) -> None:
    """Write the tiles of one image into their place in the arrays of `folder`.

    The LR is made from the whole image, so that a tile's border holds what lies beyond it, as in
    the test images.
    """
    path, places, first = job
    hr, lr = degrade(path)
    for image, name, shrink in ((hr, "hr", 1), (lr, "lr", SCALE)):
        tiles = np.load(folder / f"{name}.npy", mmap_mode="r+")
        side = tile // shrink
        for number, (top, left) in enumerate(places, first):
            top, left = top // shrink, left // shrink
            tiles[number] = image[top : top + side, left : left + side].transpose(2, 0, 1)
        tiles.flush()


def write_tiles(paths: list[Path], folder: Path, scale: PreprocessScale) -> int:
    """Write hr.npy [n, 3, tile, tile] and lr.npy [n, 3, tile/4, tile/4], uint8; returns n.

    Memory stays that of one image per worker: the arrays are mapped files.
    """
    tile = scale.tile
    places = [corners(path, tile, scale.stride, scale.most_per_image) for path in paths]
    firsts = list(accumulate(map(len, places), initial=0))
    folder.mkdir(parents=True, exist_ok=True)
    for name, side in (("hr", tile), ("lr", tile // SCALE)):
        shape = (firsts[-1], 3, side, side)
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, shape).flush()
    jobs = list(zip(paths, places, firsts[:-1], strict=True))
    bar = partial(tqdm, total=len(jobs), desc="preprocess", unit="image")
    work = partial(cut, folder, tile)
    if scale.workers == 1:  # starting a process takes longer than a few photographs
        deque(bar(map(work, jobs)), maxlen=0)
    else:
        with ProcessPoolExecutor(scale.workers, get_context("spawn")) as pool:
            deque(bar(pool.map(work, jobs)), maxlen=0)
    return firsts[-1]


def write_pairs(paths: list[Path], folder: Path) -> None:
    """Write each image's HR and LR as PNG under folder/HR and folder/LR."""
    for path in paths:
        hr, lr = degrade(path)
        write_png(folder / "HR" / f"{path.stem}.png", hr)
        write_png(folder / "LR" / f"{path.stem}.png", lr)


def run() -> None:
    """Prepare everything that training and evaluation read."""
    params = load()
    layout = Layout(params.profile)
    sets = params.budget.download
    scale = params.budget.preprocess

    def images(data_sets: list[str]) -> list[Path]:
        return [path for name in data_sets for path in list_images(layout.folder("download", name))]

    target = layout.folder("preprocess")
    count = write_tiles(images(sets.train), target / "train", scale)
    write_pairs(images(sets.validation), target / "validation")
    for name in sets.test:
        write_pairs(images([name]), target / "test" / name)
    print(f"preprocess: {count} tiles of {scale.tile}x{scale.tile} px in {target / 'train'}")


if __name__ == "__main__":
    sys.exit(exit_code(run))
