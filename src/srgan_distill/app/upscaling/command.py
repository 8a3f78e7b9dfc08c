"""`srgan-distill upscale`: photographs and folders of them, one line for each that fails."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ...common.errors import UserError
from ...common.scale import SCALE
from ...imaging.images import SUFFIXES, list_images
from ...imaging.photographs import read_photograph
from .description import kept
from .formats import Target, format_of
from .model import Model, upscaled_bands
from .saving import check_free, save_bands


@dataclass(frozen=True)
class Options:
    """`tile` in LR pixels, None to choose it; `quality` of JPEG and WebP; `force` to replace."""

    tile: int | None
    quality: int
    force: bool


def upscale_files(
    model: Model, inputs: Sequence[Path], output: Path, options: Options
) -> tuple[int, int]:
    """Upscale photographs, and print a line for each, on stderr for those that fail.

    Args:
        model: from `load_model`.
        inputs: image files, and folders of them (their own files, not those of their folders).
        output: a file to write, or a folder (see `is_folder`).
        options: of the command.

    Returns:
        How many were upscaled, and how many failed.

    Raises:
        UserError: `output` does not fit the inputs, or its folder cannot be made.
    """
    into_folder = is_folder(output)
    if not into_folder and (len(inputs) > 1 or inputs[0].is_dir()):
        raise UserError(f"-o {output} names one file; several photographs need a folder")
    _make_folder(output if into_folder else output.parent)
    done = failed = 0
    made: dict[Path, Path] = {}
    for source in _photographs(inputs):
        try:
            if isinstance(source, UserError):
                raise source
            target = output / source.name if into_folder else output
            if target in made:
                raise UserError(f"image {source}: {target} is already made of {made[target]}")
            made[target] = source
            print(_upscale_file(model, source, target, options))
            done += 1
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            failed += 1
    return done, failed


def is_folder(output: Path) -> bool:
    """Whether results go into `output` under their own names: it is a folder, or no image's name.

    Raises:
        UserError: it has the suffix of an image format that cannot be written.
    """
    suffix = output.suffix.lower()
    if output.is_dir():
        return True
    if suffix in Image.registered_extensions() and suffix not in SUFFIXES:
        format_of(output)
    return suffix not in SUFFIXES


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"folder {folder} cannot be made ({error.strerror})") from None


def _photographs(inputs: Sequence[Path]) -> Iterator[Path | UserError]:
    for path in inputs:
        try:
            yield from list_images(path) if path.is_dir() else [path]
        except UserError as error:
            yield error


def _upscale_file(model: Model, source: Path, target: Path, options: Options) -> str:
    """Upscale one photograph, and say what came of it."""
    form = format_of(target)
    if target.exists() and target.samefile(source):
        raise UserError(f"image {source}: the result would replace it; give another -o")
    check_free(target, options.force)
    photograph = read_photograph(source)
    if not form.has_alpha:
        photograph = photograph.without_idle_alpha()
    height, width, channels = photograph.pixels.shape
    dtype = photograph.pixels.dtype if form.has_16_bits else np.dtype(np.uint8)
    shape = (SCALE * height, SCALE * width, channels)
    metadata = kept(photograph.metadata, channels, form.carries)
    wanted = Target(shape, dtype, metadata, options.quality)
    with tqdm(
        total=height * width * SCALE**2, desc=source.name, unit="px", unit_scale=True, leave=False,
        disable=None,
    ) as bar:  # fmt: skip
        bands = upscaled_bands(
            model, photograph.pixels, dtype, options.tile, lambda done: bar.update(done * SCALE**2)
        )
        save_bands(target, bands, wanted, options.force)
    first = f" (the first of {photograph.pages} pictures in it)" if photograph.pages > 1 else ""
    lost = f" (without its {', '.join(metadata.lost)})" if metadata.lost else ""
    return f"{source}{first} -> {target}: {shape[1]}x{shape[0]} pixels{lost}"
