"""The forms in which teacher and student can run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from ..common.params import Network
from ..networks.compute import Compute, choose_compute, choose_device
from ..networks.generator import Generator, PlainGenerator
from .graph import DeployedGenerator
from .runtime import open_model

Step = Callable[[], object]


@dataclass(frozen=True)
class Variant:
    """A network in one form.

    Attributes:
        key: in the metrics files; it starts with the network's name.
        label: in the tables.
        network: its size.
        form: plain: computed as the paper draws it, float32, NCHW, what public code runs;
            polyphase: this project's `Generator`, channels last; bfloat16: that with all values
            in bfloat16; onnx: a file of stage `export`.
        device: of PyTorch, cpu or cuda; ONNX Runtime runs on the CPU.
        file: of the form onnx.
    """

    key: str
    label: str
    network: Network
    form: Literal["plain", "polyphase", "bfloat16", "onnx"]
    device: str = "cpu"
    file: Path | None = None

    def module(self) -> nn.Module:
        """The form, float32, in eval mode, with random weights: they cost no time."""
        size = self.network.filters, self.network.blocks
        if self.form == "plain":
            return PlainGenerator(*size).eval()
        generator = Generator(*size).eval()
        return DeployedGenerator(generator).eval() if self.form == "onnx" else generator

    def prepare(self, height: int, width: int) -> Step:
        """A function that runs the variant on one LR image and waits until it is done."""
        lr = np.random.default_rng(0).random((1, 3, height, width), np.float32)
        if self.file:
            run = open_model(self.file, torch.get_num_threads())
            return lambda: run(lr)
        dtype = torch.bfloat16 if self.form == "bfloat16" else torch.float32
        compute = Compute(torch.device(self.device), dtype, channels_last=self.form != "plain")
        network = compute.place(self.module()).to(dtype)
        image = torch.from_numpy(lr).to(compute.device, dtype, memory_format=compute.memory_format)

        @torch.inference_mode()
        def step() -> None:
            # Public code leaves torch's default, TF32, alone.
            torch.backends.cudnn.allow_tf32 = self.form == "plain"
            network(image)
            if self.device == "cuda":
                torch.cuda.synchronize()

        return step


def variants(
    networks: Mapping[str, Network], exported: Callable[[str], Path], device: str
) -> list[Variant]:
    """All variants that this machine can run.

    Args:
        networks: the sizes of "teacher" and "student".
        exported: the file of "teacher", "student" or "student_int8".
        device: `hardware.device`; a GPU comes beside the CPU.
    """
    teacher, student = networks["teacher"], networks["student"]
    eager = [
        Variant("teacher_plain", "Teacher, PyTorch, plain", teacher, "plain"),
        Variant("student_plain", "Student, PyTorch, plain", student, "plain"),
        Variant("student_polyphase", "Student, PyTorch, polyphase", student, "polyphase"),
        Variant("student_bfloat16", "Student, PyTorch, bfloat16", student, "bfloat16"),
    ]
    onnx = [
        Variant(f"{model}_onnx", label, network, "onnx", file=exported(model))
        for model, label, network in (
            ("teacher", "Teacher, ONNX", teacher),
            ("student", "Student, ONNX", student),
            ("student_int8", "Student, ONNX, INT8", student),
        )
    ]
    gpu = [
        replace(variant, key=f"{variant.key}_gpu", label=f"{variant.label}, GPU", device="cuda")
        for variant in eager
        if choose_device(device) == "cuda"
    ]
    return [variant for variant in (*eager, *onnx, *gpu) if _runs(variant)]


def _runs(variant: Variant) -> bool:
    """Whether the device is quicker with the variant's numbers than with float32."""
    fast = choose_compute(variant.device, "auto").dtype == torch.bfloat16
    return fast or variant.form != "bfloat16"
