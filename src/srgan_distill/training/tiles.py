"""Training crops: uint8 tiles in memory, cut, flipped and turned in batch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..quality.protocol import SCALE

Crops = tuple[Tensor, Tensor]


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
        hr, lr = (torch.from_numpy(np.load(folder / f"{name}.npy")) for name in ("hr", "lr"))
        if place == "auto":
            place = "device" if hr.nbytes + lr.nbytes < _free_memory(device) / 2 else "host"
        return cls(hr.to(device), lr.to(device)) if place == "device" else cls(hr, lr)

    def cut(
        self,
        step: int,
        seed: int,
        size: int,
        crop: int,
        permute_channels: bool = False,
        part: slice = slice(None),
    ) -> Crops:
        """The random crops of one training step, which depend on (seed, step) alone.

        Every crop is flipped and transposed at random (the eight symmetries of the square).

        Args:
            step: step of the stage, from 0.
            seed: seed of the experiment.
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
        mixed = np.random.SeedSequence((seed, step)).generate_state(1).item()
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


def _free_memory(device: torch.device) -> float:
    """In bytes; without limit where the device is the host."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else float("inf")
