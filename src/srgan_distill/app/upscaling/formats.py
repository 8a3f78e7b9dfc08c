"""The formats a result can have: what each holds, and how it is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from ...common.errors import UserError
from ...imaging.metadata import Metadata, Note
from .description import ANY, EVERYTHING, exif_bytes
from .png import write_png
from .tiff import write_tiff

# Rows packed at a time: more of them save nothing.
_STRIP = 64
_MOST_IN_SEGMENT = 65_533


@dataclass(frozen=True)
class Target:
    """What a file is to hold: `shape` is [height, width, channels], `dtype` uint8 or uint16."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    metadata: Metadata = field(default_factory=Metadata)
    quality: int = 95

    @property
    def size(self) -> int:
        """Bytes of the bare pixels."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


Write = Callable[[BinaryIO, Iterable[np.ndarray], Target], None]
"""Writes a whole file from bands of rows, [rows, width, channels], from the top."""


@dataclass(frozen=True)
class Format:
    """One format.

    `longest` is the most pixels of a side, `most` the most bytes of pixels, `packed` the share of
    the pixels' bytes that a photograph takes on the disk, `canvas` the bytes of memory that
    writing takes for a pixel beside the bands, and `carries` what it has a place for of what
    describes a picture. Without grey, grey pictures are stored as colours.
    """

    name: str
    write: Write
    packed: float
    has_alpha: bool = True
    has_grey: bool = True
    has_16_bits: bool = False
    longest: int = 2**31 - 1
    most: float = float("inf")
    canvas: int = 0
    carries: Mapping[str, float] = field(default_factory=lambda: EVERYTHING)


def format_of(path: Path) -> Format:
    """The format that a file's suffix names.

    Raises:
        UserError: none.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise UserError(
            f"{path}: {path.suffix or 'no suffix'} is no format to write; take one of "
            f"{', '.join(FORMATS)}"
        ) from None


def _strips(bands: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same rows, `_STRIP` at a time (the last ones fewer)."""
    rest: list[np.ndarray] = []
    for band in bands:
        band = np.concatenate([*rest, band])
        whole = len(band) // _STRIP * _STRIP
        for top in range(0, whole, _STRIP):
            yield band[top : top + _STRIP]
        rest = [band[whole:].copy()]
        del band  # before the next one is made
    if rest and len(rest[0]):
        yield rest[0]


def _png(file: BinaryIO, bands: Iterable[np.ndarray], target: Target) -> None:
    write_png(file, _strips(bands), target.shape, target.dtype, target.metadata)


def _tiff(file: BinaryIO, bands: Iterable[np.ndarray], target: Target) -> None:
    write_tiff(file, _strips(bands), _STRIP, target.shape, target.dtype, target.metadata)


def _by_pillow(name: str, **options: Any) -> Write:
    def write(file: BinaryIO, bands: Iterable[np.ndarray], target: Target) -> None:
        height, width, channels = target.shape
        mode = {1: "L", 2: "RGBA", 3: "RGB", 4: "RGBA"}[channels]
        canvas = Image.new(mode, (width, height))
        top = 0
        for strip in _strips(bands):
            part = Image.fromarray(strip[..., 0] if channels == 1 else strip)
            canvas.paste(part.convert(mode), (0, top))
            top += len(strip)
        canvas.save(file, name, **_for_pillow(target.metadata), **options, quality=target.quality)

    return write


def _for_pillow(metadata: Metadata) -> dict[str, Any]:
    found = {
        "icc_profile": metadata.icc,
        "exif": exif_bytes(metadata.exif) if metadata.exif else None,
        "xmp": metadata.xmp,
        "dpi": metadata.dpi,
        "comment": metadata.comment,
        "extra": _segments(0xED, b"Photoshop 3.0\0", metadata.photoshop or b""),
    }
    return {name: value for name, value in found.items() if value}


def _segments(marker: int, head: bytes, data: bytes) -> bytes:
    """Data in as many segments of a JPEG file as they need."""
    most = _MOST_IN_SEGMENT - len(head)
    parts = [head + data[start : start + most] for start in range(0, len(data), most)]
    return b"".join(
        bytes((0xFF, marker)) + (len(part) + 2).to_bytes(2, "big") + part for part in parts
    )


def _all_but(*names: str) -> dict[str, float]:
    return {name: most for name, most in EVERYTHING.items() if name not in names}


# Colours at full resolution, for they are not the photograph's own any more.
_JPEG = Format(
    "JPEG", _by_pillow("JPEG", subsampling=0), 0.1, has_alpha=False, longest=65_500, canvas=4,
    carries=_all_but(Note.GAMMA, Note.TEXT) | {
        Note.PROFILE: 255 * 65_519, Note.EXIF: _MOST_IN_SEGMENT, Note.XMP: 65_504,
        Note.COMMENT: _MOST_IN_SEGMENT,
    },
)  # fmt: skip
_TIFF = Format(
    "TIFF", _tiff, 0.4, has_16_bits=True,
    carries=_all_but(Note.COMMENT, Note.GAMMA, Note.TEXT),
)  # fmt: skip
# libwebp works on a copy, and splits that into planes.
_WEBP = Format(
    "WebP", _by_pillow("WEBP"), 0.03, has_grey=False, longest=16_383, canvas=10,
    carries={Note.PROFILE: ANY, Note.EXIF: ANY, Note.XMP: ANY},
)  # fmt: skip
_BMP = Format(
    "BMP", _by_pillow("BMP"), 1, has_alpha=False, most=2**32 - 2**16, canvas=4,
    carries={Note.RESOLUTION: 1},
)  # fmt: skip

FORMATS = {
    ".png": Format("PNG", _png, 0.4, has_16_bits=True, carries=_all_but(Note.PHOTOSHOP)),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".jfif": _JPEG,
    ".webp": _WEBP,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _BMP,
}
"""By suffix, in lower case."""
