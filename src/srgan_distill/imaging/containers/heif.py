"""HEIC and AVIF: ISO/IEC 23008-12, on the boxes of ISO/IEC 14496-12."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from ..metadata import Metadata
from .container import Container

# Code points of ITU-T H.273; what says nothing, and the curve of television, pass for sRGB.
_SRGB_PRIMARIES, _SRGB_TRANSFERS = {1, 2}, {1, 2, 6, 13, 14, 15}


def take_apart(data: bytes) -> Container:
    """The file, whose notes its decoder reads; what that keeps to itself is taken from here."""
    brands = {data[at : at + 4] for at in range(8, 64, 4)}
    kind = "AVIF" if brands & {b"avif", b"avis"} else "HEIC"
    metadata = Metadata()
    with suppress(Exception):  # what is damaged is the decoder's to judge
        _describe(_of_first_picture(data), metadata)
    return Container(kind, data, metadata)


def _describe(properties: list[tuple[bytes, bytes]], metadata: Metadata) -> None:
    """Note more than 8 bits, which decoders cut down, and colours that are not sRGB's."""
    colours = {body[:4]: body[4:] for name, body in properties if name == b"colr"}
    if b"nclx" in colours and not colours.keys() & {b"prof", b"rICC"}:
        primaries, transfer = struct.unpack(">HH", colours[b"nclx"][:4])
        if primaries not in _SRGB_PRIMARIES or transfer not in _SRGB_TRANSFERS:
            # As a PNG file says it, of RGB over the full range.
            metadata.png.append((b"cICP", bytes((primaries, transfer, 0, 1))))
    bits = max((max(body[5:]) for name, body in properties if name == b"pixi"), default=8)
    if bits > 8:
        metadata.lost.append(f"{bits} bits")


def _of_first_picture(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of the properties of the primary item."""
    meta = dict(_boxes(next(content for name, content in _boxes(data) if name == b"meta")[4:]))
    pitm, iprp = BytesIO(meta[b"pitm"]), dict(_boxes(meta[b"iprp"]))
    version = pitm.read(4)[0]
    primary = _number(pitm, 4 if version else 2)
    properties, ipma = list(_boxes(iprp[b"ipco"])), BytesIO(iprp[b"ipma"])
    version, _, _, flags = ipma.read(4)
    size = 2 if flags & 1 else 1
    for _ in range(_number(ipma, 4)):
        item = _number(ipma, 4 if version else 2)
        # The highest bit says that a property is essential.
        places = [_number(ipma, size) % 2 ** (8 * size - 1) for _ in range(_number(ipma, 1))]
        if item == primary:
            return [properties[place - 1] for place in places if place]
    return []


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of the boxes of 32-bit lengths that lie one behind the other."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if not 8 <= length <= len(data) - at:
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def _number(data: BytesIO, size: int) -> int:
    """The next number; past the end there is none, however many the file says that there are."""
    digits = data.read(size)
    if len(digits) < size:
        raise EOFError
    return int.from_bytes(digits, "big")
