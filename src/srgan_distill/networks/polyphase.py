"""The generator's end in polyphase form: the same function at a half of the resolution.

Half of the student's time on a CPU is its last layer: 9x9, at full resolution, three channels out.
PixelShuffle(2) followed by that layer equals a 5x5 convolution of the channels before the shuffle
and a shuffle behind it: output row 2i + a reads the rows 2i + a + u (u = -4..4), which come from
the rows i + floor((a + u) / 2) before the shuffle, and those are five.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

# For a (row of an output pair), r (row of an input pair) and k (tap of the 5x5 kernel): the tap of
# the 9x9 kernel; where there is none, 9, the index of a zero.
_a, _r, _k = torch.meshgrid(torch.arange(2), torch.arange(2), torch.arange(5), indexing="ij")
_TAP = 2 * (_k - 2) + _r - _a + 4
_TAP = torch.where((_TAP >= 0) & (_TAP < 9), _TAP, 9)


def polyphase_kernel(kernel: Tensor) -> Tensor:
    """The 5x5 kernel [4K, 4C, 5, 5] that stands for a 9x9 one [K, C, 9, 9] behind PixelShuffle(2).

    Differentiable. Channels are ordered as PixelShuffle orders them, in and out.
    """
    tap = _TAP.to(kernel.device)
    phases = F.pad(kernel, (0, 1, 0, 1))[:, :, tap[:, :, :, None, None, None], tap]
    outputs, channels = kernel.shape[:2]  # phases: [K, C, a, r, row, b, s, column]
    split = phases.permute(0, 2, 5, 1, 3, 6, 4, 7).reshape(4 * outputs, 4 * channels, 5, 5)
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
