"""Stage evaluate: upscale the test sets with one model and score the results."""

import json
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from .errors import exit_code
from .images import list_images, read_rgb, to_tensor, to_uint8, write_png
from .layout import Layout
from .networks.compute import choose_compute
from .networks.weights import load_generator
from .params import load
from .quality.metrics import check_available, parameter_files
from .quality.protocol import SCALE, bicubic
from .quality.scores import score_pair

Upscale = Callable[[np.ndarray], np.ndarray]


def model_name(stage: str, name: str) -> str:
    """The row that a stage's run has in the tables: pretrain_teacher, teacher_gan, gan2g."""
    return f"pretrain_{name}" if stage == "pretrain" else name


def upscaler(layout: Layout, stage: str, name: str, device: str) -> Upscale:
    """A function from LR to SR, uint8 RGB [h, w, 3] to [4h, 4w, 3]; float32 throughout."""
    if stage == "bicubic":
        return lambda lr: bicubic(lr, SCALE)
    compute = choose_compute(device, "float32")
    generator = compute.place(load_generator(layout.generator(stage, name)))

    @torch.inference_mode()
    def upscale(lr: np.ndarray) -> np.ndarray:
        return to_uint8(generator(to_tensor(lr).to(compute.device)))

    return upscale


def run(stage: str, name: str = "bicubic") -> None:
    """Evaluate what `stage` made under `name`; `stage` bicubic is the row of plain bicubic."""
    params = load()
    layout = Layout(params.profile)
    metrics = params.budget.evaluate.metrics
    weights = {part: layout.weights / file for part, file in parameter_files(metrics).items()}
    check_available(metrics, weights)
    model = model_name(stage, name)
    upscale = upscaler(layout, stage, name, params.hardware.device)
    pairs = [
        (test_set, lr, layout.references(test_set) / lr.name)
        for test_set in params.budget.download.test
        for lr in list_images(layout.inputs(test_set))
    ]
    rows = []
    for test_set, lr, hr in tqdm(pairs, desc=f"evaluate {model}", unit="image"):
        sr = upscale(read_rgb(lr))
        write_png(layout.folder("evaluate", model) / test_set / lr.name, sr)
        scores = score_pair(sr, read_rgb(hr), metrics, weights)
        rows.append({"set": test_set, "image": lr.stem, **scores})
    scores = pd.DataFrame(rows)
    scores.to_csv(layout.scores(model), index=False, float_format="%.6f")
    means = scores.groupby("set", sort=False)[metrics].mean()
    document = {test_set: row.round(4).to_dict() for test_set, row in means.iterrows()}
    layout.metrics.mkdir(parents=True, exist_ok=True)
    layout.means(model).write_text(json.dumps(document, indent=2) + "\n")
    print(f"evaluate {model}: {layout.means(model)}\n{means.round(4).to_string()}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
