"""Photographs as they come: any mode, 8 or 16 bit, turned upright, with what describes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps

from ...common.errors import UserError
from ...imaging.images import open_image

MOST_PIXELS = 250_000_000
"""More than any camera's picture; a larger one is refused as a decompression bomb."""

_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP")
_ORIENTATION = ExifTags.Base.Orientation
_PLANAR = ExifTags.Base.PlanarConfiguration
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "L", "LA", "RGB", "RGBA")

# The EXIF tags of a TIFF that say how its pixels are stored, and the colour profile, which
# `Metadata.icc` holds.
_STORAGE = (*range(254, 260), 262, 266, 273, *range(277, 281), 284, 317, *range(320, 326), 330, 338,
            339, 347, 513, 514, *range(529, 533), 34675)  # fmt: skip
_EXIF_SIZE = (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)


@dataclass(frozen=True)
class Metadata:
    """What describes a picture beside its pixels, each None where unknown.

    `icc` is a colour profile; `exif` a TIFF structure as EXIF stores it, without orientation and
    size; `dpi` pixels per inch, horizontal and vertical.
    """

    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None


NOTHING_KNOWN = Metadata()


@dataclass(frozen=True)
class Picture:
    """An upright picture.

    `pixels` is uint8 or uint16, [height, width, channels]: grey, grey and alpha, RGB or RGBA.
    `pages` is how many pictures the file holds, of which this is the first.
    """

    pixels: np.ndarray
    metadata: Metadata
    pages: int = 1

    def without_idle_alpha(self) -> "Picture":
        """The picture, without its alpha channel where that is opaque throughout."""
        channels = self.pixels.shape[2]
        if channels in (1, 3) or self.pixels[..., -1].min() < np.iinfo(self.pixels.dtype).max:
            return self
        return replace(self, pixels=self.pixels[..., :-1])


def as_pixels(image: np.ndarray) -> np.ndarray:
    """An image with an axis for its channels, be it one.

    Raises:
        UserError: not uint8 or uint16, [height, width] or [height, width, 1 to 4 channels].
    """
    if image.dtype not in (np.uint8, np.uint16):
        raise UserError(f"an image must be uint8 (0..255) or uint16 (0..65535), not {image.dtype}")
    pixels = image[..., np.newaxis] if image.ndim == 2 else image
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 2, 3, 4) or 0 in pixels.shape:
        raise UserError(
            "an image must have the shape [height, width] or [height, width, 1 to 4 channels], "
            f"not {list(image.shape)}"
        )
    return pixels


def read_picture(path: Path) -> Picture:
    """Read a PNG, JPEG, WebP, TIFF or BMP file, whatever its suffix says.

    Palettes and CMYK become RGB (CMYK by its profile), bits grey.

    Raises:
        UserError: no such file, damaged, another format, too many pixels, or pixels of 32 bit.
    """
    with _any_size(), open_image(path) as image:
        if image.format not in _FORMATS:
            raise UserError(f"image {path} is {image.format}, not PNG, JPEG, WebP, TIFF or BMP")
        if image.width * image.height > MOST_PIXELS:
            raise UserError(
                f"image {path} has {image.width}x{image.height} pixels, more than "
                f"{MOST_PIXELS // 10**6} megapixels; cut it into parts"
            )
        try:
            return _read(path, image)
        except (UserError, OSError):
            raise
        except Exception as error:  # damaged files make decoders raise all kinds
            raise OSError(error) from None


@contextmanager
def _any_size() -> Iterator[None]:
    """Pillow's own limit, which warns of photographs of 90 megapixels, out of the way."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _read(path: Path, image: Image.Image) -> Picture:
    is_deep = image.mode in _DEEP_MODES and _has_16_bits(image)
    is_grey_and_alpha = image.mode == "LA" or "'LA;16" in str(image.tile)
    orientation = image.getexif().get(_ORIENTATION, 1)
    # A camera's MPO holds the same photograph twice.
    pages = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    image.load()  # finds damage also in what OpenCV reads
    icc = image.info.get("icc_profile")
    if is_deep:
        if image.format == "TIFF" and image.tag_v2.get(_PLANAR) == 2:  # OpenCV would mix them up
            raise OSError("16-bit colours stored apart")
        pixels = _deep_pixels(path, is_grey_and_alpha)
        if image.format != "TIFF":  # which OpenCV has turned
            pixels = _upright(pixels, orientation)
    elif image.mode == "CMYK":
        pixels = _upright_pixels(_rgb_of_cmyk(image, icc))
        icc = None
    else:
        mode = _mode(path, image)
        pixels = _upright_pixels(image if image.mode == mode else image.convert(mode))
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    return Picture(pixels, Metadata(icc, _exif(image), image.info.get("dpi")), pages)


def _has_16_bits(image: Image.Image) -> bool:
    if image.format == "TIFF":
        return 16 in image.tag_v2.get(ExifTags.Base.BitsPerSample, ())
    return image.format == "PNG" and any(";16" in str(tile) for tile in image.tile)


def _mode(path: Path, image: Image.Image) -> str:
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        raise UserError(
            f"image {path} has pixels of mode {image.mode}; save it with 8 or 16 bits a colour"
        )
    base = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    return base + "A" * image.has_transparency_data


def _rgb_of_cmyk(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc is None:
        return image.convert("RGB")
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, BytesIO(icc), srgb, outputMode="RGB")


def _upright_pixels(image: Image.Image) -> np.ndarray:
    ImageOps.exif_transpose(image, in_place=True)
    return np.asarray(image)


def _deep_pixels(path: Path, is_grey_and_alpha: bool) -> np.ndarray:
    """The 16 bits of colours, of which Pillow keeps 8."""
    import cv2

    pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise OSError("16 bits stored in an unusual way")
    if pixels.ndim == 2:
        return pixels
    if is_grey_and_alpha:
        return pixels[..., [0, 3]]
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return pixels[::rows, ::columns]


def _exif(image: Image.Image) -> bytes | None:
    """The EXIF data that holds for the upscaled picture too."""
    exif = image.getexif()
    for tag in (_ORIENTATION, *_STORAGE):
        exif.pop(tag, None)
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for tag in _EXIF_SIZE:
        details.pop(tag, None)
    try:
        return exif.tobytes() if len(exif) else None
    except Exception:  # Pillow reads values that it cannot write; the photograph matters more
        return None
