"""One clear line for what a user can put right; everything else keeps its traceback."""

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# As torch words it, of a GPU's memory (then cuBLAS, and cuDNN of its workspace) and the computer's.
_OF_GPU = ("CUDA", "unable to find an engine")
_OUT_OF_MEMORY = (
    "out of memory", "ALLOC_FAILED", "unable to find an engine", "not enough memory",
    "can't allocate memory",
)  # fmt: skip


class UserError(Exception):
    """Bad input: says what is wrong, where, and what to do, in one line; or in one for each thing.

    Its arguments are the lines.
    """

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class Terminated(KeyboardInterrupt):
    """The system asked the process to end, by the signal of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(
    main: Callable[[], int | None],
    interrupted: str = "what is finished stays, and a training goes on from its checkpoint in this "
    "folder",
    less_memory: str = "make batch or crop smaller in params.yaml",
) -> int:
    """Run `main` and return its exit code; what a user can put right is one line, and code 1.

    That is a `UserError`, a full disk or memory (`less_memory` says how to do with less), a file or
    folder that one may not use, Ctrl-C (130; `interrupted` says what is left of the work). A reader
    of the output that has seen enough, such as `head`, ends it without a word (141, as for other
    programs).
    """
    _open_stderr()
    _print_whatever_the_terminal_can()
    try:
        code = main() or 0
        if sys.stdout:  # None where it was closed
            sys.stdout.flush()
        return code
    except UserError as error:
        return _failed(1, *error.args)
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, Terminated) else 2
        return _failed(128 + number, f"interrupted; {interrupted}")
    except BrokenPipeError:
        silence_stdout()
        return 141
    except PermissionError as error:
        if not error.filename:
            raise
        refused = f"{error.filename} cannot be used ({error.strerror})"
        return _failed(1, f"{refused}; change its rights, or those of its folder")
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        where = f" at {error.filename}" if error.filename else ""
        return _failed(1, f"the disk is full{where}; make room and run again")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        whose = "GPU's" if any(words in str(error) for words in _OF_GPU) else "computer's"
        return _failed(
            1,
            f"the {whose} memory is full; free some, or {less_memory}, and run again",
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, torch's among them, says that a memory is full."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def _failed(code: int, *lines: object) -> int:
    print("error:", "\n".join(one_line(str(line)) for line in lines), file=sys.stderr)
    return code


def one_line(text: str) -> str:
    """A text with what is no visible character escaped, such as line breaks in a file's name."""
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )


def _open_stderr() -> None:
    """Where it was closed (`2>&-`): libraries write to it, and to file 2, without asking."""
    if sys.stderr is None:
        nowhere = 0
        while nowhere < 2:
            nowhere = os.open(os.devnull, os.O_RDWR)
        sys.stderr = os.fdopen(nowhere, "w")


def _print_whatever_the_terminal_can() -> None:
    """Print ? for a character that the terminal's encoding lacks, such as the arrows in Latin-1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def silence_stdout() -> None:
    """Let nothing more go to stdout, which Python would try once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    with suppress(OSError, ValueError):
        sys.stdout.flush()
