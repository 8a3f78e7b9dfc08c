"""How a stage's steps are divided into phases, and what each step of a phase may do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..common.params import BatchBudget, Budget, Losses, Phase, PretrainBudget


class Rates(NamedTuple):
    """Learning rates of one step."""

    generator: float
    discriminator: float


@dataclass(frozen=True)
class ScheduledPhase:
    """One phase: steps first, ..., end - 1 of the stage.

    Attributes:
        weights: of the terms that it minimises, by name.
        learns_from: the generator's first step; before it the discriminator learns alone.
        warm_up: steps over which the generator's rate rises: Adam starts anew, and its first steps
            are as large as the rate for every weight, whatever the gradient.
        decay: of the moving average of the generator's weights; 0: none.
        keeps_statistics: the generator's BatchNorm does not learn means and variances. Those of a
            batch of small crops are not those of photographs, which it is used with; an adversarial
            loss makes use of the difference (benchmarks/README.md).
        budget: batch and learning rates.
        real: what the discriminator learns to tell SR from, hr or teacher.
    """

    weights: dict[str, float]
    first: int
    learns_from: int
    end: int
    warm_up: int
    decay: float
    keeps_statistics: bool
    budget: BatchBudget
    real: str = "hr"

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator learns beside the generator."""
        return "adversarial" in self.weights

    @property
    def losses(self) -> list[str]:
        """The names of what a step computes."""
        return [*self.weights, *(["discriminator"] if self.adversarial else [])]

    def generator_learns(self, step: int) -> bool:
        return step >= self.learns_from

    def learning_rates(self, step: int) -> Rates:
        """Half a cosine from `lr` to `lr_end` over the generator's steps."""
        start, end = self.budget.lr, self.budget.lr_end
        own = max(0, step - self.learns_from)
        progress = own / (self.end - self.learns_from)
        rate = end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
        return Rates(rate * min(1.0, (own + 1) / (self.warm_up + 1)), rate)

    def ema(self, step: int) -> float:
        """The decay of the moving average: smaller at first, for the first weights to be forgotten.

        As TensorFlow's ExponentialMovingAverage has it (num_updates).
        """
        own = step - self.learns_from
        return min(self.decay, (1 + own) / (10 + own))

    def logs_at(self, done: int) -> bool:
        return done == self.end or done % self.budget.log_every == 0

    def validates_at(self, done: int) -> bool:
        return done == self.end or done % self.budget.validate_every == 0


@dataclass(frozen=True)
class Schedule:
    """All phases of a stage, one after the other."""

    phases: tuple[ScheduledPhase, ...]

    @property
    def steps(self) -> int:
        return self.phases[-1].end

    @property
    def averages(self) -> bool:
        """Whether a moving average of the weights is what is saved."""
        return any(phase.decay for phase in self.phases)


def pretraining_schedule(budget: PretrainBudget) -> Schedule:
    """The pixel loss alone."""
    phase = ScheduledPhase(
        weights={"pixel": 1.0},
        first=0,
        learns_from=0,
        end=budget.steps,
        warm_up=0,
        decay=0.0,
        keeps_statistics=False,
        budget=budget,
    )
    return Schedule((phase,))


def build_schedule(phases: Sequence[Phase], budget: Budget, losses: Losses) -> Schedule:
    """The phases of a recipe or a strategy, with the profile's steps and the weights of losses."""
    scheduled: list[ScheduledPhase] = []
    first = 0
    for phase in phases:
        alone = budget.discriminator_first if phase.adversarial else 0
        steps = budget.steps.adversarial if phase.adversarial else budget.steps.content
        weights = losses.model_dump() | phase.weights
        scheduled.append(
            ScheduledPhase(
                weights={term: weights[term] for term in phase.terms},
                first=first,
                learns_from=first + alone,
                end=first + alone + steps,
                warm_up=budget.warm_up,
                decay=budget.ema,
                keeps_statistics=budget.keep_statistics,
                budget=budget,
                real=phase.real,
            )
        )
        first = scheduled[-1].end
    return Schedule(tuple(scheduled))
