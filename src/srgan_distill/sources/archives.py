"""Images out of zip and tar archives, which come from strangers."""

import errno
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from ..common.disk import require_space
from ..imaging.images import SUFFIXES
from .unavailable import Unavailable

MOST_ENTRIES = 100_000
MOST_BYTES = 16 << 30  # of all entries together, unpacked
MOST_IMAGE_BYTES = 64 << 20  # of one image file; DIV2K's largest has 9 MB
MOST_MEAN_BYTES = 8 << 20

# One entry: its path, whether it is a plain file, its unpacked bytes, and how to open it.
Entry = tuple[str, bool, int, Callable[[], IO[bytes]]]


def extract_images(
    archive: Path,
    folders: tuple[str, ...],
    select: Callable[[list[str]], dict[str, str]],
    target: Path,
) -> None:
    """Write the images of one folder of an archive into `target`.

    Args:
        archive: a zip (by its name), or a tar packed in any way that tarfile reads.
        folders: the folder's path inside the archive, or its last parts; the first that is found
            in the archive counts.
        select: from all file names of that folder, those to write and how to call them.
        target: nothing is written outside of it.

    Raises:
        Unavailable: the archive is damaged, lacks the images, or holds what an honest one does
            not: paths out of the target, links, far too many or too large entries.
        UserError: the disk has no room for the images.
    """
    try:
        found = _scan(archive, folders)
        chosen = select([PurePosixPath(path).name for path in found])
        wanted = {path: chosen.get(PurePosixPath(path).name) for path in found}
        require_space(target, sum(found[path] for path, name in wanted.items() if name))
        target.mkdir(parents=True, exist_ok=True)
        for path, _, size, open_entry in _entries(archive):
            if name := wanted.get(path):
                with open_entry() as source, (target / name).open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                if (target / name).stat().st_size != size:
                    raise Unavailable(f"is damaged: {path} has another size than it says")
    except (
        zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError,
        NotImplementedError, RuntimeError, ValueError, IndexError, OverflowError,
    ) as error:  # fmt: skip
        # Another number is the disk's trouble; this one, of a place that is in no file.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise Unavailable(f"is damaged ({error})") from None


def _scan(archive: Path, folders: tuple[str, ...]) -> dict[str, int]:
    """Path and size of each wanted image, after a look at every entry."""
    found: dict[str, dict[str, int]] = {folder: {} for folder in folders}
    total = 0
    for number, (path, plain, size, _) in enumerate(_entries(archive), 1):
        total += size
        if number > MOST_ENTRIES or total > MOST_BYTES:
            raise Unavailable(
                f"holds more than {MOST_ENTRIES:,} entries or {MOST_BYTES >> 30} GiB unpacked"
            )
        windows = PureWindowsPath(path)  # knows both slashes, and drives
        if windows.anchor or ".." in windows.parts:
            raise Unavailable(f"holds the unsafe path {path!r}")
        place = PurePosixPath(path)
        folder = next((f for f in folders if _lies_in(place, f)), None)
        if folder is None or place.suffix.lower() not in SUFFIXES or place.name.startswith("."):
            continue
        if not plain:
            raise Unavailable(f"holds {path!r}, which is a link or no plain file")
        if size > MOST_IMAGE_BYTES:
            raise Unavailable(f"holds {path!r} of {size:,} bytes, too large for an image")
        if path in found[folder]:
            raise Unavailable(f"holds {path!r} twice")
        found[folder][path] = size
    images = next((images for images in found.values() if images), {})
    if sum(images.values()) > MOST_MEAN_BYTES * len(images):
        raise Unavailable(f"unpacks to {sum(images.values()):,} bytes of {len(images)} images")
    return images


def _lies_in(place: PurePosixPath, folder: str) -> bool:
    parts = PurePosixPath(folder).parts
    return place.parent.parts[-len(parts) :] == parts


def _entries(archive: Path) -> Iterator[Entry]:
    """Every entry but folders; one entry at a time of a tar, which is read from front to back."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    kind = info.external_attr >> 28  # Unix file type; 0 where none is noted
                    yield (
                        info.filename, kind in (0, 8), info.file_size,
                        lambda info=info: packed.open(info),
                    )  # fmt: skip
    else:
        with tarfile.open(archive) as packed:
            for member in packed:
                if not member.isdir():
                    yield (
                        member.name, member.isreg(), member.size,
                        lambda member=member: packed.extractfile(member),
                    )  # fmt: skip
