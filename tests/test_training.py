"""The training loop: phases and averages, what is told and saved, and that it is repeatable."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.training_parts import CPU, FILTERS, a_budget, batches, moved, run, state
from support.upscaling import save_enlarging_generator
from tqdm import tqdm

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Phase
from srgan_distill.imaging.images import write_png
from srgan_distill.imaging.protocol import psnr
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.generator import build_generator
from srgan_distill.networks.grid import grid
from srgan_distill.networks.weights import load_generator
from srgan_distill.training import loop, losses
from srgan_distill.training.batches import Tiles
from srgan_distill.training.distributed import Distributed
from srgan_distill.training.loop import State, Trainer
from srgan_distill.training.losses import TERMS
from srgan_distill.training.setup import validation


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
