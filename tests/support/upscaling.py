"""A generator for tests of upscaling, small enough to be quick."""

import torch

from srgan_distill.networks.generator import Generator


def tiny_generator(blocks: int = 1) -> Generator:
    """4 filters; every layer has its say, and the results fill the range of values."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = Generator(4, blocks).eval()
    with torch.no_grad():
        generator.tail.weight *= 8
        generator.tail.bias.fill_(0.4)
    return generator
