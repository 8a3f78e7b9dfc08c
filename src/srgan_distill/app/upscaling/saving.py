"""Writing a result: what can be known to fail is refused first, and no part of a file is left."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil

from ...common.errors import UserError
from .arrays import as_path, as_pixels
from .formats import Format, Target, format_of


def save_image(path: str | Path, image: np.ndarray, force: bool = False, quality: int = 95) -> None:
    """Write an image; the suffix names the format.

    Args:
        path: PNG and TIFF hold every image; JPEG, WebP and BMP take uint8 alone, JPEG and BMP no
            alpha.
        image: uint8 or uint16, [height, width] or [height, width, 1 to 4 channels], as `upscale`
            returns it.
        force: replace a file that exists.
        quality: of JPEG and WebP, 1 to 100.

    Raises:
        UserError: an argument of another kind, an unknown suffix, an image that the format cannot
            hold, a file that exists, or one that cannot be written (no folder, right or space, or a
            name that the system does not take).
    """
    pixels = as_pixels(image)
    file = as_path(path)
    if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
        raise UserError(f"quality {quality!r}: must be a whole number from 1 to 100")
    target = Target(pixels.shape, pixels.dtype, quality=quality)
    save_bands(file, [pixels], target, force)


def save_bands(path: Path, bands: Iterable[np.ndarray], target: Target, force: bool) -> None:
    """Write bands of whole rows, [rows, width, channels] from the top, as they come.

    Raises:
        UserError: as `save_image`; before the first band where it can be known.
    """
    form = format_of(path)
    check_free(path, force)
    _check_fit(path, form, target)
    _check_space(path, form, target)
    with _whole_file(path, force) as file:
        form.write(file, bands, target)


def check_free(path: Path, force: bool) -> None:
    """Refuse to replace a file without `force`, and a name that the system does not take."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:  # the latter of a NUL in a name
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be written ({reason})") from None
    if stat.S_ISDIR(mode):
        raise UserError(f"{path} is a folder")
    if not force:
        raise UserError(f"{path} exists; --force (force=True) replaces it")


def _check_fit(path: Path, form: Format, target: Target) -> None:
    height, width, channels = target.shape
    # In a folder results keep their kind, so that the same command fails again.
    alone = "(-o NAME.png, for this photograph alone)"
    if max(height, width) > form.longest or target.size > form.most:
        raise UserError(
            f"{path}: {width}x{height} pixels are more than {form.name} holds; use PNG {alone}"
        )
    if channels in (2, 4) and not form.has_alpha:
        raise UserError(f"{path}: {form.name} holds no transparency; use PNG, WebP or TIFF {alone}")
    if np.dtype(target.dtype).itemsize == 2 and not form.has_16_bits:
        raise UserError(f"{path}: {form.name} holds no 16 bits; use PNG or TIFF {alone}")


def _check_space(path: Path, form: Format, target: Target) -> None:
    memory = form.canvas * target.shape[0] * target.shape[1]
    if memory > (free := psutil.virtual_memory().available):
        raise UserError(
            f"{path}: as {form.name} this takes {_in_words(memory)} of memory, {_in_words(free)} "
            "are free; PNG and TIFF are written as they are made"
        )
    disk = form.packed * target.size
    if path.parent.is_dir() and disk > (free := shutil.disk_usage(path.parent).free):
        raise UserError(
            f"{path}: no space; this takes about {_in_words(disk)}, {_in_words(free)} are free"
        )


def _in_words(size: float) -> str:
    """A number of bytes, to three digits."""
    for unit, bytes_ in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_:
            return f"{size / bytes_:.3g} {unit}"
    return f"{size:.0f} bytes"


@contextmanager
def _whole_file(path: Path, force: bool) -> Iterator[BinaryIO]:
    """A file that stands under its name when it is complete, and nowhere if it fails."""
    part = path.with_name(f".{secrets.token_hex(4)}.part")  # shorter than most names
    try:
        with open(part, "xb") as file:
            yield file
        check_free(path, force)  # it may have come meanwhile
        os.replace(part, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error})") from None
    finally:
        with suppress(OSError):
            part.unlink()
