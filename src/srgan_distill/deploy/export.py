"""A strategy's student as ONNX, in float32 and INT8: written, checked and scored."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ..common.params import Export
from ..imaging.images import read_rgb, to_tensor, to_uint8
from ..imaging.pairs import Pair
from ..imaging.protocol import psnr
from ..networks.weights import load_generator
from .graph import export_onnx
from .parity import check_parity
from .quantise import CalibrationTiles, quantise
from .runtime import Session, open_model


def export_with_parity(weights: Path, path: Path, seed: int) -> dict[str, float]:
    """Export a generator and hold it against the file; the figures of `check_parity`."""
    generator = load_generator(weights)
    export_onnx(generator, path)
    session = open_model(path, torch.get_num_threads())
    return check_parity(str(path), session, generator, seed).figures()


def export_int8(student: Path, int8: Path, tiles: Path, export: Export) -> list[str]:
    """Write the model `student` in INT8 to `int8`; the names of the layers left in float.

    Args:
        tiles: the folder of training tiles, which calibrate and judge.
        export: how (see `srgan_distill.deploy.quantise`).
    """
    lr, hr = (np.load(tiles / f"{name}.npy", mmap_mode="r") for name in ("lr", "hr"))
    calibration = CalibrationTiles(lr, hr, export.calibration_tiles)
    return quantise(student, int8, calibration, export.percentile, export.most_psnr_loss)


def psnr_changes(
    before: Path, after: Path, pairs: Mapping[str, Sequence[Pair]]
) -> dict[str, float]:
    """dB (Y) that the model `after` gains over `before`: the mean over each set's images."""
    models = [open_model(path, torch.get_num_threads()) for path in (before, after)]
    return {name: _psnr_change(own, *models) for name, own in pairs.items()}


def print_export(
    parity: Mapping[str, Mapping[str, float]],
    in_float: Sequence[str],
    changes: Mapping[str, float],
    most_loss: float,
) -> None:
    """Say how far the files are from the network they were made of."""
    for network, found in parity.items():
        print(f"  {network}: largest difference to PyTorch {found['difference']:.1e}")
    print(f"  INT8, layers left in float: {', '.join(in_float) or 'none'}")
    for test_set, change in changes.items():
        beyond = ", MORE than export.most_psnr_loss" * (-change > most_loss)
        print(f"  INT8, PSNR on {test_set}: {change:+.3f} dB{beyond}")


def _psnr_change(pairs: Sequence[Pair], before: Session, after: Session) -> float:
    changes = []
    for pair in pairs:
        image, truth = to_tensor(read_rgb(pair.lr)).numpy(), read_rgb(pair.hr)
        old, new = (psnr(to_uint8(torch.from_numpy(run(image))), truth) for run in (before, after))
        changes.append(new - old)
    return round(float(np.mean(changes)), 4)
