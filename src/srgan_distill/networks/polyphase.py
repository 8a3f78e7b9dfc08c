"""The generator's end in polyphase form: the same function at a half of the resolution.

Half of the student's time on a CPU is its last layer: 9x9, at full resolution, three channels out.
PixelShuffle(2) followed by that layer equals a 5x5 convolution of the channels before the shuffle
and a shuffle behind it: output row 2i + a reads the rows 2i + a + u (u = -4..4), which come from
the rows i + floor((a + u) / 2) before the shuffle, and those are five.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def polyphase_kernel(kernel: Tensor) -> Tensor:
    """The 5x5 kernel [4K, 4C, 5, 5] that stands for a 9x9 one [K, C, 9, 9] behind PixelShuffle(2).

    Differentiable. Channels are ordered as PixelShuffle orders them, in and out.
    """
    # Tap k of an output row a reads row r of an input pair by tap 2k + r - a of the nine; with a
    # zero on either side: ten in a row, of which a says the first.
    padded = F.pad(kernel, (1, 1, 1, 1))
    rows = torch.stack([padded[:, :, 1 - a : 11 - a] for a in range(2)], 1)
    phases = torch.stack([rows[..., 1 - b : 11 - b] for b in range(2)], 2)  # [K, a, b, C, 10, 10]
    split = phases.unflatten(5, (5, 2)).unflatten(4, (5, 2))  # [K, a, b, C, row, r, column, s]
    split = split.permute(0, 1, 2, 3, 5, 7, 4, 6).flatten(3, 5).flatten(0, 2)
    return split.contiguous(memory_format=torch.channels_last)


def shuffled_convolution(features: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """conv9x9(PixelShuffle(2)(features)), zero-padded, up to rounding.

    Args:
        features: [N, 4C, H, W].
        kernel, bias: of the 9x9 convolution, [K, C, 9, 9] and [K].

    Returns:
        [N, K, 2H, 2W].
    """
    phases = F.conv2d(features, polyphase_kernel(kernel), bias.repeat_interleave(4), padding=2)
    return F.pixel_shuffle(phases, 2)
