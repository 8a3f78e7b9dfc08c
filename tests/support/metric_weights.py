"""Made-up weights of NIQE, LPIPS and DISTS, of the published shapes."""

from pathlib import Path

import numpy as np
import torch
from scipy.io import savemat
from torchvision import models

CHANNELS = (64, 192, 384, 256, 256)
"""Maps of AlexNet's five layers."""
MAPS = 3 + 64 + 128 + 256 + 512 + 512
"""Those that DISTS compares: RGB, and the maps of VGG16's five stages."""


def write_niqe(file: Path) -> None:
    """A standard normal."""
    savemat(file, {"mu_prisparam": np.zeros((1, 36)), "cov_prisparam": np.eye(36)})


def write_convolutions(file: Path, name: str) -> None:
    """Random convolutions of alexnet or vgg16, in float16: half of the bytes."""
    draw = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in getattr(models, name)().state_dict().items()}
    weights = {
        key: torch.randn(shape, generator=draw) * (2 / shape[1:].numel()) ** 0.5
        for key, shape in shapes.items()
        if key.startswith("features.")
    }
    torch.save({key: value.half() for key, value in weights.items()}, file)


def write_lpips(file: Path) -> None:
    """A random weight for each map of AlexNet."""
    draw = torch.Generator().manual_seed(1)
    torch.save(
        {
            f"lin{layer}.model.1.weight": torch.rand(1, count, 1, 1, generator=draw)
            for layer, count in enumerate(CHANNELS)
        },
        file,
    )


def write_dists(file: Path) -> None:
    """Only the means of red, green and blue count, a quarter each, and the variances of VGG16's
    first 64 maps, a half each."""
    alpha, beta = torch.zeros(2, 1, MAPS, 1, 1)
    alpha[:, :3], beta[:, 3:67] = 0.25, 0.5
    torch.save({"alpha": alpha, "beta": beta}, file)
