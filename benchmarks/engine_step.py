"""A step of this project's training loop on its own, for the benchmarks."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from srgan_distill.common.params import PretrainBudget
from srgan_distill.networks.compute import choose_compute, keep_freed_memory, make_deterministic
from srgan_distill.networks.content import vgg19_random
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import Generator, PlainGenerator, PReLU, build_generator
from srgan_distill.training.batches import Batches, Tiles
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.distributed import SINGLE
from srgan_distill.training.loop import State, Trainer
from srgan_distill.training.losses import LossNetworks, freeze
from srgan_distill.training.schedule import Schedule, ScheduledPhase

CROP, BATCH = 96, 16
SIZES = {"teacher": (64, 16), "student": (32, 8)}
# phase: the network that learns and the terms it minimises
PHASES = {
    "pretrain teacher": ("teacher", ("pixel",)),
    "pretrain student": ("student", ("pixel",)),
    "train teacher_gan": ("teacher", ("content", "adversarial")),
    "distill gan2gan": ("student", ("content", "adversarial", "distillation")),
    "distill gan2g": ("student", ("content", "distillation")),
}
WEIGHTS = {"pixel": 1.0, "content": 1.0, "distillation": 20.0, "adversarial": 1e-3}


def plain_generator(filters: int, blocks: int, seed: int) -> Generator:
    """What `build_generator` gives, computed as its figure shows it, with torch's own PReLU."""
    generator = build_generator(filters, blocks, seed)
    generator.__class__ = PlainGenerator
    for module in generator.modules():
        if isinstance(module, PReLU):
            module.__class__ = nn.PReLU
    return generator


def loss_networks(
    terms: tuple[str, ...], place: Callable[[nn.Module], nn.Module], generator: Callable
) -> LossNetworks:
    """The networks these terms look at."""
    return LossNetworks(
        content=place(vgg19_random("relu5_4")) if "content" in terms else None,
        teacher=place(freeze(generator(64, 16, 1))) if "distillation" in terms else None,
        discriminator=place(build_discriminator(CROP, 0)) if "adversarial" in terms else None,
    )


def engine_step(
    name: str,
    tiles_file: Path,
    precision: str = "auto",
    channels_last: bool = True,
    fused_adam: bool = True,
    cuda_graphs: bool = True,
    tiles_on_device: bool = True,
    compiled: bool = False,
    keep_memory: bool = True,
    fill_memory: bool = False,
    fast_forms: bool = True,
) -> Callable[[], object]:
    """A function that runs one step of the phase `name`; each means can be left out."""
    network, terms = PHASES[name]
    make_deterministic()
    torch.utils.deterministic.fill_uninitialized_memory = fill_memory
    if keep_memory:
        keep_freed_memory()
    compute = choose_compute("auto", precision, channels_last)
    hr = torch.from_numpy(np.load(tiles_file))
    hr = hr.to(compute.device) if tiles_on_device else hr
    tiles = Tiles(hr, hr[:, :, ::4, ::4].contiguous())
    build = build_generator if fast_forms else plain_generator
    budget = PretrainBudget(
        steps=10**6, batch=BATCH, crop=CROP, lr=1e-4, lr_end=1e-4, permute_channels=False,
        log_every=10**6, validate_every=10**6,
    )  # fmt: skip
    weights = {term: WEIGHTS[term] for term in terms}
    phase = ScheduledPhase(
        weights=weights, first=0, learns_from=0, end=budget.steps, warm_up=0, decay=0.0,
        keeps_statistics=False, budget=budget,
    )  # fmt: skip
    nowhere = Path(tempfile.gettempdir())
    trainer = Trainer(
        compute, Batches(tiles, compute, budget, (0,), SINGLE),
        loss_networks(terms, compute.place, build), Schedule((phase,)), lambda generator: {},
        Curves(nowhere, nowhere, write=False), Checkpoint(nowhere / "none.pt", ""),
        fused_adam=fused_adam, cuda_graphs=cuda_graphs,
    )  # fmt: skip
    generator = compute.place(build(*SIZES[network], 0)).train()
    if compiled:
        for part in (generator, *trainer.networks.all()):
            part.compile()
    state = State(generator, generator, trainer.networks, {})
    state.optimizers = trainer._optimizers(phase, state)

    def step() -> None:
        trainer._step(phase, state)
        state.step += 1

    return step
