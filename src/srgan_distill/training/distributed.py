"""The processes that train one network together: each computes its part of every batch.

They stay one run: the same crops, the same weights, the same curves up to rounding, however many
they are. Gradients, losses and BatchNorm's statistics are means over the whole batch.
"""

import logging
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from ..common.errors import UserError, exit_code
from ..common.params import Hardware
from ..common.processes import end_with_parent
from ..networks.compute import choose_device, make_deterministic

Job = TypeVar("Job")

# What every machine of several is told, as torchrun names it.
RENDEZVOUS = ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT")
TIMEOUT = timedelta(minutes=30)
PEER_LOST_EXIT_CODE = 75
# The launcher tells of the process that exits first; one that knows less waits as many seconds.
GRACE_SECONDS = 3
# How gloo and NCCL say that another process of the run has ended.
PEER_ENDED = ("by peer", "remote process exited")


@dataclass(frozen=True)
class Distributed:
    """This process: `rank` of `world_size`, and `local_rank` of its machine."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_local_zero(self) -> bool:
        """Whether this is the process that writes and prints for its machine."""
        return self.local_rank == 0

    def part(self, batch: int) -> slice:
        """Which crops of a batch are this process's; `world_size` divides `batch`."""
        each = batch // self.world_size
        return slice(self.rank * each, (self.rank + 1) * each)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of the processes' values, in place."""
        if self.world_size > 1:
            dist.all_reduce(values)
            values /= self.world_size
        return values

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Give every process the gradient of the whole batch.

        One message for all of it: the networks are so small that its start costs more than it.
        And no wrapper around the network (DDP): with it a resumed run is not bit-identical.
        """
        if self.world_size == 1:
            return
        # Terms of blocks alone leave what follows those blocks without one, on every process.
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        mean = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = mean.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def furthest(self, state: dict[str, Any] | None) -> dict[str, Any] | None:
        """Of the processes' saved states the one with the most steps, on all; None if none has any.

        Each machine has its own checkpoints, and may have come with none in place of another.
        """
        if self.world_size == 1:
            return state
        steps: list[Any] = [None] * self.world_size
        dist.all_gather_object(steps, state["step"] if state else -1)
        states = [state]
        dist.broadcast_object_list(states, src=steps.index(max(steps)))
        return states[0]

    def require_one_run(self, run: str, settings: str) -> None:
        """See that all processes train the same.

        Args:
            settings: the fingerprint of what the run's weights depend on.

        Raises:
            UserError: a machine trains another run, or with other parameters, data or code.
        """
        if self.world_size == 1:
            return
        all_settings: list[Any] = [None] * self.world_size
        dist.all_gather_object(all_settings, (run, settings))
        if len(runs := {name for name, _ in all_settings}) > 1:
            raise UserError(
                f"the machines train different runs, {' and '.join(sorted(runs))}; bring their "
                "clones to the same dvc.lock and data (`dvc pull`), and start again"
            )
        if len(set(all_settings)) > 1:
            raise UserError(
                f"{run}: the machines' parameters, data, earlier networks, code or torch differ; "
                "bring their clones to the same commit, params.yaml and data (`dvc pull`), `make "
                "setup`, and start again"
            )

    def synchronize_batch_norm(self, network: nn.Module) -> nn.Module:
        """`network` with every BatchNorm over the whole batch, whatever part is here."""
        if self.world_size == 1:
            return network
        if next(network.parameters()).is_cuda:
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)
            for module in network.modules():
                if type(module) is nn.SyncBatchNorm and not module.track_running_stats:
                    module.__class__ = Float32SyncBatchNorm
            return network
        for module in network.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = SynchronizedBatchNorm
        return network


SINGLE = Distributed()


class SumOverProcesses(torch.autograd.Function):
    """The sum of every process's tensor, whose gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return SumOverProcesses.forward(ctx, gradient)


class Float32SyncBatchNorm(nn.SyncBatchNorm):
    """torch's, whose kernel refuses features in bfloat16 where there are no running statistics."""

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features.float()).to(features.dtype)


class SynchronizedBatchNorm(nn.BatchNorm2d):
    """BatchNorm over the whole batch on CPUs, where torch's SyncBatchNorm does not run."""

    def forward(self, features: Tensor) -> Tensor:
        if not self.training and self.track_running_stats:
            return super().forward(features)
        values = features.float()
        mean = self._mean(values)
        # Not by the mean of squares, which has lost its digits where the mean is large.
        centred = values - mean[:, None, None]
        variance = self._mean(centred.square())
        if self.track_running_stats:
            self._update_running(mean.detach(), variance.detach(), values.numel() // len(mean))
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(features.dtype)

    @staticmethod
    def _mean(values: Tensor) -> Tensor:
        """[N, C, H, W] of each process to [C], over all of them."""
        return SumOverProcesses.apply(values.mean((0, 2, 3))) / dist.get_world_size()

    def _update_running(self, mean: Tensor, variance: Tensor, own_count: int) -> None:
        count = own_count * dist.get_world_size()
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)


def launch(work: Callable[[Job, Distributed], None], job: Job, hardware: Hardware) -> None:
    """Call work(job, distributed) in `hardware.devices` processes, started by torch's launcher.

    With `hardware.num_nodes` machines, the same command runs on each of them (each in a clone of
    its own), with NODE_RANK, MASTER_ADDR and MASTER_PORT in the environment.

    Raises:
        UserError: not so many GPUs, the machines do not meet, or a process was killed.
        SystemExit: a process failed; why is printed.
    """
    if hardware.devices * hardware.num_nodes == 1:
        work(job, SINGLE)
        return
    device = choose_device(hardware.device, hardware.devices)
    # That all have come is waited for with TIMEOUT; a process whose peer is lost ends as it is, for
    # an aborted sum could be saved.
    os.environ.setdefault("TORCH_DIST_INIT_BARRIER", "1")
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "3")
    # The launcher's own account of a failure comes after the process's one line, and is longer.
    for name in ("torch.distributed.elastic", "torch.multiprocessing.spawn"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as logs:
        try:
            elastic_launch(_config(hardware, logs), _enter)(work, job, device)
        except ChildFailedError as failure:
            rank, failed = failure.get_first_failure()
            said = Path(logs).glob(f"*/*/{failed.local_rank}/stderr.log")
            _tell(rank, failed.exitcode, "".join(path.read_text() for path in said))
        except dist.DistError as error:
            raise _not_met(error) from None
        except SignalException:
            raise KeyboardInterrupt from None


def _config(hardware: Hardware, logs: str) -> LaunchConfig:
    nodes = hardware.num_nodes
    # The machine's first process prints; what the others say is read if one of them fails.
    others = dict.fromkeys(range(1, hardware.devices), Std.ALL)
    common = {
        "min_nodes": nodes, "max_nodes": nodes, "nproc_per_node": hardware.devices,
        "run_id": "srgan-distill", "max_restarts": 0, "monitor_interval": 0.1,
        "start_method": "spawn", "logs_specs": DefaultLogsSpecs(logs, others),
    }  # fmt: skip
    if nodes == 1:  # any free port of this machine
        return LaunchConfig(
            **common, rdzv_backend="c10d", rdzv_endpoint="localhost:0", local_addr="localhost"
        )
    rank, address, port = _rendezvous(nodes)
    print(f"machine {rank} of {nodes}: waits for the others at {address}:{port}, up to {TIMEOUT}")
    return LaunchConfig(
        **common, rdzv_backend="static", rdzv_endpoint=f"{address}:{port}",
        rdzv_configs={"rank": rank, "timeout": TIMEOUT.total_seconds()},
    )  # fmt: skip


def _rendezvous(num_nodes: int) -> tuple[int, str, int]:
    """This machine's rank, and the address and port at which the machines meet."""
    missing = [name for name in RENDEZVOUS if not os.environ.get(name)]
    if missing:
        raise UserError(
            f"hardware.num_nodes = {num_nodes}: {', '.join(missing)} not set; give every machine "
            "NODE_RANK (0, 1, ...) and the first one's MASTER_ADDR and a free MASTER_PORT"
        )
    rank, address, port = (os.environ[name] for name in RENDEZVOUS)
    if not rank.isdecimal() or int(rank) >= num_nodes:
        raise UserError(f"NODE_RANK = {rank}: must be a number from 0 to {num_nodes - 1}")
    if not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UserError(f"MASTER_PORT = {port}: must be a free port of {address}, 1 to 65535")
    try:
        socket.getaddrinfo(address, int(port))
    except OSError as error:
        raise UserError(
            f"MASTER_ADDR = {address}: this machine does not find it ({error.strerror}); give the "
            "name or the IP address of the machine with NODE_RANK 0"
        ) from None
    return int(rank), address, int(port)


def _not_met(error: dist.DistError) -> UserError:
    """Why the processes of a run did not come together."""
    reason = str(error).splitlines()[0]
    return UserError(
        f"the processes of the run did not meet: {reason}; start it on every machine, with the "
        "same MASTER_ADDR and MASTER_PORT, a port that is free and no firewall closes"
    )


def _tell(rank: int, code: int, said: str) -> NoReturn:
    """End as the process of this machine that failed first; `said`: what is not on the screen."""
    if code == -signal.SIGABRT:  # by NCCL's watchdog, where another process has ended
        raise UserError(
            f"the process of rank {rank} was ended by SIGABRT: most likely another one has ended, "
            "and what that printed, here or on its machine, says why; run again, on every machine, "
            "and the training goes on from its checkpoint"
        )
    if code < 0:
        raise UserError(
            f"the process of rank {rank} was ended by {signal.Signals(-code).name} (where "
            "nobody did, most likely for want of memory); run again, and the training goes on from "
            "its checkpoint"
        )
    if code == PEER_LOST_EXIT_CODE:
        raise UserError(
            "a process of another machine has ended, and what it printed there says why (where it "
            "still runs, the network between them failed: docs/distributed.md); run again on every "
            "machine, and the training goes on from its checkpoint"
        )
    print(said, end="", file=sys.stderr)
    raise SystemExit(code)


def _enter(work: Callable[[Job, Distributed], None], job: Job, device: str) -> None:
    """What each process runs."""
    rank, world_size, local_rank, local_size = (
        int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    )
    distributed = Distributed(rank, world_size, local_rank)
    end_with_parent()
    torch.set_num_threads(max(1, torch.get_num_threads() // local_size))

    def meet_and_work() -> int | None:
        # Before NCCL is set up: of its algorithms, torch then leaves out those that are not.
        make_deterministic()
        if device == "cuda":
            torch.cuda.set_device(local_rank)
        try:
            dist.init_process_group("nccl" if device == "cuda" else "gloo", timeout=TIMEOUT)
        except dist.DistError as error:
            raise _not_met(error) from None
        try:
            # NCCL connects the processes here, with no limit of time: so before any of them works.
            dist.all_reduce(torch.zeros(1, device=device))
            work(job, distributed)
        except RuntimeError as error:
            if not any(words in str(error) for words in PEER_ENDED):
                raise
            return PEER_LOST_EXIT_CODE
        # Not where `work` failed: NCCL would wait here for what the others never send.
        dist.destroy_process_group()
        return None

    try:
        code = exit_code(meet_and_work)
    except Exception:  # the launcher would keep it to itself
        traceback.print_exc()
        code = 1
    if code:
        # First exits a process that knows why, and of several, the one whose words are on screen.
        if code == PEER_LOST_EXIT_CODE:
            time.sleep(2 * GRACE_SECONDS)
        elif not distributed.is_local_zero:
            time.sleep(GRACE_SECONDS)
        sys.stdout.flush()
        # sys.exit would take down the group first, whose threads now and then end that by SIGABRT.
        os._exit(code)
