"""INT8 by ONNX Runtime's static quantisation, some layers in float."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from ..common.errors import UserError
from .graph import INPUT, layers_of, write_model

# LR pixels, a side, of each calibration tile. The rarest values of a layer lie far out. Clipping
# its highest ten-thousandth costs PSNR; so do ranges that hold all of whole tiles, in steps too
# wide for all others (benchmarks/README.md).
_SIDE = 24


def quantise(
    source: Path, target: Path, images: Iterable[np.ndarray], float_layers: Sequence[str]
) -> None:
    """Write `source`, a model of `graph.export_onnx`, with its convolutions in INT8.

    Args:
        source, target: ONNX files.
        images: LR, float32 [1, 3, h, w] in [0, 1]. A layer's range is that of its values on them.
        float_layers: the names of convolutions that stay in float, see `graph.layers_of`.

    Raises:
        UserError: `source` has no layer of such a name.
    """
    if absent := sorted(set(float_layers) - set(layers := layers_of(source))):
        raise UserError(
            f"export.float_layers names {', '.join(absent)}, but the layers of {source} are "
            f"{', '.join(layers)}"
        )
    with tempfile.TemporaryDirectory() as folder, _quiet():
        # Weights from -127 to 127 per channel, activations from 0 to 255: what CPUs with VNNI
        # multiply. Nothing but convolutions: eight bits between the parts of a PReLU cost 0.3 dB.
        quantize_static(
            source,
            quantised := Path(folder) / "quantised.onnx",
            _Reader(iter(images)),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=list(float_layers),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        model = onnx.load(quantised)
    write_model(model, target, int8_layers_in_float=" ".join(float_layers) or "none")


def calibration_images(tiles: Path, count: int) -> Iterator[np.ndarray]:
    """Corners of LR training tiles, float32 [1, 3, h, w] in [0, 1]; no more than there are.

    Args:
        tiles: the folder in which stage `preprocess` writes them.
        count: how many, evenly spaced.
    """
    lr = np.load(tiles / "lr.npy", mmap_mode="r")
    for index in np.unique(np.linspace(0, len(lr) - 1, count).astype(int)):
        yield lr[index, :, :_SIDE, :_SIDE][None].astype(np.float32) / 255


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
