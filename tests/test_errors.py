"""What ends a command in one line, and what ends it without a word."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError, exit_code

FULL = Path("/dev/full")


def raising(error: BaseException):
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("a.png: wrong"), 1, "error: a.png: wrong\n"),
        (
            KeyboardInterrupt(),
            130,
            "error: interrupted; what is finished stays, and a training goes on from its "
            "checkpoint in this folder\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "data/hr.npy"),
            1,
            "error: the disk is full at data/hr.npy; make room and run again\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "photographs/holiday"),
            1,
            "error: photographs/holiday cannot be used (Permission denied); change its rights, or "
            "those of its folder\n",
        ),
        (OSError(errno.EDQUOT, "Quota"), 1, "error: the disk is full; make room and run again\n"),
        (
            RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."),
            1,
            "error: the GPU's memory is full; free some, or make batch or crop smaller in "
            "params.yaml, and run again\n",
        ),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(h)`"),
            1,
            "error: the GPU's memory is full; free some, or make batch or crop smaller in "
            "params.yaml, and run again\n",
        ),
        (
            RuntimeError("GET was unable to find an engine to execute this computation"),
            1,
            "error: the GPU's memory is full; free some, or make batch or crop smaller in "
            "params.yaml, and run again\n",
        ),
        (
            RuntimeError(
                "[enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't "
                "allocate memory: you tried to allocate 9 bytes."
            ),
            1,
            "error: the computer's memory is full; free some, or make batch or crop smaller in "
            "params.yaml, and run again\n",
        ),
    ],
)
def test_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture
) -> None:
    assert exit_code(raising(error)) == code
    assert capsys.readouterr().err == line


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    for error in (
        ValueError("x"), RuntimeError("CUDA error: an illegal memory access was encountered"),
        FileNotFoundError(errno.ENOENT, "No such file", "x"),
    ):  # fmt: skip
        with pytest.raises(type(error)):
            exit_code(raising(error))


def test_the_code_of_main_is_passed_on() -> None:
    assert exit_code(lambda: None) == 0
    assert exit_code(lambda: 3) == 3


def program(main: str, shell: str) -> subprocess.CompletedProcess:
    """A shell's command around a program that prints."""
    code = (
        "import sys; from srgan_distill.common.errors import exit_code\n"
        f"sys.exit(exit_code({main}))"
    )
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell}", "bash", sys.executable, "-c", code],
        capture_output=True, text=True, env={"PYTHONPATH": str(SOURCE)}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("lines", [2, 100_000])
def test_a_reader_that_has_seen_enough_hears_no_complaint(lines: int) -> None:
    done = program(f"lambda: print('line\\n' * {lines})", '"$@" | head -n 1')
    assert (done.stdout, done.stderr) == ("line\n", "")
    assert done.returncode in (0, 141)


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_a_full_disk_under_the_output_is_one_line() -> None:
    done = program("lambda: print('line\\n' * 100_000)", f'"$@" > {FULL}')
    assert done.returncode == 1
    assert done.stderr == "error: the disk is full; make room and run again\n"


def test_a_character_that_the_terminal_lacks_is_a_question_mark() -> None:
    done = program("lambda: print('PSNR \\u2191')", 'PYTHONIOENCODING=latin-1 "$@"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "PSNR ?\n", "")
