"""What the variants cost: figures for a file, and Markdown that goes on from Table 1."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..common.scale import SCALE
from ..common.text import markdown_page, markdown_table
from .variants import Variant

Costs = Mapping[str, Mapping[str, int]]
"""Variant -> `parameters`, `multiply_adds`, `file_bytes`."""

Latencies = Mapping[str, float]
"""Variant -> seconds for one LR image."""

Shape = tuple[int, int]
"""LR height and width."""

COSTS_NOTE = """\
Parameters: what was learnt. Multiply-adds: of the convolutions. The tail in polyphase form has more
of them than the 9x9 layer of the plain one and takes less time, at half of the resolution; in ONNX
files it has an empty fourth colour too, which INT8 is fast with. File: safetensors or ONNX.
Teacher / this: the plain teacher's figure over the row's."""

TIMES_NOTE = """\
Median latency for one LR image (width x height) and SR megapixels per second; the variants take
turns. Peak memory: what loading the model and running it once on the largest image add to a fresh
process (GPU: what its tensors take). Plain: float32, NCHW, 9x9 tail, as public code runs it."""


def teacher_over(costs: Costs) -> dict[str, dict[str, float]]:
    """The plain teacher's costs over those of each variant."""
    teacher = costs["teacher_plain"]
    return {
        name: {cost: round(teacher[cost] / value, 4) for cost, value in own.items()}
        for name, own in costs.items()
    }


def costs_markdown(variants: Sequence[Variant], costs: Costs, height: int, width: int) -> str:
    """Table 1 for every variant in `costs`, for one SR image of `height` x `width` px."""
    ratios = teacher_over(costs)
    rows = []
    for variant in variants:
        if variant.key not in costs:
            continue
        own, over = costs[variant.key], ratios[variant.key]
        shown = {
            "Parameters": (f"{own['parameters']:,}", over["parameters"]),
            "Multiply-adds": (f"{own['multiply_adds'] / 1e9:.2f} G", over["multiply_adds"]),
            "File": (f"{own['file_bytes'] / 1e6:.2f} MB", over["file_bytes"]),
        }
        rows.append({"Variant": variant.label})
        for cost, (text, ratio) in shown.items():
            rows[-1] |= {cost: text, f"{cost}, teacher / this": f"{ratio:.2f}"}
    size = f"For one SR image of {width} x {height} px (width x height)."
    title = "## Table 1, continued. What each form of the generators costs"
    return markdown_page(title, markdown_table(rows), size, COSTS_NOTE)


def fastest_student(latencies: Latencies) -> str:
    """The student's fastest variant on the CPU."""
    students = [
        name for name in latencies if name.startswith("student") and not name.endswith("_gpu")
    ]
    return min(students, key=lambda name: latencies[name])


def speed_ratios(latencies: Latencies) -> dict[str, float]:
    """How many times as fast, on the CPU, in one run.

    Returns:
        The student's speed over the teacher's in ONNX Runtime, both in float32 and the student in
        INT8; and the fastest student's over that of the plain one in PyTorch.
    """
    teacher = latencies["teacher_onnx"]
    return {
        "onnx_student_over_teacher": teacher / latencies["student_onnx"],
        "onnx_int8_student_over_teacher": teacher / latencies["student_int8_onnx"],
        "fastest_student_over_plain": latencies["student_plain"]
        / latencies[fastest_student(latencies)],
    }


def times_figures(
    latencies: Mapping[Shape, Latencies], memory: Mapping[str, int], machine: Mapping[str, Any]
) -> dict[str, Any]:
    """What was measured, for a JSON file: `memory` in bytes comes out in MB."""
    by_shape = {
        _name(shape): {
            "latency_ms": {name: round(1e3 * value, 3) for name, value in seconds.items()},
            "sr_megapixels_per_second": {
                name: round(_megapixels(shape) / value, 4) for name, value in seconds.items()
            },
            "ratios": {name: round(value, 3) for name, value in speed_ratios(seconds).items()},
        }
        for shape, seconds in latencies.items()
    }
    megabytes = {name: round(value / 1e6, 1) for name, value in memory.items()}
    return {"machine": dict(machine), "inputs": by_shape, "peak_memory_mb": megabytes}


def times_markdown(
    variants: Sequence[Variant],
    latencies: Mapping[Shape, Latencies],
    memory: Mapping[str, int],
    machine: Mapping[str, Any],
) -> str:
    """The same to read."""
    rows = []
    for variant in variants:
        row = {"Variant": variant.label}
        for shape, seconds in latencies.items():
            own = seconds[variant.key]
            row[_name(shape)] = f"{1e3 * own:.1f} ms, {_megapixels(shape) / own:.2f} MP/s"
        rows.append(row | {"Peak memory": f"{memory[variant.key] / 1e6:.0f} MB"})
    labels = {variant.key: variant.label for variant in variants}
    ratios = []
    for shape, seconds in latencies.items():
        student, int8, fastest = speed_ratios(seconds).values()
        ratios.append(
            {
                "LR": _name(shape),
                "ONNX, student / teacher": f"{student:.2f}",
                "ONNX, INT8 student / teacher": f"{int8:.2f}",
                "Fastest student / plain student": f"{fastest:.2f}",
                "Fastest": labels[fastest_student(seconds)],
            }
        )
    return markdown_page(
        "## Speed and memory of each form of the generators",
        "; ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        markdown_table(rows),
        TIMES_NOTE,
        "### How many times as fast",
        markdown_table(ratios),
    )


def _name(shape: Shape) -> str:
    return f"{shape[1]}x{shape[0]}"


def _megapixels(shape: Shape) -> float:
    """Of the SR image."""
    return SCALE**2 * shape[0] * shape[1] / 1e6
