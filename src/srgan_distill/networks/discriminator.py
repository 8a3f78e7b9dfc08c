"""The SRGAN discriminator (Ledig et al., arXiv 1609.04802, figure 4)."""

import torch
from torch import Tensor, nn

# (filters, stride) of the eight convolutions.
LAYERS = ((64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2))


class Discriminator(nn.Module):
    """Tells HR from SR crops: RGB [N, 3, crop, crop] in [0, 1] to logits [N], positive for HR.

    `crop` is in pixels, a multiple of 16; SRGAN's is 96.
    """

    def __init__(self, crop: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for filters, stride in LAYERS:
            layers.append(nn.Conv2d(channels, filters, 3, stride, padding=1))
            if channels > 3:
                # Only ever used on batches: running statistics would be a state that the
                # generator's step changes and nothing reads.
                layers.append(nn.BatchNorm2d(filters, track_running_stats=False))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            channels = filters
        self.features = nn.Sequential(*layers)
        self.classify = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * (crop // 16) ** 2, 1024),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(1024, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        # [-1, 1] as in SRGAN: the first layer sees inputs around zero.
        return self.classify(self.features(2 * image - 1)).squeeze(1)


def build_discriminator(crop: int, seed: int) -> Discriminator:
    """A discriminator whose random initial weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Discriminator(crop)
