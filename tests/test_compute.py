"""Which precision `auto` takes, by what a CPU can do."""

import pytest
import torch

from srgan_distill.networks.compute import choose_compute


@pytest.mark.parametrize(
    ("cpu", "precision"),
    [
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, "bfloat16"),
        # In a virtual machine that hides AMX, bfloat16 is there and slow.
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": False}, "float32"),
        ({"cpu_name": "AMD Zen4", "avx512_bf16": True, "amx_bf16": False}, "bfloat16"),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": False, "amx_bf16": False}, "float32"),
        ({"architecture": "aarch64"}, "float32"),
    ],
)
def test_auto_is_the_quicker_precision(
    cpu: dict[str, object], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: cpu)
    assert choose_compute("cpu", "auto").dtype == getattr(torch, precision)
    for wanted in ("float32", "bfloat16"):
        assert choose_compute("cpu", wanted).dtype == getattr(torch, wanted)
