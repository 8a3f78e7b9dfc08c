"""A finished run of the sample profile, made up: all that stage report reads."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import Run, all_runs
from srgan_distill.imaging.images import write_png
from srgan_distill.pages.report.report import SECTIONS
from srgan_distill.stages import report
from support.code_reading import SOURCE

ROOT = SOURCE.parent
SETS = ["Set5", "<b>&\"Set'"]
HOSTILE = '"><img src=x onerror=hacked=1><!--<script>'
IMAGES = ["baby", HOSTILE]  # and a third one, which images_per_set = 2 leaves out
SCRIPT = "</pre></script><script>hacked=1</script>"
REMOTE = "![x](https://example.org/x.png)"
WIDTH, HEIGHT = 96, 64
RED_STEP = 20
RECIPES = ("teacher_gan", "teacher_g", "student")
STRATEGIES = ("gan2gan", "gan2g", "gan2g_al", "g2g_al")


def write_project(folder: Path) -> None:
    """Write params.yaml and the results of every run into `folder`.

    The runs are the paper's, and a strategy of the user's own, my_kd.
    """
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["strategy"] = "gan2g"
    params["content"]["weights"] = SCRIPT
    params["train"] = {name: params["train"][name] for name in RECIPES}
    params["strategies"] = {name: params["strategies"][name] for name in STRATEGIES}
    params["strategies"]["my_kd"] = {
        "teacher": "teacher_g", "phases": [{"terms": ["feature_distillation"]}],
    }  # fmt: skip
    for strategy in params["strategies"].values():
        strategy["baseline"] = "student"
    profile = params["profiles"][params["profile"]]
    profile["download"]["test"] = SETS
    profile["report"]["images_per_set"] = 2
    profile["distill"]["steps"] = {"content": 1500, "adversarial": 2500}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    runs = all_runs(params["pretrain"], params["train"], params["strategies"])
    paths = Paths(params["profile"])
    for test_set in SETS:
        _write_images(folder / paths.test(test_set) / "HR", 0)
        for number, run in enumerate(runs, start=1):
            _write_images(folder / paths.results(run.name) / test_set, number)
    for number, run in enumerate(runs, start=1):
        _write_scores(folder / paths.scores(run.name), number)
    for run in runs:
        if run.name != "my_kd":
            file = folder / paths.starts / f"{run.name}.safetensors"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    curves = folder / paths.metrics("curves")
    _write_curves(curves / "pretrain", [run for run in runs if run.stage == "pretrain"])
    _write_curves(curves, [run for run in runs if run.stage in ("train", "distill")])
    _write_tables(folder, paths)
    _write_gain(folder / paths.metrics("gain", "gan2g.json"))


def build(folder: Path) -> str:
    """Run the stage in `folder`; the page."""
    with chdir(folder):
        report.run()
    return (folder / "data/sample/report/report.html").read_text(encoding="utf-8")


def picture(number: int, image: int) -> np.ndarray:
    """uint8 [HEIGHT, WIDTH, 3]: a gradient whose red names the method and green the image."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 0] = RED_STEP * number
    rgb[..., 1] = 60 * image
    rgb[..., 2] = np.linspace(0, 255, WIDTH)
    return rgb


def _write_images(folder: Path, number: int) -> None:
    for index, name in enumerate(sorted([*IMAGES, "zebra"])):
        write_png(folder / f"{name}.png", picture(number, index))


def _write_scores(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"set": test_set, "image": name, "psnr": 20 + number + index / 4, "ssim": 0.5,
         "niqe": 4 + number / 8, "piqe": 30.0, "psnr_wrapped": 29.0}
        for test_set in SETS
        for index, name in enumerate([*IMAGES, "zebra"])
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)


def _write_curves(folder: Path, runs: list[Run]) -> None:
    """As stage curves does; `hint` was logged by none."""
    tables: dict[str, list[pd.DataFrame]] = {"hint": [pd.DataFrame(columns=["run", "step"])]}
    for number, run in enumerate(runs):
        curves = {"learning_rate": [1e-4, 1e-5], "validation_psnr": [25.0 + number, float("inf")]}
        if run.stage == "pretrain":
            curves["pixel"] = [0.1, 0.001]
        else:
            curves |= {"content": [0.02, 0.01], "my_term": [1.0 + number, -1.0]}
        for quantity, values in curves.items():
            columns = {"run": run.key, "step": [50, 100], quantity: values}
            tables.setdefault(quantity, []).append(pd.DataFrame(columns))
    folder.mkdir(parents=True, exist_ok=True)
    for quantity, parts in tables.items():
        table = pd.concat(parts).reindex(columns=["run", "step", quantity])
        table.to_csv(folder / f"{quantity}.tsv", sep="\t", index=False)


def _write_tables(folder: Path, paths: Paths) -> None:
    for file in SECTIONS.values():
        target = folder / paths.metrics(file)
        target.parent.mkdir(exist_ok=True)
        if file != "efficiency/costs.md":
            shutil.copy(ROOT / "metrics/sample" / file, target)
    costs = "## Table 1, continued. Costs\n\n| Variant | File |\n|:--|--:|\n| Student | 1 MB |\n"
    (folder / paths.metrics("efficiency", "costs.md")).write_text(costs)
    table = f"| Method | PI |\n|:--|--:|\n| {SCRIPT} | 5 |"
    text = f"## Table 4. No-reference\n\n{table}\n\n{REMOTE}\n"
    (folder / paths.metrics("tables", "table4.md")).write_text(text)
    write_png(folder / paths.metrics("tables", "figure2.png"), picture(12, 1))


def _write_gain(path: Path) -> None:
    figures = {"psnr": 27.125, "gain_psnr": 0.5, "share_of_lead_psnr": 0.25}
    figures |= {"niqe": 5.0, "gain_niqe": 0.25, "piqe": 40.0, "gain_piqe": 2.0}
    figures |= {f"gain_over_student_{name}": 0.125 for name in ("psnr", "niqe", "piqe")}
    path.parent.mkdir()
    path.write_text(json.dumps({"Set5": figures, "mean": figures}))
