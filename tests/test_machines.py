"""Several machines that train together: what they end with, and what is said where they do not."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from support.params import change_params
from support.small_project import saved_step, start

from srgan_distill.common.paths import Paths

PATHS = Paths("sample")


def start_on_two_machines(
    folders: list[Path], threads: tuple[int, int] = (1, 1)
) -> list[subprocess.Popen]:
    """Pre-training of the student in each folder, as on a machine each."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = str(probe.getsockname()[1])
    processes = []
    for rank, folder in enumerate(folders):
        change_params(folder, lambda params: params["hardware"].update(num_nodes=2))
        machine = {
            "NODE_RANK": str(rank), "MASTER_ADDR": "localhost", "MASTER_PORT": port,
            "OMP_NUM_THREADS": str(threads[rank]),
        }  # fmt: skip
        processes.append(start(folder, "pretrain", "pretrain_student", **machine))
    return processes


def finish_on_two_machines(folders: list[Path], threads: tuple[int, int] = (1, 1)) -> list[str]:
    """The same, to a good end and the same weights; what each machine printed."""
    outputs = []
    for process in start_on_two_machines(folders, threads):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        outputs.append(output)
    first, second = (
        (folder / PATHS.generator("pretrain_student")).read_bytes() for folder in folders
    )
    assert first == second
    return outputs


def test_two_machines(small_project: Callable[..., Path]) -> None:
    """Each in a clone of its own, and with other threads; they end with the same files."""
    folders = [small_project(steps=20), small_project(steps=20)]
    finish_on_two_machines(folders, threads=(1, 2))


def test_a_machine_that_came_anew_goes_on_from_the_others_checkpoint(
    small_project: Callable[..., Path],
) -> None:
    """Of rank 0 too, whose state all others take."""
    folders = [small_project(steps=200), small_project(steps=200)]
    checkpoints = [folder / PATHS.checkpoint("pretrain_student") for folder in folders]
    killed = start_on_two_machines(folders)
    deadline = time.monotonic() + 60
    while any(saved_step(checkpoint) < 0 for checkpoint in checkpoints):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    for process in killed:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    checkpoints[0].unlink()
    reached = saved_step(checkpoints[1])
    for output in finish_on_two_machines(folders):
        assert f"pretrain/pretrain_student: going on from step {reached}\n" in output


def test_machines_of_other_parameters_are_told(small_project: Callable[..., Path]) -> None:
    folders = [small_project(steps=20), small_project(steps=20, lr=1e-2)]
    for folder, process in zip(folders, start_on_two_machines(folders), strict=True):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 1
        assert output.count("error: ") == 1
        assert "the machines' parameters, data, earlier networks, code or torch differ" in output
        assert not (folder / PATHS.curves("pretrain_student")).exists()


def test_a_port_in_use_is_one_line(small_project: Callable[..., Path]) -> None:
    change_params(
        folder := small_project(steps=10), lambda params: params["hardware"].update(num_nodes=2)
    )
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        meeting = {"NODE_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": port}
        process = start(folder, "pretrain", "pretrain_student", **meeting)
        output, _ = process.communicate()
    assert process.returncode == 1
    assert "error: the processes of the run did not meet: " in output
    assert "Traceback" not in output


def test_a_machine_that_is_left_alone_is_told(small_project: Callable[..., Path]) -> None:
    folders = [small_project(steps=100_000), small_project(steps=100_000)]
    processes = start_on_two_machines(folders)
    while saved_step(folders[0] / PATHS.checkpoint("pretrain_student")) < 10:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.1)
    os.killpg(processes[1].pid, signal.SIGKILL)
    output, _ = processes[0].communicate(timeout=60)
    assert processes[0].returncode == 1
    assert output.count("error: ") == 1
    assert "error: a process of another machine has ended" in output
    assert "Traceback" not in output
