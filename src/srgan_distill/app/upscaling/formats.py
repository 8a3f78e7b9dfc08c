"""The formats a result can have: what each holds, and how it is written."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image

from ...common.errors import UserError
from .picture import NOTHING_KNOWN, Metadata
from .png import LEVEL, write_png

# Rows packed at a time: more of them save nothing.
_STRIP = 64
_TIFF_TEXTS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What a file is to hold: `shape` is [height, width, channels], `dtype` uint8 or uint16."""

    shape: tuple[int, int, int]
    dtype: np.dtype
    metadata: Metadata = NOTHING_KNOWN
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
    the pixels' bytes that a photograph takes on the disk, and `canvas` the bytes of memory that
    writing takes for a pixel beside the bands.
    """

    name: str
    write: Write
    packed: float
    has_alpha: bool = True
    has_16_bits: bool = False
    longest: int = 2**31 - 1
    most: float = float("inf")
    canvas: int = 0


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
    """By tifffile: Pillow has no colours of 16 bit, and takes the whole picture at once."""
    import tifffile

    texts = Image.Exif()
    texts.load(target.metadata.exif)
    channels = target.shape[2]
    tifffile.imwrite(
        file,
        (_packed(strip) for strip in _strips(bands)),
        # Two dimensions for grey: of one sample a pixel there is no axis.
        shape=target.shape if channels > 1 else target.shape[:2],
        dtype=target.dtype,
        bigtiff=target.size > 2**31,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        rowsperstrip=_STRIP,
        compression="zlib",
        predictor=True,
        byteorder="<",
        iccprofile=target.metadata.icc,
        resolution=target.metadata.dpi,
        resolutionunit="inch" if target.metadata.dpi else None,
        extratags=[
            (int(tag), "s", 0, texts[tag], True)
            for tag in _TIFF_TEXTS
            if isinstance(texts.get(tag), str)
        ],
        metadata=None,
        software=False,
    )


def _packed(strip: np.ndarray) -> bytes:
    """A strip as TIFF's deflate with horizontal differences stores it."""
    differences = strip.astype(strip.dtype.newbyteorder("<"))
    differences[:, 1:] -= strip[:, :-1]
    return zlib.compress(differences.tobytes(), LEVEL)


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
        kept = {"icc_profile": target.metadata.icc, "exif": target.metadata.exif,
                "dpi": target.metadata.dpi}  # fmt: skip
        kept = {key: value for key, value in kept.items() if value}
        canvas.save(file, name, **kept, **options, quality=target.quality)

    return write


# Colours at full resolution, for they are not the photograph's own any more.
_JPEG = Format("JPEG", _by_pillow("JPEG", subsampling=0), 0.1, has_alpha=False, longest=65_535,
               canvas=4)  # fmt: skip
_TIFF = Format("TIFF", _tiff, 0.4, has_16_bits=True)

FORMATS = {
    ".png": Format("PNG", _png, 0.4, has_16_bits=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    # libwebp works on a copy, and splits that into planes.
    ".webp": Format("WebP", _by_pillow("WEBP"), 0.03, longest=16_383, canvas=10),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": Format("BMP", _by_pillow("BMP"), 1, has_alpha=False, most=2**32 - 2**16, canvas=4),
}
"""By suffix, in lower case."""
