"""One process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class Busy(Exception):
    """Another process holds the lock for longer than one was willing to wait."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


@contextmanager
def locked(path: Path, patience: float = -1) -> Iterator[None]:
    """Hold the lock `path`.lock; wait, with a word, while another process has it.

    The system frees it when its holder ends, by whatever means. The file stays.

    Args:
        path: what is worked on.
        patience: seconds to wait at the most; -1: for ever.

    Raises:
        Busy: another process holds it still; names its number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside the lock, whose own file every process that asks for it empties.
    holder = path.with_name(f"{path.name}.pid")
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"waiting for process {_number(holder)}, which works on {path}", flush=True)
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise Busy(_number(holder)) from None
    try:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _number(holder: Path) -> str:
    """The holder's process number; ? where it has only just begun or just ended."""
    try:
        return holder.read_text(encoding="utf-8") or "?"
    except FileNotFoundError:
        return "?"
