"""Public data sets, from the user's mirror or from the network."""

import shutil
from collections.abc import Collection
from pathlib import Path

from ..common.disk import copies
from ..common.errors import UserError
from ..imaging.images import list_images
from .archives import extract_images
from .catalogue import PUBLIC, Archive, PublicSet
from .folders import require_file
from .mirror import Mirror
from .published import check_sizes
from .store import Store
from .unavailable import Unavailable


def fetch_public(
    name: str, target: Path, mirror: Mirror | None, store: Store, first: int | None = None
) -> str:
    """Put the images of one of `PUBLIC`, or the first of them, into the folder `target`.

    A mirror's folder comes first, then a mirror's archive, then what was loaded before, then the
    network.

    Returns:
        Where they came from.

    Raises:
        Unavailable: names every place that was tried, and why it does not serve.
        UserError: the disk is too full.
    """
    data_set = PUBLIC[name].part(first)
    reasons: list[str] = []
    for attempt in (_from_folder, _from_archive, _from_network):
        try:
            return "; ".join([attempt(name, data_set, target, mirror, store), *reasons])
        except Unavailable as error:
            reasons += [str(error)] if str(error) else []
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def _from_folder(
    name: str, data_set: PublicSet, target: Path, mirror: Mirror | None, store: Store
) -> str:
    reasons = []
    for folder in mirror.folders(*data_set.folders, name) if mirror else ():
        try:
            files = [path.name for path in list_images(folder)]
        except UserError:
            continue  # Set5 may hold nothing but Set5/HR
        try:
            chosen = data_set.select(files)
            for file in chosen:
                require_file(folder / file)
            check_sizes(name, {Path(new).stem: folder / file for file, new in chosen.items()})
        except (Unavailable, UserError) as error:
            reasons.append(f"{folder} {error}")
            continue
        target.mkdir(parents=True, exist_ok=True)
        for file, new in chosen.items():
            mirror.copy(folder / file, target / new)
        return str(folder)
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def _from_archive(
    name: str, data_set: PublicSet, target: Path, mirror: Mirror | None, store: Store
) -> str:
    reasons = []
    for archive in data_set.archives if mirror else ():
        for path in mirror.files(archive.name):
            try:
                store.verify(path, archive.md5)
                _unpack(name, data_set, path, target)
                return str(path)
            except Unavailable as error:
                reasons.append(f"{path} {error}")
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def _from_network(
    name: str, data_set: PublicSet, target: Path, mirror: Mirror | None, store: Store
) -> str:
    reasons = []
    for archive in data_set.archives:
        for url in archive.urls:
            try:
                path = store.load(url, archive.name, archive.md5)
            except Unavailable as error:
                reasons.append(str(error))
                continue
            try:
                _unpack(name, data_set, path, target)
                return url
            except Unavailable as error:
                if archive.md5 is None:  # with one, it is what was published: keep it
                    store.drop(url, archive.name, f"{archive.name} {error}")
                reasons.append(f"{url} {error}")
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def _unpack(name: str, data_set: PublicSet, archive: Path, target: Path) -> None:
    """Extract a data set, or leave nothing behind for what is tried next."""
    try:
        extract_images(archive, data_set.folders, data_set.select, target)
        check_sizes(name, {path.stem: path for path in sorted(target.iterdir())})
    except Unavailable:
        shutil.rmtree(target, ignore_errors=True)
        raise


def space_needed(
    sets: Collection[tuple[str, int | None]], mirror: Mirror | None, store: Store
) -> int:
    """Bytes, about: archives still to be loaded, and images twice, for DVC's cache has a copy.

    Args:
        sets: names of public sets, with how many of their images are wanted; None: all.
        mirror: where they may lie.
        store: where their archives may lie.
    """
    archives: set[Archive] = set()
    for name in {name for name, _ in sets}:
        data_set = PUBLIC[name]
        local = mirror and (
            any(mirror.folders(*data_set.folders, name))
            or any(True for archive in data_set.archives for _ in mirror.files(archive.name))
        )
        if not local:
            archives.add(data_set.archives[0])
    loaded = {a for a in archives if any(store.path(u, a.name, a.md5).exists() for u in a.urls)}
    images = sum(PUBLIC[name].part(first).megabytes for name, first in sets)
    return (sum(archive.megabytes for archive in archives - loaded) + copies() * images) * 10**6
