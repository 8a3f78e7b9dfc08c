"""From tiles to the crops that a step of training is made on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from ..networks.compute import Compute
from ..params import Budget
from .team import Team
from .tiles import Crops, Tiles


class Feed:
    """Gives each step its crops: this process's part of the batch, on the device."""

    def __init__(
        self, tiles: Tiles, compute: Compute, budget: Budget, seed: int, team: Team
    ) -> None:
        self._tiles, self._compute, self._budget = tiles, compute, budget
        self._seed, self._part = seed, team.part(budget.batch)
        on_device = tiles.hr.device.type == compute.device.type
        self._find = self._cut if on_device else Ahead(self._cut)

    def __call__(self, step: int) -> Crops:
        """LR [N, 3, crop/4, crop/4] and HR [N, 3, crop, crop] of `step`, float32 in [0, 1]."""
        device, memory_format = self._compute.device, self._compute.memory_format
        lr, hr = (
            crops.to(device, non_blocking=True, memory_format=memory_format)
            for crops in self._find(step)
        )
        return lr.float().div(255), hr.float().div(255)

    def _cut(self, step: int) -> Crops:
        budget = self._budget
        return self._tiles.cut(
            step, self._seed, budget.batch, budget.crop, budget.permute_channels, self._part
        )


class Ahead:
    """Cuts the next step's crops in a thread while the device works on this step's."""

    def __init__(self, cut: Callable[[int], Crops]) -> None:
        """`cut` gives the crops of a step."""
        self._cut = cut
        self._thread = ThreadPoolExecutor(1)
        self._step = -1
        self._crops: Future[Crops] | None = None

    def __call__(self, step: int) -> Crops:
        """The crops of `step`, in pinned memory where there is a GPU to send them to."""
        crops = self._crops if step == self._step else self._thread.submit(self._pinned, step)
        self._step, self._crops = step + 1, self._thread.submit(self._pinned, step + 1)
        return crops.result()

    def _pinned(self, step: int) -> Crops:
        lr, hr = self._cut(step)
        return (lr.pin_memory(), hr.pin_memory()) if torch.cuda.is_available() else (lr, hr)
