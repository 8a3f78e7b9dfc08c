"""The loss terms of equations 1 and 2 and beyond, and what a phase minimises: their weighted sum.

What a new term needs beside its function of `Batch` stands in docs/development.md.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..common.params.method import TEACHER_TERMS
from ..networks.content import ContentNetwork
from ..networks.discriminator import Discriminator
from ..networks.generator import Generator


def freeze(network: nn.Module) -> nn.Module:
    """Evaluation mode, no gradients: neither weights nor BatchNorm statistics can move."""
    return network.eval().requires_grad_(False)


def build_hint(filters: int, teacher_filters: int, seed: int) -> nn.Conv2d:
    """FitNets' regressor from the student's channels to the teacher's; its start is the seed's."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Conv2d(filters, teacher_filters, 1)


@dataclass(frozen=True)
class LossNetworks:
    """The networks beside the generator that terms look at; None where no term of a stage does.

    `hint` is FitNets' regressor: it learns with the generator, and is of no use after training.
    """

    content: ContentNetwork | None = None
    teacher: Generator | None = None
    discriminator: Discriminator | None = None
    hint: nn.Conv2d | None = None

    def learning(self) -> dict[str, nn.Module]:
        """Those that change in training, by name: they belong into a checkpoint."""
        found = {name: getattr(self, name) for name in ("discriminator", "hint")}
        return {name: network for name, network in found.items() if network is not None}

    def all(self) -> list[nn.Module]:
        """Those there are."""
        found = [getattr(self, field.name) for field in fields(self)]
        return [network for network in found if network is not None]


class Batch:
    """One batch of crops with what the terms share, each computed at most once.

    Images are float32 RGB in [0, 1]: `lr` [N, 3, h, w], `hr` and `sr` [N, 3, 4h, 4w]. `terms` are
    those that the phase minimises.
    """

    def __init__(
        self, lr: Tensor, hr: Tensor, generator: Generator, networks: LossNetworks,
        terms: Collection[str],
    ) -> None:  # fmt: skip
        self.lr, self.hr, self.generator, self.networks = lr, hr, generator, networks
        self.terms = terms

    def real(self, name: str) -> Tensor:
        """What a discriminator takes for real: `hr`, or the `teacher`'s SR."""
        return self.hr if name == "hr" else self.teacher_sr

    @property
    def sr(self) -> Tensor:
        return self._generated[0]

    @property
    def block_outputs(self) -> list[Tensor]:
        """Of the generator's residual blocks, [N, filters, h, w] each, where a term needs them."""
        return self._generated[1]

    @cached_property
    def _generated(self) -> tuple[Tensor, list[Tensor]]:
        return self._pass(self.generator)

    @cached_property
    @torch.no_grad()
    def _taught(self) -> tuple[Tensor, list[Tensor]]:
        return self._pass(self.networks.teacher)

    def _pass(self, network: Generator) -> tuple[Tensor, list[Tensor]]:
        """SR and, where a term needs them, the outputs of the blocks."""
        if _OF_BLOCKS.isdisjoint(self.terms):
            return network(self.lr).float(), []
        sr, outputs = network(self.lr, with_blocks=True)
        return sr.float(), [output.float() for output in outputs]

    @cached_property
    def sr_features(self) -> Tensor:
        return self.networks.content(self.sr).float()

    @cached_property
    @torch.no_grad()
    def hr_features(self) -> Tensor:
        return self.networks.content(self.hr).float()

    @property
    def teacher_sr(self) -> Tensor:
        return self._taught[0]

    @property
    def teacher_block_outputs(self) -> list[Tensor]:
        """Of the teacher's blocks, one for each of the student's, evenly chosen, the last included.

        [N, teacher's filters, h, w] each.
        """
        outputs = self._taught[1]
        own, theirs = len(self.generator.blocks), len(outputs)
        # Rounded up: one of more blocks than the teacher begins with its first, and not its last.
        return [outputs[-(-(number + 1) * theirs // own) - 1] for number in range(own)]

    @cached_property
    @torch.no_grad()
    def teacher_features(self) -> Tensor:
        return self.networks.content(self.teacher_sr).float()


def pixel(batch: Batch) -> Tensor:
    """Mean squared error of SR and HR, the loss of pre-training."""
    return F.mse_loss(batch.sr, batch.hr)


def content(batch: Batch) -> Tensor:
    """l_c: mean squared error of the content network's features of SR and HR."""
    return F.mse_loss(batch.sr_features, batch.hr_features)


def distillation(batch: Batch) -> Tensor:
    """l_KD: mean squared error of the student's SR and the teacher's (equation 2)."""
    return F.mse_loss(batch.sr, batch.teacher_sr)


def feature_distillation(batch: Batch) -> Tensor:
    """l_KD in the content network's feature space, the variant the paper compares with."""
    return F.mse_loss(batch.sr_features, batch.teacher_features)


def hint(batch: Batch) -> Tensor:
    """FitNets (Romero et al., arXiv 1412.6550, equation 3), of the block in the middle.

    Mean squared error of the student's output, through a 1x1 convolution that learns with it, and
    the teacher's.
    """
    middle = len(batch.block_outputs) // 2
    guided = batch.networks.hint(batch.block_outputs[middle]).float()
    return F.mse_loss(guided, batch.teacher_block_outputs[middle])


def attention(batch: Batch) -> Tensor:
    """Attention transfer (Zagoruyko and Komodakis, arXiv 1612.03928, equation 2), of all blocks.

    Mean squared difference of the attention maps: the squares of a block's output summed over
    channels, each image's map of length 1.
    """
    pairs = zip(batch.block_outputs, batch.teacher_block_outputs, strict=True)
    losses = [F.mse_loss(_attention_map(ours), _attention_map(theirs)) for ours, theirs in pairs]
    return torch.stack(losses).mean()


def affinity(batch: Batch) -> Tensor:
    """FAKD (He et al., ICIP 2020, equations 2 to 4), spatial affinity, of all blocks.

    Mean absolute difference of the cosine similarities between any two pixels of a block's output.
    """
    pairs = zip(batch.block_outputs, batch.teacher_block_outputs, strict=True)
    losses = [F.l1_loss(_affinities(ours), _affinities(theirs)) for ours, theirs in pairs]
    return torch.stack(losses).mean()


def adversarial(batch: Batch) -> Tensor:
    """l_a = -log D(G(LR)) (equation 1)."""
    return F.softplus(-batch.networks.discriminator(batch.sr).float()).mean()


def _attention_map(features: Tensor) -> Tensor:
    """[N, C, h, w] to [N, h w]."""
    return F.normalize(features.square().mean(1).flatten(1), dim=1)


def _affinities(features: Tensor) -> Tensor:
    """[N, C, h, w] to [N, h w, h w]."""
    pixels = F.normalize(features.flatten(2), dim=1)
    # In bfloat16, where 1 is 0.004 from the next value, cosines of like pixels would be equal.
    with torch.autocast(features.device.type, enabled=False):
        return pixels.transpose(1, 2) @ pixels


TERMS: dict[str, Callable[[Batch], Tensor]] = {
    term.__name__: term
    for term in (
        pixel, content, distillation, feature_distillation, hint, attention, affinity, adversarial,
    )
}  # fmt: skip
_OF_BLOCKS = {"hint", "attention", "affinity"}
_NEEDS = {
    "content": {"content", "feature_distillation"},
    "teacher": TEACHER_TERMS,
    "discriminator": {"adversarial"},
    "hint": {"hint"},
}


def generator_losses(batch: Batch) -> list[Tensor]:
    """The value of each of the batch's terms."""
    return [TERMS[term](batch) for term in batch.terms]


def discriminator_loss(discriminator: nn.Module, sr: Tensor, real_images: Tensor) -> Tensor:
    """l_D: cross entropy of telling real images from SR (fake); no gradient reaches `sr`."""
    real = discriminator(real_images).float()
    fake = discriminator(sr.detach()).float()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def needed_networks(terms: set[str]) -> set[str]:
    """Which fields of `LossNetworks` these terms look at."""
    return {network for network, users in _NEEDS.items() if users & terms}
