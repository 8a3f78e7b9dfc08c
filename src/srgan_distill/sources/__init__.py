"""The data sets that params.yaml can name, and where they come from."""

from pathlib import Path

from .packages import PHOTOGRAPHS, copy_photographs

DATA_SETS = tuple(PHOTOGRAPHS)


def fetch(data_set: str, target: Path) -> None:
    """Put the images of one of `DATA_SETS` into the folder `target`."""
    copy_photographs(data_set, target)
