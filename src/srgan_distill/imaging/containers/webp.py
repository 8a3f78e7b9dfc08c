"""WebP."""

from ..metadata import Metadata
from .container import Container


def take_apart(data: bytes) -> Container:
    """The whole file, whose decoder passes over the notes taken from its chunks."""
    metadata, frames, at = Metadata(), 0, 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + size] if name in (b"ICCP", b"EXIF", b"XMP ") else b""
        if name == b"ICCP":
            metadata.icc = body
        elif name == b"EXIF":
            metadata.read_exif(body)
        elif name == b"XMP ":
            metadata.xmp = body
        frames += name == b"ANMF"
        at += 8 + size + size % 2
    return Container("WebP", data, metadata, max(1, frames))
