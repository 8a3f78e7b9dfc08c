"""Which adversarial recipe gives texture without a grid? One change at a time, on equal terms.

Every recipe trains the profile's pre-trained student, from the same weights, on the crops of stage
train (so that `paper` is its run `student`), for the same number of steps, and is looked at on the
profile's validation images: PSNR, NIQE and grid (networks/grid.py) of the averaged weights. The
curves over the generator's own steps are written to <recipe>_of_<steps>-<seed>.tsv in
benchmarks/recipes, which recipe_curves.py draws, and the last line of each is printed. A run that
was killed goes on.

Test sets are not looked at: what is chosen here is scored on them afterwards.

Needs `dvc repro pretrain@pretrain_student` of the profile (bsds500 is what was measured) and NIQE's
parameters, or - for none.
Usage: python benchmarks/recipes.py NIQE_PARAMETERS STEPS SEED [RECIPE ...]
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from short_run import train_briefly
from torch import Tensor, nn

from srgan_distill.common.params import BatchBudget, Content, Params, Phase, load
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import read_rgb, to_tensor, to_uint8
from srgan_distill.imaging.pairs import pairs_of
from srgan_distill.imaging.protocol import psnr
from srgan_distill.networks.compute import (
    Compute,
    choose_compute,
    keep_freed_memory,
    make_deterministic,
)
from srgan_distill.networks.content import build_content
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import Generator
from srgan_distill.networks.grid import grid
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.scoring.measure import measure
from srgan_distill.training.batches import Tiles, crop_seed
from srgan_distill.training.checkpoint import Checkpoint, fingerprint
from srgan_distill.training.loop import Validate
from srgan_distill.training.losses import LossNetworks
from srgan_distill.training.schedule import build_schedule

NO_NIQE = "-"
FOLDER = Path(__file__).parent / "recipes"
ADVERSARIAL = ("content", "adversarial")


class Window(nn.Module):
    """A network that sees a random part of its image: its own 4 px are not always the generator's.

    Args:
        network: takes images of `side` px.
        calls: how many calls in a row see the same part (SR and HR of a content loss: 2).
    """

    def __init__(self, network: nn.Module, side: int, calls: int) -> None:
        super().__init__()
        self.network, self.side, self.calls, self.called = network, side, calls, 0
        self.random = torch.Generator().manual_seed(0)

    def forward(self, image: Tensor) -> Tensor:
        if self.called % self.calls == 0:
            room = image.shape[-1] - self.side + 1
            self.corner = torch.randint(room, (2,), generator=self.random).tolist()
        self.called += 1
        top, left = self.corner
        return self.network(image[..., top : top + self.side, left : left + self.side])


class InstanceNoise(nn.Module):
    """A discriminator whose images have noise of 8 grey levels: it cannot see finer patterns."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.random = torch.Generator().manual_seed(0)

    def forward(self, image: Tensor) -> Tensor:
        noise = torch.randn(image.shape, generator=self.random) * 8 / 255
        return self.network(image + noise.to(image.device))


def windows(networks: LossNetworks, side: int) -> LossNetworks:
    """Content network and discriminator at random offsets."""
    return replace(
        networks,
        content=Window(networks.content, side, calls=2),
        discriminator=Window(networks.discriminator, side, calls=1),
    )


def instance_noise(networks: LossNetworks, side: int) -> LossNetworks:
    """Noise before the discriminator (Sonderby et al., arXiv 1610.04490)."""
    return replace(networks, discriminator=InstanceNoise(networks.discriminator))


@dataclass(frozen=True)
class Recipe:
    """What is changed of the profile's own.

    Attributes:
        terms, weights: of the phase.
        content: network and layer.
        budget: its values by name.
        around: puts something around the networks of the losses, whose discriminator takes images
            of a `side` that is `margin` px shorter than a crop.
        checkerboard_free: the condition on its weights holds.
    """

    terms: tuple[str, ...] = ADVERSARIAL
    weights: dict[str, float] = field(default_factory=dict)
    content: tuple[str, str] = ("vgg16", "relu3_3")
    budget: dict[str, object] = field(default_factory=dict)
    around: Callable[[LossNetworks, int], LossNetworks] | None = None
    margin: int = 0
    checkerboard_free: bool = True


BATCH = {"keep_statistics": False}
LIGHT = {"adversarial": 0.0002}
RECIPES = {
    "paper": Recipe(),
    # times of 0.0002, the default while most of these were run
    "adversarial_1": Recipe(weights=LIGHT),
    "adversarial_3": Recipe(weights={"adversarial": 0.0006}),
    "adversarial_5": Recipe(weights={"adversarial": 0.001}),
    "batch_statistics": Recipe(weights=LIGHT, budget=BATCH),
    "batch_statistics_adversarial_5": Recipe(weights={"adversarial": 0.001}, budget=BATCH),
    "batch_statistics_adversarial_third": Recipe(weights={"adversarial": 0.000067}, budget=BATCH),
    "batch_statistics_crop_96": Recipe(weights=LIGHT, budget=BATCH | {"crop": 96}),
    "batch_statistics_pixel_3": Recipe(
        (*ADVERSARIAL, "pixel"), LIGHT | {"pixel": 3.2}, budget=BATCH
    ),
    "batch_statistics_adversarial_5_pixel_16": Recipe(
        (*ADVERSARIAL, "pixel"), {"adversarial": 0.001, "pixel": 16.0}, budget=BATCH
    ),
    # As in the first record.
    "random_vgg19": Recipe(
        weights={"adversarial": 0.001},
        content=("vgg19_random", "relu1_2"),
        budget=BATCH | {"ema": 0.0, "discriminator_first": 0, "warm_up": 0},
        checkerboard_free=False,
    ),
    "published": Recipe(checkerboard_free=False),
    "no_ema": Recipe(budget={"ema": 0.0}),
    "windows": Recipe(around=windows, margin=16),
    "instance_noise": Recipe(around=instance_noise),
    "longer_average": Recipe(budget={"ema": 0.9998}),
    "slower": Recipe(budget={"lr": 3e-5, "lr_end": 3e-6}),
    "pixel": Recipe((*ADVERSARIAL, "pixel"), {"pixel": 1.5}),
}


def looking(folder: Path, niqe_parameters: str, device: torch.device) -> Validate:
    """PSNR (dB, Y), NIQE and grid of a generator on the pairs of a folder."""
    pairs = [(to_tensor(read_rgb(pair.lr)), read_rgb(pair.hr)) for pair in pairs_of(folder)]
    weights = {"niqe": niqe_parameters}

    @torch.no_grad()
    def look(generator: Generator) -> dict[str, float]:
        generator.eval()
        found = []
        for lr, hr in pairs:
            sr = to_uint8(generator(lr.to(device)))
            niqe = measure("niqe", sr, hr, weights) if niqe_parameters != NO_NIQE else np.nan
            found.append((psnr(sr, hr), niqe))
        means = np.mean(found, axis=0)
        return {"psnr": float(means[0]), "niqe": float(means[1]), "grid": grid(generator)}

    return look


def loss_networks(
    recipe: Recipe, crop: int, seed: int, compute: Compute, weights: Path
) -> LossNetworks:
    """Content network and discriminator of a recipe, on the device; `weights`: a folder."""
    network, layer = recipe.content
    side = crop - recipe.margin
    networks = LossNetworks(
        content=build_content(Content(network=network, layer=layer, weights=None), weights),
        discriminator=build_discriminator(side, seed),
    )
    if recipe.around:
        networks = recipe.around(networks, side)
    return LossNetworks(
        content=compute.place(networks.content),
        discriminator=compute.place(networks.discriminator),
    )


def checkpoint_of(
    run: str, params: Params, budget: BatchBudget, compute: Compute, paths: Paths
) -> Checkpoint:
    """Where a run that was killed goes on: to the same weights, but for `windows` and
    `instance_noise`, whose random numbers begin again."""
    settings = {
        "run": run,
        "losses": params.losses.model_dump(),
        "budget": budget.model_dump(),
        "compute": [str(compute), torch.__version__, torch.get_num_threads()],
    }
    tiles = [paths.tiles / "hr.npy", paths.tiles / "lr.npy"]
    files = [paths.generator("pretrain_student"), *tiles, Path(__file__)]
    return Checkpoint(paths.data("recipes") / f"{run}.pt", fingerprint(settings, files, "train"))


def main(niqe_parameters: str, steps: int, seed: int, names: list[str]) -> None:
    params = load()
    paths = Paths(params.profile)
    make_deterministic()
    keep_freed_memory()
    compute = choose_compute(params.hardware.device, params.hardware.precision)
    tiles = Tiles.open(paths.tiles, compute.device, "device")
    look = looking(paths.validation, niqe_parameters, compute.device)
    FOLDER.mkdir(exist_ok=True)
    rows = []
    for name in names:
        recipe, run = RECIPES[name], f"{name}_of_{steps}-{seed}"
        budget = params.settings.train.model_copy(
            update={
                "steps": params.settings.train.steps.model_copy(update={"adversarial": steps}),
                "log_every": 50, "validate_every": 250, **recipe.budget,
            }
        )  # fmt: skip
        generator = load_generator(paths.generator("pretrain_student"))
        generator.checkerboard_free = recipe.checkerboard_free
        networks = loss_networks(recipe, budget.crop, seed, compute, paths.content_weights)
        phase = Phase(terms=list(recipe.terms), weights=recipe.weights)
        checkpoint = checkpoint_of(run, params, budget, compute, paths)
        trained, curves = train_briefly(
            generator,
            build_schedule([phase], budget, params.losses),
            name,
            compute=compute, tiles=tiles, networks=networks, budget=budget,
            seed=crop_seed(seed, "train"), validate=look,
            cuda_graphs=recipe.around is None,  # those draw random numbers on the host
            checkpoint=checkpoint,
        )  # fmt: skip
        looked = [
            {"step": step - budget.discriminator_first, **values}
            for step, values, _ in curves.rows
            if "psnr" in values
        ]
        table = pd.DataFrame(looked)[["step", "psnr", "niqe", "grid"]].round(4)
        table.to_csv(FOLDER / f"{run}.tsv", sep="\t", index=False, lineterminator="\n")
        save_generator(paths.data("recipes") / f"{run}.safetensors", trained)
        checkpoint.remove()
        rows.append({"recipe": name, "seed": seed, **looked[-1]})
    print(pd.DataFrame(rows)[["recipe", "seed", "step", "psnr", "niqe", "grid"]].to_markdown())


if __name__ == "__main__":
    parameters, count, chance, *chosen = sys.argv[1:]
    main(parameters, int(count), int(chance), chosen or list(RECIPES))
