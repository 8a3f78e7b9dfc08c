"""PNG (W3C, third edition)."""

import struct
import zlib
from collections.abc import Iterator

from ..metadata import METRES_PER_INCH, Metadata, Note
from .container import Container

# Of what a PNG file holds compressed; a profile of a printer takes a few megabytes.
_MOST_UNPACKED = 64 * 2**20
_PNG_COLOUR = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8}
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_XMP_KEY = b"XML:com.adobe.xmp"


def take_apart(data: bytes) -> Container:
    """The chunks that pixels come from; all others are notes, a transparent colour among them."""
    metadata, pages, transparent = Metadata(), 1, None
    kept, at = [data[:8]], 8
    colour_type = data[25:26]
    for name, start, end in _chunks(data):
        body = data[start + 8 : end - 4]
        at = end
        if name == b"acTL" and len(body) == 8:
            pages = max(1, int.from_bytes(body[:4], "big"))
        elif name == b"tRNS" and colour_type != b"\3":
            transparent = _transparent_value(body, data[24], colour_type, metadata)
        elif name[0] < ord("a") or name == b"tRNS":
            kept.append(memoryview(data)[start:end])
        else:
            _png_note(name, body, metadata)
        if name == b"IEND":
            break
    else:
        kept.append(data[at:])  # what is damaged is the decoder's to judge
    return Container("PNG", b"".join(kept), metadata, pages, transparent)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        yield data[at + 4 : at + 8], at, end
        at = end


def _transparent_value(
    body: bytes, bits: int, colour_type: bytes, metadata: Metadata
) -> tuple[int, ...] | None:
    if len(body) != {b"\0": 2, b"\2": 6}.get(colour_type):
        metadata.lost.append(Note.TRANSPARENCY)
        return None
    values = struct.unpack(f">{len(body) // 2}H", body)
    largest = 2**bits - 1
    # Decoders widen 1, 2 and 4 bits to the whole range of 8.
    scale = 255 // largest if bits < 8 else 1
    return tuple((value & largest) * scale for value in values)


def _png_note(name: bytes, body: bytes, metadata: Metadata) -> None:
    if name == b"iCCP":
        with metadata.reading(Note.PROFILE):
            metadata.icc = _unpacked(body[body.index(b"\0") + 2 :])
    elif name == b"eXIf":
        metadata.read_exif(body)
    elif name == b"pHYs":
        with metadata.reading(Note.RESOLUTION):
            across, down, unit = struct.unpack(">IIB", body)
            if unit == 1:
                metadata.set_dpi(across * METRES_PER_INCH, down * METRES_PER_INCH)
    elif name in _PNG_COLOUR:
        if len(body) == _PNG_COLOUR[name]:
            metadata.png.append((name, body))
        else:
            metadata.lost.append(Note.GAMMA)
    elif name in TEXTS:
        with metadata.reading(Note.TEXT):
            _png_text(name, body, metadata)


def _png_text(name: bytes, body: bytes, metadata: Metadata) -> None:
    key, _, text = body.partition(b"\0")
    if not 0 < len(key) < 80:
        raise ValueError("a text without a keyword")
    if key == _XMP_KEY:
        metadata.xmp = _international_text(text) if name == b"iTXt" else text
    elif key in (b"Raw profile type exif", b"Raw profile type APP1"):  # ImageMagick's
        text = _unpacked(text[1:]) if name == b"zTXt" else text
        block = bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode())
        if block.startswith((b"Exif", b"II", b"MM")) and metadata.exif is None:
            metadata.read_exif(block)
    else:
        metadata.png.append((name, body))


def _international_text(text: bytes) -> bytes:
    is_packed = text[0]
    _, _, packed = text[2:].split(b"\0", 2)
    return _unpacked(packed) if is_packed else packed


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    result = unpacker.decompress(data, _MOST_UNPACKED)
    if not unpacker.eof:
        raise ValueError("not whole, or too long")
    return result
