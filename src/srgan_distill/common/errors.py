"""One clear line for what a user can put right; everything else keeps its traceback."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """Bad input: says what is wrong, where, and what to do, in one line."""


def exit_code(main: Callable[[], int | None]) -> int:
    """Run `main` and return its exit code, a `UserError` printed as one line (exit code 1)."""
    try:
        return main() or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
