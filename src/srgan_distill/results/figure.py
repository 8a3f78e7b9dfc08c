"""Figure 2: the same crop of a test image by every method, enlarged so that pixels show."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..common.errors import UserError
from ..common.metrics import METRICS
from ..common.params import Crop
from ..common.runs import display_name
from ..imaging.images import read_rgb
from ..imaging.pairs import HR
from ..imaging.protocol import BORDER, psnr

COLUMNS = 5
EDGE = 288  # px a crop is enlarged to, about; five of them read well at the README's width
GAP = 14
FONT = 25
LINE = 32  # px per line of a caption
PAPER, INK, FAINT, FRAME = "white", "black", "#666666", "#e00000"

Panel = tuple[Image.Image, str, str]
"""Picture, and the two lines of its caption."""


def figure2(
    crops: Sequence[Crop],
    models: Sequence[str],
    test: Callable[[str], Path],
    results: Callable[[str], Path],
    key: str,
) -> np.ndarray:
    """Draw Figure 2.

    Per crop: the whole HR image with the crop's frame, the HR crop, and each model's with the
    PSNR of the crop alone (Y channel, dB, no border cut: the crop lies inside the image).

    Args:
        crops: what to show, `size` x `size` HR px each.
        models: keys of the models, in the order of the panels.
        test: folder of the pairs of a test set.
        results: folder of a model's SR images, one folder per test set in it.
        key: where `crops` stands in params.yaml, for errors.

    Returns:
        uint8 [height, width, 3] RGB; the same arguments and files give the same bytes.

    Raises:
        UserError: a crop names a set or image that is not there or leaves its image.
    """
    rows = [
        _panels(crop, models, test, results, f"{key}[{index}]") for index, crop in enumerate(crops)
    ]
    cell = max(picture.width for panels in rows for picture, *_ in panels)
    return np.concatenate([_grid(panels, cell) for panels in rows])


def crop_psnr(sr: np.ndarray, hr: np.ndarray) -> float:
    """PSNR in dB of two uint8 [h, w, 3] RGB crops on Y of BT.601; inf where they are equal."""
    # The protocol cuts an image's border; a crop has none, so it gets one to be cut.
    border = ((BORDER, BORDER), (BORDER, BORDER), (0, 0))
    return psnr(np.pad(sr, border), np.pad(hr, border))


def _panels(
    crop: Crop,
    models: Sequence[str],
    test: Callable[[str], Path],
    results: Callable[[str], Path],
    key: str,
) -> list[Panel]:
    hr = read_rgb(_find_reference(crop, test(crop.set) / HR, key))
    if crop.top + crop.size > hr.shape[0] or crop.left + crop.size > hr.shape[1]:
        raise UserError(
            f"{key}: {crop.size} x {crop.size} px from top {crop.top}, left {crop.left} leaves "
            f"{crop.set}/{crop.image}, which is {hr.shape[1]} wide and {hr.shape[0]} high"
        )
    box = np.s_[crop.top : crop.top + crop.size, crop.left : crop.left + crop.size]
    panels = [
        (_thumbnail(hr, crop), f"{crop.set} / {crop.image}", "frame: the crop"),
        (_enlarge(hr[box]), "HR", "reference"),
    ]
    for model in models:
        sr = read_rgb(results(model) / crop.set / f"{crop.image}.png")
        score = f"{METRICS['psnr'].text(crop_psnr(sr[box], hr[box]))} dB"
        panels.append((_enlarge(sr[box]), display_name(model), score))
    return panels


def _find_reference(crop: Crop, folder: Path, key: str) -> Path:
    if not folder.is_dir():
        sets = sorted(path.parent.name for path in folder.parent.parent.glob(f"*/{HR}"))
        raise UserError(f"{key}.set = {crop.set!r}: must be one of {', '.join(sets)}")
    images = sorted(path.stem for path in folder.glob("*.png"))
    if crop.image not in images:
        raise UserError(f"{key}.image = {crop.image!r}: must be one of {', '.join(images)}")
    return folder / f"{crop.image}.png"


def _enlargement(size: int) -> int:
    """A whole number, so that every pixel becomes a square of the same size."""
    return max(1, round(EDGE / size))


def _enlarge(rgb: np.ndarray) -> Image.Image:
    factor = _enlargement(len(rgb))
    return Image.fromarray(rgb.repeat(factor, axis=0).repeat(factor, axis=1))


def _thumbnail(hr: np.ndarray, crop: Crop) -> Image.Image:
    """The whole image within the square of an enlarged crop, at its bottom, the crop framed."""
    edge = crop.size * _enlargement(crop.size)
    scale = edge / max(hr.shape[:2])
    small = Image.fromarray(hr).resize(
        (round(hr.shape[1] * scale), round(hr.shape[0] * scale)), Image.Resampling.LANCZOS
    )
    left, top = round(crop.left * scale), round(crop.top * scale)
    end = round(crop.size * scale)
    draw = ImageDraw.Draw(small)
    # A light rim keeps the frame visible on any picture.
    draw.rectangle((left - 2, top - 2, left + end + 2, top + end + 2), outline=PAPER, width=7)
    draw.rectangle((left, top, left + end, top + end), outline=FRAME, width=3)
    square = Image.new("RGB", (edge, edge), PAPER)
    square.paste(small, ((edge - small.width) // 2, edge - small.height))
    return square


def _grid(panels: Sequence[Panel], cell: int) -> np.ndarray:
    lines = -(-len(panels) // COLUMNS)
    height = cell + 2 * LINE + GAP
    sheet = Image.new("RGB", (COLUMNS * (cell + GAP) + GAP, lines * height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, name, score) in enumerate(panels):
        left = GAP + index % COLUMNS * (cell + GAP)
        top = GAP + index // COLUMNS * height
        sheet.paste(picture, (left + (cell - picture.width) // 2, top + cell - picture.height))
        middle = left + cell // 2
        _write(draw, middle, top + cell + LINE - 6, name, INK, cell)
        _write(draw, middle, top + cell + 2 * LINE - 6, score, FAINT, cell)
    return np.asarray(sheet)


def _write(
    draw: ImageDraw.ImageDraw, middle: int, baseline: int, text: str, colour: str, width: int
) -> None:
    """One centred line, as large as fits in `width` px."""
    font = ImageFont.load_default(FONT)
    if (needed := draw.textlength(text, font)) > width:
        font = ImageFont.load_default(FONT * width / needed)
    draw.text((middle, baseline), text, colour, font, anchor="ms")
