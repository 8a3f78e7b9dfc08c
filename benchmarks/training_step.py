"""Patches per second of a training step: this engine against a plain loop, in one run.

The plain loop does what public SRGAN repositories do: float32, NCHW, eager, PNG crops cut and
turned on the CPU, every loss read every step. Both train the same networks on batches of 16 crops
of 96 x 96 px; the content network has VGG19's size (random weights, up to conv5_4: VGG54). Steps
of the two alternate, so that a change of the machine's speed meets both; medians and their ratio.

Usage: python benchmarks/training_step.py [PAIRS OF STEPS]
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.nn import functional as F

from srgan_distill.images import write_png
from srgan_distill.networks.compute import Compute, choose_compute
from srgan_distill.networks.content import vgg19_random
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import build_generator
from srgan_distill.params import Budget
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.engine import Span, Trainer
from srgan_distill.training.feed import Feed
from srgan_distill.training.losses import Judges, freeze
from srgan_distill.training.team import ALONE
from srgan_distill.training.tiles import Tiles

CROP, BATCH, TILE, IMAGES = 96, 16, 320, 32
SIZES = {"teacher": (64, 16), "student": (32, 8)}
# phase: the network that learns and the terms it minimises
PHASES = {
    "pretrain teacher": ("teacher", ("pixel",)),
    "train teacher_gan": ("teacher", ("content", "adversarial")),
    "distill gan2gan": ("student", ("content", "adversarial", "distillation")),
    "distill gan2g": ("student", ("content", "distillation")),
}
WEIGHTS = {"pixel": 1.0, "content": 1.0, "distillation": 4.0, "adversarial": 1e-3}


def judges(terms: tuple[str, ...], place: Callable[[torch.nn.Module], torch.nn.Module]) -> Judges:
    """The networks these terms look at."""
    return Judges(
        content=place(vgg19_random("conv5_4", 15.2)) if "content" in terms else None,
        teacher=place(freeze(build_generator(64, 16, 1))) if "distillation" in terms else None,
        discriminator=place(build_discriminator(CROP, 0)) if "adversarial" in terms else None,
    )


def engine_step(network: str, terms: tuple[str, ...], compute: Compute, tiles: Tiles) -> Callable:
    """A function that runs one step of this project's loop."""
    budget = Budget(
        steps=10**6, batch=BATCH, crop=CROP, lr=1e-4, lr_end=1e-4, permute_channels=False,
        log_every=10**6, validate_every=10**6,
    )  # fmt: skip
    nowhere = Path(tempfile.gettempdir())
    trainer = Trainer(
        compute, Feed(tiles, compute, budget, 0, ALONE), judges(terms, compute.place), WEIGHTS,
        budget, lambda generator: 0.0, Curves(nowhere, nowhere, write=False),
        Checkpoint(nowhere / "none.pt", ""),
    )  # fmt: skip
    generator = compute.place(build_generator(*SIZES[network], 0)).train()
    span = Span(terms, 0, budget.steps)
    optimizers = trainer._optimizers(generator, span)
    steps = iter(range(budget.steps))
    return lambda: trainer._step(generator, span, next(steps), optimizers)


def plain_step(network: str, terms: tuple[str, ...], device: torch.device, files: list) -> Callable:
    """A function that runs one step as public repositories do."""
    judge = judges(terms, lambda module: module.to(device))
    generator = build_generator(*SIZES[network], 0).to(device).train()
    adam = torch.optim.Adam(generator.parameters(), 1e-4)
    discriminator = judge.discriminator
    if discriminator:
        d_adam = torch.optim.Adam(discriminator.parameters(), 1e-4)
    bce = F.binary_cross_entropy_with_logits

    def step() -> list[float]:
        lr, hr = (part.to(device) for part in png_batch(files))
        sr = generator(lr)
        losses = []
        if "pixel" in terms:
            losses.append(F.mse_loss(sr, hr))
        if "content" in terms:
            losses.append(F.mse_loss(judge.content(sr), judge.content(hr.detach())))
        if "distillation" in terms:
            with torch.no_grad():
                target = judge.teacher(lr)
            losses.append(4 * F.mse_loss(sr, target))
        if discriminator:
            real = torch.ones(BATCH, device=device)
            losses.append(1e-3 * bce(discriminator(sr), real))
        adam.zero_grad()
        sum(losses).backward()
        adam.step()
        if discriminator:
            d_adam.zero_grad()
            d_loss = bce(discriminator(hr), real) + bce(discriminator(sr.detach()), 0 * real)
            d_loss.backward()
            d_adam.step()
            losses.append(d_loss)
        return [loss.item() for loss in losses]

    return step


def png_batch(files: list[Path]) -> tuple[torch.Tensor, torch.Tensor]:
    """Random crops of random PNG files, LR by Pillow's bicubic, flipped at random; [0, 1]."""
    pairs = []
    for path in random.choices(files, k=BATCH):
        image = Image.open(path).convert("RGB")
        left, top = (random.randint(0, TILE - CROP) for _ in range(2))
        hr = image.crop((left, top, left + CROP, top + CROP))
        if random.random() < 0.5:
            hr = hr.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        lr = hr.resize((CROP // 4, CROP // 4), Image.Resampling.BICUBIC)
        pairs.append([np.asarray(part, np.float32).transpose(2, 0, 1) / 255 for part in (lr, hr)])
    lr, hr = zip(*pairs, strict=True)
    return torch.from_numpy(np.stack(lr)), torch.from_numpy(np.stack(hr))


def timed(step: Callable, device: torch.device) -> float:
    """Seconds of one step, with the device's work done."""
    began = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main(pairs: int) -> None:
    compute = choose_compute("auto", "auto")
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, TILE, TILE), np.uint8)
    hr = torch.from_numpy(pixels).to(compute.device)
    tiles = Tiles(hr, hr[:, :, ::4, ::4].contiguous())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.png" for number in range(IMAGES)]
        for path, image in zip(files, pixels, strict=True):
            write_png(path, image.transpose(1, 2, 0))
        for phase, (network, terms) in PHASES.items():
            ours = engine_step(network, terms, compute, tiles)
            plain = plain_step(network, terms, compute.device, files)
            times: dict[str, list[float]] = {"ours": [], "plain": []}
            for pair in range(pairs + 1):
                for name, step in (("plain", plain), ("ours", ours)):
                    seconds = timed(step, compute.device)
                    if pair:  # the first is a warm-up
                        times[name].append(seconds)
            speed = {name: BATCH / statistics.median(values) for name, values in times.items()}
            rows.append(
                {
                    "phase": phase,
                    "plain (patches/s)": speed["plain"],
                    "ours (patches/s)": speed["ours"],
                    "ratio": speed["ours"] / speed["plain"],
                }
            )
    print(f"{compute}, {torch.get_num_threads()} CPU threads, {pairs} pairs of steps")
    print(pd.DataFrame(rows).round(2).to_markdown(index=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
