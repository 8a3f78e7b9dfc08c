"""What a process of several does in a test of how they fail; a module, for spawn to import."""

import os
import signal

import torch

from srgan_distill.common.errors import UserError
from srgan_distill.training.distributed import Distributed


def refuse(reason: str, distributed: Distributed) -> None:
    """Rank 1 ends with an error that a user can put right; the others wait for it."""
    if distributed.rank == 1:
        raise UserError(reason)
    distributed.mean(torch.zeros(1))


def train_one_of(runs: list[tuple[str, str]], distributed: Distributed) -> None:
    """Each rank trains a run of its own, given by name and settings."""
    distributed.require_one_run(*runs[distributed.rank])


def be_killed(rank: int, distributed: Distributed) -> None:
    """That rank ends as by the kernel, for want of memory; the others wait for it."""
    if distributed.rank == rank:
        os.kill(os.getpid(), signal.SIGKILL)
    distributed.mean(torch.zeros(1))


def be_aborted(rank: int, distributed: Distributed) -> None:
    """That rank ends as by NCCL's watchdog; the others wait for it."""
    if distributed.rank == rank:
        os.kill(os.getpid(), signal.SIGABRT)
    distributed.mean(torch.zeros(1))


def fail(rank: int, distributed: Distributed) -> None:
    """That rank meets a mistake in the code; the others wait for it."""
    if distributed.rank == rank:
        raise ZeroDivisionError("a mistake in the code")
    distributed.mean(torch.zeros(1))
