"""Small parts of a training: tiles, the networks beside the generator, and crops."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from srgan_distill.common.params import Content
from srgan_distill.networks.content import build_content
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import build_generator
from srgan_distill.training.batches import Tiles
from srgan_distill.training.losses import LossNetworks, build_hint, freeze

FILTERS, TEACHER_FILTERS = 4, 8


@pytest.fixture
def tiles() -> Tiles:
    coarse = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
    hr = F.interpolate(coarse, scale_factor=8, mode="bilinear").round()
    return Tiles(hr.byte(), F.avg_pool2d(hr, 4).round().byte())


@pytest.fixture
def networks() -> LossNetworks:
    content = Content(network="efficientnet_lite0", layer="stage1", weights=None)
    return LossNetworks(
        content=build_content(content, Path("not there")),
        teacher=freeze(build_generator(TEACHER_FILTERS, 2, seed=9)),
        discriminator=build_discriminator(16, seed=0),
        hint=build_hint(FILTERS, TEACHER_FILTERS, seed=0),
    )


def crops(tiles: Tiles, step: int = 0, **options: object) -> tuple[torch.Tensor, torch.Tensor]:
    """LR and HR, in [0, 1]."""
    lr, hr = tiles.cut(step, **{"seed": (0,), "size": 2, "crop": 16, **options})
    return lr / 255, hr / 255
