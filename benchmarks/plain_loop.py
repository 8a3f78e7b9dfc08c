"""A step of a training loop as public SRGAN repositories write it, to measure against."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from engine_step import BATCH, CROP, PHASES, SIZES, WEIGHTS, loss_networks, plain_generator
from PIL import Image
from torch.nn import functional as F


def plain_step(phase: str, files: list[Path]) -> Callable[[], list[float]]:
    """A function that runs one step of `phase` and reads its losses."""
    network, terms = PHASES[phase]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = loss_networks(terms, lambda module: module.to(device), plain_generator)
    generator = plain_generator(*SIZES[network], 0).to(device).train()
    adam = torch.optim.Adam(generator.parameters(), 1e-4)
    discriminator = networks.discriminator
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
            losses.append(F.mse_loss(networks.content(sr), networks.content(hr.detach())))
        if "distillation" in terms:
            with torch.no_grad():
                target = networks.teacher(lr)
            losses.append(WEIGHTS["distillation"] * F.mse_loss(sr, target))
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
        left, top = (random.randint(0, side - CROP) for side in image.size)
        hr = image.crop((left, top, left + CROP, top + CROP))
        if random.random() < 0.5:
            hr = hr.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        lr = hr.resize((CROP // 4, CROP // 4), Image.Resampling.BICUBIC)
        pairs.append([np.asarray(part, np.float32).transpose(2, 0, 1) / 255 for part in (lr, hr)])
    lr, hr = zip(*pairs, strict=True)
    return torch.from_numpy(np.stack(lr)), torch.from_numpy(np.stack(hr))
