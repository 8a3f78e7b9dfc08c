"""LR and HR of validation and test images, as PNG."""

from functools import partial
from pathlib import Path

from ..common.errors import UserError
from ..imaging.images import write_png
from ..imaging.pairs import HR, LR, degrade
from .workers import Workers


def write_pair(folder: Path, path: Path) -> Path:
    """Write one image's HR and LR as PNG under folder/HR and folder/LR; returns `path`."""
    hr, lr = degrade(path)
    write_png(folder / HR / f"{path.stem}.png", hr)
    write_png(folder / LR / f"{path.stem}.png", lr)
    return path


def write_pairs(paths: list[Path], folder: Path, workers: Workers) -> int:
    """Write each image's HR and LR as PNG under folder/HR and folder/LR; returns how many.

    Raises:
        UserError: an image cannot be used and such are not skipped, or none can be used, or two
            have one name.
    """
    by_name = {path.stem: path for path in paths}
    for path in paths:
        if by_name[path.stem] != path:
            raise UserError(f"images {path} and {by_name[path.stem]} share a name; rename one")
    return len(workers.each(partial(write_pair, folder), paths, folder.name))
