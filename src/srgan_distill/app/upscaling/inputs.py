"""Which photographs a command line means, and where the results of them go."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ...common.errors import UserError
from ...imaging.images import SUFFIXES, is_image_name
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
        The files, and what else a folder holds, counted by kind ("2 .gif, 1 folder"); hidden files
        are nothing of the user's.

    Raises:
        UserError: a folder that cannot be read or holds no photograph.
    """
    if not path.is_dir():
        return [path], ""
    try:
        entries = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
    except OSError as error:
        raise UserError(f"folder {path} cannot be read ({error.strerror})") from None
    found = [entry for entry in entries if is_image_name(entry) and not entry.is_dir()]
    others = Counter(_kind(entry) for entry in entries if entry not in found)
    left_out = ", ".join(f"{count} {kind}" for kind, count in sorted(others.items()))
    if not found:
        holds = f"; it holds {left_out}" if left_out else ""
        raise UserError(f"folder {path} holds no image ({', '.join(SUFFIXES)}){holds}")
    return found, left_out


def _kind(path: Path) -> str:
    if path.is_dir():
        return "folder"
    return path.suffix.lower() or "without a suffix"


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
