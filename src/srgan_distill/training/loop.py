"""The one training loop: stages pretrain, train and distill run it, phase by phase."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
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
from .recording import Recording
from .schedule import Schedule, ScheduledPhase

Validate = Callable[[Generator], dict[str, float]]


@dataclass
class State:
    """What changes in training, and belongs into a checkpoint.

    `averaged` is the exponential moving average of the generator's weights (BatchNorm's statistics
    among them), which is validated and saved; without one it is the generator itself. `recorded`
    has the phase's steps as CUDA graphs, by whether the generator learns; it is in no checkpoint.
    """

    generator: Generator
    averaged: Generator
    networks: LossNetworks
    optimizers: dict[str, Adam]
    step: int = 0
    recorded: dict[bool, Recording] = field(default_factory=dict)

    @cached_property
    def averages(self) -> tuple[list[Tensor], list[Tensor]]:
        """The tensors of the average, and those of the generator that it follows."""
        ours, theirs = self.averaged.state_dict().values(), self.generator.state_dict().values()
        pairs = [pair for pair in zip(ours, theirs, strict=True) if pair[0].is_floating_point()]
        return [average for average, _ in pairs], [value for _, value in pairs]

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
    two checkpoints; `cuda_graphs` has steps replayed, where one process trains on a GPU. Of several
    processes, a machine's first alone validates, records and saves.
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
    cuda_graphs: bool = True
    checkpoint_seconds: float = 30

    @property
    def replays(self) -> bool:
        """Whether steps are recorded and replayed."""
        on_gpu = self.compute.device.type == "cuda"
        return self.cuda_graphs and on_gpu and self.distributed.world_size == 1

    def train(self, generator: Generator, label: str) -> Generator:
        """Run all phases from `generator`, which changes; returns what is to be saved.

        A run that was killed goes on from its checkpoint and ends with the same weights.

        Raises:
            UserError: a loss or SR is no longer finite; names step and term.
        """
        averaged = copy.deepcopy(generator) if self.schedule.averages else generator
        state = State(generator, averaged, self.networks, {})
        own = self.checkpoint.load() if self.distributed.is_local_zero else None
        saved = self.distributed.furthest(own) or {}
        if saved:
            if self.distributed.is_local_zero:
                print(f"{label}: going on from step {saved['step']}")
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
        state.recorded.clear()
        state.optimizers = self._optimizers(phase, state)
        if state.step > phase.first:
            for name, optimizer in state.optimizers.items():
                optimizer.load_state_dict(saved[name])
        history: list[Tensor] = []
        began = saved_at = time.perf_counter()
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

        While the discriminator learns alone, the generator's losses are 0: it has none.
        """
        learns = phase.generator_learns(state.step)
        rates = phase.learning_rates(state.step)
        for name, optimizer in state.optimizers.items():
            _set_rate(optimizer, getattr(rates, name))
        update = partial(self._update_networks, phase, state, learns)
        if self.replays:
            if learns not in state.recorded:
                # In place of the discriminator's own steps, which do not come back: a recording
                # keeps its memory.
                state.recorded = {learns: Recording(update)}
            update = state.recorded[learns]
        losses = update(*self.batches(state.step))
        if learns and state.averaged is not state.generator:
            with torch.no_grad():
                torch._foreach_lerp_(*state.averages, 1 - phase.ema(state.step))
        return losses

    def _update_networks(
        self, phase: ScheduledPhase, state: State, learns: bool, lr: Tensor, hr: Tensor
    ) -> Tensor:
        """All of a step that can be recorded: no number in it changes from step to step."""
        generator, discriminator = state.generator, self.networks.discriminator
        # While the discriminator learns alone, BatchNorm's statistics stay as well.
        generator.train(learns and not phase.keeps_statistics)
        batch = Batch(lr, hr, generator, self.networks, phase.weights)
        if learns:
            if discriminator is not None:
                discriminator.requires_grad_(False)
            with self.compute.autocast():
                losses = generator_losses(batch)
            total = sum(
                weight * loss for weight, loss in zip(phase.weights.values(), losses, strict=True)
            )
            self._update(state.optimizers["generator"], total)
            if generator.checkerboard_free:
                generator.remove_checkerboard()
        else:
            losses = [torch.zeros((), device=lr.device)] * len(phase.weights)
            with torch.no_grad(), self.compute.autocast():
                _ = batch.sr
        if phase.adversarial:
            discriminator.requires_grad_(True)
            with self.compute.autocast():
                losses.append(discriminator_loss(discriminator, batch.sr, batch.real(phase.real)))
            self._update(state.optimizers["discriminator"], losses[-1])
        return torch.stack([loss.detach() for loss in losses])

    def _update(self, optimizer: Adam, loss: Tensor) -> None:
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
            # None: as torch chooses, which False would keep from a GPU's quicker loop.
            name: Adam(parameters, fused=self.fused_adam or None, capturable=self.replays)
            for name, parameters in learning.items()
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
            # No loss has seen the weights of the last step.
            if not math.isfinite(values["grid"]):
                raise _diverged(f"the generator's SR is not finite after step {state.step - 1}")
        system = {"images_per_second": speed, **device_load(self.compute.device)}
        self.curves.log(state.step, values, system)
        psnr = self.curves.last("validation_psnr")
        bar.set_postfix(losses if math.isnan(psnr) else {**losses, "PSNR": psnr}, refresh=False)
        bar.update(state.step - bar.n)

    def _read(self, history: list[Tensor], phase: ScheduledPhase, done: int) -> dict[str, float]:
        """Mean losses since the last log point; of the generator, over the steps it learnt in."""
        losses = self.distributed.mean(torch.stack(history)).cpu()
        first = done - len(losses)
        if (bad := ~losses.isfinite()).any():
            row, column = bad.nonzero()[0].tolist()
            raise _diverged(
                f"the {phase.losses[column]} loss is {losses[row, column]} at step {first + row}"
            )
        learnt = sum(phase.generator_learns(step) for step in range(first, done))
        steps = dict.fromkeys(phase.weights, learnt) | {"discriminator": len(losses)}
        totals = zip(phase.losses, losses.sum(0), strict=True)
        return {name: (total / steps[name]).item() for name, total in totals if steps[name]}


def _diverged(what: str) -> UserError:
    return UserError(
        f"{what}; no model is written. Lower the stage's lr or the weights of its losses in "
        "params.yaml, or set precision to float32"
    )


def _set_rate(optimizer: Adam, rate: float) -> None:
    """Where steps are replayed, as a tensor on the GPU, whose value is read at each."""
    group = optimizer.param_groups[0]
    if not group["capturable"]:
        group["lr"] = rate
        return
    device = group["params"][0].device
    # A float at first; after a checkpoint is loaded, a tensor that may lie elsewhere.
    if not isinstance(group["lr"], Tensor) or group["lr"].device != device:
        group["lr"] = torch.zeros((), device=device)
    group["lr"].fill_(rate)
