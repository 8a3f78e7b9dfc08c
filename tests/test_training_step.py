"""One step of training: what it may and may not move, and what each network learns from."""

from collections.abc import Callable

import pytest
import torch
from support.training_parts import FILTERS, WEIGHTS, a_budget, crops, moved, run, state
from torch import nn
from torch.optim import Adam

from srgan_distill.common.params import Phase
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.training import loop
from srgan_distill.training.batches import Tiles
from srgan_distill.training.loop import Trainer, _set_rate
from srgan_distill.training.losses import TERMS, LossNetworks, discriminator_loss


def test_the_teacher_never_moves(
    make_trainer: Callable[..., Trainer], networks: LossNetworks
) -> None:
    before = state(networks.teacher)
    student = build_generator(FILTERS, 1, seed=0)
    terms = [term for term in TERMS if term != "pixel"]
    run(make_trainer(Phase(terms=terms)), student)
    assert not moved(networks.teacher, before)
    assert not any(module.training for module in networks.teacher.modules())


def test_a_hint_s_regressor_learns_with_the_student(
    make_trainer: Callable[..., Trainer], networks: LossNetworks
) -> None:
    before = state(networks.hint)
    run(make_trainer(Phase(terms=["content"])), build_generator(FILTERS, 1, seed=0))
    assert not moved(networks.hint, before)
    run(make_trainer(Phase(terms=["hint"])), build_generator(FILTERS, 1, seed=0))
    assert moved(networks.hint, before)


def test_a_step_that_is_replayed_reads_its_rate_where_it_always_lies() -> None:
    optimizer = Adam([nn.Parameter(torch.zeros(3))], capturable=True)
    group = optimizer.param_groups[0]
    _set_rate(optimizer, 0.5)
    rate = group["lr"]
    _set_rate(optimizer, 0.25)
    assert group["lr"] is rate
    assert rate.item() == 0.25
    group["lr"] = torch.zeros((), device="meta")  # as a checkpoint may bring it
    _set_rate(optimizer, 0.125)
    assert group["lr"].item() == 0.125


def test_generator_and_discriminator_step_apart(
    make_trainer: Callable[..., Trainer], networks: LossNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither weights nor statistics of the one move in the other's step."""
    generator = build_generator(FILTERS, 1, seed=0)
    watched = {"generator": generator, "discriminator": networks.discriminator}
    update = Trainer._update
    log = []

    def watching(trainer: Trainer, *arguments: object) -> None:
        before = {name: state(network) for name, network in watched.items()}
        update(trainer, *arguments)
        log.append({name for name, network in watched.items() if moved(network, before[name])})

    monkeypatch.setattr(Trainer, "_update", watching)
    run(make_trainer(Phase(terms=["adversarial"])), generator)
    assert log == [{"generator"}, {"discriminator"}] * 4


def test_the_discriminator_learns_alone_first(
    make_trainer: Callable[..., Trainer], networks: LossNetworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The generator is frozen, BatchNorm's statistics too; its own steps come in addition."""
    budget = a_budget(discriminator_first=3)
    generator = build_generator(FILTERS, 1, seed=0)
    step = Trainer._step
    log, losses = [], []

    def watching(trainer: Trainer, *arguments: object) -> torch.Tensor:
        before = state(generator), state(networks.discriminator)
        found = step(trainer, *arguments)
        losses.append(found)
        log.append((moved(generator, before[0]), moved(networks.discriminator, before[1])))
        return found

    monkeypatch.setattr(Trainer, "_step", watching)
    trainer = make_trainer(Phase(terms=["content", "adversarial"]), budget=budget)
    run(trainer, generator)
    assert log == [(False, True)] * 3 + [(True, True)] * 4
    logged = {step: values for step, values, _ in trainer.curves.rows}
    assert "loss/content" not in logged[2]
    # Means over the steps since the last point, of the generator over those that it learnt in.
    content, adversarial, discriminator = torch.stack(losses).T.tolist()
    assert logged[4]["loss/content"] == pytest.approx(content[3])
    assert logged[4]["loss/adversarial"] == pytest.approx(adversarial[3])
    assert logged[4]["loss/discriminator"] == pytest.approx(sum(discriminator[2:4]) / 2)
    assert logged[6]["loss/content"] == pytest.approx(sum(content[4:6]) / 2)
    assert logged[2]["learning_rate"] == 0
    (phase,) = trainer.schedule.phases
    assert logged[4]["learning_rate"] == phase.learning_rates(3).generator > 0


@pytest.mark.parametrize("real", ["hr", "teacher"])
def test_what_the_discriminator_takes_for_real(
    real: str,
    make_trainer: Callable[..., Trainer],
    networks: LossNetworks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also while it learns alone, and in a phase whose terms need no teacher."""
    seen = []

    def watching(discriminator: nn.Module, sr: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return discriminator_loss(discriminator, sr, images)

    monkeypatch.setattr(loop, "discriminator_loss", watching)
    phase = Phase(terms=["pixel", "adversarial"], real=real)
    trainer = make_trainer(phase, budget=a_budget(discriminator_first=1))
    run(trainer, build_generator(FILTERS, 1, seed=0))
    for step, images in enumerate(seen):
        lr, hr = trainer.batches(step)
        expected = hr if real == "hr" else networks.teacher(lr)
        assert torch.equal(images, expected)
        assert not images.requires_grad
    assert len(seen) == 5


def test_discriminator_step_leaves_no_gradient_in_the_generator(
    tiles: Tiles, networks: LossNetworks
) -> None:
    generator = build_generator(FILTERS, 1, seed=0)
    lr, hr = crops(tiles)
    discriminator_loss(networks.discriminator, generator(lr), hr).backward()
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_total_is_the_weighted_sum(make_trainer: Callable[..., Trainer]) -> None:
    """A weight of 0 takes a term out: the weights that result are those without it."""
    terms = ["content", "distillation"]

    def trained(phase: Phase, **weights: float) -> Generator:
        losses = WEIGHTS.model_copy(update=weights)
        return run(make_trainer(phase, weights=losses), build_generator(FILTERS, 1, seed=0))

    alone = state(trained(Phase(terms=["content"])))
    assert not moved(trained(Phase(terms=terms), distillation=0.0), alone)
    assert moved(trained(Phase(terms=terms), distillation=9.0), alone)
    # A phase's own weight counts before that of `losses`.
    own = Phase(terms=terms, weights={"distillation": 0.0})
    assert not moved(trained(own, distillation=9.0), alone)
