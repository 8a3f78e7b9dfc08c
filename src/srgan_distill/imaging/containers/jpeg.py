"""JPEG, JFIF and the Multi-Picture Format."""

import struct
from contextlib import suppress

from ..metadata import Metadata, Note
from ..tags import Tags
from .container import Container

_PICTURES = 0xB001


def take_apart(data: bytes) -> Container:
    """The file without its notes, which are the segments before the scan that no decoder needs."""
    metadata, pages = Metadata(), 1
    kept, profile, at = [data[:2]], {}, 2
    # Up to the scan; decoders need the frame, the tables, and what JFIF and Adobe say of colours.
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"\xda", b"\xd9", b""):
        marker = data[at + 1]
        if marker in (0xFF, 0x01, *range(0xD0, 0xD9)):
            kept.append(data[at : at + 1 if marker == 0xFF else at + 2])
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if not at + 4 <= end <= len(data):
            break
        if marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE):
            _jpeg_note(marker, data[at + 4 : end], metadata, profile)
        else:
            kept.append(data[at:end])
        if marker == 0xE0:
            _jpeg_density(data[at + 4 : end], metadata)
        elif marker == 0xE2 and data[at + 4 : at + 8] == b"MPF\0":
            pages = _jpeg_pages(data[at + 8 : end])
        at = end
    kept.append(memoryview(data)[at:])
    if profile:
        with metadata.reading(Note.PROFILE):
            count = next(iter(profile))[1]
            metadata.icc = b"".join(profile[part, count] for part in range(1, count + 1))
    return Container("JPEG", b"".join(kept), metadata, pages)


def _jpeg_pages(index: bytes) -> int:
    """How many pictures the index of a Multi-Picture Format (CIPA DC-007) names; 1 if broken.

    Previews and the gain maps of phones count too: they are left out like any other.
    """
    with suppress(Exception):
        return max(1, Tags(index).first().number(_PICTURES, 1))
    return 1


def _jpeg_density(body: bytes, metadata: Metadata) -> None:
    if body.startswith(b"JFIF\0") and len(body) >= 12 and body[7] in (1, 2):
        per_inch = 1 if body[7] == 1 else 2.54
        across, down = struct.unpack(">HH", body[8:12])
        metadata.set_dpi(across * per_inch, down * per_inch)


def _jpeg_note(
    marker: int, body: bytes, metadata: Metadata, profile: dict[tuple[int, int], bytes]
) -> None:
    xmp, icc, photoshop = b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0", b"Photoshop 3.0\0"
    if marker == 0xFE:
        metadata.comment = metadata.comment or body
    elif body.startswith(b"Exif\0\0") and metadata.exif is None:
        metadata.read_exif(body)
    elif body.startswith(xmp):
        metadata.xmp = metadata.xmp or body.removeprefix(xmp)
    elif body.startswith(b"http://ns.adobe.com/xmp/extension/"):
        if "extended XMP" not in metadata.lost:
            metadata.lost.append("extended XMP")
    elif body.startswith(icc) and len(body) > 14:
        profile[body[12], body[13]] = body[14:]
    elif body.startswith(photoshop):
        metadata.photoshop = (metadata.photoshop or b"") + body.removeprefix(photoshop)
