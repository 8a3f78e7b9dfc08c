"""Stage efficiency: size, work, speed and memory of teacher and student in each form they run in.

Table 1 goes on here. What is the same on every run and what is measured go into different files:
times are noise between machines, and no figures for `dvc metrics diff`.
"""

import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from .deploy.tables import costs_markdown, teacher_over, times_figures, times_markdown
from .deploy.timing import median_latencies, peak_memory
from .deploy.variants import Variant, variants
from .errors import exit_code
from .layout import Layout
from .networks.generator import Generator, parameter_count
from .networks.weights import save_generator
from .params import load
from .quality.tables import multiply_adds


def run() -> None:
    """Write metrics/<profile>/efficiency.json and .md, and times.json and .md beside them."""
    params = load()
    layout = Layout(params.profile)
    found = variants(
        params.networks,
        lambda model: layout.exported(params.strategy, model),
        params.hardware.device,
    )
    size = params.budget.tables.output_height, params.budget.tables.output_width
    costs = {
        variant.key: _costs(variant, *size)
        for variant in found
        # On every machine the same: the forms that some cannot run are no others of these files.
        if variant.device == "cpu" and variant.form != "bfloat16"
    }
    document = {**costs, "teacher_over": teacher_over(costs)}
    _write(layout.metrics / "efficiency", document, costs_markdown(found, costs, *size))

    repeats = params.budget.efficiency.repeats
    shapes = [(height, width) for height, width in params.budget.efficiency.inputs]
    latencies = {}
    for shape in tqdm(shapes, desc="efficiency: time", unit="size"):
        steps = {variant.key: variant.prepare(*shape) for variant in found}
        latencies[shape] = median_latencies(steps, repeats)
    largest = max(shapes, key=lambda shape: shape[0] * shape[1])
    memory = peak_memory(found, *largest)
    measured = latencies, memory, _machine(repeats)
    _write(layout.metrics / "times", times_figures(*measured), times_markdown(found, *measured))


def _costs(variant: Variant, height: int, width: int) -> dict[str, int]:
    size = variant.network.filters, variant.network.blocks
    with torch.device("meta"):
        network, learnt = variant.module(), parameter_count(Generator(*size))
    return {
        "parameters": learnt,
        "multiply_adds": multiply_adds(network, height, width),
        "file_bytes": variant.file.stat().st_size if variant.file else _weights_bytes(*size),
    }


def _weights_bytes(filters: int, blocks: int) -> int:
    """The size of the file that a training stage writes, whatever the weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generator.safetensors"
        save_generator(path, Generator(filters, blocks), filters, blocks)
        return path.stat().st_size


def _machine(repeats: int) -> dict[str, Any]:
    """What a reader must know to compare the times."""
    machine = {"CPU": platform.machine(), "threads": torch.get_num_threads(), "repeats": repeats}
    if torch.cuda.is_available():
        machine["GPU"] = torch.cuda.get_device_name()
    return machine | {library: version(library) for library in ("torch", "onnxruntime")}


def _write(path: Path, document: dict[str, Any], page: str) -> None:
    """`document` as path.json and `page` as path.md; print the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    path.with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    sys.exit(exit_code(run))
