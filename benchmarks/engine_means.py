"""What each means of the training engine brings: steps with one of them left out, in one run.

Usage: python benchmarks/engine_means.py [ROUNDS]
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from alternate import medians
from engine_step import BATCH, engine_step
from training_step import write_images

from srgan_distill.networks.compute import choose_compute

PHASES = ("pretrain student", "train teacher_gan")
# what is left out, or put in
CHANGES = {
    # of these two, `auto` is one
    "in float32": {"precision": "float32"},
    "in bfloat16": {"precision": "bfloat16"},
    "NCHW instead of channels last": {"channels_last": False},
    "Adam not fused": {"fused_adam": False},
    "freed memory given back": {"keep_memory": False},
    "memory filled before it is written": {"fill_memory": True},
    "9x9 tail and PReLU as the figure has them": {"fast_forms": False},
    "with torch.compile": {"compiled": True},
}


def main(rounds: int) -> None:
    rows: dict[str, dict[str, float]] = {change: {} for change in ("as it is", *CHANGES)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_images(folder)
        for phase in PHASES:
            step = partial(engine_step, phase, folder / "hr.npy")
            for change, means in CHANGES.items():
                seconds = medians({"ours": step, "changed": partial(step, **means)}, rounds)
                rows[change][f"{phase}: time"] = seconds["changed"] / seconds["ours"]
                rows["as it is"][f"{phase}: time"] = 1.0
                ratio = rows[change][f"{phase}: time"]
                print(f"{phase}: {BATCH / seconds['ours']:.1f} patches/s; {change}: {ratio:.2f}")
    compute = choose_compute("auto", "auto")
    print(f"{compute}, {torch.get_num_threads()} CPU threads, {rounds} rounds; time of a step")
    print(pd.DataFrame(rows).T.round(2).to_markdown())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
