"""Start the processes of a team: one for each GPU, on one machine or several."""

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch.multiprocessing import ProcessExitedException, start_processes

from ..errors import UserError, exit_code
from ..networks.compute import choose_device
from ..params import Hardware
from .team import ALONE, Team

Job = TypeVar("Job")
Work = Callable[[Job, Team], None]

# What every other machine is told, as torchrun and Lightning name it.
MEETING = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
PATIENCE = timedelta(minutes=30)


def run_together(work: Work, job: Job, hardware: Hardware) -> None:
    """Call work(job, team) in `hardware.devices` processes.

    With `hardware.num_nodes` machines, the same command runs on each of them (each in a clone of
    its own), with NODE_RANK, MASTER_ADDR and MASTER_PORT in the environment.

    Raises:
        UserError: not so many GPUs, or a machine does not know where to meet the others.
        SystemExit: a process failed; it has printed why.
    """
    size = hardware.devices * hardware.num_nodes
    if size == 1:
        work(job, ALONE)
        return
    device = choose_device(hardware.device, hardware.devices)
    with tempfile.TemporaryDirectory() as folder:
        first, meeting = 0, f"file://{folder}/meeting"
        if hardware.num_nodes > 1:
            first, meeting = hardware.devices * _node_rank(hardware.num_nodes), "env://"
        try:
            start_processes(
                _enter,
                (work, job, device, first, size, hardware.devices, meeting),
                nprocs=hardware.devices,
                start_method="spawn",
            )
        except ProcessExitedException as failure:
            raise SystemExit(failure.exit_code) from None


def _node_rank(num_nodes: int) -> int:
    missing = [name for name in MEETING if not os.environ.get(name)]
    if missing:
        raise UserError(
            f"hardware.num_nodes = {num_nodes}: {', '.join(missing)} not set; give every machine "
            "NODE_RANK (0, 1, ...) and the first one's MASTER_ADDR and a free MASTER_PORT"
        )
    rank = os.environ["NODE_RANK"]
    if not rank.isdecimal() or int(rank) >= num_nodes:
        raise UserError(f"NODE_RANK = {rank}: must be a number from 0 to {num_nodes - 1}")
    return int(rank)


def _enter(
    local: int, work: Work, job: Job, device: str, first: int, size: int, devices: int, meeting: str
) -> None:
    """What each process runs; its errors are printed here, once for all."""
    team = Team(first + local, size, local)
    if not team.leads:
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if device == "cuda":
        torch.cuda.set_device(local)
    else:
        torch.set_num_threads(max(1, torch.get_num_threads() // devices))
    backend = "nccl" if device == "cuda" else "gloo"

    def meet_and_work() -> None:
        try:
            dist.init_process_group(
                backend, init_method=meeting, rank=team.rank, world_size=size, timeout=PATIENCE
            )
        except dist.DistError as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"the {size} processes did not meet: {reason}") from None
        try:
            work(job, team)
        finally:
            dist.destroy_process_group()

    sys.exit(exit_code(meet_and_work))
