"""Pixels of a file, as they are stored: uint8 or uint16, before they are turned upright."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from math import ceil

import numpy as np
from PIL import Image, ImageCms

from .containers import Container
from .metadata import Note
from .tags import NEW_SUBFILE_TYPE, Directory, Tag, packed

_RGB, _GREY_AND_ALPHA, _RGB_AND_ALPHA = 2, 4, 6  # PNG's colour types

# TIFF tags.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_SAMPLES, _ROWS_PER_STRIP, _PLANAR, _PREDICTOR = 277, 278, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 322, 323, 338, 339
_OFFSETS, _SIZES = (273, 324), (279, 325)  # of strips, of tiles

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _TIFF_RGB, _YCBCR = 0, 1, 2, 6
_PREMULTIPLIED, _STRAIGHT, _COREL_ALPHA = 1, 2, 999
_BYTEWISE = (1, 5, 8, 32773, 32946, 34925, 50000)
"""TIFF's compressions of bytes, whatever these mean: none, LZW, deflate, PackBits, LZMA, Zstd."""
_MOST_SAMPLES = 16


class Refused(Exception):
    """What a file holds that no pixels of 8 or 16 bits come from; completes "image X ..."."""


def size(container: Container) -> tuple[int, int]:
    """Width and height in pixels as they are stored, from the header alone.

    Raises:
        Refused: a format that needs a package which is not there.
        Exception: of any kind, from a decoder of a damaged file.
    """
    if container.kind == "TIFF":
        directory = container.directory
        return directory.number(_WIDTH), directory.number(_HEIGHT)
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
    with _without_words_of_libraries():
        if container.kind == "TIFF":
            _check_whole(container.directory)
            _check_places(container.directory, len(container.data))
            if _is_plain(container.directory):
                return _plain_tiff(container)
        with opened(container) as image:
            image.load()
            if container.kind == "PNG" and container.data[24] == 16:
                pixels = _deep_png(container, image)
            else:
                pixels = np.asarray(_in_8_bits(container, image))
    pixels = pixels if pixels.ndim == 3 else pixels[..., np.newaxis]
    return pixels if container.transparent is None else _with_alpha(pixels, container.transparent)


@contextmanager
def opened(container: Container) -> Iterator[Image.Image]:
    """The file in Pillow, without its warnings, and of any size.

    What describes an HEIC or AVIF picture is added to the container's metadata.
    """
    if container.kind == "HEIC" or (container.kind == "AVIF" and "AVIF" not in Image.OPEN):
        _register_heif(container.kind)
    data = container.data
    if container.kind == "TIFF":
        data = _tiff_of(container, container.directory)
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinds = [container.kind]
            if container.kind in ("HEIC", "AVIF"):  # Pillow takes no name that it does not know
                kinds = [kind for kind in ("AVIF", "HEIF") if kind in Image.OPEN]
            with Image.open(BytesIO(data), formats=kinds) as image:
                if container.kind in ("HEIC", "AVIF"):
                    _take_metadata(container, image)
                yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


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


def _register_heif(kind: str) -> None:
    Image.init()
    if kind == "AVIF" and "AVIF" in Image.OPEN:
        return
    try:
        import_module("pillow_heif").register_heif_opener()
    except ImportError:
        raise Refused(
            f"is {kind}, which the package pillow-heif reads: `pip install pillow-heif`, or save "
            "it as PNG, JPEG, WebP, TIFF or BMP"
        ) from None


def _take_metadata(container: Container, image: Image.Image) -> None:
    metadata = container.metadata
    metadata.icc, metadata.xmp = image.info.get("icc_profile"), image.info.get("xmp")
    if exif := image.info.get("exif"):
        metadata.read_exif(exif)
    container.pages = getattr(image, "n_frames", 1)


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
    if container.directory.number(_BITS) == 16:
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


# ── TIFF ─────────────────────────────────────────────────────────────────────────────────────


def _is_plain(directory: Directory) -> bool:
    """Whether the values are those of grey or RGB of 8 or 16 bits, by a compression of bytes.

    Raises:
        Refused: other values than integers from 0, or of more than 16 bits.
    """
    bits = set(directory.numbers(_BITS, 1))
    kinds = set(directory.numbers(_SAMPLE_FORMAT, 1))
    if not kinds <= {1, 4} or max(bits) > 16 or bits & {9, 10, 11, 12, 13, 14, 15}:
        kind = "float" if 3 in kinds else "signed" if 2 in kinds else "whole"
        raise Refused(
            f"has {kind} numbers of {max(bits):.0f} bits as pixels; save it with 8 or 16 bits a "
            "colour, grey or RGB"
        )
    photometric = directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    is_plain = (
        photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _TIFF_RGB)
        and bits in ({8}, {16})
        and directory.number(_COMPRESSION, 1) in _BYTEWISE
        and directory.number(_PREDICTOR, 1) in (1, 2)
    )
    if bits == {16} and not is_plain and photometric != 5:  # CMYK becomes RGB of 8 bits
        raise Refused("has 16 bits stored in an unusual way; save it as plain RGB or grey")
    return is_plain


def _check_whole(directory: Directory) -> None:
    """Refuse a small copy in place of the picture itself, whose directory hangs below."""
    if directory.number(NEW_SUBFILE_TYPE) & 1:
        raise Refused(
            "begins with a small copy of its picture, as raw photographs do; develop it, and save "
            "it as PNG or TIFF"
        )


def _check_places(directory: Directory, length: int) -> None:
    """Refuse a file of `length` bytes that lacks strips or tiles, whole or in part.

    Decoders leave their place black, or fill it with what `_tiff_of` writes behind the data.

    Raises:
        ValueError: it does.
    """
    height, samples = directory.number(_HEIGHT), directory.number(_SAMPLES, 1)
    width, rows = directory.number(_TILE_WIDTH), directory.number(_TILE_HEIGHT)
    is_tiled = bool(width and rows)
    if not is_tiled:
        width, rows = directory.number(_WIDTH), directory.number(_ROWS_PER_STRIP, height)
        if rows < 1:
            raise ValueError("strips of no rows")
    needed = ceil(height / rows) * ceil(directory.number(_WIDTH) / width)
    planes, together = (samples, 1) if directory.number(_PLANAR, 1) == 2 else (1, samples)
    places = directory.numbers(_OFFSETS[is_tiled])
    if len(places) < needed * planes:
        raise ValueError(f"{needed * planes - len(places)} parts of the picture are missing")
    sizes = list(directory.numbers(_SIZES[is_tiled]))
    if directory.number(_COMPRESSION, 1) == 1 and directory.number(_PHOTOMETRIC) != _YCBCR:
        # So long they must be, whatever is written of it: some files do not say, some say too much.
        row = ceil(width * together * directory.number(_BITS, 1) / 8)
        sizes = [row * rows] * needed
        if not is_tiled:
            sizes[-1] = row * (height - rows * (needed - 1))
        sizes *= planes
    if any(place + size > length for place, size in zip(places, sizes, strict=False)):
        raise ValueError("the file ends before its picture does")


def _tiff_of(container: Container, directory: Directory) -> bytes:
    """The file with another first directory, behind everything else, and no second one."""
    data = container.data
    is_big = data[2:4] in (b"+\0", b"\0+")
    place = len(data) + len(data) % 2
    start, length = (8, 8) if is_big else (4, 4)
    order = "little" if directory.order == "<" else "big"
    header = data[:start] + place.to_bytes(length, order)
    parts = header, memoryview(data)[len(header) :], bytes(len(data) % 2)
    return b"".join((*parts, packed(directory, place, is_big)))


def _plain_tiff(container: Container) -> np.ndarray:
    directory = container.directory
    width, height = directory.number(_WIDTH), directory.number(_HEIGHT)
    samples = directory.number(_SAMPLES, 1)
    colours = 3 if directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _TIFF_RGB else 1
    if not colours <= samples <= _MOST_SAMPLES:
        raise Refused(f"has {samples} values a pixel; save it as grey or RGB")
    if directory.number(_PLANAR, 1) == 2 and samples > 1:
        planes = [_values(container, _plane(directory, index, samples), 1)
                  for index in range(samples)]  # fmt: skip
        values = np.concatenate(planes, axis=2)
    else:
        values = _values(container, directory, samples)
    values = values.reshape(height, width, samples)
    if directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO) == _WHITE_IS_ZERO:
        values[..., 0] = np.iinfo(values.dtype).max - values[..., 0]
    return _colours_and_alpha(values, colours, directory)


def _plane(directory: Directory, index: int, samples: int) -> Directory:
    """The directory of one of several planes: its share of the strips or tiles."""
    own = dict(directory.tags)
    for tag in (*_OFFSETS, *_SIZES):
        if tag in own:
            count = own[tag].count // samples
            unit = len(own[tag].data) // own[tag].count
            part = own[tag].data[index * count * unit : (index + 1) * count * unit]
            own[tag] = Tag(own[tag].type, count, part)
    return replace(directory, tags=own)


def _values(container: Container, directory: Directory, samples: int) -> np.ndarray:
    """The values of a TIFF file, or of one of its planes, [height, width, samples].

    Pillow has no colours of 16 bits. But bytes are bytes: it unpacks the file as a grey one, as
    wide as its rows have bytes.
    """
    size = directory.number(_BITS, 1) // 8
    width, tile_width = directory.number(_WIDTH), directory.number(_TILE_WIDTH)
    bytewise = {tag: directory.tags[tag] for tag in
                (_HEIGHT, _COMPRESSION, _FILL_ORDER, _ROWS_PER_STRIP, _TILE_HEIGHT, *_OFFSETS,
                 *_SIZES) if tag in directory.tags}  # fmt: skip
    bytewise |= {_WIDTH: _long(width * samples * size), _BITS: _long(8), _SAMPLES: _long(1),
                 _PHOTOMETRIC: _long(_BLACK_IS_ZERO)}  # fmt: skip
    if tile_width:
        bytewise[_TILE_WIDTH] = _long(tile_width * samples * size)
    as_grey = replace(directory, tags=bytewise)
    with opened(replace(container, directory=as_grey)) as image:
        image.load()
        rows = np.asarray(image)
    values = rows.view(f"{directory.order}u{size}").reshape(len(rows), width, samples)
    values = values.astype(f"u{size}")
    if directory.number(_PREDICTOR, 1) == 2:
        step = tile_width or width
        for left in range(0, width, step):
            part = values[:, left : left + step]
            np.add.accumulate(part, axis=1, dtype=part.dtype, out=part)
    return values


def _long(value: int) -> Tag:
    return Tag(4, 1, value.to_bytes(4, "little"))


def _colours_and_alpha(values: np.ndarray, colours: int, directory: Directory) -> np.ndarray:
    """Grey or RGB with its alpha channel, if it has one, of all values of a pixel."""
    count = values.shape[2] - colours
    if not count:
        return values
    # Files with one value too many and no word about it mean alpha.
    kinds = directory.numbers(_EXTRA_SAMPLES) or (_STRAIGHT,)
    alphas = [place for place, kind in enumerate(kinds[:count])
              if kind in (_PREMULTIPLIED, _STRAIGHT, _COREL_ALPHA)]  # fmt: skip
    if not alphas:
        return values[..., :colours]
    alpha = values[..., colours + alphas[0], np.newaxis]
    pixels = values[..., :colours]
    if kinds[alphas[0]] == _PREMULTIPLIED:
        pixels = _divided(pixels, alpha)
    return np.concatenate([pixels, alpha], axis=2)


def _divided(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by alpha, as they were before; 0 where nothing is left."""
    largest = np.iinfo(pixels.dtype).max
    result = np.zeros_like(pixels)
    for row, (colours, opacity) in enumerate(zip(pixels, alpha, strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            straight = colours * np.float64(largest) / opacity
        result[row] = np.nan_to_num(straight, nan=0, posinf=0).clip(0, largest).round()
    return result
