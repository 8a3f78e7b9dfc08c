"""What pretrain, train and distill share: from a starting generator to a trained one on disk."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save

from ..images import list_images, read_rgb, to_tensor, to_uint8
from ..layout import Layout
from ..networks.compute import (
    Compute,
    choose_compute,
    keep_freed_memory,
    make_deterministic,
)
from ..networks.content import build_content
from ..networks.discriminator import build_discriminator
from ..networks.generator import Generator
from ..networks.weights import load_generator, save_generator
from ..params import Budget, Content, Losses, Network, Phase
from ..quality.fidelity import psnr
from .checkpoint import Checkpoint, fingerprint
from .curves import Curves
from .engine import Trainer
from .losses import Judges, freeze, needed_judges
from .tiles import Tiles


def train_generator(
    layout: Layout,
    stage: str,
    name: str,
    generator: Generator,
    network: Network,
    phases: list[Phase],
    budget: Budget,
    seed: int,
    device: str,
    precision: str,
    losses: Losses | None = None,
    content: Content | None = None,
    teacher: Path | None = None,
) -> None:
    """Train `generator` through `phases` and write it where `layout` says.

    Args:
        layout: the folders of the profile.
        stage, name: which run this is; its folders and its progress line carry them.
        generator: the starting point; trained in place.
        network: the size of `generator`, kept with its weights.
        phases: which terms are minimised, for which share of `budget.steps`.
        losses: the weight of each term; None where the pixel term stands alone.
        content: the content network, where a term needs it.
        teacher: weights of the frozen teacher, where a term needs it.

    Raises:
        UserError: no such device, no weights, or a loss that is no longer finite.
    """
    began = time.perf_counter()
    make_deterministic()
    keep_freed_memory()
    compute = choose_compute(device, precision)
    tiles = layout.folder("preprocess", "train")
    settings = {
        "run": [stage, name, str(compute), seed, torch.__version__, torch.get_num_threads()],
        "parts": [part.model_dump() for part in (network, budget, losses, content) if part],
        "phases": [phase.model_dump() for phase in phases],
        "start": hashlib.sha256(save(generator.state_dict())).hexdigest(),
    }
    inputs = [tiles / "hr.npy", tiles / "lr.npy", *([teacher] if teacher else [])]
    checkpoint = Checkpoint(layout.checkpoint(stage, name), fingerprint(settings, inputs))
    needed = needed_judges({term for phase in phases for term in phase.terms})
    trainer = Trainer(
        compute=compute,
        tiles=Tiles.open(tiles, compute.device),
        judges=_summon(needed, compute, budget.crop, seed, content, teacher),
        weights=losses.model_dump() if losses else {"pixel": 1.0},
        budget=budget,
        seed=seed,
        validate=validation(layout, compute),
        curves=Curves(layout.curves(stage, name), layout.system(stage, name)),
        checkpoint=checkpoint,
    )
    with trainer.curves:
        score = trainer.train(compute.place(generator), phases, f"{stage} {name}")
    target = layout.generator(stage, name)
    save_generator(target, generator, network.filters, network.blocks)
    checkpoint.remove()
    seconds = time.perf_counter() - began
    print(
        f"{stage} {name}: {budget.steps} steps of {budget.batch} crops in {seconds:.0f} s on "
        f"{compute}; validation PSNR {score:.2f} dB; {target}"
    )


def _summon(
    needed: set[str],
    compute: Compute,
    crop: int,
    seed: int,
    content: Content | None,
    teacher: Path | None,
) -> Judges:
    """Load or build the judges the terms need, on the device."""
    judges = {}
    if "content" in needed:
        judges["content"] = build_content(content.network, content.weights)
    if "teacher" in needed:
        judges["teacher"] = freeze(load_generator(teacher))
    if "discriminator" in needed:
        judges["discriminator"] = build_discriminator(crop, seed)
    return Judges(**{judge: compute.place(network) for judge, network in judges.items()})


def validation(layout: Layout, compute: Compute) -> Callable[[Generator], float]:
    """A function that gives a generator's mean PSNR (dB, Y) on the validation images."""
    folder = layout.folder("preprocess", "validation")
    pairs = [
        (to_tensor(read_rgb(lr)).to(compute.device), read_rgb(hr))
        for lr, hr in zip(list_images(folder / "LR"), list_images(folder / "HR"), strict=True)
    ]

    @torch.no_grad()
    def validate(generator: Generator) -> float:
        generator.eval()
        return sum(psnr(to_uint8(generator(lr)), hr) for lr, hr in pairs) / len(pairs)

    return validate
