"""One clear line for what a user can put right; everything else keeps its traceback."""

import sys
from collections.abc import Callable, Sequence


class UserError(Exception):
    """Bad input: says what is wrong, where, and what to do, in one line.

    `details` are further lines, for what would be unread in one: a list of what is missing.
    """

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__("\n  ".join([message, *details]))
        self.lines = [message, *details]


class Terminated(KeyboardInterrupt):
    """The system asked the process to end, by the signal of that number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def exit_code(main: Callable[[], int | None]) -> int:
    """Run `main` and return its exit code, a `UserError` printed as one line (exit code 1)."""
    try:
        return main() or 0
    except UserError as error:
        print("error:", "\n  ".join(map(one_line, error.lines)), file=sys.stderr)
        return 1
    except KeyboardInterrupt as error:
        print(
            "error: interrupted; what is finished stays, and a training goes on from its "
            "checkpoint in this folder",
            file=sys.stderr,
        )
        return 128 + error.number if isinstance(error, Terminated) else 130


def one_line(text: str) -> str:
    """A text with what is no visible character escaped, such as line breaks in a file's name."""
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape", "surrogatepass").decode()
        for letter in text
    )
