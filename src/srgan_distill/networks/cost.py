"""What a network costs: learnt values, and multiply-adds for an image."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ..common.params import Network
from ..common.scale import SCALE
from .generator import Generator


def parameter_count(network: nn.Module) -> int:
    """Number of learnt values."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: nn.Module, height: int, width: int) -> int:
    """Multiply-adds of the convolutions of one x4 SR image of `height` x `width` px.

    `network` lies on the meta device, so only shapes are computed; sides that are no multiple
    of 4 are cut to one.
    """
    lr = torch.empty(1, 3, height // SCALE, width // SCALE, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(lr)
    return counter.get_total_flops() // 2


def generator_sizes(networks: Mapping[str, Network]) -> dict[str, int]:
    """The parameters of each generator in params.yaml (`networks`)."""
    with torch.device("meta"):
        return {
            name: parameter_count(Generator(network.filters, network.blocks))
            for name, network in networks.items()
        }
