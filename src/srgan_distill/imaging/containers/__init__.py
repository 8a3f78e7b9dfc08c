"""What a file holds: data for a decoder of pixels, and what describes the picture beside them.

Decoders read far more than pixels, and refuse a whole photograph for a broken note in it. So they
get the file without its notes, which are taken out here, piece by piece: what cannot be read is
named and left out.
"""

import re
from collections.abc import Callable

from . import bmp, heif, jpeg, png, tiff, webp
from .container import Container

_BY_MAGIC: dict[bytes, Callable[[bytes], Container]] = {
    rb"\x89PNG\r\n\x1a\n": png.take_apart,
    rb"\xff\xd8\xff": jpeg.take_apart,
    rb"RIFF....WEBP": webp.take_apart,
    rb"(II[*+]\0|MM\0[*+])": tiff.take_apart,
    rb"BM": bmp.take_apart,
    rb"....ftyp": heif.take_apart,
}


def take_apart(data: bytes) -> Container | None:
    """The parts of a PNG, JPEG, WebP, TIFF, BMP, HEIC or AVIF file; None of another."""
    for magic, take in _BY_MAGIC.items():
        if re.match(magic, data, re.DOTALL):
            container = take(data)
            container.metadata.take_resolution()
            return container
    return None
