"""Time several ways to do one thing by turns, each in a process of its own."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection

import torch
from torch.multiprocessing import get_context

from srgan_distill.deploy.timing import median_latencies

Build = Callable[[], Callable[[], object]]


def medians(ways: dict[str, Build], rounds: int) -> dict[str, float]:
    """Median seconds of one call of each way, in rounds in which each has its turn.

    Turns, so that a change of the machine's speed meets all; processes, so that none lives with
    another's memory allocator or caches. The first round warms up and does not count.

    Args:
        ways: a function that prepares a way and gives the function to time; picklable.
    """
    with ExitStack() as stack:
        turns = {
            name: partial(_turn, stack.enter_context(_worker(build)))
            for name, build in ways.items()
        }
        return median_latencies(turns, rounds)


def _worker(build: Build) -> Connection:
    """Start a process that does `build()()` at each message; closing the pipe ends it."""
    here, there = get_context("spawn").Pipe()
    get_context("spawn").Process(target=_serve, args=(build, there), daemon=True).start()
    there.close()
    return here


def _turn(pipe: Connection) -> None:
    pipe.send("go")
    pipe.recv()


def _serve(build: Build, pipe: Connection) -> None:
    work = build()
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        pipe.send("done")
