"""Which content network? Candidates that need no network connection, on equal terms.

Each candidate's scale is measured first: the factor that makes its squared feature difference
between bicubic and HR as large as the pixel one over [-1, 1]. Then the pre-trained student of the
profile is trained with content + adversarial loss, every candidate from the same weights, on the
same crops, for the same number of steps, and scored on the profile's test sets.

Needs `dvc repro pretrain@student`. Usage: python benchmarks/content_networks.py [STEPS]
"""

import math
import sys
import time

import numpy as np
import pandas as pd
import torch
from short_run import train_briefly
from torch.nn import functional as F

from srgan_distill.common.params import Params, Phase, load
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import list_images, read_rgb, to_tensor, to_uint8
from srgan_distill.networks.compute import choose_compute, make_deterministic
from srgan_distill.networks.content import ContentNetwork, efficientnet_lite0, vgg19_random
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.weights import load_generator
from srgan_distill.scoring.scores import score_pair
from srgan_distill.training.losses import Judges
from srgan_distill.training.tiles import Tiles

CANDIDATES = {
    "vgg19_random conv1_2": lambda scale: vgg19_random("conv1_2", scale),
    "vgg19_random conv2_2": lambda scale: vgg19_random("conv2_2", scale),
    "vgg19_random conv5_4": lambda scale: vgg19_random("conv5_4", scale),
    "efficientnet_lite0 stage 1": lambda scale: efficientnet_lite0(1, scale),
    "efficientnet_lite0 stage 2": lambda scale: efficientnet_lite0(2, scale),
    "efficientnet_lite0 stage 3": lambda scale: efficientnet_lite0(3, scale),
}


@torch.no_grad()
def measured_scale(content: ContentNetwork, tiles: Tiles) -> float:
    """The factor that brings `content`'s squared differences to the pixels' over [-1, 1]."""
    lr, hr = (part.float() / 255 for part in tiles.cut(step=0, seed=0, size=64, crop=48))
    bicubic = F.interpolate(lr, scale_factor=4, mode="bicubic").clamp(0, 1)
    features = F.mse_loss(content(bicubic), content(hr))
    return math.sqrt(4 * F.mse_loss(bicubic, hr) / features)


def main(steps: int) -> None:
    params = load()
    layout = Paths(params.profile)
    budget = params.budget.distill.model_copy(
        update={"steps": steps, "batch": 16, "log_every": 50, "validate_every": steps}
    )
    make_deterministic()
    compute = choose_compute(params.hardware.device, params.hardware.precision)
    tiles = Tiles.open(layout.folder("preprocess", "train"), compute.device, "device")
    rows = []
    for name, build in CANDIDATES.items():
        scale = measured_scale(build(1.0), tiles)
        judges = Judges(
            content=compute.place(build(scale)),
            discriminator=compute.place(build_discriminator(budget.crop, params.seed)),
        )
        generator = load_generator(layout.generator("pretrain", "student"))
        began = time.perf_counter()
        train_briefly(
            generator, Phase(terms=["content", "adversarial"]), name, compute=compute, tiles=tiles,
            judges=judges, weights=params.losses.model_dump(), budget=budget, seed=params.seed,
            validate=lambda generator: math.nan,
        )  # fmt: skip
        seconds = (time.perf_counter() - began) / steps
        rows.append(
            {
                "network": name,
                "scale": scale,
                "s/step": seconds,
                **scores(generator, layout, params),
            }
        )
    print(pd.DataFrame(rows).round(4).to_markdown(index=False))


@torch.inference_mode()
def scores(generator: torch.nn.Module, layout: Paths, params: Params) -> dict[str, float]:
    """Mean scores over all test images of the profile."""
    generator.eval()
    metrics = [m for m in params.budget.evaluate.metrics if m != "psnr_wrapped"]
    found = []
    for test_set in params.budget.download.test:
        for lr, hr in zip(
            list_images(layout.inputs(test_set)), list_images(layout.references(test_set)),
            strict=True,
        ):  # fmt: skip
            sr = to_uint8(generator(to_tensor(read_rgb(lr))))
            found.append(score_pair(sr, read_rgb(hr), metrics, params.budget.evaluate.weights))
    return {metric: float(np.mean([row[metric] for row in found])) for metric in metrics}


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
