"""The sizes of known sets' images: by them, wrong data is told before anything is trained on it."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from ..common.errors import UserError
from ..imaging.photographs import photograph_size
from .unavailable import Unavailable

Size = tuple[int, int]  # width and height, px

# Publishers cut the images of a set to multiples of 2, 3, 4 or 12: fewer px than this.
MOST_CUT = 12

# 321 px high or, upright, wide: the whole of BSDS500.
_BSDS500 = (481, 321)


@cache
def published_sizes(data_set: str) -> Mapping[str, Size]:
    """The size of each image of a set by its name here; empty where that is not on record.

    The copies measured for published_sizes.csv are cut to multiples of 4 (General100's are not).
    """
    text = files(__package__).joinpath("published_sizes.csv").read_text(encoding="utf-8")
    return {
        row["image"]: (int(row["width"]), int(row["height"]))
        for row in csv.DictReader(text.splitlines())
        if row["set"] == data_set
    }


def check_sizes(data_set: str, images: Mapping[str, Path]) -> None:
    """Compare the images of a known set with those published.

    What is no image at all is for stage preprocess to refuse or to skip.

    Args:
        data_set: its name.
        images: file by the image's name here.

    Raises:
        Unavailable: an image is another one; names the file and both sizes.
    """
    sizes = published_sizes(data_set)
    for name, file in images.items():
        try:
            found = photograph_size(file)
        except UserError:
            continue
        expected = sizes.get(name)
        if data_set.startswith("BSDS500"):
            expected = _BSDS500 if found[0] > found[1] else _BSDS500[::-1]
        if expected and any(
            abs(side - right) >= MOST_CUT for side, right in zip(found, expected, strict=True)
        ):
            shown = f"{found[0]}x{found[1]} px"
            raise Unavailable(
                f"is another set: {file.name} has {shown}, {name} of {data_set} "
                f"{expected[0]}x{expected[1]}"
            )
