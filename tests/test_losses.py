"""The loss terms: their values by hand, and whom their gradients reach."""

import pytest
import torch
from support.training_parts import FILTERS, crops
from torch import nn

from srgan_distill.networks.generator import build_generator
from srgan_distill.training.batches import Tiles
from srgan_distill.training.losses import (
    TERMS,
    Batch,
    LossNetworks,
    build_hint,
    discriminator_loss,
    generator_losses,
)


class Fixed(nn.Module):
    """In place of a generator: an SR and block outputs that are given."""

    def __init__(self, sr: torch.Tensor, outputs: list[torch.Tensor] | None = None) -> None:
        super().__init__()
        self.sr, self.outputs = sr, outputs
        self.blocks = outputs or []

    def forward(self, lr: torch.Tensor, with_blocks: bool = False) -> object:
        return (self.sr, self.outputs) if with_blocks else self.sr


@pytest.mark.parametrize("term", TERMS)
def test_every_term_sends_a_gradient_into_the_generator_alone(
    term: str, tiles: Tiles, networks: LossNetworks
) -> None:
    """SRGAN-PyTorch's best-known content loss sends none: it is rebuilt from numbers."""
    generator = build_generator(FILTERS, 1, seed=0)
    lr, hr = crops(tiles)
    (loss,) = generator_losses(Batch(lr, hr, generator, networks, [term]))
    loss.backward()
    assert generator.head[0].weight.grad.abs().sum() > 0
    teacher_and_content = (*networks.teacher.parameters(), *networks.content.parameters())
    assert all(parameter.grad is None for parameter in teacher_and_content)
    # FitNets' regressor learns with the generator, in its own term alone.
    assert (networks.hint.weight.grad is not None) == (term == "hint")


def test_terms_by_hand(tiles: Tiles) -> None:
    """MSE over [0, 1], -log D for a discriminator of known logits, cross entropy for L_D."""
    lr, hr = crops(tiles)
    networks = LossNetworks(
        content=lambda image: 2 * image,
        teacher=lambda lr: torch.full_like(hr, 0.25),
        discriminator=lambda image: torch.tensor([0.0, 2.0]),
    )
    batch = Batch(lr, torch.full_like(hr, 0.5), Fixed(torch.full_like(hr, 1.0)), networks, ())
    assert TERMS["pixel"](batch).item() == pytest.approx(0.25)
    assert TERMS["content"](batch).item() == pytest.approx(1.0)
    assert TERMS["distillation"](batch).item() == pytest.approx(0.5625)
    assert TERMS["feature_distillation"](batch).item() == pytest.approx(2.25)
    # (-log sigmoid(0) - log sigmoid(2)) / 2
    assert TERMS["adversarial"](batch).item() == pytest.approx((0.693147 + 0.126928) / 2, abs=1e-5)
    # real: as above; fake: (-log(1 - sigmoid(0)) - log(1 - sigmoid(2))) / 2
    loss = discriminator_loss(networks.discriminator, hr, hr)
    assert loss.item() == pytest.approx((0.693147 * 2 + 0.126928 + 2.126928) / 2, abs=1e-5)


def of_blocks(ours: torch.Tensor, theirs: torch.Tensor, hint: nn.Module | None = None) -> Batch:
    """A student of one block beside a teacher of two, of which the last is its partner."""
    sr = torch.zeros(1, 3, 8, 8)
    teacher = Fixed(sr, [torch.full_like(theirs, 9.0), theirs])
    networks = LossNetworks(teacher=teacher, hint=hint)
    return Batch(sr, sr, Fixed(sr, [ours]), networks, ["hint", "attention", "affinity"])


def test_terms_of_blocks_by_hand() -> None:
    """One image of two pixels, two channels: (3, 4) and (0, 5) beside (0, 1) and (1, 0)."""
    ours = torch.tensor([[[[3.0, 0.0]], [[4.0, 5.0]]]])
    theirs = torch.tensor([[[[0.0, 1.0]], [[1.0, 0.0]]]])
    hint = nn.Conv2d(2, 2, 1)
    nn.init.zeros_(hint.weight)
    nn.init.constant_(hint.bias, 2.0)
    # The regressor says 2 everywhere: squares 4, 1, 1, 4.
    assert TERMS["hint"](of_blocks(ours, theirs, hint)).item() == pytest.approx(10 / 4)
    # Maps: (25, 25) and (1, 1), both of length 1 as (0.7071, 0.7071).
    assert TERMS["attention"](of_blocks(ours, theirs)).item() == pytest.approx(0, abs=1e-7)
    # Twice the second pixel: (25, 100), of length 1 as (0.2425, 0.9701).
    brighter = ours * torch.tensor([1.0, 2.0])
    expected = ((0.2425 - 0.7071) ** 2 + (0.9701 - 0.7071) ** 2) / 2
    assert TERMS["attention"](of_blocks(brighter, theirs)).item() == pytest.approx(
        expected, abs=1e-4
    )
    # Cosines: 1 and 0.8 beside 1 and 0, so that two of four entries differ by 0.8.
    assert TERMS["affinity"](of_blocks(ours, theirs)).item() == pytest.approx(0.4)


def test_a_hint_is_of_the_block_in_the_middle() -> None:
    """The third of four; the regressor passes on what it gets."""
    outputs = [torch.full((1, 1, 1, 1), value) for value in (1.0, 2.0, 4.0, 8.0)]
    teacher = Fixed(torch.zeros(1, 3, 4, 4), [torch.zeros(1, 1, 1, 1)] * 4)
    networks = LossNetworks(teacher=teacher, hint=nn.Identity())
    batch = Batch(None, None, Fixed(teacher.sr, outputs), networks, ["hint"])
    assert TERMS["hint"](batch).item() == 4.0**2


def test_a_hint_s_regressor_starts_by_its_seed_alone() -> None:
    first = build_hint(4, 8, seed=1)
    torch.rand(5)
    again, other = build_hint(4, 8, seed=1), build_hint(4, 8, seed=2)
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def test_affinities_are_as_exact_in_bfloat16_training() -> None:
    """There, 0.996 and 1 are neighbours, and most pixels of a block are more alike than that."""
    outputs = [torch.rand(1, 4, 3, 3, generator=torch.Generator().manual_seed(n)) for n in (0, 1)]
    student, teacher = (Fixed(torch.zeros(1, 3, 4, 4), [output]) for output in outputs)
    batch = Batch(None, None, student, LossNetworks(teacher=teacher), ["affinity"])
    exact = TERMS["affinity"](batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert TERMS["affinity"](batch) == exact


def test_blocks_are_paired_evenly_and_end_with_the_teachers_last() -> None:
    outputs = [torch.full((1, 1, 1, 1), float(number)) for number in range(16)]
    sr = torch.zeros(1, 3, 4, 4)

    def chosen(own: int, theirs: int) -> list[float]:
        student, teacher = Fixed(sr, outputs[:own]), Fixed(sr, outputs[:theirs])
        batch = Batch(sr, sr, student, LossNetworks(teacher=teacher), ["affinity"])
        return [output.item() for output in batch.teacher_block_outputs]

    assert chosen(8, 16) == [1, 3, 5, 7, 9, 11, 13, 15]
    # Of a student with more blocks than its teacher the first is taught by the first.
    assert chosen(4, 2) == [0, 0, 1, 1]


def test_terms_share_one_pass_of_each_generator(tiles: Tiles, networks: LossNetworks) -> None:
    """A call of the network itself, which is what torch.compile compiles and hooks see."""
    passes = []
    generator = build_generator(FILTERS, 2, seed=0)
    generator.register_forward_hook(lambda *_: passes.append("generator"))
    networks.teacher.register_forward_hook(lambda *_: passes.append("teacher"))
    lr, hr = crops(tiles)
    terms = ["content", "distillation", "affinity", "hint", "adversarial"]
    values = generator_losses(Batch(lr, hr, generator, networks, terms))
    assert sorted(passes) == ["generator", "teacher"]
    alone = [
        generator_losses(Batch(lr, hr, generator, networks, [term]))[0].item() for term in terms
    ]
    assert [value.item() for value in values] == pytest.approx(alone, rel=1e-5)
