"""A generator at work on whole images: uint8 or uint16 arrays, tile by tile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor
from torch.nn import functional as F

from ...common.errors import UserError, is_out_of_memory
from ...common.scale import SCALE
from ...networks.compute import Compute, choose_compute, has_usable_gpu
from ...networks.generator import Generator
from ...networks.weights import load_generator
from ...shipped import models
from .alpha import spread
from .arrays import as_pixels
from .tiles import mirrored, spans, widened

# Of one tile: a quarter of the free memory, and no more than what larger tiles gain little by. On
# a CPU it also keeps a 12-megapixel photograph below 2 GB, torch and the result included.
_TILE_MEMORY = {"cpu": 192 * 2**20, "cuda": 4 * 2**30}
# But at least so many times as wide as its margin, where the quarter allows it: at six, margins are
# 1.25 times the work of what they surround, at 3.5, all that a deep network would get, four times.
_MARGINS = 6
_SMALLEST_TILE = 32

# Mirrored LR pixels around an image: zeros beyond its border make a frame of up to 100 grey levels
# around saturated colours (benchmarks/README.md).
_BEYOND = 8

# Bytes for an LR pixel and a filter, measured: 2.5 copies of the largest layer, which has 4
# channels a filter at four times the pixels, in float32.
_BYTES_PER_FILTER = 2.5 * 4 * 4 * 4

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16")

_LUMA = (0.299, 0.587, 0.114)  # BT.601


@dataclass(frozen=True)
class Model:
    """A trained generator and what it computes on (made by `load_model`)."""

    generator: Generator
    compute: Compute

    @property
    def margin(self) -> int:
        """LR pixels around a tile that its result depends on."""
        return self.generator.receptive_radius

    def tile(self) -> int:
        """The side of a tile, in LR pixels without its margin, that the free memory allows."""
        kind = self.compute.device.type
        if kind == "cuda":
            device = self.compute.device
            free, _ = torch.cuda.mem_get_info(device)
            # What torch keeps of the last tile's memory, the next one gets.
            free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        else:
            free = psutil.virtual_memory().available
        bytes_per_pixel = _BYTES_PER_FILTER * self.generator.filters
        wide = bytes_per_pixel * (_MARGINS * self.margin) ** 2
        side = isqrt(int(min(free // 4, max(_TILE_MEMORY[kind], wide)) / bytes_per_pixel))
        return max(_SMALLEST_TILE, side - 2 * self.margin)


def load_model(
    model: str | Path = models.DEFAULT, device: str = "auto", precision: str = "float32"
) -> Model:
    """Load a x4 super-resolution model.

    Args:
        model: a shipped model's name (`srgan_distill.shipped.models.names()`), or a file that the
            pipeline wrote (`data/<profile>/models/<run>/generator.safetensors`).
        device: `auto` (a GPU where there is one), `cpu` or `cuda`.
        precision: `float32`, or `bfloat16` for speed on a GPU or a CPU with AMX: a value in a
            hundred is then off by two grey levels or more (six at most in what was tried).

    Raises:
        UserError: no such model, a file that is none of this pipeline, another device or precision,
            or `cuda` where there is none.
    """
    for name, value, choices in (
        ("device", device, DEVICES), ("precision", precision, PRECISIONS)
    ):  # fmt: skip
        if value not in choices:
            raise UserError(f"{name} {value!r}: must be one of {', '.join(choices)}")
    if device == "cuda" and not has_usable_gpu():
        raise UserError("device cuda: this machine has no GPU that PyTorch can use; take cpu")
    compute = choose_compute(device, precision)
    file = models.find(model)
    generator = load_generator(file, advice="take a shipped model, or a .safetensors that it wrote")
    if not all(value.isfinite().all() for value in generator.state_dict().values()):
        raise UserError(f"{file} holds weights that are no numbers: its training failed")
    return Model(compute.place(generator), compute)


def upscale(model: Model, image: np.ndarray, tile: int | None = None) -> np.ndarray:
    """Four times as many pixels in each direction.

    Args:
        model: from `load_model`.
        image: uint8 (0..255) or uint16 (0..65535), [height, width] or [height, width, channels],
            with 1 (grey), 2 (grey, alpha), 3 (red, green, blue) or 4 (RGB, alpha) channels.
        tile: LR pixels, the side of the squares worked on at a time; more is faster and takes more
            memory, the result is the same up to rounding. Default: from the free memory.

    Returns:
        The same type, range and number of dimensions and channels, [4 height, 4 width, ...].

    Raises:
        UserError: an image of another type or shape, or another model or tile.
    """
    if not isinstance(model, Model):
        raise UserError(f"a model must come from load_model, not be {type(model).__name__}")
    if tile is not None and (isinstance(tile, bool) or not isinstance(tile, int) or tile < 1):
        raise UserError(f"tile {tile!r}: must be a whole number of at least 1, or None")
    result = np.concatenate(list(upscaled_bands(model, as_pixels(image), image.dtype, tile)))
    return result[..., 0] if image.ndim == 2 else result


def upscaled_bands(
    model: Model,
    pixels: np.ndarray,
    dtype: np.dtype,
    tile: int | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[np.ndarray]:
    """The result of `upscale` in bands of whole rows from the top: it need not fit in memory.

    Args:
        model, tile: as in `upscale`.
        pixels: uint8 or uint16, [height, width, 1 to 4 channels].
        dtype: of the result, uint8 or uint16.
        progress: is told the LR pixels done since its last call.

    Yields:
        `dtype`, [rows, 4 width, channels], 0 to the largest value of `dtype`.

    Raises:
        UserError: too little memory for a tile.
    """
    height, width, channels = pixels.shape
    tile = tile or model.tile()
    pixels = spread(pixels)
    for top, bottom in spans(height, tile):
        rows = widened(top, bottom, model.margin, height, _BEYOND)
        band = np.empty((SCALE * (bottom - top), SCALE * width, channels), dtype)
        for left, right in spans(width, tile):
            columns = widened(left, right, model.margin, width, _BEYOND)
            inner = (
                slice(SCALE * (top - rows.start), SCALE * (bottom - rows.start)),
                slice(SCALE * (left - columns.start), SCALE * (right - columns.start)),
            )
            part = pixels[np.ix_(mirrored(rows, height), mirrored(columns, width))]
            with _smaller_tiles_advised(tile):
                result = _on_device(model, part)[:, inner[0], inner[1]]
                band[:, SCALE * left : SCALE * right] = _to_integers(result, dtype)
            progress((bottom - top) * (right - left))
        yield band
        del band  # before the next one is made


@torch.inference_mode()
def _on_device(model: Model, pixels: np.ndarray) -> Tensor:
    """`_upscaled` of one tile with its margin: [channels, 4 height, 4 width]."""
    values = torch.from_numpy(pixels.astype(np.float32)).to(model.compute.device)
    return _upscaled(model, values / np.iinfo(pixels.dtype).max)


@contextmanager
def _smaller_tiles_advised(tile: int) -> Iterator[None]:
    """Where the memory is too small for tiles of that size."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"too little memory for tiles of {tile} pixels; give a smaller size (--tile)"
        ) from None


def _upscaled(model: Model, image: Tensor) -> Tensor:
    """One tile: [height, width, channels] in [0, 1] to [channels, 4 height, 4 width].

    Grey is a colour image of three equal channels, and of the result its luma: what the eye and
    the benchmarks judge. Alpha is enlarged by bicubic interpolation: it keeps what is opaque
    opaque and what is transparent transparent, which no network does to the last level.
    """
    planes = image.permute(2, 0, 1).unsqueeze(0)
    channels = planes.shape[1]
    is_colour = channels >= 3
    colours = planes[:, :3] if is_colour else planes[:, :1].expand(-1, 3, -1, -1)
    with model.compute.autocast():
        result = model.generator(colours.contiguous(memory_format=torch.channels_last))
    result = result[0].float().clamp(0, 1)
    if not is_colour:
        result = torch.tensordot(result.new_tensor(_LUMA), result, dims=1).unsqueeze(0)
    if channels in (1, 3):
        return result
    alpha = F.interpolate(planes[:, -1:], scale_factor=SCALE, mode="bicubic")[0]
    return torch.cat([result, alpha.clamp(0, 1)])


def _to_integers(image: Tensor, dtype: np.dtype) -> np.ndarray:
    """[channels, height, width] in [0, 1] to [height, width, channels], rounded."""
    values = image.mul(np.iinfo(dtype).max).round()
    return values.permute(1, 2, 0).cpu().numpy().astype(dtype)
