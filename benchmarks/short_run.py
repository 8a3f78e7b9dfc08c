"""A training run of a benchmark, in a folder that goes when it ends."""

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
) -> tuple[Generator, Curves]:
    """Train from `generator`, keeping nothing on disk; what would be saved, and the curves.

    `seed` is that of the crops, as in `Batches`.
    """
    # dvclive's monitor may still be writing when it has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        curves = Curves(folder / "learning", folder / "system")
        batches = Batches(tiles, compute, budget, seed, SINGLE)
        trainer = Trainer(
            compute,
            batches,
            networks,
            schedule,
            validate,
            curves,
            Checkpoint(folder / "a.pt", ""),
            cuda_graphs=cuda_graphs,
        )
        with curves:
            return trainer.train(compute.place(generator), label), curves
