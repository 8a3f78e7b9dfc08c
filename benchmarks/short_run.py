"""A training run of a benchmark, in a folder that goes when it ends."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from srgan_distill.common.params import Budget, Phase
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.generator import Generator
from srgan_distill.training.batches import Feed
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.distributed import ALONE
from srgan_distill.training.loop import Trainer
from srgan_distill.training.losses import Judges
from srgan_distill.training.tiles import Tiles


def train_briefly(
    generator: Generator,
    phase: Phase,
    label: str,
    *,
    compute: Compute,
    tiles: Tiles,
    judges: Judges,
    weights: dict[str, float],
    budget: Budget,
    seed: int,
    validate: Callable[[Generator], float],
) -> float:
    """Train `generator` in place, keeping nothing else; returns the last validation PSNR in dB."""
    # dvclive's monitor may still be writing when it has ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        curves = Curves(folder / "learning", folder / "system")
        trainer = Trainer(
            compute, Feed(tiles, compute, budget, seed, ALONE), judges, weights, budget,
            validate, curves, Checkpoint(folder / "run.pt", ""),
        )  # fmt: skip
        with curves:
            return trainer.train(compute.place(generator), [phase], label)
