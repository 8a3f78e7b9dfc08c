"""What commands print: a line stays a line, and no terminal or pipe can end a command."""

import sys
from contextlib import suppress
from typing import TextIO

from ..common.errors import one_line, silence_stdout


def say(text: str) -> None:
    """Print a line on stdout; if nobody reads it any more, silence."""
    try:
        print(_shown(text, sys.stdout), flush=True)
    except OSError as error:
        silence_stdout()
        if not isinstance(error, BrokenPipeError):
            complain(f"standard output cannot be written ({error.strerror})")


def complain(text: object, kind: str = "error") -> None:
    """Print a line on stderr."""
    with suppress(OSError):
        print(f"{kind}: {_shown(str(text), sys.stderr)}", file=sys.stderr, flush=True)


def _shown(text: str, stream: TextIO | None) -> str:
    """A line, with what the stream's encoding lacks escaped: names must be told apart."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return one_line(text).encode(encoding, "backslashreplace").decode(encoding)
