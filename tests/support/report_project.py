"""A finished run of the sample profile, made up: all that stage report reads."""

import json
import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from srgan_distill.imaging.images import write_png
from srgan_distill.stages import report
from support.code_reading import SOURCE

ROOT = SOURCE.parent
SETS = ["Set5", "<b>&\"Set'"]
HOSTILE = '"><img src=x onerror=hacked=1><!--<script>'
IMAGES = ["baby", HOSTILE]  # and a third one, which images_per_set = 2 leaves out
SCRIPT = "</pre></script><script>hacked=1</script>"
REMOTE = "![x](https://example.org/x.png)"
WIDTH, HEIGHT = 96, 64


def write_project(folder: Path) -> list[str]:
    """Write params.yaml and the results of every model into `folder`; returns the models."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["strategy"] = "gan2g"
    params["content"]["weights"] = SCRIPT
    params["strategies"]["my_kd"] = {
        "teacher": "teacher_g", "phases": [{"terms": ["feature_distillation"]}],
    }  # fmt: skip
    profile = params["profiles"][params["profile"]]
    profile["download"]["test"] = SETS
    profile["report"]["images_per_set"] = 2
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    runs = {
        "pretrain": list(params["networks"]),
        "train": list(params["train"]),
        "distill": list(params["strategies"]),
    }
    models = ["bicubic", *(f"pretrain_{name}" for name in runs["pretrain"])]
    models += [*runs["train"], *runs["distill"]]
    data, metrics = folder / "data" / params["profile"], folder / "metrics" / params["profile"]
    for number, model in enumerate(["HR", *models]):
        _write_images(data, model, number)
        if model != "HR":
            _write_scores(data / "evaluate" / model / "scores.csv", number)
    for stage, names in runs.items():
        _write_curves(metrics / "curves", stage, names)
    _write_tables(metrics)
    return models


def build(folder: Path) -> str:
    """Run the stage in `folder`; the page."""
    with chdir(folder):
        report.run()
    return (folder / "data/sample/report/report.html").read_text(encoding="utf-8")


def picture(number: int, image: int) -> np.ndarray:
    """uint8 [HEIGHT, WIDTH, 3]: a gradient whose red names the method and green the image."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 0] = 20 * number
    rgb[..., 1] = 60 * image
    rgb[..., 2] = np.linspace(0, 255, WIDTH)
    return rgb


def _write_images(data: Path, model: str, number: int) -> None:
    for test_set in SETS:
        folder = data / "evaluate" / model / test_set
        if model == "HR":
            folder = data / "preprocess/test" / test_set / "HR"
        for index, name in enumerate(sorted([*IMAGES, "zebra"])):
            write_png(folder / f"{name}.png", picture(number, index))


def _write_scores(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"set": test_set, "image": name, "psnr": 20 + number + index / 4, "ssim": 0.5,
         "piqe": 30.0, "psnr_wrapped": 29.0}
        for test_set in SETS
        for index, name in enumerate([*IMAGES, "zebra"])
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(path, index=False)


def _write_curves(folder: Path, stage: str, names: list[str]) -> None:
    tables: dict[str, list[pd.DataFrame]] = {}
    for number, name in enumerate(names):
        curves = {"learning_rate": [1e-4, 1e-5], "validation_psnr": [25.0 + number, float("inf")]}
        if stage == "pretrain":
            curves["loss/pixel"] = [0.1, 0.001]
        else:
            curves |= {"loss/content": [0.02, 0.01], "loss/my_term": [1.0 + number, -1.0]}
        for quantity, values in curves.items():
            columns = {"run": f"{stage}/{name}", "step": [50, 100], Path(quantity).name: values}
            tables.setdefault(quantity, []).append(pd.DataFrame(columns))
    for quantity, parts in tables.items():
        file = folder / stage / f"{quantity}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        pd.concat(parts).to_csv(file, sep="\t", index=False)


def _write_tables(metrics: Path) -> None:
    costs = "## Table 1, continued. Costs\n\n| Variant | File |\n|:--|--:|\n| Student | 1 MB |\n"
    (metrics / "efficiency.md").write_text(costs)
    for path in set(report.SECTIONS.values()) - {"efficiency.md"}:
        (metrics / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "metrics/sample" / path, metrics / path)
    table = f"| Method | PI |\n|:--|--:|\n| {SCRIPT} | 5 |"
    text = f"## Table 4. No-reference\n\n{table}\n\n{REMOTE}\n"
    (metrics / "tables/table4.md").write_text(text)
    write_png(metrics / "tables/figure2.png", picture(12, 1))
    means = {"psnr": 27.125, "gain_psnr": 0.5, "share_of_lead_psnr": 0.25}
    means |= {"piqe": 40.0, "gain_piqe": 2.0, "share_of_lead_piqe": None}
    (metrics / "headline.json").write_text(json.dumps({"Set5": means, "mean": means}))
