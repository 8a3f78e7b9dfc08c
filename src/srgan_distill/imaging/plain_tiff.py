"""TIFF: whether all of a picture is there, and the pixels of the plain kinds.

Pillow has no colours of 16 bits, and no layers beyond alpha.
"""

from dataclasses import replace
from math import ceil

import numpy as np

from .containers import Container
from .opening import Refused, opened
from .tags import NEW_SUBFILE_TYPE, Directory, Tag

_WIDTH, _HEIGHT, BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_SAMPLES, _ROWS_PER_STRIP, _PLANAR, _PREDICTOR = 277, 278, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 322, 323, 338, 339
_OFFSETS, _SIZES = (273, 324), (279, 325)  # of strips, of tiles

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _TIFF_RGB, _YCBCR = 0, 1, 2, 6
_PREMULTIPLIED, _STRAIGHT, _COREL_ALPHA = 1, 2, 999
_BYTEWISE = (1, 5, 8, 32773, 32946, 34925, 50000)
"""TIFF's compressions of bytes, whatever these mean: none, LZW, deflate, PackBits, LZMA, Zstd."""
_MOST_SAMPLES = 16


def size(directory: Directory) -> tuple[int, int]:
    """Width and height in pixels."""
    return directory.number(_WIDTH), directory.number(_HEIGHT)


def check_whole(container: Container) -> None:
    """Refuse a file that is not the whole picture.

    Raises:
        Refused: it is a small copy of it, in whose directory the picture's own hangs.
        ValueError: strips or tiles are missing, whole or in part.
    """
    if container.directory.number(NEW_SUBFILE_TYPE) & 1:
        raise Refused(
            "begins with a small copy of its picture, as raw photographs do; develop it, and save "
            "it as PNG or TIFF"
        )
    _check_places(container.directory, len(container.data))


def is_plain(directory: Directory) -> bool:
    """Whether the values are those of grey or RGB of 8 or 16 bits, by a compression of bytes.

    Raises:
        Refused: other values than integers from 0, or of more than 16 bits.
    """
    bits = set(directory.numbers(BITS, 1))
    kinds = set(directory.numbers(_SAMPLE_FORMAT, 1))
    if not kinds <= {1, 4} or max(bits) > 16 or bits & {9, 10, 11, 12, 13, 14, 15}:
        kind = "float" if 3 in kinds else "signed" if 2 in kinds else "whole"
        raise Refused(
            f"has {kind} numbers of {max(bits):.0f} bits as pixels; save it with 8 or 16 bits a "
            "colour, grey or RGB"
        )
    photometric = directory.number(_PHOTOMETRIC, _BLACK_IS_ZERO)
    of_bytes = (
        photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _TIFF_RGB)
        and bits in ({8}, {16})
        and directory.number(_COMPRESSION, 1) in _BYTEWISE
        and directory.number(_PREDICTOR, 1) in (1, 2)
    )
    if bits == {16} and not of_bytes and photometric != 5:  # CMYK becomes RGB of 8 bits
        raise Refused("has 16 bits stored in an unusual way; save it as plain RGB or grey")
    return of_bytes


def decode(container: Container) -> np.ndarray:
    """The pixels of a plain file, as `decoding.decode` gives them."""
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


def _check_places(directory: Directory, length: int) -> None:
    """Refuse strips and tiles that do not end within the file's `length`.

    Decoders leave their place black, or fill it with what `opened` writes behind the data.
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
        row = ceil(width * together * directory.number(BITS, 1) / 8)
        sizes = [row * rows] * needed
        if not is_tiled:
            sizes[-1] = row * (height - rows * (needed - 1))
        sizes *= planes
    if any(place + size > length for place, size in zip(places, sizes, strict=False)):
        raise ValueError("the file ends before its picture does")


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

    Bytes are bytes: Pillow unpacks the file as a grey one, as wide as its rows have bytes.
    """
    unit = directory.number(BITS, 1) // 8
    width, tile_width = directory.number(_WIDTH), directory.number(_TILE_WIDTH)
    bytewise = {tag: directory.tags[tag] for tag in
                (_HEIGHT, _COMPRESSION, _FILL_ORDER, _ROWS_PER_STRIP, _TILE_HEIGHT, *_OFFSETS,
                 *_SIZES) if tag in directory.tags}  # fmt: skip
    bytewise |= {_WIDTH: _long(width * samples * unit), BITS: _long(8), _SAMPLES: _long(1),
                 _PHOTOMETRIC: _long(_BLACK_IS_ZERO)}  # fmt: skip
    if tile_width:
        bytewise[_TILE_WIDTH] = _long(tile_width * samples * unit)
    as_grey = replace(directory, tags=bytewise)
    with opened(replace(container, directory=as_grey)) as image:
        image.load()
        rows = np.asarray(image)
    values = rows.view(f"{directory.order}u{unit}").reshape(len(rows), width, samples)
    values = values.astype(f"u{unit}")
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
