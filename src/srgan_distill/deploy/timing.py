"""Latency and memory of variants side by side."""

import os
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import psutil
import torch

from ..common.processes import begin_worker
from .variants import Step, Variant


def median_latencies(steps: Mapping[str, Step], repeats: int) -> dict[str, float]:
    """Median seconds of each of `steps`, after one run that does not count.

    They take turns, so that a change of the machine's speed meets all of them.
    """
    times: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(repeats + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if turn:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def peak_memory(variants: Sequence[Variant], height: int, width: int) -> dict[str, int]:
    """Bytes that loading each variant and running it on an LR image add to a fresh process.

    On a GPU: bytes of its memory that PyTorch's tensors take at the most.
    """
    with ProcessPoolExecutor(
        os.cpu_count(), get_context("spawn"), begin_worker, (torch.get_num_threads(),),
        max_tasks_per_child=1,
    ) as pool:  # fmt: skip
        grown = pool.map(partial(_grown, height=height, width=width), variants)
        return {variant.key: value for variant, value in zip(variants, grown, strict=True)}


def _grown(variant: Variant, height: int, width: int) -> int:
    with _Peak() as peak:
        variant.prepare(height, width)()
    if variant.device == "cuda":
        return torch.cuda.max_memory_allocated()
    return peak.bytes


class _Peak:
    """How far this process's memory rises above that at the start, looked at every millisecond.

    The system's own mark (`ru_maxrss`) starts at that of the process which started this one.
    """

    bytes = 0

    def __enter__(self) -> "_Peak":
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            finished = self._done.wait(1e-3)
            self.bytes = max(self.bytes, self._process.memory_info().rss - self._before)
            if finished:
                return
