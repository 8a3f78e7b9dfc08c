"""The SRGAN/SRResNet generator (Ledig et al., arXiv 1609.04802, figure 4), teacher and student."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .polyphase import shuffled_convolution


def prelu(features: Tensor, slopes: Tensor) -> Tensor:
    """PReLU with a slope per channel; in training in a form whose gradient is twice as fast."""
    if not torch.is_grad_enabled():
        return F.prelu(features, slopes.to(features.dtype))
    return F.relu(features) - slopes.to(features.dtype)[:, None, None] * F.relu(-features)


class PReLU(nn.PReLU):
    """torch's PReLU, by `prelu`."""

    def forward(self, features: Tensor) -> Tensor:
        return prelu(features, self.weight)


class ResidualBlock(nn.Module):
    """conv-BN-PReLU-conv-BN around a skip connection."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(filters, filters, 3, padding=1),
            nn.BatchNorm2d(filters),
            PReLU(filters),
            nn.Conv2d(filters, filters, 3, padding=1),
            nn.BatchNorm2d(filters),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


def upsample(filters: int) -> nn.Sequential:
    """Twice the height and width: conv to 4x the channels, PixelShuffle(2), PReLU."""
    return nn.Sequential(
        nn.Conv2d(filters, 4 * filters, 3, padding=1), nn.PixelShuffle(2), PReLU(filters)
    )


class Generator(nn.Module):
    """x4 super-resolution: RGB [N, 3, H, W] in [0, 1] to RGB [N, 3, 4H, 4W], not clipped.

    Table 1 of Lee and Park (2021): the teacher has 64 filters and 16 blocks (1,550,659
    parameters), the student 32 and 8 (248,227). PReLU has one slope per channel.

    Args:
        checkerboard_free: training keeps it free of a pattern in flat areas, by
            `remove_checkerboard` after every step; False: as published.
    """

    def __init__(self, filters: int, blocks: int, checkerboard_free: bool = False) -> None:
        super().__init__()
        self.checkerboard_free = checkerboard_free
        self.head = nn.Sequential(nn.Conv2d(3, filters, 9, padding=4), PReLU(filters))
        self.blocks = nn.Sequential(*(ResidualBlock(filters) for _ in range(blocks)))
        self.fuse = nn.Sequential(
            nn.Conv2d(filters, filters, 3, padding=1), nn.BatchNorm2d(filters)
        )
        self.upsample = nn.Sequential(upsample(filters), upsample(filters))
        self.tail = nn.Conv2d(filters, 3, 9, padding=4)

    @property
    def filters(self) -> int:
        """Channels of every layer but the upsampling ones."""
        return self.head[0].out_channels

    @property
    def receptive_radius(self) -> int:
        """LR pixels to each side that an SR pixel depends on.

        From the output back: the 9x9 tail reads 4 pixels to either side at 4x, which are 2 at 2x;
        the last upsampling convolution (3x3) 1 more there. Those 3 at 2x reach 2 LR pixels, for a
        pixel may be the outer one of its pair. To them come 1 for the first upsampling
        convolution, 1 for the fusing one, 2 for the convolutions of each block, 4 for the head.
        """
        return 2 + 1 + 1 + 2 * len(self.blocks) + 4

    @torch.no_grad()
    def remove_checkerboard(self) -> None:
        """The nearest weights with which a constant LR image gives a constant SR image.

        A PixelShuffle makes four channels neighbours. Where its input is constant, they are equal
        if the four kernels have the same sums for each input channel, and the same biases: the
        condition of Sugawara et al. (ICIP 2018, arXiv 1806.02658), here put on the weights instead
        of a layer more. All else that a kernel can do is left to it.
        """
        for step in self.upsample:
            kernels, biases = step[0].weight, step[0].bias.unflatten(0, (-1, 4))
            sums = kernels.sum((2, 3)).unflatten(0, (-1, 4))
            excess = (sums - sums.mean(1, keepdim=True)).flatten(0, 1)
            kernels -= excess[:, :, None, None] / kernels[0, 0].numel()
            biases.copy_(biases.mean(1, keepdim=True).expand_as(biases))

    def forward(
        self, lr: Tensor, with_blocks: bool = False
    ) -> Tensor | tuple[Tensor, list[Tensor]]:
        """SR; `with_blocks`: and the output of every residual block, [N, filters, H, W] each."""
        head = features = self.head(lr)
        outputs = []
        for block in self.blocks:
            features = block(features)
            if with_blocks:  # otherwise none outlives the next one
                outputs.append(features)
        features = self.upsample[0](head + self.fuse(features))
        # PReLU, PixelShuffle and tail, the shuffle put last: the same function, faster.
        last, _, activation = self.upsample[1]
        features = prelu(last(features), activation.weight.repeat_interleave(4))
        sr = shuffled_convolution(features, self.tail.weight, self.tail.bias)
        return (sr, outputs) if with_blocks else sr


class PlainGenerator(Generator):
    """A `Generator` computed as the figure draws it, with the 9x9 tail at full resolution.

    The same weights and function; what multiply-adds are counted of and speed is compared to.
    """

    def forward(self, lr: Tensor) -> Tensor:
        features = self.head(lr)
        return self.tail(self.upsample(features + self.fuse(self.blocks(features))))


def build_generator(
    filters: int, blocks: int, seed: int, checkerboard_free: bool = False
) -> Generator:
    """A generator whose initial weights depend on `seed` alone.

    They are random but for two things that make a short pre-training far more effective
    (benchmarks/README.md): every residual branch starts at zero (Goyal et al., arXiv 1706.02677,
    section 5.1), and the four channels that a PixelShuffle makes neighbours start alike, so that
    no checkerboard has to be unlearnt (ICNR: Aitken et al., arXiv 1707.02937).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(filters, blocks, checkerboard_free)
    for last_norm in (generator.fuse[-1], *(block.body[-1] for block in generator.blocks)):
        nn.init.zeros_(last_norm.weight)
    with torch.no_grad():
        for step in generator.upsample:
            for values in step[0].parameters():
                values.copy_(values[::4].repeat_interleave(4, dim=0))
    return generator
