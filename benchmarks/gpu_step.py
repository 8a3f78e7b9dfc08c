"""What a GPU makes of a training step: the engine by each of its means, beside a plain loop.

Everything in one process, one after the other, on batches of 16 crops of 96 x 96 px as in
training_step.py: the plain loop (plain_loop.py), the engine launched kernel by kernel, replayed as
a CUDA graph, the same with the tiles in the computer's own memory (pinned, a step ahead), and, for
the student, with torch.compile too. Patches per second; for the replayed step multiply-adds per
second and their share of the rate of a large bfloat16 matrix product measured in the same run.

Usage: python benchmarks/gpu_step.py [SECONDS_FOR_EACH]
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pandas as pd
import torch
import torch.distributed as dist
from engine_step import BATCH, PHASES, engine_step
from plain_loop import plain_step
from training_step import matrix_rate, multiply_adds_of, write_images

from srgan_distill.networks.compute import choose_compute, make_deterministic

WARM_UP = 8
COMPILED = "pretrain student"


def per_second(step: Callable[[], object], seconds: float) -> float:
    """How often it runs, in a row, without waiting for the GPU between the runs."""
    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(10):
            step()
        torch.cuda.synchronize()
        steps += 10
    return steps / (time.perf_counter() - began)


@contextmanager
def as_public_code() -> Iterator[None]:
    """torch's own settings: kernels that need not be deterministic, float32 by TF32."""
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.allow_tf32 = True
    yield
    make_deterministic()
    torch.backends.cudnn.allow_tf32 = False


def all_reduce_seconds(values: int, seconds: float) -> float:
    """Of one message of so many float32 values through NCCL, with one process."""
    with tempfile.TemporaryDirectory() as name:
        dist.init_process_group("nccl", f"file://{name}/store", rank=0, world_size=1)
        message = torch.zeros(values, device="cuda")
        each = 1 / per_second(lambda: dist.all_reduce(message), seconds)
        dist.destroy_process_group()
    return each


def main(seconds: float) -> None:
    make_deterministic()
    rate, rows = matrix_rate(8192), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_images(folder)
        for phase in PHASES:
            build = partial(engine_step, phase, folder / "hr.npy")
            ways = {
                "plain": partial(plain_step, phase, files),
                "kernel by kernel": partial(build, cuda_graphs=False),
                "replayed": build,
                "tiles on host": partial(build, tiles_on_device=False),
            }
            if phase == COMPILED:
                ways["compiled"] = partial(build, compiled=True)
            speed = {}
            for way, make in ways.items():
                with as_public_code() if way == "plain" else nullcontext():
                    speed[way] = BATCH * per_second(make(), seconds)
            work = multiply_adds_of(build(cuda_graphs=False))
            done = work * speed["replayed"] / BATCH
            rows.append(
                {
                    "phase": phase,
                    **speed,
                    "replayed / plain": f"{speed['replayed'] / speed['plain']:.1f}",
                    "TMAC/s": f"{done / 1e12:.1f}",
                    "of the matrix rate": f"{done / rate:.1%}",
                }
            )
            print(rows[-1], flush=True)
    print(f"{choose_compute('auto', 'auto')}; matrix product: {rate / 1e12:.0f} TMAC/s")
    print(f"all_reduce of 1,550,659 values: {1e6 * all_reduce_seconds(1_550_659, seconds):.0f} us")
    print(pd.DataFrame(rows).round(0).to_markdown(index=False))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
