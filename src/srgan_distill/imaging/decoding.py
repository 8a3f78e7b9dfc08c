"""Pixels of a file, as they are stored: uint8 or uint16, before they are turned upright."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from . import plain_tiff
from .containers import Container
from .metadata import Note
from .opening import ALONE, Refused, opened

_RGB, _GREY_AND_ALPHA, _RGB_AND_ALPHA = 2, 4, 6  # PNG's colour types


def size(container: Container) -> tuple[int, int]:
    """Width and height in pixels as they are stored, from the header alone.

    Raises:
        Refused: a format that needs a package which is not there.
        Exception: of any kind, from a decoder of a damaged file.
    """
    if container.kind == "TIFF":
        return plain_tiff.size(container.directory)
    with opened(container) as image:
        return image.size


def decode(container: Container) -> np.ndarray:
    """The pixels of the first picture, as they are stored.

    Palettes become RGB, bits grey, CMYK RGB by its profile, a transparent colour an alpha channel;
    white is the largest value; colours are not multiplied by alpha.

    Returns:
        uint8 or uint16, [height, width, channels]: grey, grey and alpha, RGB or RGBA.

    Raises:
        Refused: values of other kinds than integers of up to 8 or of 16 bits.
        Exception: of any kind, from a decoder of a damaged file.
    """
    with ALONE, _without_words_of_libraries():
        if container.kind == "TIFF":
            plain_tiff.check_whole(container)
            if plain_tiff.is_plain(container.directory):
                return plain_tiff.decode(container)
        with opened(container) as image:
            image.load()
            if container.kind == "PNG" and container.data[24] == 16:
                pixels = _deep_png(container, image)
            else:
                pixels = np.asarray(_in_8_bits(container, image))
    pixels = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    return pixels if container.transparent is None else _with_alpha(pixels, container.transparent)


@contextmanager
def _without_words_of_libraries() -> Iterator[None]:
    """Keep what libtiff and libpng print of their own off stderr: what raises is said anyway."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def _in_8_bits(container: Container, image: Image.Image) -> Image.Image:
    if image.mode == "CMYK":
        return _rgb_of_cmyk(container, image)
    if image.mode in ("I", "F", "LAB", "HSV") or image.mode.startswith("I;"):
        raise Refused(
            f"has pixels of mode {image.mode}; save it with 8 or 16 bits a colour, grey or RGB"
        )
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode += "A" * image.has_transparency_data
    return image if image.mode == mode else image.convert(mode)


def _rgb_of_cmyk(container: Container, image: Image.Image) -> Image.Image:
    metadata = container.metadata
    if container.directory.number(plain_tiff.BITS) == 16:
        metadata.lost.append("16 bits")
    icc, metadata.icc = metadata.icc, None
    if icc is not None:
        srgb = ImageCms.createProfile("sRGB")
        with metadata.reading(Note.PROFILE):
            return ImageCms.profileToProfile(image, BytesIO(icc), srgb, outputMode="RGB")
    return image.convert("RGB")


def _deep_png(container: Container, image: Image.Image) -> np.ndarray:
    """16 bits a colour, of which Pillow keeps 8, but for grey."""
    colour_type = container.data[25]
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16, copy=False)
    import cv2

    pixels = cv2.imdecode(np.frombuffer(container.data, np.uint8), cv2.IMREAD_UNCHANGED)
    channels = {
        _RGB: [2, 1, 0], _GREY_AND_ALPHA: [0, 3], _RGB_AND_ALPHA: [2, 1, 0, 3]
    }[colour_type]  # fmt: skip
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3:
        raise OSError("16 bits stored in an unusual way")
    return pixels[..., channels]


def _with_alpha(pixels: np.ndarray, transparent: tuple[int, ...]) -> np.ndarray:
    channels = pixels.shape[2]
    if channels != len(transparent):
        return pixels
    opaque = (pixels != np.array(transparent, pixels.dtype)).any(axis=2, keepdims=True)
    return np.concatenate([pixels, opaque * pixels.dtype.type(np.iinfo(pixels.dtype).max)], axis=2)
