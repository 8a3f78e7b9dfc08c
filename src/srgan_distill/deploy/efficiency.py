"""Size, work, speed and memory of teacher and student in each form they run in.

Table 1 goes on here. What is the same on every run and what is measured go into different files:
times are noise between machines.
"""

import platform
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ..common.params import Network
from ..common.text import write_json, write_text
from ..networks.compute import has_usable_gpu
from ..networks.cost import multiply_adds, parameter_count
from ..networks.generator import Generator, build_generator
from ..networks.weights import save_generator
from .graph import export_onnx
from .quantise import calibration_images, quantise
from .tables import Shape, costs_markdown, teacher_over, times_figures, times_markdown
from .timing import median_latencies, peak_memory
from .variants import Variant, variants

_SEED = 0
_TILES = 4


@contextmanager
def exported_networks(
    networks: Mapping[str, Network], tiles: Path, device: str, float_layers: Sequence[str]
) -> Iterator[list[Variant]]:
    """All variants that this machine can run, their ONNX files in a folder that goes with them.

    The weights are random: what a form costs depends on the networks' shape, not on who trained
    them.

    Args:
        networks: the sizes of "teacher" and "student".
        tiles: the folder of training tiles, of which a few calibrate INT8.
        device: `hardware.device`; a GPU comes beside the CPU.
        float_layers: the student's layers that are not in INT8, as in stage `export`.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.onnx" for name in (*networks, "student_int8")}
        for name, network in networks.items():
            export_onnx(_any_weights(network), files[name])
        images = calibration_images(tiles, _TILES)
        quantise(files["student"], files["student_int8"], images, float_layers)
        yield variants(networks, files.__getitem__, device)


def _any_weights(network: Network) -> Generator:
    """A generator of that size: any weights cost the same, but for those that are equal.

    ONNX files hold equal ones once, such as the slopes of PReLU before training: so none are here.
    They are the same on every run, so that the files have the same size.
    """
    generator = build_generator(network.filters, network.blocks, _SEED)
    random = torch.Generator().manual_seed(_SEED)
    with torch.no_grad():
        for values in generator.parameters():
            values.add_(torch.randn(values.shape, generator=random), alpha=1e-3)
    return generator.eval()


def costs_of(found: Sequence[Variant], height: int, width: int) -> tuple[dict[str, Any], str]:
    """What every run gives alike, as figures and as Markdown, for an SR of `height` x `width` px.

    Returns:
        Variant -> `parameters`, `multiply_adds`, `file_bytes`, and under `teacher_over` the plain
        teacher's costs over them; and the table.
    """
    costs = {
        variant.key: _costs(variant, height, width)
        for variant in found
        # On every machine the same: the forms that some cannot run are no others of these files.
        if variant.device == "cpu" and variant.form != "bfloat16"
    }
    document = {**costs, "teacher_over": teacher_over(costs)}
    return document, costs_markdown(found, costs, height, width)


def times_of(
    found: Sequence[Variant], inputs: Sequence[Sequence[int]], repeats: int
) -> tuple[dict[str, Any], str]:
    """Latency and memory on LR images of [height, width] px each, as figures and as Markdown."""
    shapes: list[Shape] = [(height, width) for height, width in inputs]
    latencies = {}
    for shape in tqdm(shapes, desc="efficiency: time", unit="size"):
        steps = {variant.key: variant.prepare(*shape) for variant in found}
        latencies[shape] = median_latencies(steps, repeats)
    largest = max(shapes, key=lambda shape: shape[0] * shape[1])
    measured = latencies, peak_memory(found, *largest), _machine(repeats)
    return times_figures(*measured), times_markdown(found, *measured)


def write_figures(path: Path, document: dict[str, Any], page: str) -> None:
    """`document` as path.json and `page` as path.md; print the page."""
    write_json(path.with_suffix(".json"), document)
    write_text(path.with_suffix(".md"), page)
    print(page)


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
        save_generator(path, Generator(filters, blocks))
        return path.stat().st_size


def _machine(repeats: int) -> dict[str, Any]:
    """What a reader must know to compare the times."""
    machine = {"CPU": _processor(), "threads": torch.get_num_threads(), "repeats": repeats}
    if has_usable_gpu():
        machine["GPU"] = torch.cuda.get_device_name()
    return machine | {library: version(library) for library in ("torch", "onnxruntime")}


def _processor() -> str:
    """The model, where the system tells it (Linux), else the architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
