"""Which device and which precision `auto` takes, by what a machine can do."""

import pytest
import torch

from srgan_distill.common.errors import UserError
from srgan_distill.networks.compute import choose_compute, choose_device


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


@pytest.mark.parametrize(("capability", "device"), [((7, 0), "cpu"), ((7, 5), "cuda")])
def test_auto_takes_a_gpu_that_torch_has_kernels_for(
    capability: tuple[int, int], device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number: capability)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    kernels = ["sm_75", "sm_80", "sm_90a", "sm_120", "compute_120"]
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: kernels)
    assert choose_device("auto") == device
    if device == "cpu":
        with pytest.raises(UserError, match="no usable GPU"):
            choose_device("cuda")


def test_more_gpus_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda number: (9, 0))
    assert choose_device("cuda", 2) == "cuda"
    with pytest.raises(UserError, match=r"hardware\.devices = 3: this machine has 2 GPUs"):
        choose_device("auto", 3)


def test_a_second_gpu_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90"])
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "an old card")
    monkeypatch.setattr(
        torch.cuda, "get_device_capability", lambda number: [(9, 0), (6, 1)][number]
    )
    assert choose_device("auto") == "cuda"
    with pytest.raises(UserError, match=r"devices = 2: GPU 1, an old card, is too old"):
        choose_device("auto", 2)
