"""A training run of a benchmark; its curves are in memory alone."""

import tempfile
from pathlib import Path

from srgan_distill.common.params import BatchBudget
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.generator import Generator
from srgan_distill.training.batches import Batches, Tiles
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.distributed import SINGLE
from srgan_distill.training.loop import Trainer, Validate
from srgan_distill.training.losses import LossNetworks
from srgan_distill.training.schedule import Schedule


def train_briefly(
    generator: Generator,
    schedule: Schedule,
    label: str,
    *,
    compute: Compute,
    tiles: Tiles,
    networks: LossNetworks,
    budget: BatchBudget,
    seed: tuple[int, ...],
    validate: Validate,
    cuda_graphs: bool = True,
    checkpoint: Checkpoint | None = None,
) -> tuple[Generator, Curves]:
    """Train from `generator`; what would be saved, and the curves.

    `seed` is that of the crops, as in `Batches`. A killed run goes on from its `checkpoint`, which
    the caller removes when it has saved; without one nothing is kept on disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        curves = Curves(Path(folder), Path(folder), write=False)
        batches = Batches(tiles, compute, budget, seed, SINGLE)
        trainer = Trainer(
            compute,
            batches,
            networks,
            schedule,
            validate,
            curves,
            checkpoint or Checkpoint(Path(folder, "a.pt"), ""),
            cuda_graphs=cuda_graphs,
        )
        with curves:
            return trainer.train(compute.place(generator), label), curves
