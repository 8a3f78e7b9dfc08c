"""What the initial weights of `build_generator` bring to a short pre-training.

Each generator starts from torch's defaults, from ICNR alone, from zero residual branches alone,
and from both; same crops, same steps, pixel loss alone. Prints the PSNR on the validation image.

Needs `dvc repro preprocess`. Usage: python benchmarks/initial_weights.py [STEPS]
"""

import sys

import pandas as pd
import torch
from short_run import train_briefly

from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.networks.compute import choose_compute, make_deterministic
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.training.batches import Tiles
from srgan_distill.training.losses import LossNetworks
from srgan_distill.training.schedule import pretraining_schedule
from srgan_distill.training.setup import validation

# The profile's own start from trained networks, at lower rates.
BUDGET = {"batch": 8, "crop": 48, "lr": 1e-3, "lr_end": 1e-5}


def start(filters: int, blocks: int, seed: int, icnr: bool, zero_branches: bool) -> Generator:
    """A generator with torch's own initial weights where one of the two is switched off."""
    generator = build_generator(filters, blocks, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        default = Generator(filters, blocks)
    defaults = {
        name: value
        for name, value in default.state_dict().items()
        if not (icnr if name.startswith("upsample") else zero_branches)
    }
    generator.load_state_dict(defaults, strict=False)
    return generator


def main(steps: int) -> None:
    params = load()
    paths = Paths(params.profile)
    make_deterministic()
    compute = choose_compute(params.hardware.device, params.hardware.precision)
    tiles = Tiles.open(paths.tiles, compute.device, "device")
    rows = []
    for name, network in params.networks.items():
        budget = params.settings.pretrain[name].model_copy(
            update={"steps": steps, "validate_every": steps} | BUDGET
        )
        for icnr, zero in ((False, False), (True, False), (False, True), (True, True)):
            generator = start(network.filters, network.blocks, params.seeds.pretrain, icnr, zero)
            _, curves = train_briefly(
                generator, pretraining_schedule(budget), f"{name} {icnr} {zero}", compute=compute,
                tiles=tiles, networks=LossNetworks(), budget=budget, seed=(params.seeds.pretrain,),
                validate=validation(paths.validation, compute),
            )  # fmt: skip
            score = curves.last("validation_psnr")
            rows.append({"network": name, "ICNR": icnr, "zero branches": zero, "PSNR (dB)": score})
    print(pd.DataFrame(rows).round(2).to_markdown(index=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
