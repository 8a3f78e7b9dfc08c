"""What a network computes on, and by which means."""

import ctypes
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from ..common.errors import UserError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h


@dataclass(frozen=True)
class Compute:
    """A device, the precision of its convolutions (weights and losses stay float32), its layout."""

    device: torch.device
    dtype: torch.dtype
    channels_last: bool = True

    @property
    def memory_format(self) -> torch.memory_format:
        """How images and weights lie in memory."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def autocast(self) -> AbstractContextManager:
        """Run convolutions and matrix products in `dtype`."""
        return torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16
        )

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, its weights in the memory format."""
        return network.to(self.device, memory_format=self.memory_format)

    def __str__(self) -> str:
        name = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        return f"{name}, {str(self.dtype).removeprefix('torch.')}"


def choose_device(device: str, count: int = 1) -> str:
    """Resolve the parameter `hardware.device`, where `count` devices are wanted, to cpu or cuda.

    And have cuDNN compute in float32 where it is asked to: its default, TF32, has 10 bits of
    mantissa.

    Raises:
        UserError: `cuda` is asked for where there is none, or more GPUs than there are.
    """
    if device == "cuda" and not has_usable_gpu():
        raise UserError(
            "hardware.device = cuda: this machine has no usable GPU; set it to cpu or auto"
        )
    if device == "auto":
        device = "cuda" if has_usable_gpu() else "cpu"
    if device == "cuda" and count > torch.cuda.device_count():
        raise UserError(
            f"hardware.devices = {count}: this machine has {torch.cuda.device_count()} GPUs"
        )
    for number in range(1, count if device == "cuda" else 0):
        if not _has_kernels(number):
            raise UserError(
                f"hardware.devices = {count}: GPU {number}, {torch.cuda.get_device_name(number)}, "
                "is too old for this torch; hide it by CUDA_VISIBLE_DEVICES"
            )
    torch.backends.cudnn.allow_tf32 = False
    return device


def has_usable_gpu() -> bool:
    """Whether there is a GPU whose driver suits this torch, and for which it has kernels.

    Of several, the first: the answer is the same in every process, whichever its own is.
    """
    return torch.cuda.is_available() and _has_kernels(0)


def _has_kernels(number: int) -> bool:
    names = [name for name in torch.cuda.get_arch_list() if name.startswith("sm_")]
    oldest = min((int(name.removeprefix("sm_").rstrip("af")) for name in names), default=0)
    major, minor = torch.cuda.get_device_capability(number)
    return 10 * major + minor >= oldest


def choose_compute(
    device: str, precision: str, channels_last: bool = True, number: int = 0
) -> Compute:
    """Resolve the parameters `hardware.device` and `hardware.precision`.

    Args:
        number: which GPU, where there are several.

    Raises:
        UserError: `cuda` is asked for where there is none.
    """
    device = choose_device(device)
    if precision == "auto":
        precision = "bfloat16" if _is_quicker_in_bfloat16(device) else "float32"
    return Compute(
        torch.device(device, number if device == "cuda" else None),
        getattr(torch, precision),
        channels_last,
    )


def _is_quicker_in_bfloat16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    cpu = torch.cpu.get_capabilities()
    # Intel's have AMX for it. Where a virtual machine hides that, AVX512's own product is left,
    # which is slower there than float32's (benchmarks/README.md).
    by_vectors = cpu.get("avx512_bf16", False) and not cpu.get("cpu_name", "").startswith("Intel")
    return cpu.get("amx_bf16", False) or by_vectors


def keep_freed_memory() -> None:
    """Let this process keep the memory that tensors free, instead of asking for it every step.

    glibc hands large blocks back to the kernel at once, which clears each of their pages when they
    are asked for again: up to a third of a training step on a CPU (benchmarks/README.md).
    """
    if sys.platform != "linux":
        return
    glibc = ctypes.CDLL(None)
    if hasattr(glibc, "gnu_get_libc_version"):
        glibc.mallopt(_M_MMAP_MAX, 0)
        glibc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def make_deterministic() -> None:
    """Same inputs, same weights: refuse kernels whose result depends on timing."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS refuses without it
    torch.use_deterministic_algorithms(True)
    # An aid for debugging: on a GPU, a kernel more for every tensor that another one writes.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = False
