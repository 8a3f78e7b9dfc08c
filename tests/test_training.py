"""The training loop: what each step may and may not move, and that it is repeatable."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.training_parts import CPU, FILTERS, WEIGHTS, a_budget, batches, crops
from support.upscaling import save_enlarging_generator
from torch import nn
from torch.optim import Adam
from tqdm import tqdm

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Phase
from srgan_distill.imaging.images import write_png
from srgan_distill.imaging.protocol import psnr
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.networks.grid import grid
from srgan_distill.networks.weights import load_generator
from srgan_distill.training import loop, losses
from srgan_distill.training.batches import Tiles
from srgan_distill.training.distributed import Distributed
from srgan_distill.training.loop import State, Trainer, _set_rate
from srgan_distill.training.losses import TERMS, LossNetworks, discriminator_loss
from srgan_distill.training.setup import validation


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network: nn.Module, before: dict[str, torch.Tensor]) -> bool:
    return any(not torch.equal(value, before[name]) for name, value in state(network).items())


def run(trainer: Trainer, generator: Generator) -> Generator:
    with trainer.curves:
        return trainer.train(generator, "test")


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


def test_speed_is_that_of_the_steps_since_the_last_point(
    make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that goes on by four seconds at each look: two steps of two images between them."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=count(0, 4).__next__))
    trainer = make_trainer(Phase(terms=["content"]))
    run(trainer, build_generator(FILTERS, 1, seed=0))
    assert [system["images_per_second"] for _, _, system in trainer.curves.rows] == [1.0, 1.0]


def test_what_is_saved_is_the_moving_average(make_trainer: Callable[..., Trainer]) -> None:
    """By hand, from the weights after each step: decay (1 + t) / (10 + t), at most 0.2."""
    generator = build_generator(FILTERS, 1, seed=0)
    expected = state(generator)
    trainer = make_trainer(Phase(terms=["pixel"]), budget=a_budget(ema=0.2))
    step = Trainer._step
    after: list[dict[str, torch.Tensor]] = []

    def watching(self: Trainer, phase: object, current: State) -> torch.Tensor:
        found = step(self, phase, current)
        after.append(state(current.generator))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_step", watching)
        averaged = run(trainer, generator)
    for number, weights in enumerate(after):
        decay = min(0.2, (1 + number) / (10 + number))
        for name, value in weights.items():
            if value.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * value
    assert averaged is not generator
    for name, value in averaged.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name])


def test_a_phase_starts_from_the_average_of_the_one_before(
    make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = []
    run_phase = Trainer._run_phase

    def watching(self: Trainer, phase: object, current: State, *rest: object) -> None:
        starts.append(state(current.averaged))
        run_phase(self, phase, current, *rest)
        starts.append(state(current.generator))

    monkeypatch.setattr(Trainer, "_run_phase", watching)
    original = Trainer._optimizers
    seen = []

    def optimizers(self: Trainer, phase: object, current: State) -> dict:
        seen.append(state(current.generator))
        return original(self, phase, current)

    monkeypatch.setattr(Trainer, "_optimizers", optimizers)
    phases = [Phase(terms=["pixel"]), Phase(terms=["content"])]
    run(make_trainer(*phases, budget=a_budget(ema=0.9)), build_generator(FILTERS, 1, seed=0))
    average_of_first, end_of_first = starts[2], starts[1]
    assert all(torch.equal(seen[1][name], value) for name, value in average_of_first.items())
    assert any(not torch.equal(seen[1][name], value) for name, value in end_of_first.items())


@pytest.mark.parametrize("keep", [True, False])
def test_statistics_that_are_kept_are_those_that_the_generator_learns_with(
    make_trainer: Callable[..., Trainer], keep: bool
) -> None:
    """In every phase, after a validation and while the discriminator learns alone too."""
    generator = build_generator(FILTERS, 1, seed=0)
    before = {name: value for name, value in state(generator).items() if "running" in name}
    modes = set()
    generator.register_forward_hook(
        lambda module, inputs, output: modes.add((module.training, output.requires_grad))
    )
    budget = a_budget(keep_statistics=keep, discriminator_first=3)
    phases = [Phase(terms=["content"]), Phase(terms=["content", "adversarial"])]
    after = state(run(make_trainer(*phases, budget=budget), generator))
    assert {training for training, learning in modes if learning} == {not keep}
    assert all(torch.equal(after[name], value) for name, value in before.items()) == keep


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_no_checkerboard_comes_into_a_network_that_is_to_have_none(
    make_trainer: Callable[..., Trainer], ema: float
) -> None:
    phases = [Phase(terms=["pixel"]), Phase(terms=["content", "adversarial"])]
    grids = {}
    for checkerboard_free in (False, True):
        generator = build_generator(FILTERS, 1, 0, checkerboard_free)
        trained = run(make_trainer(*phases, budget=a_budget(ema=ema, lr=1e-2)), generator)
        grids[checkerboard_free] = grid(trained), grid(generator)
    assert min(grids[False]) > 0.1
    assert max(grids[True]) < 1e-3


def test_same_seed_same_weights(make_trainer: Callable[..., Trainer], tiles: Tiles) -> None:
    phase = Phase(terms=["pixel"])
    first = run(make_trainer(phase), build_generator(4, 1, seed=0))
    torch.rand(7)
    again = run(make_trainer(phase), build_generator(4, 1, seed=0))
    other = run(
        make_trainer(phase, batches=batches(tiles, a_budget(), seed=1)),
        build_generator(4, 1, seed=0),
    )
    assert not moved(again, state(first))
    assert moved(other, state(first))


def test_learning_lowers_the_loss(
    make_trainer: Callable[..., Trainer], tiles: Tiles, tmp_path: Path
) -> None:
    budget = a_budget(steps={"content": 80, "adversarial": 1}, log_every=20, validate_every=20)
    trainer = make_trainer(Phase(terms=["pixel"]), budget=budget)
    run(trainer, build_generator(8, 1, seed=0))
    lines = (tmp_path / "learning/plots/metrics/loss/pixel.tsv").read_text().split("\n")[1:-1]
    losses = [float(line.split("\t")[1]) for line in lines]
    assert len(losses) == 4
    assert losses[-1] < losses[0] / 2


def test_progress_names_no_psnr_before_the_first_validation(
    make_trainer: Callable[..., Trainer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # tqdm's own bar waits, and would show the last state alone.
    monkeypatch.setattr(loop, "tqdm", lambda **options: tqdm(**options | {"mininterval": 0}))
    run(
        make_trainer(Phase(terms=["pixel"]), budget=a_budget(validate_every=4)),
        build_generator(FILTERS, 1, seed=3),
    )
    states = [line for line in capsys.readouterr().err.split("\r") if "pixel=" in line]
    assert [("PSNR=20" in line) for line in states[:1] + states[-1:]] == [False, True]
    assert not any("nan" in line for line in states)


def test_validation_is_the_mean_psnr_of_the_folder_s_pairs(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    expected = []
    for name, lr in zip("ab", noise, strict=True):
        write_png(tmp_path / "LR" / f"{name}.png", lr)
        hr = lr.repeat(4, 0).repeat(4, 1) // 2
        write_png(tmp_path / "HR" / f"{name}.png", hr)
        expected.append(psnr(lr.repeat(4, 0).repeat(4, 1), hr))
    enlarging = load_generator(save_enlarging_generator(tmp_path / "generator.safetensors"))
    found = validation(tmp_path, CPU)(enlarging)
    assert found == {"validation_psnr": pytest.approx(sum(expected) / 2), "grid": grid(enlarging)}


def test_steps_are_replayed_where_one_process_has_a_gpu(
    make_trainer: Callable[..., Trainer],
) -> None:
    on_gpu = Compute(torch.device("cuda"), torch.float32)

    def replays(**changes: object) -> bool:
        return make_trainer(Phase(terms=["pixel"]), **changes).replays

    assert replays(compute=on_gpu)
    assert not replays()
    assert not replays(compute=on_gpu, cuda_graphs=False)
    assert not replays(compute=on_gpu, distributed=Distributed(0, 2))


def test_a_loss_that_is_not_finite_names_step_and_term(
    make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([1.0, 1.0, float("nan"), 1.0])
    bad = {**TERMS, "content": lambda batch: batch.sr.mean() * next(calls)}
    monkeypatch.setattr(losses, "TERMS", bad)
    trainer = make_trainer(Phase(terms=["pixel", "content"]), checkpoint_seconds=0)
    with pytest.raises(UserError, match="the content loss is nan at step 2"):
        run(trainer, build_generator(4, 1, seed=0))
    last_good = trainer.checkpoint.load()
    assert last_good["step"] == 2
    weights = last_good["networks"]["generator"].values()
    assert all(value.isfinite().all() for value in weights)


def test_weights_that_the_last_step_ruins_are_not_saved(
    make_trainer: Callable[..., Trainer],
) -> None:
    """No loss has seen them: the first step's is that of the start."""
    trainer = make_trainer(
        Phase(terms=["pixel"]),
        budget=a_budget(steps={"content": 1, "adversarial": 1}, lr=1e30),
        validate=lambda generator: {"validation_psnr": 20.0, "grid": grid(generator)},
        checkpoint_seconds=0,
    )
    with pytest.raises(UserError, match="the generator's SR is not finite after step 0; no"):
        run(trainer, build_generator(4, 1, seed=0))
    assert trainer.checkpoint.load() is None
