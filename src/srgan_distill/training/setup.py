"""From what a stage asks for to a trained generator on disk: everything that the loop needs."""

import copy
import hashlib
import json
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from ..common.params import BatchBudget, Content, Hardware
from ..common.paths import Paths
from ..common.runs import Run
from ..imaging.images import read_rgb, to_tensor, to_uint8
from ..imaging.pairs import pairs_of
from ..imaging.protocol import psnr
from ..networks.compute import Compute, choose_compute, keep_freed_memory, make_deterministic
from ..networks.content import build_content, weights_of
from ..networks.discriminator import build_discriminator
from ..networks.generator import Generator
from ..networks.grid import grid
from ..networks.inference import super_resolve
from ..networks.weights import load_generator, load_network, save_generator, save_network
from .batches import Batches, Tiles, crop_seed
from .checkpoint import Checkpoint, fingerprint
from .curves import Curves
from .distributed import Distributed, launch
from .loop import Trainer, Validate
from .losses import LossNetworks, build_hint, freeze, needed_networks
from .schedule import Schedule
from .system import join_system

CHANGE_NO_WEIGHT = {"checkpoint_seconds", "tiles"}
"""Of `hardware`: neither part of a run's checkpoint nor of the training stages' params."""


@dataclass(frozen=True)
class TrainingJob:
    """What a training stage asks for.

    Attributes:
        run: which run this is; its files and its progress line carry its name.
        paths: the folders of the profile.
        start: the generator to start from; stays as it is.
        schedule: which terms are minimised, with which weights, for how many steps.
        content: the content network, where a term needs it.
        teacher: the run that teaches, where a term needs it.
        discriminator: the run whose discriminator is gone on with; None: a new one.
        keep_discriminator: write it too, for a strategy to go on with.
    """

    run: Run
    paths: Paths
    start: Generator
    schedule: Schedule
    budget: BatchBudget
    seed: int
    hardware: Hardware
    content: Content | None = None
    teacher: str | None = None
    discriminator: str | None = None
    keep_discriminator: bool = False

    @property
    def terms(self) -> set[str]:
        """Every term of every phase."""
        return {term for phase in self.schedule.phases for term in phase.weights}

    def files(self) -> list[Path]:
        """What weights and curves depend on, beside settings and code."""
        paths = self.paths
        found = [paths.tiles / "hr.npy", paths.tiles / "lr.npy"]
        found += sorted(paths.validation.rglob("*.png"))
        found += [paths.generator(self.teacher)] if self.teacher else []
        found += [paths.discriminator(self.discriminator)] if self.discriminator else []
        weights = weights_of(self.content, paths.content_weights) if self.content else None
        # One that is missing is told where it is read, if a term needs it.
        found += [weights] if weights and weights.is_file() else []
        return found


def train_generator(job: TrainingJob) -> None:
    """Train a generator and write it where `job.paths` says.

    Raises:
        UserError: no such device, no weights, or a loss or SR that is no longer finite.
    """
    launch(_train, job, job.hardware)


def _train(job: TrainingJob, distributed: Distributed) -> None:
    """The work of one process."""
    began = time.perf_counter()
    make_deterministic()
    keep_freed_memory()
    run, paths, hardware = job.run, job.paths, job.hardware
    compute = choose_compute(
        hardware.device, hardware.precision, hardware.channels_last, distributed.local_rank
    )
    method = _fingerprint(job)
    distributed.require_one_run(run.key, method)
    if distributed.is_local_zero:
        print(f"{run.key}: on {distributed.world_size} x {compute}", flush=True)
    # Machines of one run may compute otherwise; a run that goes on may not. On a GPU, no weight
    # depends on the CPU's threads.
    threads = torch.get_num_threads() if compute.device.type == "cpu" else None
    machine = [str(compute), threads, distributed.world_size]
    checkpoint = Checkpoint(paths.checkpoint(run.name), json.dumps([method, *machine]))
    # A copy: processes share the memory of tensors that they are given.
    generator = compute.place(copy.deepcopy(job.start))
    generator = distributed.synchronize_batch_norm(generator)
    networks = _build_loss_networks(job, compute, distributed)
    if hardware.compile:
        for network in (generator, *networks.all()):
            network.compile()
    tiles = Tiles.open(paths.tiles, compute.device, hardware.tiles)
    seed = crop_seed(job.seed, run.stage)
    trainer = Trainer(
        compute=compute,
        batches=Batches(tiles, compute, job.budget, seed, distributed),
        networks=networks,
        schedule=job.schedule,
        validate=validation(paths.validation, compute),
        curves=Curves(paths.curves(run.name), paths.system(run.name), distributed.is_local_zero),
        checkpoint=checkpoint,
        distributed=distributed,
        fused_adam=hardware.fused_adam,
        cuda_graphs=hardware.cuda_graphs,
        checkpoint_seconds=hardware.checkpoint_seconds,
    )
    with checkpoint.locked() if distributed.is_local_zero else nullcontext(), trainer.curves:
        trained = trainer.train(generator, run.key)
        if distributed.is_local_zero:
            _save(job, trained, networks)
            checkpoint.remove()
    if not distributed.is_local_zero:
        return
    join_system(paths)
    print(
        f"{run.key}: {job.schedule.steps} steps of {job.budget.batch} crops in "
        f"{time.perf_counter() - began:.0f} s on {distributed.world_size} x {compute}; validation "
        f"PSNR {trainer.curves.last('validation_psnr'):.2f} dB, grid "
        f"{trainer.curves.last('grid'):.2f}; {paths.generator(run.name)}"
    )


def _save(job: TrainingJob, trained: Generator, networks: LossNetworks) -> None:
    """Write what the stage is for."""
    run, paths = job.run, job.paths
    save_generator(paths.generator(run.name), trained)
    if networks.discriminator is not None and job.keep_discriminator:
        save_network(paths.discriminator(run.name), networks.discriminator)


def _fingerprint(job: TrainingJob) -> str:
    """Everything that the run's weights and curves depend on, but for the machine."""
    sections = (job.budget, job.content)
    hardware = job.hardware.model_dump(exclude=CHANGE_NO_WEIGHT)
    settings = {
        "run": [job.run.key, job.seed],
        "torch": torch.__version__,
        "hardware": hardware,
        "sections": [section.model_dump() for section in sections if section],
        "phases": [[phase.weights, phase.real] for phase in job.schedule.phases],
        "start": [
            job.start.checkerboard_free,  # no weight says so before the first step
            hashlib.sha256(save(job.start.state_dict())).hexdigest(),
        ],
    }
    return fingerprint(settings, job.files(), job.run.stage)


def _build_loss_networks(
    job: TrainingJob, compute: Compute, distributed: Distributed
) -> LossNetworks:
    """Load or build the networks that the terms need, on the device."""
    needed = needed_networks(job.terms)
    needed |= {"teacher"} & {phase.real for phase in job.schedule.phases}
    networks: dict[str, nn.Module] = {}
    if "content" in needed:
        networks["content"] = build_content(job.content, job.paths.content_weights)
    if "teacher" in needed:
        teacher = load_generator(job.paths.generator(job.teacher))
        networks["teacher"] = freeze(teacher)
    if "hint" in needed:
        networks["hint"] = build_hint(job.start.filters, teacher.filters, job.seed)
    if "discriminator" in needed:
        networks["discriminator"] = build_discriminator(job.budget.crop, job.seed)
        if job.discriminator:
            file = job.paths.discriminator(job.discriminator)
            load_network(file, networks["discriminator"])
    placed = {name: compute.place(network) for name, network in networks.items()}
    if "discriminator" in placed:
        placed["discriminator"] = distributed.synchronize_batch_norm(placed["discriminator"])
    return LossNetworks(**placed)


def validation(folder: Path, compute: Compute) -> Validate:
    """A function that says how good a generator is on the pairs of a folder.

    It gives `validation_psnr`, the mean PSNR (dB, Y), and `grid` in grey levels.
    """
    pairs = pairs_of(folder)

    @torch.no_grad()
    def validate(generator: Generator) -> dict[str, float]:
        generator.eval()
        reach = generator.receptive_radius
        scores = []
        for pair in pairs:  # read again each time: 100 images of 2K size would take a gigabyte
            lr = to_tensor(read_rgb(pair.lr)).to(compute.device)
            scores.append(psnr(to_uint8(super_resolve(generator, lr, reach)), read_rgb(pair.hr)))
        return {"validation_psnr": sum(scores) / len(scores), "grid": grid(generator)}

    return validate
