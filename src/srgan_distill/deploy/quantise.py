"""INT8 by ONNX Runtime's static quantisation, with as many layers in float as quality needs."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ..common.scale import SCALE
from ..imaging.images import to_uint8
from ..imaging.protocol import psnr
from .graph import INPUT, write_model
from .runtime import open_model

# The calibration holds the values of every layer in memory: 12 kB a pixel of the student's LR.
_SIDE = 24


class CalibrationTiles:
    """Training tiles of which a half calibrates and the others, between them, judge.

    Args:
        lr, hr: uint8 RGB, [N, 3, T/4, T/4] and [N, 3, T, T], as stage `preprocess` writes them.
        count: how many to use, evenly spaced; 24 x 24 px of each LR. No more than there are.
    """

    def __init__(self, lr: np.ndarray, hr: np.ndarray, count: int) -> None:
        chosen = np.unique(np.linspace(0, len(lr) - 1, count).astype(int))
        self._lr = lr[chosen, :, :_SIDE, :_SIDE].astype(np.float32) / 255
        self._hr = hr[chosen, :, : SCALE * _SIDE, : SCALE * _SIDE].transpose(0, 2, 3, 1)

    def calibration(self) -> Iterator[np.ndarray]:
        """LR images, float32 [1, 3, h, w] in [0, 1]."""
        return (image[None] for image in self._lr[::2])

    def psnr(self, model: Path) -> float:
        """PSNR (dB, Y) of a model on the other half, side by side as one image.

        A mean over tiles would be that of the flat ones, which any error costs whole decibels.
        """
        run = open_model(model, torch.get_num_threads())
        judges = slice(1 if len(self._lr) > 1 else 0, None, 2)
        sr = [to_uint8(torch.from_numpy(run(lr[None]))) for lr in self._lr[judges]]
        return psnr(np.concatenate(sr, axis=1), np.concatenate(self._hr[judges], axis=1))


def quantise(
    source: Path, target: Path, tiles: CalibrationTiles, percentile: float, most_loss: float
) -> list[str]:
    """Write `source`, a model of `graph.export_onnx`, with its convolutions in INT8.

    Where that costs more than `most_loss` dB, the layers that bring most of it back are kept in
    float, as few as it takes.

    Args:
        source, target: ONNX files.
        tiles: what calibrates and judges.
        percentile: of each layer's values, what is within the INT8 range; the rest is clipped.
        most_loss: dB on the judging tiles.

    Returns:
        The names of the layers kept in float.
    """
    with tempfile.TemporaryDirectory() as folder:
        return _Quantiser(source, target, tiles, percentile, Path(folder)).within(most_loss)


class _Quantiser:
    def __init__(
        self, source: Path, target: Path, tiles: CalibrationTiles, percentile: float, folder: Path
    ) -> None:
        self.source = source
        self.target = target
        self.tiles = tiles
        self.percentile = percentile
        self.part = folder / "quantised.onnx"
        self.ranges = folder / "ranges.json"  # of every layer's values: calibrated once
        nodes = onnx.load(source).graph.node
        self.layers = [node.name for node in nodes if node.op_type == "Conv"]
        self.float_psnr = tiles.psnr(source)

    def within(self, most_loss: float) -> list[str]:
        kept: list[str] = []
        if self.loss(kept) > most_loss:
            for layer in sorted(self.layers, key=lambda layer: self.loss([layer])):
                kept.append(layer)
                if self.loss(kept) <= most_loss:
                    break
        return kept

    def loss(self, float_layers: list[str]) -> float:
        """dB that the model loses with all but these layers in INT8; leaves it in `target`."""
        # Weights from -127 to 127 per channel, activations from 0 to 255: what CPUs with VNNI
        # multiply. Nothing but convolutions: eight bits between the parts of a PReLU cost 0.3 dB.
        with _quiet():
            quantize_static(
                self.source,
                self.part,
                _Reader(self.tiles.calibration()),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=float_layers,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": self.percentile},
                calibration_cache_path=self.ranges,
            )
        write_model(
            onnx.load(self.part), self.target, int8_layers_in_float=" ".join(float_layers) or "none"
        )
        return self.float_psnr - self.tiles.psnr(self.target)


class _Reader(CalibrationDataReader):
    def __init__(self, images: Iterator[np.ndarray]) -> None:
        self._images = images

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._images, None)
        return None if image is None else {INPUT: image}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the library prints and logs of its progress."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)
