"""Images on disk and in memory: uint8 RGB arrays, [height, width, 3], values 0..255."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from ..common.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open an image by Pillow.

    Raises:
        UserError: the file is missing or is not a readable image; names the file.
    """
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise UserError(f"image {path} does not exist") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"image {path} cannot be read ({error}); replace or remove it") from None


def read_rgb(path: Path) -> np.ndarray:
    """Read one image as RGB.

    Returns:
        uint8, [height, width, 3], 0..255. Grey and palette images become RGB, alpha is dropped.

    Raises:
        UserError: the file is missing or is not a readable image; names the file.
    """
    with open_image(path) as image:
        return np.asarray(image.convert("RGB"))


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the header alone.

    Raises:
        UserError: the file is missing or is not a readable image; names the file.
    """
    with open_image(path) as image:
        return image.size


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Write a uint8 [height, width, 3] RGB array, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)


def list_images(folder: Path) -> list[Path]:
    """Image files directly in `folder`, sorted by name.

    Raises:
        UserError: `folder` is no folder or holds no image.
    """
    if not folder.is_dir():
        raise UserError(f"folder {folder} does not exist")
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise UserError(f"folder {folder} holds no image ({', '.join(SUFFIXES)})")
    return found


def to_tensor(rgb: np.ndarray) -> torch.Tensor:
    """uint8 [height, width, 3] in 0..255 to float32 [1, 3, height, width] in [0, 1]."""
    return torch.from_numpy(rgb.copy()).permute(2, 0, 1).unsqueeze(0).float().div(255)


def to_uint8(batch: torch.Tensor) -> np.ndarray:
    """float [1, 3, height, width] in [0, 1] to uint8 [height, width, 3], clipped and rounded."""
    rgb = batch[0].detach().float().clamp(0, 1).mul(255).round().byte()
    return rgb.permute(1, 2, 0).cpu().numpy()


def crop_to_multiple(rgb: np.ndarray, scale: int) -> np.ndarray:
    """Cut right and bottom so that both sides are multiples of `scale` (MATLAB's modcrop)."""
    height, width = rgb.shape[:2]
    return rgb[: height - height % scale, : width - width % scale]
