"""Training curves through dvclive."""

import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pynvml
import torch
from dvclive import Live, monitor_system


class Curves:
    """Losses and validation in one folder, speed and system load in another.

    With `write` False, they are kept in memory alone.

    The first is the same on every run of one machine and can be an output of a stage; the second
    is not. Use as a context manager.
    """

    def __init__(self, learning: Path, system: Path, write: bool = True) -> None:
        self._folders = (learning, system) if write else ()
        self._lives: list[Live] = []
        self.rows: list[tuple[int, dict[str, float], dict[str, float]]] = []

    def __enter__(self) -> "Curves":
        # dvclive asks for the GPUs' load wherever pynvml is installed, and logs none at all, not
        # even the CPU's, where that fails.
        monitor_system.GPU_AVAILABLE = _gpus_tell_their_load()
        options = {"dvcyaml": None, "save_dvc_exp": False, "report": None}
        self._lives = [
            Live(str(folder), monitor_system=monitor, **options)
            for folder, monitor in zip(self._folders, (False, True), strict=False)
        ]
        return self

    def __exit__(self, *error: object) -> None:
        for live in self._lives:
            live.end()

    def log(self, step: int, learning: Mapping[str, float], system: Mapping[str, float]) -> None:
        """Record named values at `step` of the stage; "loss/content" becomes a file in loss/."""
        self.rows.append((step, dict(learning), dict(system)))
        for live, values in zip(self._lives, (learning, system), strict=False):
            live.step = step
            for name, value in values.items():
                live.log_metric(name, value)
            live.make_summary()

    def last(self, name: str) -> float:
        """The value of `name` logged last; nan where there is none."""
        values = (learning[name] for _, learning, _ in reversed(self.rows) if name in learning)
        return next(values, math.nan)


def device_load(device: torch.device) -> dict[str, float]:
    """How busy the training device is now, and how full: the GPU, or the CPU where there is none.

    dvclive's own "gpu/usage" is no load: it divides the memory's busy time by the GPU's.

    Returns:
        device_load in percent (of all cores, on a CPU; a part of a GPU, by MIG, has none) and
        device_memory in GB (of this process, on a CPU).
    """
    if device.type != "cuda":
        load, memory = psutil.cpu_percent(), psutil.Process().memory_info().rss
        return {"device_load": load, "device_memory": memory / 1e9}
    free, total = torch.cuda.mem_get_info(device)
    found = {"device_memory": (total - free) / 1e9}
    with suppress(pynvml.NVMLError, RuntimeError):
        found["device_load"] = float(torch.cuda.utilization(device))
    return found


def _gpus_tell_their_load() -> bool:
    """Not so without a driver, and of a part of a GPU (MIG)."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return False
    try:
        for number in range(pynvml.nvmlDeviceGetCount()):
            pynvml.nvmlDeviceGetUtilizationRates(pynvml.nvmlDeviceGetHandleByIndex(number))
    except pynvml.NVMLError:
        return False
    finally:
        pynvml.nvmlShutdown()
    return True
