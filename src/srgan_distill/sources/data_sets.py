"""The data sets that params.yaml can name, and where they come from."""

from collections.abc import Iterable
from pathlib import Path

from ..common.params import Source
from ..common.paths import in_repository
from .catalogue import PUBLIC
from .folders import copy_images, own_images, space_of, what_is_left_out
from .mirror import Mirror
from .packages import PHOTOGRAPHS, copy_photographs
from .public import fetch_public, space_needed
from .store import Store

DATA_SETS = (*PHOTOGRAPHS, *PUBLIC)


def fetch(
    source: Source, target: Path, mirror: Mirror | None, store: Store, origins: dict[str, str]
) -> str:
    """Put the images of a data set into the folder `target`.

    Args:
        source: one of `DATA_SETS`, a part of it, or a folder.
        target: the folder.
        mirror: where public sets may lie.
        store: what loads them otherwise.
        origins: to which the user's own file of each copy is added.

    Returns:
        Where they came from, and what a folder holds beside images.

    Raises:
        Unavailable: a public data set that no place has; says why of each.
        UserError: a package lacks a photograph, a folder of the user's cannot be used, or the disk
            is too full.
    """
    if source.folder is not None:
        folder = in_repository(source.folder)
        origins |= copy_images(own_images(folder, source.first), target)
        return f"{folder}{what_is_left_out(folder)}"
    if source.set in PUBLIC:
        return fetch_public(source.set, target, mirror, store, source.first)
    copy_photographs(source.set, target, source.first)
    return "installed packages"


def space_of_sets(sources: Iterable[Source], mirror: Mirror | None, store: Store) -> int:
    """Bytes, about, that they take, with what has to be loaded, and with DVC's copy of them.

    Raises:
        UserError: a folder of the user's cannot be used.
    """
    sources = list(sources)
    folders = [source for source in sources if source.folder is not None]
    public = [(source.set, source.first) for source in sources if source.set in PUBLIC]
    own = sum(
        space_of(own_images(in_repository(source.folder), source.first).values())
        for source in folders
    )
    return own + space_needed(public, mirror, store)
