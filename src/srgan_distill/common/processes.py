"""No process of a run outlives the one that started it."""

import os
import sys
import threading
import time

import psutil

_SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh"}


def begin_worker(threads: int) -> None:
    """Of a pool's process: it ends when its stage is killed, and computes with so many threads."""
    import torch  # heavy, and most that is here does without

    end_with_parent()
    torch.set_num_threads(threads)


def end_with_parent() -> None:
    """End this process, as a kill would, within two seconds of its parent's end.

    Where DVC started it through a shell that waits for it, DVC counts as its parent too.
    """
    watched = [psutil.Process(os.getppid())]
    while watched[-1].name() in _SHELLS and (above := watched[-1].parent()):
        watched.append(above)

    def watch() -> None:
        while all(process.is_running() for process in watched) and os.getppid() == watched[0].pid:
            time.sleep(1)
        print("error: what started this stage has ended, so it ends too", file=sys.stderr)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
