"""TIFF strip by strip, 8 or 16 bit: a result larger than the memory is written as it is made.

Pillow takes the whole picture at once and has no colours of 16 bit; tifffile has no place for
EXIF's directories.
"""

import zlib
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from ...imaging.containers.tiff import ICC_TAG, PHOTOSHOP_TAG, XMP_TAG
from ...imaging.metadata import Metadata
from ...imaging.tags import RESOLUTION, RESOLUTION_UNIT, Directory, Tag, packed
from .png import LEVEL

_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _LONG8 = 1, 3, 4, 5, 7, 16
_DEFLATE, _DIFFERENCES, _STRAIGHT_ALPHA, _INCH = 8, 2, 2, 2
_BLACK_IS_ZERO, _RGB = 1, 2
_UNITS = {_BYTE: "u1", _SHORT: "u2", _LONG: "u4", _LONG8: "u8", _UNDEFINED: "u1"}


def write_tiff(
    file: BinaryIO,
    strips: Iterable[np.ndarray],
    rows: int,
    shape: tuple[int, int, int],
    dtype: np.dtype,
    metadata: Metadata,
) -> None:
    """Write a TIFF file (TIFF 6.0; BigTIFF where its pixels take more than 2 GB).

    Args:
        file: open for writing, at its start.
        strips: of `rows` whole rows each, the last one fewer, from the top: `dtype`,
            [rows, width, channels].
        rows: of a strip.
        shape: of the picture, [height, width, channels]: grey, grey and alpha, RGB or RGBA.
        dtype: uint8 or uint16.
        metadata: what to keep beside the pixels; the file has the byte order of its EXIF data.
    """
    order = metadata.exif.order if metadata.exif else "<"
    is_big = int(np.prod(shape)) * np.dtype(dtype).itemsize > 2**31
    endian = "little" if order == "<" else "big"
    start = b"II" if order == "<" else b"MM"
    numbers = ((43, 2), (8, 2), (0, 2)) if is_big else ((42, 2),)
    start += b"".join(number.to_bytes(size, endian) for number, size in numbers)
    pointer = 8 if is_big else 4
    file.write(start + bytes(pointer))
    offset = len(start) + pointer
    places, sizes = [], []
    for strip in strips:
        data = _packed(strip, order)
        places.append(offset)
        sizes.append(len(data))
        file.write(data)
        offset += len(data)
    file.write(bytes(offset % 2))
    offset += offset % 2
    directory = _directory(shape, dtype, metadata)
    directory.tags |= {
        273: _tag(_LONG8 if is_big else _LONG, places), 278: _tag(_LONG, [rows]),
        279: _tag(_LONG8 if is_big else _LONG, sizes),
    }  # fmt: skip
    file.write(packed(replace(directory, order=order), offset, is_big))
    file.seek(len(start))
    file.write(offset.to_bytes(pointer, endian))


def _packed(strip: np.ndarray, order: str) -> bytes:
    """A strip as TIFF's deflate with horizontal differences stores it."""
    differences = strip.astype(strip.dtype.newbyteorder(order))
    differences[:, 1:] -= strip[:, :-1]
    return zlib.compress(differences.tobytes(), LEVEL)


def _directory(shape: tuple[int, int, int], dtype: np.dtype, metadata: Metadata) -> Directory:
    height, width, channels = shape
    tags = {
        256: _tag(_LONG, [width]), 257: _tag(_LONG, [height]),
        258: _tag(_SHORT, [8 * np.dtype(dtype).itemsize] * channels), 259: _tag(_SHORT, [_DEFLATE]),
        262: _tag(_SHORT, [_RGB if channels >= 3 else _BLACK_IS_ZERO]),
        277: _tag(_SHORT, [channels]), 284: _tag(_SHORT, [1]), 317: _tag(_SHORT, [_DIFFERENCES]),
        339: _tag(_SHORT, [1] * channels),
    }  # fmt: skip
    if channels in (2, 4):
        tags[338] = _tag(_SHORT, [_STRAIGHT_ALPHA])
    for number, type_, data in (
        (ICC_TAG, _UNDEFINED, metadata.icc),
        (XMP_TAG, _BYTE, metadata.xmp),
        (PHOTOSHOP_TAG, _UNDEFINED, metadata.photoshop),
    ):
        if data:
            tags[number] = Tag(type_, len(data), data)
    exif = (metadata.exif or Directory()).without(*RESOLUTION, RESOLUTION_UNIT)
    if metadata.dpi:
        parts = [Fraction(dpi).limit_denominator(10_000).as_integer_ratio() for dpi in metadata.dpi]
        for number, part in zip(RESOLUTION, parts, strict=True):
            tags[number] = Tag(_RATIONAL, 1, np.array(part, "<u4").tobytes())
        tags[RESOLUTION_UNIT] = _tag(_SHORT, [_INCH])
    return replace(exif, tags={**exif.tags, **tags})


def _tag(type_: int, values: list[int]) -> Tag:
    return Tag(type_, len(values), np.array(values, "<" + _UNITS[type_]).tobytes())
