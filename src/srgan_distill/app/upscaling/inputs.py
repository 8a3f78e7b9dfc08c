"""Which photographs a command line means, and where the results of them go."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ...common.errors import UserError
from ...imaging.images import SUFFIXES, left_out, list_images
from .formats import FORMATS, format_of

# Results of what can be read but not written.
_REPLACEMENT = ".png"

# Names of images that Pillow does not know.
_OTHER_IMAGES = {
    ".3fr", ".ai", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".exr", ".hdr", ".heic",
    ".heif", ".hif", ".jxl", ".jxr", ".kra", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw",
    ".rw2", ".sr2", ".srw", ".svg", ".svgz", ".x3f", ".xcf",
}  # fmt: skip


def photographs(path: Path) -> tuple[list[Path], str]:
    """The photographs that an argument means: itself, or those directly in it, sorted by name.

    Returns:
        The files, and what is `left_out` of a folder.

    Raises:
        UserError: a folder that cannot be read or holds no photograph.
    """
    if not path.is_dir():
        return [path], ""
    return [image for image in list_images(path) if not image.is_dir()], left_out(path)


def is_folder(output: Path) -> bool:
    """Whether results go into `output` under their own names: it is a folder, or no image's name.

    Raises:
        UserError: it has the suffix of an image format that cannot be written.
    """
    suffix = output.suffix.lower()
    if output.is_dir():
        return True
    if _is_of_images(suffix):
        format_of(output)
    return suffix not in FORMATS


def _is_of_images(suffix: str) -> bool:
    return suffix in Image.registered_extensions() or suffix in {*SUFFIXES, *_OTHER_IMAGES}


def check_output(inputs: Sequence[Path], output: Path) -> None:
    """Refuse one file as the place of several results.

    Raises:
        UserError: `output` names one file and there are several photographs.
    """
    if not is_folder(output) and (len(inputs) > 1 or inputs[0].is_dir()):
        raise UserError(f"-o {output} names one file; several photographs need a folder")


def result_name(source: Path) -> str:
    """The name of a photograph's result in a folder: its own, where its kind can be written.

    Else .png takes the place of an image's suffix, and stands behind any other name, whose dots
    are its own: photographs of `trip.1` and `trip.2` are two.
    """
    suffix = source.suffix.lower()
    if suffix in FORMATS:
        return source.name
    return (source.stem if _is_of_images(suffix) else source.name) + _REPLACEMENT


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from all others, whatever it is called; None of one that is not there."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino
