"""The loss terms of equations 1 and 2, and the sum of them that a phase minimises.

A new term is a function of `Batch` here, a name in `srgan_distill.common.params.method.Term` and a weight in
params.yaml.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..networks.content import ContentNetwork
from ..networks.generator import Generator


def freeze(network: nn.Module) -> nn.Module:
    """Evaluation mode, no gradients: neither weights nor BatchNorm statistics can move."""
    return network.eval().requires_grad_(False)


@dataclass(frozen=True)
class LossNetworks:
    """The networks a generator is compared by; None where no term of the stage needs it."""

    content: ContentNetwork | None = None
    teacher: Generator | None = None
    discriminator: nn.Module | None = None


class Batch:
    """One batch of crops with what the terms share, each computed at most once.

    Images are float32 RGB in [0, 1]: `lr` [N, 3, h, w], `hr` and `sr` [N, 3, 4h, 4w].
    """

    def __init__(self, lr: Tensor, hr: Tensor, sr: Tensor, networks: LossNetworks) -> None:
        self.lr, self.hr, self.sr, self.networks = lr, hr, sr, networks

    @cached_property
    def sr_features(self) -> Tensor:
        return self.networks.content(self.sr).float()

    @cached_property
    @torch.no_grad()
    def hr_features(self) -> Tensor:
        return self.networks.content(self.hr).float()

    @cached_property
    @torch.no_grad()
    def teacher_sr(self) -> Tensor:
        return self.networks.teacher(self.lr).float()

    @cached_property
    @torch.no_grad()
    def teacher_features(self) -> Tensor:
        return self.networks.content(self.teacher_sr).float()


def pixel(batch: Batch) -> Tensor:
    """Mean squared error of SR and HR, the loss of pre-training."""
    return F.mse_loss(batch.sr, batch.hr)


def content(batch: Batch) -> Tensor:
    """L_c: mean squared error of the content network's features of SR and HR."""
    return F.mse_loss(batch.sr_features, batch.hr_features)


def distillation(batch: Batch) -> Tensor:
    """L_KD: mean squared error of the student's SR and the teacher's (equation 2)."""
    return F.mse_loss(batch.sr, batch.teacher_sr)


def feature_distillation(batch: Batch) -> Tensor:
    """L_KD in feature space, the variant the paper compares with."""
    return F.mse_loss(batch.sr_features, batch.teacher_features)


def adversarial(batch: Batch) -> Tensor:
    """L_a = -log D(G(LR)) (equation 1)."""
    return F.softplus(-batch.networks.discriminator(batch.sr).float()).mean()


TERMS: dict[str, Callable[[Batch], Tensor]] = {
    term.__name__: term
    for term in (pixel, content, distillation, feature_distillation, adversarial)
}


def discriminator_loss(discriminator: nn.Module, sr: Tensor, hr: Tensor) -> Tensor:
    """L_D: cross entropy of telling HR (real) from SR (fake); no gradient reaches `sr`."""
    real = discriminator(hr).float()
    fake = discriminator(sr.detach()).float()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def needed_networks(terms: set[str]) -> set[str]:
    """Which fields of `LossNetworks` these terms look at."""
    needs = {
        "content": {"content", "feature_distillation"},
        "teacher": {"distillation", "feature_distillation"},
        "discriminator": {"adversarial"},
    }
    return {network for network, users in needs.items() if users & terms}
