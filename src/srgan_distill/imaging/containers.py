"""What a file holds: data for a decoder of pixels, and what describes the picture beside them.

Decoders read far more than pixels, and refuse a whole photograph for a broken note in it. So they
get the file without its notes, which are taken out here, piece by piece: what cannot be read is
named and left out.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from .tags import ORIENTATION, Directory, Tag, Tags


class Note(StrEnum):
    """What can describe a picture beside its pixels, as messages call it."""

    PROFILE = "colour profile"
    EXIF = "EXIF data"
    XMP = "XMP"
    RESOLUTION = "resolution"
    PHOTOSHOP = "Photoshop and IPTC data"
    COMMENT = "comment"
    GAMMA = "gamma and primaries"
    TEXT = "text"
    TRANSPARENCY = "transparency"


# Of what a PNG file holds compressed; a profile of a printer takes a few megabytes.
_MOST_UNPACKED = 64 * 2**20
_INCHES_PER_METRE = 0.0254
_MOST_PER_INCH = 65_535  # what JPEG has room for
_PNG_COLOUR = {b"gAMA": 4, b"cHRM": 32, b"sRGB": 1, b"cICP": 4, b"mDCV": 24, b"cLLI": 8}
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_XMP_KEY = b"XML:com.adobe.xmp"
_XMP_TURN = re.compile(rb"""tiff:Orientation(=["']|>)\s*([0-9])""")


@dataclass
class Metadata:
    """What describes a picture beside its pixels, each None or empty where it is missing.

    `icc` is a colour profile; `exif` EXIF's directories, orientation included; `xmp` an XMP
    packet; `dpi` pixels per inch, horizontal and vertical, 1 to 65,535; `photoshop`
    Photoshop's resource blocks, where IPTC data are; `comment` a JPEG file's; `png` a PNG file's
    chunks for colours (gAMA, cHRM, sRGB ...) and texts, as name and data; `lost` what of all this
    the file has but could not be read.
    """

    icc: bytes | None = None
    exif: Directory | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    photoshop: bytes | None = None
    comment: bytes | None = None
    png: list[tuple[bytes, bytes]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def read_exif(self, data: bytes) -> None:
        """Take EXIF data as files store them, or note that they cannot be read."""
        data = re.sub(rb"\A(Exif\0\0){1,2}", b"", data)
        with self.reading(Note.EXIF):
            self.exif = Tags(data).first()
            if not self.exif.is_complete:
                self.lost.append(f"a part of the {Note.EXIF}")

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """A context in which any failure means that `name` cannot be read."""
        try:
            yield
        except Exception:  # decoders of damaged data raise all kinds
            self.lost.append(name)

    def set_dpi(self, horizontal: float, vertical: float) -> None:
        """Take a resolution in pixels per inch, if it is one."""
        if all(1 <= dpi <= _MOST_PER_INCH for dpi in (horizontal, vertical)):
            self.dpi = horizontal, vertical
        elif (horizontal, vertical) != (0, 0):
            self.lost.append(Note.RESOLUTION)

    def orientation(self) -> int:
        """How EXIF data, or XMP where these say nothing, want the picture turned: 1 to 8."""
        found = self.exif.number(ORIENTATION) if self.exif else 0
        if not found and self.xmp and (match := _XMP_TURN.search(self.xmp)):
            found = int(match[2])
        return found if 1 <= found <= 8 else 1


@dataclass
class Container:
    """A file taken apart.

    `kind` is its format; `data` what a decoder needs; `pages` how many pictures it holds;
    `transparent` the value of a PNG file's transparent pixels, grey or red, green and blue;
    `directory` the tags of a TIFF file.
    """

    kind: str
    data: bytes
    metadata: Metadata
    pages: int = 1
    transparent: tuple[int, ...] | None = None
    directory: Directory = field(default_factory=Directory)


def take_apart(data: bytes) -> Container | None:
    """The parts of a PNG, JPEG, WebP, TIFF, BMP, HEIC or AVIF file; None of another."""
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return _tiff(data)
    if data[4:8] == b"ftyp":
        brands = {data[at : at + 4] for at in range(8, 64, 4)}
        kind = "AVIF" if brands & {b"avif", b"avis"} else "HEIC"
        return Container(kind, data, Metadata())
    for magic, take in _BY_MAGIC.items():
        if re.match(magic, data, re.DOTALL):
            return take(data)
    return None


# ── PNG (W3C, third edition) ─────────────────────────────────────────────────────────────────


def _png(data: bytes) -> Container:
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
                metadata.set_dpi(across * _INCHES_PER_METRE, down * _INCHES_PER_METRE)
    elif name in _PNG_COLOUR:
        if len(body) == _PNG_COLOUR[name]:
            metadata.png.append((name, body))
        else:
            metadata.lost.append(Note.GAMMA)
    elif name in _PNG_TEXT:
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


# ── JPEG ─────────────────────────────────────────────────────────────────────────────────────

_PICTURES = 0xB001


def _jpeg(data: bytes) -> Container:
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
    if metadata.dpi is None and metadata.exif:
        _take_resolution(metadata, metadata.exif)
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


# ── TIFF ─────────────────────────────────────────────────────────────────────────────────────

ICC_TAG, XMP_TAG, PHOTOSHOP_TAG, _IPTC_TAG = 34675, 700, 34377, 33723
_RESOLUTIONS, _UNIT = (282, 283), 296
_IPTC_START = b"\x1c"

# Of a picture's own storage: sizes, places, how its values are packed and what they mean.
STORAGE_TAGS = (
    *range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(290, 294), 301,
    *range(317, 326), 330, *range(332, 335), 336, *range(338, 343), 347, *range(512, 516),
    *range(517, 522), *range(529, 533), 37724,
)  # fmt: skip


def _tiff(data: bytes) -> Container:
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
    _take_resolution(metadata, whole)
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


def _take_resolution(metadata: Metadata, directory: Directory) -> None:
    if _RESOLUTIONS[0] not in directory.tags:
        return
    across, down = (directory.numbers(tag, 0)[0] for tag in _RESOLUTIONS)
    unit = directory.number(_UNIT, 2)
    if unit in (2, 3):
        per_inch = 1 if unit == 2 else 2.54
        metadata.set_dpi(across * per_inch, down * per_inch)


# ── WebP and BMP ─────────────────────────────────────────────────────────────────────────────


def _webp(data: bytes) -> Container:
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


def _bmp(data: bytes) -> Container:
    metadata = Metadata()
    with metadata.reading(Note.RESOLUTION):
        header = int.from_bytes(data[14:18], "little")
        if header >= 40:
            across, down = struct.unpack("<ii", data[38:46])
            metadata.set_dpi(across * _INCHES_PER_METRE, down * _INCHES_PER_METRE)
        if header == 124 and data[70:74] == b"DEBM":
            start, size = struct.unpack("<II", data[126:134])
            metadata.icc = data[14 + start : 14 + start + size] or None
    return Container("BMP", data, metadata)


_BY_MAGIC: dict[bytes, Callable[[bytes], Container]] = {
    rb"\x89PNG\r\n\x1a\n": _png,
    rb"\xff\xd8\xff": _jpeg,
    rb"RIFF....WEBP": _webp,
    rb"BM": _bmp,
}
