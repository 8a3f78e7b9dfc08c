"""From what a stage asks for to a trained generator on disk: everything that the loop needs."""

import copy
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from ..common.errors import UserError
from ..common.params import Budget, Content, Hardware, Losses, Phase
from ..common.paths import Paths
from ..common.runs import Run
from ..imaging.images import read_rgb, to_tensor, to_uint8
from ..imaging.pairs import pairs_of
from ..imaging.protocol import psnr
from ..networks.compute import Compute, choose_compute, keep_freed_memory, make_deterministic
from ..networks.content import build_content
from ..networks.discriminator import build_discriminator
from ..networks.generator import Generator
from ..networks.weights import load_generator, save_generator
from .batches import Batches, Tiles
from .checkpoint import Checkpoint, fingerprint
from .curves import Curves
from .distributed import Distributed, launch
from .loop import Trainer
from .losses import LossNetworks, freeze, needed_networks


@dataclass(frozen=True)
class Training:
    """What a training stage asks for.

    Attributes:
        run: which run this is; its files and its progress line carry its name.
        paths: the folders of the profile.
        start: the generator to start from; stays as it is.
        phases: which terms are minimised, for which share of `budget.steps`.
        losses: the weight of each term; None where the pixel term stands alone.
        content: the content network, where a term needs it.
        teacher: weights of the frozen teacher, where a term needs it.
    """

    run: Run
    paths: Paths
    start: Generator
    phases: list[Phase]
    budget: Budget
    seed: int
    hardware: Hardware
    losses: Losses | None = None
    content: Content | None = None
    teacher: Path | None = None


def train_generator(training: Training) -> None:
    """Train a generator and write it where `training.paths` says.

    Raises:
        UserError: no such device, no weights, a batch that cannot be divided among the processes,
            or a loss that is no longer finite.
    """
    processes = training.hardware.devices * training.hardware.num_nodes
    if training.budget.batch % processes:
        raise UserError(
            f"{training.run.key}: a batch of {training.budget.batch} cannot be divided among "
            f"{processes} processes; change hardware.devices, hardware.num_nodes or batch"
        )
    launch(_train, training, training.hardware)


def _train(training: Training, distributed: Distributed) -> None:
    """The work of one process."""
    began = time.perf_counter()
    make_deterministic()
    keep_freed_memory()
    run, paths, hardware = training.run, training.paths, training.hardware
    compute = choose_compute(
        hardware.device, hardware.precision, hardware.channels_last, distributed.local_rank
    )
    checkpoint = Checkpoint(
        paths.checkpoint(run.name), _fingerprint(training, compute, distributed)
    )
    # A copy: processes share the memory of tensors that they are given.
    generator = compute.place(copy.deepcopy(training.start))
    generator = distributed.synchronize_batch_norm(generator)
    networks = _build_loss_networks(training, compute, distributed)
    if hardware.compile:
        for network in (generator, networks.content, networks.teacher, networks.discriminator):
            if network is not None:
                network.compile()
    tiles = Tiles.open(paths.tiles, compute.device, hardware.tiles)
    trainer = Trainer(
        compute=compute,
        batches=Batches(tiles, compute, training.budget, training.seed, distributed),
        networks=networks,
        weights=training.losses.model_dump() if training.losses else {"pixel": 1.0},
        budget=training.budget,
        validate=validation(paths.validation, compute),
        curves=Curves(paths.curves(run.name), paths.system(run.name), distributed.is_local_zero),
        checkpoint=checkpoint,
        distributed=distributed,
        fused_adam=hardware.fused_adam,
        checkpoint_seconds=hardware.checkpoint_seconds,
    )
    with trainer.curves:
        score = trainer.train(generator, training.phases, run.key)
    if not distributed.is_local_zero:
        return
    save_generator(paths.generator(run.name), generator)
    checkpoint.remove()
    print(
        f"{run.key}: {training.budget.steps} steps of {training.budget.batch} crops in "
        f"{time.perf_counter() - began:.0f} s on {distributed.world_size} x {compute}; validation "
        f"PSNR {score:.2f} dB; {paths.generator(run.name)}"
    )


def _fingerprint(training: Training, compute: Compute, distributed: Distributed) -> str:
    """Everything the run's weights depend on."""
    sections = (training.budget, training.losses, training.content, training.hardware)
    settings = {
        "run": [training.run.key, str(compute), training.seed],
        "torch": [torch.__version__, torch.get_num_threads(), distributed.world_size],
        "sections": [section.model_dump() for section in sections if section],
        "phases": [phase.model_dump() for phase in training.phases],
        "start": hashlib.sha256(save(training.start.state_dict())).hexdigest(),
    }
    tiles, teacher = training.paths.tiles, training.teacher
    files = [tiles / "hr.npy", tiles / "lr.npy", *([teacher] if teacher else [])]
    return fingerprint(settings, files, training.run.stage)


def _build_loss_networks(
    training: Training, compute: Compute, distributed: Distributed
) -> LossNetworks:
    """Load or build the networks that the terms need, on the device."""
    needed = needed_networks({term for phase in training.phases for term in phase.terms})
    networks: dict[str, nn.Module] = {}
    if "content" in needed:
        networks["content"] = build_content(training.content.network, training.content.weights)
    if "teacher" in needed:
        networks["teacher"] = freeze(load_generator(training.teacher))
    if "discriminator" in needed:
        networks["discriminator"] = build_discriminator(training.budget.crop, training.seed)
    placed = {name: compute.place(network) for name, network in networks.items()}
    if "discriminator" in placed:
        placed["discriminator"] = distributed.synchronize_batch_norm(placed["discriminator"])
    return LossNetworks(**placed)


def validation(folder: Path, compute: Compute) -> Callable[[Generator], float]:
    """A function that gives a generator's mean PSNR (dB, Y) on the pairs of a folder."""
    pairs = pairs_of(folder)

    @torch.no_grad()
    def validate(generator: Generator) -> float:
        generator.eval()
        # Read again each time: 100 images of 2K size would take a gigabyte.
        scores = [
            psnr(
                to_uint8(generator(to_tensor(read_rgb(pair.lr)).to(compute.device))),
                read_rgb(pair.hr),
            )
            for pair in pairs
        ]
        return sum(scores) / len(scores)

    return validate
