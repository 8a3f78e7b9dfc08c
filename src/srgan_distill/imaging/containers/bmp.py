"""BMP."""

import struct

from ..metadata import METRES_PER_INCH, Metadata, Note
from .container import Container


def take_apart(data: bytes) -> Container:
    """The whole file, whose decoder passes over the resolution and the profile taken from it."""
    metadata = Metadata()
    with metadata.reading(Note.RESOLUTION):
        header = int.from_bytes(data[14:18], "little")
        if header >= 40:
            across, down = struct.unpack("<ii", data[38:46])
            metadata.set_dpi(across * METRES_PER_INCH, down * METRES_PER_INCH)
        if header == 124 and data[70:74] == b"DEBM":
            start, size = struct.unpack("<II", data[126:134])
            metadata.icc = data[14 + start : 14 + start + size] or None
    return Container("BMP", data, metadata)
