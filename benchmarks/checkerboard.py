"""What a network free of a checkerboard costs in pre-training: PSNR with and without the condition.

The student on the pixel loss (`networks.student.checkerboard_free`, networks/generator.py), from
the same weights, on the same crops; PSNR on the validation images of the profile, and the grid.

Needs `dvc repro preprocess` of the profile.
Usage: python benchmarks/checkerboard.py [STEPS]
"""

import sys

import pandas as pd
from short_run import train_briefly

from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.networks.compute import choose_compute, keep_freed_memory, make_deterministic
from srgan_distill.networks.generator import build_generator
from srgan_distill.training.batches import Tiles
from srgan_distill.training.losses import LossNetworks
from srgan_distill.training.schedule import pretraining_schedule
from srgan_distill.training.setup import validation

BUDGET = {"batch": 8, "crop": 96, "lr": 4e-4, "lr_end": 1e-5}


def main(steps: int) -> None:
    params = load()
    paths, network = Paths(params.profile), params.networks["student"]
    seed = params.seeds.pretrain
    make_deterministic()
    keep_freed_memory()
    compute = choose_compute(params.hardware.device, params.hardware.precision)
    tiles = Tiles.open(paths.tiles, compute.device, "device")
    validate = validation(paths.validation, compute)
    budget = params.settings.pretrain["student"].model_copy(
        update=BUDGET | {"steps": steps, "log_every": 100, "validate_every": 500}
    )
    rows = []
    for checkerboard_free in (False, True):
        _, curves = train_briefly(
            build_generator(network.filters, network.blocks, seed, checkerboard_free),
            pretraining_schedule(budget),
            f"checkerboard_free: {checkerboard_free}",
            compute=compute,
            tiles=tiles,
            networks=LossNetworks(),
            budget=budget,
            seed=(seed,),
            validate=validate,
        )
        rows += [
            {"checkerboard_free": checkerboard_free, "step": step}
            | {name: values[name] for name in ("validation_psnr", "grid")}
            for step, values, _ in curves.rows
            if "validation_psnr" in values
        ]
    print(pd.DataFrame(rows).to_markdown(index=False, floatfmt=".3f"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
