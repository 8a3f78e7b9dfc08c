"""Exported models held against the network and against each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..common.text import ABSENT
from ..imaging.images import read_rgb, to_tensor, to_uint8
from ..imaging.pairs import Pair
from ..imaging.protocol import psnr
from ..networks.generator import Generator
from ..networks.inference import super_resolve
from .graph import export_onnx
from .parity import check_parity
from .runtime import Session, open_model


def export_with_parity(generator: Generator, path: Path) -> dict[str, float]:
    """Export a generator and hold it against the file; the figures of `check_parity`."""
    export_onnx(generator, path)
    session = open_model(path, torch.get_num_threads())
    return check_parity(str(path), session, generator).figures()


def psnr_changes(
    before: Path, after: Path, pairs: Mapping[str, Sequence[Pair]], reach: int
) -> dict[str, float | None]:
    """dB (Y) that the model `after` gains over `before`: the mean over each set's images.

    None where an image is met exactly, such as one of a single colour: its PSNR is infinite. Large
    images go through the models in bands, as through the generator, whose `receptive_radius` is
    `reach`.
    """
    models = [open_model(path, torch.get_num_threads()) for path in (before, after)]
    return {name: _psnr_change(own, *models, reach) for name, own in pairs.items()}


def print_export(
    parity: Mapping[str, Mapping[str, float]],
    changes: Mapping[str, float | None],
    most_loss: float,
) -> None:
    """Say how far the files are from the network they were made of."""
    for network, found in parity.items():
        print(f"  {network}: largest difference to PyTorch {found['difference']:.1e}")
    for test_set, change in changes.items():
        text = ABSENT if change is None else f"{change:+.3f} dB"
        beyond = change is not None and -change > most_loss
        print(f"  INT8, PSNR on {test_set}: {text}{', MORE than export.most_psnr_loss' * beyond}")


def _psnr_change(
    pairs: Sequence[Pair], before: Session, after: Session, reach: int
) -> float | None:
    def psnr_of(run: Session, lr: Tensor, hr: np.ndarray) -> float:
        sr = super_resolve(lambda band: torch.from_numpy(run(band.numpy())), lr, reach)
        return psnr(to_uint8(sr), hr)

    changes = []
    for pair in pairs:
        lr, hr = to_tensor(read_rgb(pair.lr)), read_rgb(pair.hr)
        changes.append(psnr_of(after, lr, hr) - psnr_of(before, lr, hr))
    mean = float(np.mean(changes))
    return round(mean, 4) if np.isfinite(mean) else None
