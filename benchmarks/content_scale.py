"""How much does each content loss weigh, beside the adversarial and the distillation term?

For each content network and layer, on crops of the profile's training tiles, at the pre-trained
student that ships:

- scale: the factor that makes the squared difference of features between bicubic and HR as large as
  the pixel one over [-1, 1]; what networks/content.py holds is what this prints on bsds500;
- adversarial / content: the norm of the gradient with respect to SR of 0.001 l_a over that of l_c,
  with an untrained discriminator and with one that has learnt alone for some steps;
- cosine: of the gradients of l_c and of the pixel loss: near 1, l_c is the pixel loss in disguise.

Then l_KD beside l_c, as values and as gradients, for the profile's teachers that are trained: by
what factor l_KD is to be multiplied to weigh the same (equation 2).

Needs `dvc repro preprocess` (and `train` for the second table), and for VGG16's deeper layers the
file of all its weights.
Usage: python benchmarks/content_scale.py [STEPS_OF_THE_DISCRIMINATOR] [VGG16_WEIGHTS]
"""

import sys
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F

from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.protocol import bicubic
from srgan_distill.networks import content as networks
from srgan_distill.networks.compute import choose_compute, make_deterministic
from srgan_distill.networks.discriminator import Discriminator, build_discriminator
from srgan_distill.networks.generator import Generator
from srgan_distill.networks.weights import load_generator
from srgan_distill.shipped.models import find
from srgan_distill.training.batches import Tiles
from srgan_distill.training.losses import discriminator_loss

CROP, BATCH, SCALE_CROPS, SEED = 64, 16, 128, (0, 0)
CANDIDATES = [
    (network, layer)
    for network, layers in networks.SCALES.items()
    if network != "vgg19"  # torchvision's file was not to be had
    for layer in layers
]
ADVERSARIAL = 0.001


def crops(tiles: Tiles, step: int, count: int = BATCH) -> tuple[Tensor, Tensor]:
    lr, hr = tiles.cut(step, SEED, count, CROP)
    return lr / 255, hr / 255


def enlarged(lr: Tensor) -> Tensor:
    """Bicubic SR of a batch, as the evaluation's row has it."""
    images = (lr * 255).round().byte().permute(0, 2, 3, 1).numpy()
    sr = torch.stack([torch.from_numpy(bicubic(image, 4)) for image in images])
    return sr.permute(0, 3, 1, 2) / 255


def gradient(loss: Tensor, sr: Tensor) -> Tensor:
    return torch.autograd.grad(loss, sr, retain_graph=True)[0].flatten()


def trained(student: Generator, tiles: Tiles, steps: int) -> Discriminator:
    """A discriminator that has learnt alone."""
    discriminator = build_discriminator(CROP, 0)
    optimizer = torch.optim.Adam(discriminator.parameters(), 1e-4)
    for step in range(steps):
        lr, hr = crops(tiles, 1000 + step)
        with torch.no_grad():
            sr = student(lr)
        optimizer.zero_grad()
        discriminator_loss(discriminator, sr, hr).backward()
        optimizer.step()
    return discriminator


def main(steps: int, vgg16_weights: Path | None) -> None:
    make_deterministic()
    paths = Paths(load().profile)
    tiles = Tiles.open(paths.tiles, choose_compute("cpu", "auto").device, "device")
    student = load_generator(find("pretrain_student"))
    many_lr, many_hr = crops(tiles, 0, SCALE_CROPS)
    many_bicubic = enlarged(many_lr)
    lr, hr = many_lr[:BATCH], many_hr[:BATCH]
    sr = student(lr).detach().requires_grad_()
    pixel = gradient(F.mse_loss(sr, hr), sr)
    adversarial = [
        gradient(ADVERSARIAL * F.softplus(-discriminator(sr)).mean(), sr).norm()
        for discriminator in (build_discriminator(CROP, 0), trained(student, tiles, steps))
    ]
    files = {name: paths.generator(name) for name in ("teacher_gan", "teacher_g")}
    teachers = {name: load_generator(file) for name, file in files.items() if file.exists()}
    rows, distillation = [], []
    for network, layer in CANDIDATES:
        if network == "vgg16" and layer in ("relu4_3", "relu5_3"):
            if vgg16_weights is None:
                print(f"{network} {layer}: left out, for want of the file of its weights")
                continue
            content = networks.vgg16(layer, vgg16_weights)
        else:
            content = getattr(networks, network)(layer, None)
        with torch.no_grad():
            off = F.mse_loss(content(many_bicubic), content(many_hr)) / content.scale**2
            scale = (4 * F.mse_loss(many_bicubic, many_hr) / off).sqrt().item()
        loss = F.mse_loss(content(sr), content(hr))
        own = gradient(loss, sr)
        rows.append(
            {
                "content": f"{network} {layer}",
                "scale": scale,
                "adversarial / content, untrained D": (adversarial[0] / own.norm()).item(),
                f"after {steps} steps of D": (adversarial[1] / own.norm()).item(),
                "cosine with pixel": F.cosine_similarity(own, pixel, dim=0).item(),
            }
        )
        for name, teacher in teachers.items():
            with torch.no_grad():
                theirs = teacher(lr)
            l_kd = F.mse_loss(sr, theirs)
            distillation.append(
                {
                    "content": f"{network} {layer}",
                    "teacher": name,
                    "l_c / l_KD, values": (loss / l_kd).item(),
                    "l_c / l_KD, gradients": (own.norm() / gradient(l_kd, sr).norm()).item(),
                }
            )
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".4g"))
    print()
    print(pd.DataFrame(distillation).to_markdown(index=False, floatfmt=".3g"))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(int(arguments[0]) if arguments else 60, Path(arguments[1]) if len(arguments) > 1 else None)
