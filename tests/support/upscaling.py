"""Generators for tests: small enough to be quick, one of them with an output known beforehand."""

from pathlib import Path

import torch

from srgan_distill.networks.generator import Generator
from srgan_distill.networks.weights import save_generator


def tiny_generator(blocks: int = 1) -> Generator:
    """4 filters; every layer has its say, and the results fill the range of values."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = Generator(4, blocks).eval()
    with torch.no_grad():
        generator.tail.weight *= 8
        generator.tail.bias.fill_(0.4)
    return generator


def save_enlarging_generator(path: Path) -> Path:
    """Write weights that repeat each pixel 4x4 times, through every layer; returns `path`."""
    generator = Generator(3, 1)
    state = generator.state_dict()
    for value in state.values():
        value.zero_()
    for colour in range(3):
        state["head.0.weight"][colour, colour, 4, 4] = 1
        state["tail.weight"][colour, colour, 4, 4] = 1
        for layer in (0, 1):
            # PixelShuffle makes four neighbours out of four channels.
            state[f"upsample.{layer}.0.weight"][4 * colour : 4 * colour + 4, colour, 1, 1] = 1
    generator.load_state_dict(state)
    save_generator(path, generator)
    return path
