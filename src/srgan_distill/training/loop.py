"""The one training loop: pretrain, train and distill are phases of it."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam
from tqdm import tqdm

from ..common.errors import UserError
from ..networks.compute import Compute
from ..networks.generator import Generator
from .batches import Batches
from .checkpoint import Checkpoint
from .curves import Curves, device_load
from .distributed import SINGLE, Distributed
from .losses import Batch, LossNetworks, discriminator_loss, generator_losses
from .schedule import Schedule, ScheduledPhase

Validate = Callable[[Generator], dict[str, float]]


@dataclass
class State:
    """What changes in training, and belongs into a checkpoint.

    `averaged` is the exponential moving average of the generator's weights (BatchNorm's statistics
    among them), which is validated and saved; without one it is the generator itself.
    """

    generator: Generator
    averaged: Generator
    networks: LossNetworks
    optimizers: dict[str, Adam]
    step: int = 0

    def document(self) -> dict[str, Any]:
        """Everything as a mapping for `Checkpoint.save`."""
        parts = {"generator": self.generator, "averaged": self.averaged}
        return {
            "step": self.step,
            "networks": {
                name: part.state_dict() for name, part in (parts | self.networks.learning()).items()
            },
            "optimizers": {name: part.state_dict() for name, part in self.optimizers.items()},
        }

    def restore(self, document: dict[str, Any]) -> None:
        """The opposite, but for the optimizers, which their phase makes and restores."""
        parts = {"generator": self.generator, "averaged": self.averaged}
        for name, part in (parts | self.networks.learning()).items():
            part.load_state_dict(document["networks"][name])
        self.step = document["step"]


@dataclass(frozen=True)
class Trainer:
    """What every phase of a stage shares.

    `validate` gives metrics of a generator by name; `checkpoint_seconds` is the least time between
    two checkpoints. Of several processes, a machine's first alone validates, records and saves.
    """

    compute: Compute
    batches: Batches
    networks: LossNetworks
    schedule: Schedule
    validate: Validate
    curves: Curves
    checkpoint: Checkpoint
    distributed: Distributed = SINGLE
    fused_adam: bool = True
    checkpoint_seconds: float = 30

    def train(self, generator: Generator, label: str) -> Generator:
        """Run all phases from `generator`, which changes; returns what is to be saved.

        A run that was killed goes on from its checkpoint and ends with the same weights.

        Raises:
            UserError: a loss is no longer finite; names step and term.
        """
        averaged = copy.deepcopy(generator) if self.schedule.averages else generator
        state = State(generator, averaged, self.networks, {})
        saved = self.distributed.broadcast(self.checkpoint.load()) or {}
        if saved:
            state.restore(saved)
            for row in saved["curves"]:
                self.curves.log(*row)
        with tqdm(
            total=self.schedule.steps, initial=state.step, desc=label, unit="step", mininterval=1,
            disable=not self.distributed.is_local_zero,
        ) as bar:  # fmt: skip
            for phase in self.schedule.phases:
                if state.step < phase.end:
                    self._run_phase(phase, state, saved.get("optimizers"), bar)
        return state.averaged

    def _run_phase(
        self, phase: ScheduledPhase, state: State, saved: dict[str, Any] | None, bar: tqdm
    ) -> None:
        """Run the steps of `phase` that are not behind `state`."""
        if state.step == phase.first and state.averaged is not state.generator:
            # A phase starts from what would have been saved after the one before.
            state.generator.load_state_dict(state.averaged.state_dict())
        state.optimizers = self._optimizers(phase, state)
        if state.step > phase.first:
            for name, optimizer in state.optimizers.items():
                optimizer.load_state_dict(saved[name])
        history: list[Tensor] = []
        began = saved_at = time.perf_counter()
        state.generator.train()
        while state.step < phase.end:
            history.append(self._step(phase, state))
            state.step += 1
            if not phase.logs_at(state.step):
                continue
            # The only point at which the host waits for the device.
            losses = self._read(history, phase, state.step)
            now = time.perf_counter()
            speed = len(history) * self.batches.size / (now - began)
            history.clear()
            self._record(phase, state, losses, speed, bar)
            if self.distributed.is_local_zero and now - saved_at >= self.checkpoint_seconds:
                self.checkpoint.save(state.document() | {"curves": self.curves.rows})
                saved_at = now
            began = time.perf_counter()

    def _step(self, phase: ScheduledPhase, state: State) -> Tensor:
        """One step of the generator, then one of the discriminator; the losses, on the device.

        While the discriminator learns alone, the generator's losses are nan: it has none.
        """
        lr, hr = self.batches(state.step)
        rates = phase.learning_rates(state.step)
        generator, discriminator = state.generator, self.networks.discriminator
        batch = Batch(lr, hr, generator, self.networks)
        if phase.generator_learns(state.step):
            if discriminator is not None:
                discriminator.requires_grad_(False)
            with self.compute.autocast():
                losses = generator_losses(batch, phase.weights)
            total = sum(
                weight * loss for weight, loss in zip(phase.weights.values(), losses, strict=True)
            )
            self._update(state.optimizers["generator"], total, rates.generator)
            if generator.checkerboard_free:
                generator.remove_checkerboard()
            if state.averaged is not generator:
                _average(state.averaged, generator, phase.ema(state.step))
        else:
            losses = [torch.tensor(math.nan, device=lr.device)] * len(phase.weights)
            generator.eval()  # frozen: BatchNorm's statistics too
            with torch.no_grad(), self.compute.autocast():
                _ = batch.sr
            generator.train()
        if phase.adversarial:
            discriminator.requires_grad_(True)
            with self.compute.autocast():
                losses.append(discriminator_loss(discriminator, batch.sr, hr))
            self._update(state.optimizers["discriminator"], losses[-1], rates.discriminator)
        return torch.stack([loss.detach() for loss in losses])

    def _update(self, optimizer: Adam, loss: Tensor, rate: float) -> None:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.distributed.average_gradients(optimizer.param_groups[0]["params"])
        optimizer.step()

    def _optimizers(self, phase: ScheduledPhase, state: State) -> dict[str, Adam]:
        learning = {"generator": list(state.generator.parameters())}
        if "hint" in phase.weights:
            learning["generator"] += self.networks.hint.parameters()
        if phase.adversarial:
            learning["discriminator"] = list(self.networks.discriminator.parameters())
        return {
            name: Adam(parameters, fused=self.fused_adam) for name, parameters in learning.items()
        }

    def _record(
        self, phase: ScheduledPhase, state: State, losses: dict[str, float], speed: float, bar: tqdm
    ) -> None:
        """Log losses and learning rate, and the validation where it is due."""
        values = {f"loss/{name}": value for name, value in losses.items()}
        rates = phase.learning_rates(state.step - 1)
        values["learning_rate"] = rates.generator if phase.generator_learns(state.step - 1) else 0.0
        if self.distributed.is_local_zero and phase.validates_at(state.step):
            values |= self.validate(state.averaged)
            state.generator.train()
        system = {"images_per_second": speed, **device_load(self.compute.device)}
        self.curves.log(state.step, values, system)
        bar.set_postfix({**losses, "PSNR": self.curves.last("validation_psnr")}, refresh=False)
        bar.update(state.step - bar.n)

    def _read(self, history: list[Tensor], phase: ScheduledPhase, done: int) -> dict[str, float]:
        """Mean losses since the last log point; of the generator, over the steps it learnt in."""
        losses = self.distributed.mean(torch.stack(history)).cpu()
        first = done - len(losses)
        learnt = torch.tensor([phase.generator_learns(first + row) for row in range(len(losses))])
        counts = learnt[:, None].repeat(1, len(phase.losses))
        if phase.adversarial:
            counts[:, -1] = True  # the discriminator's
        if (bad := counts & ~losses.isfinite()).any():
            row, column = bad.nonzero()[0].tolist()
            raise UserError(
                f"the {phase.losses[column]} loss is {losses[row, column]} at step {first + row}; "
                "no model is written. Lower the stage's lr or that loss's weight in params.yaml, "
                "or set precision to float32"
            )
        means = losses.nan_to_num().mul(counts).sum(0) / counts.sum(0)
        named = dict(zip(phase.losses, means.tolist(), strict=True))
        return {name: mean for name, mean in named.items() if math.isfinite(mean)}


@torch.no_grad()
def _average(averaged: Generator, generator: Generator, decay: float) -> None:
    """Move the average a little towards the generator, BatchNorm's statistics included."""
    ours, theirs = averaged.state_dict().values(), generator.state_dict().values()
    floats = [(a, b) for a, b in zip(ours, theirs, strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], 1 - decay)
