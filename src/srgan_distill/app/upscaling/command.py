"""`srgan-distill upscale`: photographs and folders of them, one line for each that fails."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...common.errors import UserError
from ...common.scale import SCALE
from ...imaging.photographs import Photograph, photograph_size, read_photograph
from ..output import complain, say
from .description import kept
from .formats import Target, format_of
from .inputs import check_output, identity, is_folder, photographs, result_name
from .model import Model, upscaled_bands
from .saving import check_free, save_bands


@dataclass(frozen=True)
class Options:
    """`tile` in LR pixels, None to choose it; `quality` of JPEG and WebP; `force` to replace."""

    tile: int | None
    quality: int
    force: bool


@dataclass
class Count:
    """How many photographs were upscaled, had their result already, and failed."""

    upscaled: int = 0
    there: int = 0
    failed: int = 0

    def __str__(self) -> str:
        there = f", {self.there} there already" if self.there else ""
        return f"{self.upscaled} upscaled{there}, {self.failed} not"


@dataclass
class _Batch:
    """What a result must not replace, or pass for.

    `inputs` by identity, in `owners` whose result each name of a file is, and in `made` the source
    of each target.
    """

    inputs: set[tuple[int, int] | None]
    owners: dict[str, Path]
    made: dict[Path, Path] = field(default_factory=dict)


def upscale_files(model: Model, inputs: Sequence[Path], output: Path, options: Options) -> Count:
    """Upscale photographs, and print a line for each, on stderr for those that fail.

    Whatever a file makes a decoder raise, the others are upscaled.

    Args:
        model: from `load_model`.
        inputs: image files, and folders of them (their own files, not those of their folders).
        output: a file to write, or a folder (see `is_folder`). In a folder, results that are there
            already are left, so that an interrupted run goes on with what is missing.
        options: of the command.

    Raises:
        UserError: `output` does not fit the inputs, or its folder cannot be made.
    """
    check_output(inputs, output)
    into_folder = is_folder(output)
    _make_folder(output if into_folder else output.parent)
    sources = list(_all_photographs(inputs))
    paths = [source for source in sources if isinstance(source, Path)]
    batch = _Batch({identity(path) for path in paths} - {None}, _owners(paths))
    count = Count()
    for source in sources:
        try:
            if isinstance(source, UserError):
                raise source
            target = output
            if into_folder:
                target = output / result_name(source)
                _check_name(source, target, batch)
            _check_target(source, target, batch)
            if into_folder and not options.force and _is_there(source, target):
                say(f"{source} -> {target}: there already (--force makes it anew)")
                batch.made[target] = source
                count.there += 1
                continue
            say(_upscale_file(model, source, target, options))
            batch.made[target] = source
            count.upscaled += 1
        except UserError as error:
            complain(error)
            count.failed += 1
        except Exception as error:  # of decoders, encoders, systems: none may end the batch
            complain(f"image {source} cannot be upscaled ({type(error).__name__}: {error})")
            count.failed += 1
    return count


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"folder {folder} cannot be made ({reason})") from None


def _all_photographs(inputs: Iterable[Path]) -> Iterator[Path | UserError]:
    for path in inputs:
        try:
            found, left_out = photographs(path)
        except UserError as error:
            yield error
            continue
        except OSError as error:  # not even what it is can be seen
            yield UserError(f"image {path} cannot be read ({error.strerror})")
            continue
        if left_out:
            complain(f"{path}: left out {left_out}", kind="note")
        yield from found


def _owners(paths: list[Path]) -> dict[str, Path]:
    """By a result's name the photograph that it belongs to: of that name, else the first."""
    owners: dict[str, Path] = {}
    for path in sorted(paths, key=lambda path: path.name != result_name(path)):
        owners.setdefault(result_name(path), path)
    return owners


def _check_name(source: Path, target: Path, batch: _Batch) -> None:
    """Refuse the name of another photograph's result, whether that one can be made or not.

    Else out/p.png of p.avif would pass for the result of p.png, once that is mended.
    """
    other = batch.made.get(target, batch.owners[target.name])
    if target in batch.made or other.name != source.name:
        raise UserError(
            f"image {source}: {target} is the result of {other}; give it a folder of its own"
        )


def _check_target(source: Path, target: Path, batch: _Batch) -> None:
    """Refuse to write over what this command reads."""
    if identity(target) in batch.inputs:
        which = "it" if identity(target) == identity(source) else f"{target}, another photograph"
        raise UserError(f"image {source}: the result would replace {which}; give another -o")


def _is_there(source: Path, target: Path) -> bool:
    """Whether `target` is the result of an earlier run, by its size."""
    if not target.is_file():
        return False
    width, height = photograph_size(source)
    try:
        return photograph_size(target) == (SCALE * width, SCALE * height)
    except UserError:
        return False


def _upscale_file(model: Model, source: Path, target: Path, options: Options) -> str:
    """Upscale one photograph, and say what came of it."""
    form = format_of(target)
    check_free(target, options.force)
    photograph = read_photograph(source)
    if not form.has_alpha:
        photograph = photograph.without_idle_alpha()
    height, width, channels = photograph.pixels.shape
    dtype = photograph.pixels.dtype if form.has_16_bits else np.dtype(np.uint8)
    shape = (SCALE * height, SCALE * width, channels)
    is_grey = channels <= 2 and form.has_grey
    metadata = kept(photograph.metadata, is_grey, form.carries)
    wanted = Target(shape, dtype, metadata, options.quality)
    with tqdm(
        total=height * width * SCALE**2, desc=source.name, unit="px", unit_scale=True, leave=False,
        disable=None,
    ) as bar:  # fmt: skip
        bands = upscaled_bands(
            model, photograph.pixels, dtype, options.tile, lambda done: bar.update(done * SCALE**2)
        )
        save_bands(target, bands, wanted, options.force)
    lost = [*(["16 bits"] if dtype != photograph.pixels.dtype else []), *metadata.lost]
    return f"{source} -> {target}: {shape[1]}x{shape[0]} pixels{_remarks(photograph, lost)}"


def _remarks(photograph: Photograph, lost: Sequence[str]) -> str:
    remarks = []
    if photograph.pages > 1:
        remarks.append(f"the first of {photograph.pages} pictures in it")
    if lost:
        remarks.append(f"not kept: {', '.join(lost)}")
    return f" ({'; '.join(remarks)})" if remarks else ""
