"""What pretrain, train and distill share: from a starting generator to a trained one on disk."""

import copy
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from ..errors import UserError
from ..images import list_images, read_rgb, to_tensor, to_uint8
from ..layout import Layout
from ..networks.compute import Compute, choose_compute, keep_freed_memory, make_deterministic
from ..networks.content import build_content
from ..networks.discriminator import build_discriminator
from ..networks.generator import Generator
from ..networks.weights import load_generator, save_generator
from ..params import Budget, Content, Hardware, Losses, Network, Phase
from ..quality.fidelity import psnr
from .checkpoint import Checkpoint, fingerprint
from .curves import Curves
from .engine import Trainer
from .feed import Feed
from .launch import run_together
from .losses import Judges, freeze, needed_judges
from .team import Team, join_batch_norms
from .tiles import Tiles


@dataclass(frozen=True)
class Run:
    """One run of a training stage.

    Attributes:
        layout: the folders of the profile.
        stage, name: which run this is; its folders and its progress line carry them.
        generator: the starting point; stays as it is.
        network: the size of `generator`, kept with its weights.
        phases: which terms are minimised, for which share of `budget.steps`.
        losses: the weight of each term; None where the pixel term stands alone.
        content: the content network, where a term needs it.
        teacher: weights of the frozen teacher, where a term needs it.
    """

    layout: Layout
    stage: str
    name: str
    generator: Generator
    network: Network
    phases: list[Phase]
    budget: Budget
    seed: int
    hardware: Hardware
    losses: Losses | None = None
    content: Content | None = None
    teacher: Path | None = None


def train_generator(run: Run) -> None:
    """Train a generator and write it where `run.layout` says.

    Raises:
        UserError: no such device, no weights, a batch that cannot be divided among the processes,
            or a loss that is no longer finite.
    """
    processes = run.hardware.devices * run.hardware.num_nodes
    if run.budget.batch % processes:
        raise UserError(
            f"{run.stage} {run.name}: a batch of {run.budget.batch} cannot be divided among "
            f"{processes} processes; change hardware.devices, hardware.num_nodes or batch"
        )
    run_together(_train, run, run.hardware)


def _train(run: Run, team: Team) -> None:
    """The work of one process."""
    began = time.perf_counter()
    make_deterministic()
    keep_freed_memory()
    hardware, budget, layout = run.hardware, run.budget, run.layout
    compute = choose_compute(
        hardware.device, hardware.precision, hardware.channels_last, team.local
    )
    folder = layout.folder("preprocess", "train")
    checkpoint = Checkpoint(
        layout.checkpoint(run.stage, run.name), _fingerprint(run, compute, team, folder)
    )
    judges = _summon(run, compute)
    # A copy: processes share the memory of tensors that they are given.
    generator = compute.place(copy.deepcopy(run.generator))
    for network in (generator, judges.discriminator):
        if team.size > 1 and network is not None:
            join_batch_norms(network)
    if hardware.compile:
        for network in (generator, judges.content, judges.teacher, judges.discriminator):
            if network is not None:
                network.compile()
    tiles = Tiles.open(folder, compute.device, hardware.tiles)
    trainer = Trainer(
        compute=compute,
        feed=Feed(tiles, compute, budget, run.seed, team),
        judges=judges,
        weights=run.losses.model_dump() if run.losses else {"pixel": 1.0},
        budget=budget,
        validate=validation(layout, compute),
        curves=Curves(
            layout.curves(run.stage, run.name), layout.system(run.stage, run.name), team.leads
        ),
        checkpoint=checkpoint,
        team=team,
        fused_adam=hardware.fused_adam,
        checkpoint_seconds=hardware.checkpoint_seconds,
    )
    with trainer.curves:
        score = trainer.train(generator, run.phases, f"{run.stage} {run.name}")
    if not team.leads:
        return
    target = layout.generator(run.stage, run.name)
    save_generator(target, generator, run.network.filters, run.network.blocks)
    checkpoint.remove()
    seconds = time.perf_counter() - began
    print(
        f"{run.stage} {run.name}: {budget.steps} steps of {budget.batch} crops in {seconds:.0f} s "
        f"on {team.size} x {compute}; validation PSNR {score:.2f} dB; {target}"
    )


def _fingerprint(run: Run, compute: Compute, team: Team, tiles: Path) -> str:
    """Everything the run's weights depend on."""
    sections = (run.network, run.budget, run.losses, run.content, run.hardware)
    settings = {
        "run": [run.stage, run.name, str(compute), run.seed],
        "torch": [torch.__version__, torch.get_num_threads(), team.size],
        "parts": [section.model_dump() for section in sections if section],
        "phases": [phase.model_dump() for phase in run.phases],
        "start": hashlib.sha256(save(run.generator.state_dict())).hexdigest(),
    }
    files = [tiles / "hr.npy", tiles / "lr.npy", *([run.teacher] if run.teacher else [])]
    return fingerprint(settings, files)


def _summon(run: Run, compute: Compute) -> Judges:
    """Load or build the judges the terms need, on the device."""
    needed = needed_judges({term for phase in run.phases for term in phase.terms})
    judges: dict[str, nn.Module] = {}
    if "content" in needed:
        judges["content"] = build_content(run.content.network, run.content.weights)
    if "teacher" in needed:
        judges["teacher"] = freeze(load_generator(run.teacher))
    if "discriminator" in needed:
        judges["discriminator"] = build_discriminator(run.budget.crop, run.seed)
    return Judges(**{judge: compute.place(network) for judge, network in judges.items()})


def validation(layout: Layout, compute: Compute) -> Callable[[Generator], float]:
    """A function that gives a generator's mean PSNR (dB, Y) on the validation images."""
    folder = layout.folder("preprocess", "validation")
    pairs = list(zip(list_images(folder / "LR"), list_images(folder / "HR"), strict=True))

    @torch.no_grad()
    def validate(generator: Generator) -> float:
        generator.eval()
        # Read again each time: 100 images of 2K size would take a gigabyte.
        scores = [
            psnr(to_uint8(generator(to_tensor(read_rgb(lr)).to(compute.device))), read_rgb(hr))
            for lr, hr in pairs
        ]
        return sum(scores) / len(scores)

    return validate
