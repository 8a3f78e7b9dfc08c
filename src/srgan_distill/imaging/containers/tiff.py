"""TIFF 6.0 and BigTIFF."""

import struct

import numpy as np

from ..metadata import Metadata, Note
from ..tags import Tag, Tags
from .container import Container

ICC_TAG, XMP_TAG, PHOTOSHOP_TAG, _IPTC_TAG = 34675, 700, 34377, 33723
_IPTC_START = b"\x1c"

# Of a picture's own storage: sizes, places, how its values are packed and what they mean.
STORAGE_TAGS = (
    *range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(290, 294), 301,
    *range(317, 326), 330, *range(332, 335), 336, *range(338, 343), 347, *range(512, 516),
    *range(517, 522), *range(529, 533), 37724,
)  # fmt: skip


def take_apart(data: bytes) -> Container:
    """The whole file with the first picture's tags of storage; its other tags are notes."""
    tags = Tags(data)
    whole = tags.first()
    metadata = Metadata()
    if ICC_TAG in whole.tags:
        metadata.icc = whole.tags[ICC_TAG].data
    if XMP_TAG in whole.tags:
        metadata.xmp = whole.tags[XMP_TAG].data
    if PHOTOSHOP_TAG in whole.tags:
        metadata.photoshop = whole.tags[PHOTOSHOP_TAG].data
    if _IPTC_TAG in whole.tags:
        _take_iptc(metadata, whole.tags[_IPTC_TAG])
    metadata.exif = whole.without(*STORAGE_TAGS, ICC_TAG, XMP_TAG, PHOTOSHOP_TAG, _IPTC_TAG)
    if not whole.is_complete:
        metadata.lost.append(f"a part of the {Note.EXIF}")
    others = [number for number in whole.tags if number not in STORAGE_TAGS]
    directory = whole.without(*others, *whole.children)
    return Container("TIFF", data, metadata, max(1, Tags(data).pages()), directory=directory)


def _take_iptc(metadata: Metadata, tag: Tag) -> None:
    """Carry IPTC data in a block of Photoshop's: readers of EXIF data do not know TIFF's tag."""
    data = tag.data
    if tag.type == 4 and data[:1] != _IPTC_START:  # bytes that some programs call numbers
        data = np.frombuffer(data, "<u4").byteswap().tobytes()
    block = b"8BIM\x04\x04"
    if data[:1] != _IPTC_START:
        metadata.lost.append(Note.PHOTOSHOP)
    elif block not in (metadata.photoshop or b""):
        whole = block + bytes(2) + struct.pack(">I", len(data)) + data + bytes(len(data) % 2)
        metadata.photoshop = whole + (metadata.photoshop or b"")
