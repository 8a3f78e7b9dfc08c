"""Training crops: uint8 tiles in memory, cut, flipped and turned in batch, step by step."""

import mmap
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..common.params import BatchBudget
from ..common.scale import SCALE
from ..networks.compute import Compute
from .distributed import Distributed

Crops = tuple[Tensor, Tensor]


def crop_seed(seed: int, stage: str) -> tuple[int, int]:
    """The seed of a stage's crops: a later stage has not those of pre-training again."""
    return seed, zlib.crc32(stage.encode())


@dataclass(frozen=True)
class Tiles:
    """HR tiles [N, 3, T, T] and their LR [N, 3, T/4, T/4], uint8 RGB, on one device."""

    hr: Tensor
    lr: Tensor

    @classmethod
    def open(
        cls, folder: Path, device: torch.device, place: Literal["auto", "device", "host"]
    ) -> "Tiles":
        """Load the arrays the `preprocess` stage wrote.

        Args:
            place: `device`, or `host`, the computer's own memory; `auto` is the device where they
                take less than a half of its free memory.
        """
        hr, lr = (_mapped(folder / f"{name}.npy") for name in ("hr", "lr"))
        if place == "auto":
            place = "device" if hr.nbytes + lr.nbytes < _free_memory(device) / 2 else "host"
        return cls(hr.to(device), lr.to(device)) if place == "device" else cls(hr, lr)

    def cut(
        self,
        step: int,
        seed: tuple[int, ...],
        size: int,
        crop: int,
        permute_channels: bool = False,
        part: slice = slice(None),
    ) -> Crops:
        """The random crops of one training step, which depend on (seed, step) alone.

        Every crop is flipped and transposed at random (the eight symmetries of the square).

        Args:
            step: step of the stage, from 0.
            seed: of the experiment and of the stage.
            size: crops in the batch.
            crop: side of an HR crop in pixels, a multiple of the scale.
            permute_channels: put red, green and blue of each crop in a random order (Yoo et al.,
                arXiv 2004.00448): more colours for few training images.
            part: which of the crops to cut.

        Returns:
            LR [N, 3, crop/4, crop/4] and HR [N, 3, crop, crop] of the N crops of `part`, uint8,
            where the tiles are.
        """
        # torch's own generator ignores all but 32 bits of its seed.
        mixed = np.random.SeedSequence((*seed, step)).generate_state(1).item()
        random = torch.Generator().manual_seed(mixed)
        side = crop // SCALE
        room = self.lr.shape[-1] - side + 1
        index = torch.randint(len(self.lr), (size,), generator=random)
        corner = torch.randint(room, (2, size), generator=random)
        turn = torch.rand(3, size, generator=random) < 0.5
        channels = torch.arange(3).expand(size, 3)
        if permute_channels:
            channels = torch.rand(size, 3, generator=random).argsort(1)
        index, channels, corner, turn = index[part], channels[part], corner[:, part], turn[:, part]
        return (
            self._pixels(self.lr, index, channels, corner, side, turn),
            self._pixels(self.hr, index, channels, corner * SCALE, crop, turn),
        )

    @staticmethod
    def _pixels(
        tiles: Tensor, index: Tensor, channels: Tensor, corner: Tensor, side: int, turn: Tensor
    ) -> Tensor:
        line = torch.arange(side)
        rows, columns = torch.where(turn[:2, :, None], line.flip(0), line) + corner[:, :, None]
        where = (
            index[:, None, None, None],
            channels[:, :, None, None],
            rows[:, None, :, None],
            columns[:, None, None, :],
        )
        crops = tiles[tuple(part.to(tiles.device, non_blocking=True) for part in where)]
        transpose = turn[2].to(tiles.device, non_blocking=True)
        return torch.where(transpose[:, None, None, None], crops.transpose(2, 3), crops)


class Batches:
    """Gives each step its crops: this process's part of the batch, on the device."""

    def __init__(
        self,
        tiles: Tiles,
        compute: Compute,
        budget: BatchBudget,
        seed: tuple[int, ...],
        distributed: Distributed,
    ) -> None:
        self.size = budget.batch
        self._tiles, self._compute, self._budget = tiles, compute, budget
        self._seed, self._part = seed, distributed.part(budget.batch)
        on_device = tiles.hr.device.type == compute.device.type
        self._find = self._cut if on_device else Prefetcher(self._cut, compute.memory_format)

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


class Prefetcher:
    """Cuts the next step's crops in a thread while the device works on this step's."""

    def __init__(self, cut: Callable[[int], Crops], memory_format: torch.memory_format) -> None:
        """`cut` gives the crops of a step; `memory_format` is how they will lie on the GPU."""
        self._cut, self._memory_format = cut, memory_format
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
        if not torch.cuda.is_available():
            return lr, hr
        # A copy that changes strides on its way goes through memory that is not pinned.
        lr, hr = (crops.contiguous(memory_format=self._memory_format) for crops in (lr, hr))
        return lr.pin_memory(), hr.pin_memory()


def _mapped(file: Path) -> Tensor:
    """An array on disk, whose memory all processes of the machine share.

    Read once from end to end, which no disk minds: crops touch it here and there.
    """
    tensor = torch.from_numpy(np.load(file, mmap_mode="c"))
    tensor.flatten()[:: mmap.PAGESIZE].sum()
    return tensor


def _free_memory(device: torch.device) -> float:
    """In bytes; without limit where the device is the host."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else float("inf")
