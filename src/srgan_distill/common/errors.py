"""One clear line for what a user can put right; everything else keeps its traceback."""

import errno
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class UserError(Exception):
    """Bad input: says what is wrong, where, and what to do, in one line."""


def exit_code(main: Callable[[], int | None]) -> int:
    """Run `main` and return its exit code; what a user can put right is one line, and code 1.

    That is a `UserError`, a full disk, Ctrl-C (130). A reader of the output that has seen enough,
    such as `head`, ends it without a word (141, as for other programs).
    """
    _print_whatever_the_terminal_can()
    try:
        code = main() or 0
        sys.stdout.flush()
        return code
    except UserError as error:
        return _failed(str(error), 1)
    except KeyboardInterrupt:
        return _failed("interrupted; run the same command again to go on", 130)
    except BrokenPipeError:
        # Python would flush what is left, and fail once more, when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        where = f" at {error.filename}" if error.filename else ""
        return _failed(f"the disk is full{where}; make room and run again", 1)


def _failed(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _print_whatever_the_terminal_can() -> None:
    """Print ? for a character that the terminal's encoding lacks, such as the arrows in Latin-1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
