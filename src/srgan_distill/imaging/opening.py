"""A file in Pillow, by the package that reads its format."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO

from PIL import Image

from .containers import Container
from .tags import packed

ALONE = threading.RLock()
"""Held while what the whole process shares is changed and put back: a second thread between would
find the changed value, and leave it."""


class Refused(Exception):
    """What a file holds that no pixels of 8 or 16 bits come from; completes "image X ..."."""


@contextmanager
def opened(container: Container) -> Iterator[Image.Image]:
    """The file in Pillow, without its warnings, and of any size.

    What describes an HEIC or AVIF picture is added to the container's metadata.
    """
    if container.kind in ("HEIC", "AVIF"):
        _see_that_pillow_reads(container.kind)
    data = container.data
    if container.kind == "TIFF":
        data = _tiff_of(container)
    kinds = [container.kind]
    if container.kind in ("HEIC", "AVIF"):  # Pillow takes no name that it does not know
        kinds = [kind for kind in ("AVIF", "HEIF") if kind in Image.OPEN]
    with _of_any_size_without_warnings(), Image.open(BytesIO(data), formats=kinds) as image:
        if container.kind in ("HEIC", "AVIF"):
            _take_metadata(container, image)
        yield image


@contextmanager
def _of_any_size_without_warnings() -> Iterator[None]:
    with ALONE, warnings.catch_warnings(action="ignore"):
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _see_that_pillow_reads(kind: str) -> None:
    """AVIF by itself, as most of its builds do, else by pillow-heif."""
    Image.init()
    if kind == "AVIF" and "AVIF" in Image.OPEN:
        return
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        raise Refused(
            f"is {kind}, which the package pillow-heif reads: `pip install pillow-heif`, or save "
            "it as PNG, JPEG, WebP, TIFF or BMP"
        ) from None


def _take_metadata(container: Container, image: Image.Image) -> None:
    metadata = container.metadata
    metadata.icc, metadata.xmp = image.info.get("icc_profile"), image.info.get("xmp")
    if exif := image.info.get("exif"):
        metadata.read_exif(exif)
        metadata.take_resolution()
    container.pages = getattr(image, "n_frames", 1)


def _tiff_of(container: Container) -> bytes:
    """The file with the container's directory, behind everything else, as its only one."""
    data, directory = container.data, container.directory
    is_big = data[2:4] in (b"+\0", b"\0+")
    place = len(data) + len(data) % 2
    start, length = (8, 8) if is_big else (4, 4)
    order = "little" if directory.order == "<" else "big"
    header = data[:start] + place.to_bytes(length, order)
    parts = header, memoryview(data)[len(header) :], bytes(len(data) % 2)
    return b"".join((*parts, packed(directory, place, is_big)))
