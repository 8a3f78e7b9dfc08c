"""The one reader of images: any file that holds a photograph, as one well-described object."""

import stat
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..common.errors import UserError
from .containers import Container, take_apart
from .decoding import Refused, decode, size
from .metadata import Metadata
from .opening import ALONE

KINDS = "PNG, JPEG, WebP, TIFF, BMP, HEIC or AVIF"

MOST_PIXELS = 250_000_000
"""More than any camera's picture; a larger one is refused as a decompression bomb."""

_MOST_BYTES = 4 * 10**9


@dataclass(frozen=True)
class Photograph:
    """An upright picture.

    `pixels` is uint8 or uint16, [height, width, channels]: grey, grey and alpha, RGB or RGBA, with
    colours that are not multiplied by alpha, in the colour space of `metadata.icc` (sRGB without
    one). `pages` is how many pictures the file holds, of which this is the first. `metadata.exif`
    and `metadata.xmp` are as in the file, with the orientation that `pixels` no longer have.
    """

    pixels: np.ndarray
    metadata: Metadata
    pages: int = 1

    @property
    def is_opaque(self) -> bool:
        """Whether there is no transparent pixel."""
        channels = self.pixels.shape[2]
        return channels in (1, 3) or self.pixels[..., -1].min() == np.iinfo(self.pixels.dtype).max

    def without_idle_alpha(self) -> "Photograph":
        """The picture, without its alpha channel where that is opaque throughout."""
        if self.pixels.shape[2] in (1, 3) or not self.is_opaque:
            return self
        return replace(self, pixels=self.pixels[..., :-1])


def read_photograph(path: Path, most_pixels: int = MOST_PIXELS) -> Photograph:
    """Read a PNG, JPEG, WebP, TIFF, BMP, HEIC or AVIF file, whatever its suffix says.

    Palettes and CMYK become RGB (CMYK by its profile), bits grey; orientation is applied. What
    describes the picture but cannot be read is named in `metadata.lost`; it refuses no picture.

    Raises:
        UserError: no such file, damaged, another format, more than `most_pixels` pixels, or pixels
            of other kinds than integers of up to 8 or of 16 bits; names the file.
    """
    container = _container(path)
    try:
        _check_size(path, _size(path, container), most_pixels)
        pixels = decode(container)
    except Exception as error:
        raise _said(path, error) from None
    pixels = upright(pixels, container.metadata.orientation())
    return Photograph(np.ascontiguousarray(pixels), container.metadata, container.pages)


def photograph_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of the upright picture, from the header alone.

    Raises:
        UserError: no such file, another format, or a damaged header; names the file.
    """
    container = _container(path)
    width, height = _size(path, container)
    return (height, width) if container.metadata.orientation() >= 5 else (width, height)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation, 1 to 8, of [height, width, ...]; a view."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::rows, ::columns]


def _container(path: Path) -> Container:
    try:
        container = take_apart(_bytes(path))
    except Exception as error:
        raise _said(path, error) from None
    if container is None:
        raise UserError(f"image {path} {_other_kind(path)}")
    return container


def _bytes(path: Path) -> bytes:
    try:
        about = path.stat()
    except FileNotFoundError:
        raise UserError(f"image {path} does not exist") from None
    except ValueError as error:  # of a NUL in the name
        raise UserError(f"image {path} cannot be read ({error}); rename it") from None
    if not stat.S_ISREG(about.st_mode):
        raise UserError(f"image {path} is no file")
    if about.st_size > _MOST_BYTES:
        raise UserError(f"image {path} has more than {_MOST_BYTES // 10**9} GB; cut it up")
    return path.read_bytes()


def _size(path: Path, container: Container) -> tuple[int, int]:
    try:
        width, height = size(container)
    except Exception as error:
        raise _said(path, error) from None
    if not (width and height):
        raise UserError(f"image {path} has no pixels; replace or remove it")
    return width, height


def _check_size(path: Path, sides: tuple[int, int], most_pixels: int) -> None:
    width, height = sides
    if width * height > most_pixels:
        raise UserError(
            f"image {path} has {width}x{height} pixels, more than {most_pixels // 10**6} "
            "megapixels; cut it into parts"
        )


def _other_kind(path: Path) -> str:
    try:
        with ALONE, warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            return f"is {image.format}, not {KINDS}"
    except Exception:
        return f"cannot be read (it is not {KINDS}); replace or remove it"


def _said(path: Path, error: Exception) -> UserError:
    """What a decoder found, in one line; decoders of damaged files raise all kinds."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, Refused):
        return UserError(f"image {path} {error}")
    if isinstance(error, MemoryError):
        return UserError(f"image {path} needs more memory than there is")
    if isinstance(error, UnidentifiedImageError):  # whose words are an object's address
        return UserError(
            f"image {path} cannot be read (its header is damaged, or it stores pixels in a way "
            "that Pillow does not read); save it anew"
        )
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    reason = reason if isinstance(error, OSError) and reason else f"damaged: {reason}"
    return UserError(f"image {path} cannot be read ({reason}); replace or remove it")
