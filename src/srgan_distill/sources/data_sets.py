"""The data sets that params.yaml can name, and where they come from."""

from pathlib import Path

from .catalogue import PUBLIC
from .mirror import Mirror
from .packages import PHOTOGRAPHS, copy_photographs
from .public import fetch_public
from .store import Store

DATA_SETS = (*PHOTOGRAPHS, *PUBLIC)


def fetch(data_set: str, target: Path, mirror: Mirror | None, store: Store) -> str:
    """Put the images of one of `DATA_SETS` into the folder `target`; returns where they came from.

    Raises:
        Unavailable: a public data set that no place has; says why of each.
        UserError: a package lacks a photograph, or the disk is too full.
    """
    if data_set in PUBLIC:
        return fetch_public(data_set, target, mirror, store)
    copy_photographs(data_set, target)
    return "installed packages"
