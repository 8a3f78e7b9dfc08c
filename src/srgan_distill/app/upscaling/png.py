"""PNG row by row, 8 or 16 bit: a result larger than the memory is written as it is made.

Pillow and OpenCV take the whole picture at once, and Pillow has no colours of 16 bit.
"""

import struct
import zlib
from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from ...imaging.containers.png import TEXTS
from ...imaging.metadata import METRES_PER_INCH, Metadata
from .description import exif_bytes

# On photographs level 4 takes a fifth of the time of zlib's default and 4% more space.
LEVEL = 4
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels
_AVERAGE = 3
_BESIDE_A_PROFILE = (b"cICP", b"mDCV", b"cLLI")


def write_png(
    file: BinaryIO,
    bands: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    dtype: np.dtype,
    metadata: Metadata,
) -> None:
    """Write a PNG file (W3C PNG, third edition).

    Args:
        file: open for writing.
        bands: of whole rows, from the top, `dtype`, [rows, width, channels].
        shape: of the picture, [height, width, channels]: grey, grey and alpha, RGB or RGBA.
        dtype: uint8 or uint16.
        metadata: what to keep beside the pixels.
    """
    height, width, channels = shape
    bits = 8 * np.dtype(dtype).itemsize
    file.write(b"\x89PNG\r\n\x1a\n")
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0)
    _write_chunk(file, b"IHDR", header)
    _write_metadata(file, metadata)
    packer = zlib.compressobj(LEVEL)
    above = np.zeros((1, width, channels * bits // 8), np.uint8)
    for band in bands:
        # As bytes [rows, width, bytes of a pixel], the high byte of 16 bits first.
        values = np.ascontiguousarray(band, np.dtype(dtype).newbyteorder(">"))
        pixels = values.view(np.uint8).reshape(len(band), width, -1)
        _write_chunk(file, b"IDAT", packer.compress(_filtered(pixels, above)))
        above = pixels[-1:]
    _write_chunk(file, b"IDAT", packer.flush())
    _write_chunk(file, b"IEND", b"")


def _filtered(pixels: np.ndarray, above: np.ndarray) -> bytes:
    """Rows as PNG packs them: a filter's number, then the differences that it leaves.

    The filter is the mean of the left and the upper byte, which suits photographs best.
    """
    rows, width, depth = pixels.shape
    left = np.zeros_like(pixels)
    left[:, 1:] = pixels[:, :-1]
    up = np.concatenate([above, pixels[:-1]])
    packed = np.empty((rows, 1 + width * depth), np.uint8)
    packed[:, 0] = _AVERAGE
    mean = (left & up) + ((left ^ up) >> 1)  # without a ninth bit
    packed[:, 1:] = (pixels - mean).reshape(rows, -1)
    return packed.tobytes()


def _write_metadata(file: BinaryIO, metadata: Metadata) -> None:
    if metadata.icc:
        _write_chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc))
    for name, data in metadata.png:
        # Beside a colour profile these would say the same a second time, or something else.
        if name in TEXTS or name in _BESIDE_A_PROFILE or not metadata.icc:
            _write_chunk(file, name, data)
    if metadata.dpi:
        per_metre = [round(dpi / METRES_PER_INCH) for dpi in metadata.dpi]
        _write_chunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if metadata.exif:
        _write_chunk(file, b"eXIf", exif_bytes(metadata.exif).removeprefix(b"Exif\0\0"))
    if metadata.xmp:
        _write_text(file, b"XML:com.adobe.xmp", metadata.xmp)
    if metadata.comment:
        _write_text(file, b"Comment", _utf_8(metadata.comment))


def _utf_8(text: bytes) -> bytes:
    try:
        return text.decode().encode()
    except UnicodeDecodeError:
        return text.decode("latin-1").encode()


def _write_text(file: BinaryIO, keyword: bytes, text: bytes) -> None:
    _write_chunk(file, b"iTXt", keyword + bytes(5) + text)


def _write_chunk(file: BinaryIO, name: bytes, data: bytes) -> None:
    checksum = zlib.crc32(data, zlib.crc32(name))
    file.writelines((struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)))
