"""Images on disk and in memory: uint8 RGB arrays, [height, width, 3], values 0..255."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ..common.errors import UserError
from .photographs import MOST_PIXELS, read_photograph

if TYPE_CHECKING:
    import torch

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".heic", ".heif", ".avif"
)  # fmt: skip
"""Of files that hold photographs."""


def read_rgb(path: Path, most_pixels: int = MOST_PIXELS) -> np.ndarray:
    """Read one image as RGB of 8 bits.

    It is turned upright by its EXIF orientation; grey and palettes become RGB, CMYK too (by its
    profile); 16 bits become 8 by rounding v / 257. Other colour profiles are not applied: values
    are compared as they stand.

    Returns:
        uint8, [height, width, 3], 0..255.

    Raises:
        UserError: the file is missing, is not a readable image, has more than `most_pixels`
            pixels, or holds what 8-bit RGB does not: transparency, or values of more than 16 bits;
            names the file.
    """
    photograph = read_photograph(path, most_pixels)
    if not photograph.is_opaque:
        raise UserError(
            f"image {path} has transparent pixels, which RGB does not hold; put it on a background"
        )
    pixels = photograph.without_idle_alpha().pixels
    if pixels.dtype == np.uint16:
        pixels = in_8_bits(pixels)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def in_8_bits(pixels: np.ndarray) -> np.ndarray:
    """uint16 in 0..65535 to uint8 in 0..255: v / 257, rounded; of any shape."""
    # Row by row: 32 bits of a whole picture are twice its memory.
    rows = [((row.astype(np.uint32) + 128) // 257).astype(np.uint8) for row in pixels]
    return np.stack(rows)


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Write a uint8 [height, width, 3] RGB array, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, sorted by name; hidden ones (.name, ._name) are none.

    Raises:
        UserError: `folder` is no folder, cannot be read, or holds no image.
    """
    try:
        found = sorted(path for path in folder.iterdir() if is_image_name(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last of a NUL in the name
        raise UserError(f"folder {folder} does not exist") from None
    except OSError as error:
        raise UserError(f"folder {folder} cannot be read ({error.strerror})") from None
    if all(path.is_dir() for path in found):
        others = left_out(folder)
        holds = f"; it holds {others}" if others else ""
        raise UserError(f"folder {folder} holds no image ({', '.join(SUFFIXES)}){holds}")
    return found


def left_out(folder: Path) -> str:
    """What lies in `folder` beside its images, counted by kind ("2 .gif, 1 folder").

    Hidden files are nothing of the user's.
    """
    others = Counter(
        "folder" if path.is_dir() else path.suffix.lower() or "without a suffix"
        for path in folder.iterdir()
        if not path.name.startswith(".") and (path.is_dir() or not is_image_name(path))
    )
    return ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))


def is_image_name(path: Path) -> bool:
    """Whether a file's name is that of an image, and none that systems put beside images."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def to_tensor(rgb: np.ndarray) -> "torch.Tensor":
    """uint8 [height, width, 3] in 0..255 to float32 [1, 3, height, width] in [0, 1]."""
    import torch  # most that reads images does without

    return torch.from_numpy(rgb.copy()).permute(2, 0, 1).unsqueeze(0).float().div(255)


def to_uint8(batch: "torch.Tensor") -> np.ndarray:
    """float [1, 3, height, width] in [0, 1] to uint8 [height, width, 3], clipped and rounded."""
    rgb = batch[0].detach().float().clamp(0, 1).mul(255).round().byte()
    return rgb.permute(1, 2, 0).cpu().numpy()


def crop_to_multiple(rgb: np.ndarray, scale: int) -> np.ndarray:
    """Cut right and bottom so that both sides are multiples of `scale` (MATLAB's modcrop)."""
    height, width = rgb.shape[:2]
    return rgb[: height - height % scale, : width - width % scale]
