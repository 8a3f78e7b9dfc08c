"""Which terms each phase minimises, and how many steps it has."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.training_parts import FILTERS, WEIGHTS, a_budget
from torch import nn

from srgan_distill.common.params import Phase, PretrainBudget, load
from srgan_distill.networks.generator import build_generator
from srgan_distill.training import loop, losses
from srgan_distill.training.loop import State, Trainer
from srgan_distill.training.losses import TERMS, Batch
from srgan_distill.training.schedule import build_schedule, pretraining_schedule

SECTION_2 = {
    "teacher_gan": [{"content", "adversarial", "discriminator"}],
    "teacher_g": [{"content"}],
    "student": [{"content", "adversarial", "discriminator"}],
    "student_g": [{"content"}],
    "student_g_al": [{"content"}, {"content", "adversarial", "discriminator"}],
    "gan2gan": [{"content", "adversarial", "distillation", "discriminator"}],
    "gan2g": [{"content", "distillation"}],
    "gan2g_al": [{"content", "distillation"}, {"content", "adversarial", "discriminator"}],
    "g2g_al": [{"content", "distillation"}, {"content", "adversarial", "discriminator"}],
}
TEACHERS = {
    "gan2gan": "teacher_gan", "gan2g": "teacher_gan", "gan2g_al": "teacher_gan",
    "g2g_al": "teacher_g",
}  # fmt: skip
PARAMS = load(Path(__file__).parents[1] / "params.yaml")


@pytest.mark.parametrize("name", SECTION_2)
def test_phases_minimise_exactly_the_papers_terms(
    name: str, make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reaches an optimiser, not what params.yaml says: terms are swapped for markers."""
    if name in PARAMS.strategies:
        assert PARAMS.strategies[name].teacher == TEACHERS[name]
        phases = PARAMS.distill.phases(PARAMS.strategies[name])
    else:
        phases = PARAMS.train[name].phases
    called: set[str] = set()

    def marked(term: str) -> Callable[[Batch], torch.Tensor]:
        def loss(batch: Batch) -> torch.Tensor:
            called.add(term)
            return batch.sr.mean()

        return loss

    def marked_discriminator(discriminator: nn.Module, sr: torch.Tensor, hr: torch.Tensor):
        called.add("discriminator")
        return discriminator(hr).mean()

    monkeypatch.setattr(losses, "TERMS", {term: marked(term) for term in TERMS})
    monkeypatch.setattr(loop, "discriminator_loss", marked_discriminator)
    trainer, generator = make_trainer(*phases), build_generator(FILTERS, 1, seed=0)
    seen = []
    for phase in trainer.schedule.phases:
        called.clear()
        current = State(generator, generator, trainer.networks, {}, step=phase.first)
        current.optimizers = trainer._optimizers(phase, current)
        trainer._step(phase, current)
        seen.append(set(called))
    assert seen == SECTION_2[name]


@pytest.mark.parametrize("name", PARAMS.strategies)
def test_a_baseline_has_the_phases_of_its_strategy_without_the_teacher(name: str) -> None:
    """So that what is told apart is the teacher alone, with the same number of steps."""
    strategy = PARAMS.strategies[name]
    baseline = PARAMS.train[strategy.baseline]
    assert [phase.adversarial for phase in baseline.phases] == [
        phase.adversarial for phase in strategy.phases
    ]
    assert baseline.network == "student"


def test_all_adversarial_phases_are_of_equal_length() -> None:
    for profile in PARAMS.profiles.values():
        recipes = [(recipe.phases, profile.train) for recipe in PARAMS.train.values()]
        recipes += [(strategy.phases, profile.distill) for strategy in PARAMS.strategies.values()]
        lengths = {
            phase.end - phase.learns_from
            for phases, budget in recipes
            for phase in build_schedule(phases, budget, PARAMS.losses).phases
            if phase.adversarial
        }
        assert len(lengths) == 1


def test_pretraining_is_one_phase_of_the_pixel_loss() -> None:
    """Without a warm-up or an average, and with BatchNorm's statistics of its own batches."""
    given = PARAMS.settings.pretrain["student"].model_dump() | {"steps": 70}
    (phase,) = pretraining_schedule(PretrainBudget.model_validate(given)).phases
    assert phase.weights == {"pixel": 1.0}
    assert (phase.first, phase.learns_from, phase.end) == (0, 0, 70)
    assert phase.learning_rates(0).generator == pytest.approx(given["lr"])
    assert not phase.decay
    assert not phase.keeps_statistics


def test_phases_follow_each_other_with_steps_of_their_own() -> None:
    budget = a_budget(
        steps={"content": 30, "adversarial": 80}, discriminator_first=5, warm_up=9, ema=0.5
    )
    phases = [Phase(terms=["content"]), Phase(terms=["content", "adversarial"])]
    first, second = build_schedule(phases, budget, WEIGHTS).phases
    assert (first.first, first.learns_from, first.end) == (0, 0, 30)
    assert (second.first, second.learns_from, second.end) == (30, 35, 115)
    rates = [second.learning_rates(step) for step in (30, 35, 39, 44, 114)]
    # The generator's rate rises in tenths; the discriminator's is the cosine from the start.
    assert rates[0].discriminator == pytest.approx(1e-3)
    assert rates[1].generator == pytest.approx(1e-4)
    assert rates[2].generator == pytest.approx(rates[2].discriminator / 2)
    assert rates[3].generator == rates[3].discriminator
    assert rates[4].generator == pytest.approx(1e-4, rel=0.02)
    assert first.learning_rates(0).generator == pytest.approx(1e-4)
