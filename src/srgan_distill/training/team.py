"""The processes that train one network together: each computes its part of every batch.

They stay one run: the same crops, the same weights, the same curves up to rounding, however many
they are. Gradients, losses and BatchNorm's statistics are means over the whole batch.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


@dataclass(frozen=True)
class Team:
    """This process, number `rank` of `size` and number `local` of its machine."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and prints for its machine."""
        return self.local == 0

    def part(self, batch: int) -> slice:
        """Which crops of a batch are this process's; `size` divides `batch`."""
        each = batch // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of the processes' values."""
        if self.size > 1:
            dist.all_reduce(values)
            values /= self.size
        return values

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Give every process the gradient of the whole batch.

        One message for all of it: the networks are so small that its start costs more than it.
        """
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters]
        mean = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = mean.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def what_the_first_has(self, value: Any) -> Any:
        """The value of the first process, on all of them."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values)
        return values[0]


ALONE = Team()


class TeamBatchNorm(nn.BatchNorm2d):
    """BatchNorm over the whole batch of a team; torch's SyncBatchNorm does this on GPUs only."""

    def forward(self, features: Tensor) -> Tensor:
        if not self.training and self.track_running_stats:
            return super().forward(features)
        values = features.float()
        moments = torch.stack([values.mean((0, 2, 3)), values.square().mean((0, 2, 3))])
        mean, square = all_reduce(moments) / dist.get_world_size()
        variance = square - mean.square()
        if self.track_running_stats:
            self._remember(mean.detach(), variance.detach(), values.numel() // len(mean))
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return (values * scale[:, None, None] + shift[:, None, None]).to(features.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, own_count: int) -> None:
        count = own_count * dist.get_world_size()
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)


def join_batch_norms(network: nn.Module) -> None:
    """Let every BatchNorm of `network` see the whole team's batch, from now on."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = TeamBatchNorm
