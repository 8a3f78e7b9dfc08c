"""Small parts of a training: tiles, the networks beside the generator, crops, and a trainer."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from srgan_distill.common.params import BatchBudget, Budget, Content, Losses, Phase
from srgan_distill.networks.compute import Compute, make_deterministic
from srgan_distill.networks.content import build_content
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.training.batches import Batches, Tiles
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.distributed import SINGLE, Distributed
from srgan_distill.training.loop import Trainer
from srgan_distill.training.losses import TERMS, LossNetworks, build_hint, freeze
from srgan_distill.training.schedule import build_schedule

FILTERS, TEACHER_FILTERS = 4, 8
CPU = Compute(torch.device("cpu"), torch.float32)
WEIGHTS = Losses(**dict.fromkeys(TERMS, 1.0))


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


def crops(
    tiles: Tiles, step: int = 0, seed: tuple[int, ...] = (0,), **budget: object
) -> tuple[torch.Tensor, torch.Tensor]:
    """LR and HR of a step, as a training gets them."""
    return Batches(tiles, CPU, a_budget(**budget), seed, SINGLE)(step)


def a_budget(**changes: object) -> Budget:
    values = {
        "steps": {"content": 4, "adversarial": 4}, "discriminator_first": 0, "warm_up": 0,
        "ema": 0.0, "keep_statistics": False, "batch": 2, "crop": 16, "lr": 1e-3, "lr_end": 1e-4,
        "permute_channels": False, "log_every": 2, "validate_every": 2,
    }  # fmt: skip
    return Budget.model_validate(values | changes)


@pytest.fixture
def make_trainer(tiles: Tiles, networks: LossNetworks, tmp_path: Path) -> Callable[..., Trainer]:
    """make(phases, budget=, weights=, ...): a trainer of these phases."""

    def make(
        *phases: Phase, budget: Budget | None = None, weights: Losses = WEIGHTS, **changes: object
    ) -> Trainer:
        make_deterministic()
        budget = budget or a_budget()
        parts = {
            "compute": CPU, "batches": batches(tiles, budget), "networks": networks,
            "schedule": build_schedule(phases, budget, weights),
            "validate": lambda generator: {"validation_psnr": 20.0, "grid": 0.0},
            "curves": Curves(tmp_path / "learning", tmp_path / "system"),
            "checkpoint": Checkpoint(tmp_path / "run.pt", "test"),
        }  # fmt: skip
        return Trainer(**{**parts, **changes})

    return make


def batches(
    tiles: Tiles, budget: BatchBudget, seed: int = 0, distributed: Distributed = SINGLE
) -> Batches:
    return Batches(tiles, CPU, budget, (seed,), distributed)


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of a network's weights and statistics, for `moved` to compare."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network: nn.Module, before: dict[str, torch.Tensor]) -> bool:
    return any(not torch.equal(value, before[name]) for name, value in state(network).items())


def run(trainer: Trainer, generator: Generator) -> Generator:
    with trainer.curves:
        return trainer.train(generator, "test")
