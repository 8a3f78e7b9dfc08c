"""The one training loop: pretrain, train and distill are phases of it."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ..common.errors import UserError
from ..common.params import Budget, Phase
from ..networks.compute import Compute
from ..networks.generator import Generator
from .batches import Batches
from .checkpoint import Checkpoint
from .curves import Curves, device_load
from .distributed import SINGLE, Distributed
from .losses import TERMS, Batch, LossNetworks, discriminator_loss


@dataclass(frozen=True)
class PhaseSteps:
    """A phase with its steps, counted from the start of the stage: first, ..., end - 1."""

    terms: tuple[str, ...]
    first: int
    end: int


def plan(phases: list[Phase], steps: int) -> list[PhaseSteps]:
    """Turn the phases' shares into whole steps that add up to `steps`."""
    ends = [round(share * steps) for share in accumulate(phase.share for phase in phases)]
    ends[-1] = steps
    firsts = [0, *ends[:-1]]
    return [
        PhaseSteps(tuple(phase.terms), first, end)
        for phase, first, end in zip(phases, firsts, ends, strict=True)
    ]


def cosine(start: float, end: float, progress: float) -> float:
    """Half a cosine from `start` (progress 0) to `end` (progress 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


@dataclass(frozen=True)
class Trainer:
    """What every phase of a stage shares.

    `weights` maps each loss term to its weight; `validate` gives the generator's PSNR in dB on
    the validation images; `checkpoint_seconds` is the least time between two checkpoints. Of
    several processes, a machine's first alone validates, records and saves.
    """

    compute: Compute
    batches: Batches
    networks: LossNetworks
    weights: dict[str, float]
    budget: Budget
    validate: Callable[[Generator], float]
    curves: Curves
    checkpoint: Checkpoint
    distributed: Distributed = SINGLE
    fused_adam: bool = True
    checkpoint_seconds: float = 30

    def train(self, generator: Generator, phases: list[Phase], label: str) -> float:
        """Run all phases on `generator`, in place; returns the last validation PSNR in dB.

        A run that was killed goes on from its checkpoint and ends with the same weights.

        Raises:
            UserError: a loss is no longer finite; names step and term.
        """
        state = self.distributed.broadcast(self.checkpoint.load()) or {"step": 0}
        start = state["step"]
        if start:
            self._restore(generator, state)
        with tqdm(
            total=self.budget.steps, initial=start, desc=label, unit="step", mininterval=1,
            disable=not self.distributed.is_local_zero,
        ) as bar:  # fmt: skip
            for span in plan(phases, self.budget.steps):
                if start < span.end:
                    self._run(generator, span, state, bar)
        return self.curves.last("validation_psnr")

    def _run(
        self, generator: Generator, span: PhaseSteps, state: dict[str, Any], bar: tqdm
    ) -> None:
        """Run the steps of `span` that are not behind `state`."""
        optimizers = self._optimizers(generator, span)
        first = max(span.first, state["step"])
        if first > span.first:
            for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(saved)
        names = (*span.terms, *(["discriminator"] if "adversarial" in span.terms else []))
        history: list[Tensor] = []
        began = saved_at = time.perf_counter()
        generator.train()
        for step in range(first, span.end):
            lr = self._set_learning_rate(optimizers, span, step)
            history.append(self._step(generator, span, step, optimizers))
            done, last = step + 1, step + 1 == span.end
            if not (last or done % self.budget.log_every == 0):
                continue
            # The only point at which the host waits for the device.
            losses = self._read(history, names, step)
            now = time.perf_counter()
            speed = len(history) * self.budget.batch / (now - began)
            history.clear()
            values = {f"loss/{name}": value for name, value in losses.items()}
            values["learning_rate"] = lr
            if self.distributed.is_local_zero and (last or done % self.budget.validate_every == 0):
                values["validation_psnr"] = self.validate(generator)
                generator.train()
            system = {"images_per_second": speed, **device_load(self.compute.device)}
            self.curves.log(done, values, system)
            bar.set_postfix({**losses, "PSNR": self.curves.last("validation_psnr")}, refresh=False)
            bar.update(done - bar.n)
            if self.distributed.is_local_zero and now - saved_at >= self.checkpoint_seconds:
                self._save(generator, optimizers, done)
                saved_at = now
            began = time.perf_counter()

    def _save(self, generator: Generator, optimizers: list[torch.optim.Adam], step: int) -> None:
        discriminator = self.networks.discriminator
        self.checkpoint.save(
            {
                "step": step,
                "generator": generator.state_dict(),
                "discriminator": discriminator.state_dict() if discriminator else None,
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                "curves": self.curves.rows,
            }
        )

    def _restore(self, generator: Generator, state: dict[str, Any]) -> None:
        generator.load_state_dict(state["generator"])
        if self.networks.discriminator:
            self.networks.discriminator.load_state_dict(state["discriminator"])
        for row in state["curves"]:
            self.curves.log(*row)

    def _optimizers(self, generator: Generator, span: PhaseSteps) -> list[torch.optim.Adam]:
        networks = [generator]
        if "adversarial" in span.terms:
            networks.append(self.networks.discriminator)
        return [
            torch.optim.Adam(network.parameters(), self.budget.lr, fused=self.fused_adam)
            for network in networks
        ]

    def _set_learning_rate(
        self, optimizers: list[torch.optim.Adam], span: PhaseSteps, step: int
    ) -> float:
        progress = (step - span.first) / (span.end - span.first)
        lr = cosine(self.budget.lr, self.budget.lr_end, progress)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = lr
        return lr

    def _step(
        self, generator: Generator, span: PhaseSteps, step: int, optimizers: list[torch.optim.Adam]
    ) -> Tensor:
        """One step of the generator, then one of the discriminator; the losses, on the device."""
        lr, hr = self.batches(step)
        discriminator = self.networks.discriminator
        if discriminator is not None:
            discriminator.requires_grad_(False)
        with self.compute.autocast():
            batch = Batch(lr, hr, generator(lr).float(), self.networks)
            losses = [TERMS[term](batch) for term in span.terms]
        total = sum(
            self.weights[term] * loss for term, loss in zip(span.terms, losses, strict=True)
        )
        _update(optimizers[0], total, self.distributed)
        if "adversarial" in span.terms:
            discriminator.requires_grad_(True)
            with self.compute.autocast():
                losses.append(discriminator_loss(discriminator, batch.sr, hr))
            _update(optimizers[1], losses[-1], self.distributed)
        return torch.stack([loss.detach() for loss in losses])

    def _read(self, history: list[Tensor], names: tuple[str, ...], last: int) -> dict[str, float]:
        """Mean losses since the last log point."""
        losses = self.distributed.mean(torch.stack(history)).cpu()
        if not losses.isfinite().all():
            row, column = (~losses.isfinite()).nonzero()[0].tolist()
            step = last - len(losses) + 1 + row
            raise UserError(
                f"the {names[column]} loss is {losses[row, column]} at step {step}; no model is "
                "written. Lower the stage's lr or that loss's weight in params.yaml, or set "
                "precision to float32"
            )
        return dict(zip(names, losses.mean(0).tolist(), strict=True))


def _update(optimizer: torch.optim.Adam, loss: Tensor, distributed: Distributed) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    distributed.average_gradients(optimizer.param_groups[0]["params"])
    optimizer.step()
