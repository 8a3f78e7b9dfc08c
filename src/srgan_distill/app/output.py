"""What commands print: a line stays a line, and no terminal or pipe can end a command."""

import os
import sys
from contextlib import suppress

from ..common.errors import one_line


def say(text: str) -> None:
    """Print a line on stdout; if nobody reads it any more, silence."""
    try:
        print(one_line(text), flush=True)
    except OSError as error:
        silence()
        if not isinstance(error, BrokenPipeError):
            complain(f"standard output cannot be written ({error.strerror})")


def complain(text: object, kind: str = "error") -> None:
    """Print a line on stderr."""
    with suppress(OSError):
        print(f"{kind}: {one_line(str(text))}", file=sys.stderr, flush=True)


def silence() -> None:
    """Let nothing more go to stdout, which Python would try once more at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    with suppress(OSError, ValueError):
        sys.stdout.flush()


def escape_what_cannot_be_shown() -> None:
    """Let names that the terminal's encoding lacks come out escaped instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", "") == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
