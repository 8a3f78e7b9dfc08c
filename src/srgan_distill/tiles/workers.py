"""Work on many images in several processes, and what to do about images that cannot be used."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from typing import Any, Literal, Self

from tqdm import tqdm

from ..common.errors import UserError
from ..common.processes import begin_worker


class Workers:
    """Processes for one stage; a context manager.

    They are spawned, not forked: torch's threads do not survive a fork. With one, the work is done
    in this process, for a start outlasts a few photographs.
    """

    def __init__(
        self,
        processes: int,
        on_bad_image: Literal["stop", "skip"],
        origins: Mapping[str, str] | None = None,
    ) -> None:
        """Start none yet.

        Args:
            processes: how many.
            on_bad_image: what to do about an image that cannot be used.
            origins: the user's own file of copies that are worked on, for errors to name.
        """
        self.processes = processes
        self.on_bad_image = on_bad_image
        self._origins = origins or {}
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        if self.processes > 1:
            threads = max(1, (os.cpu_count() or 1) // self.processes)
            self._pool = ProcessPoolExecutor(
                self.processes, get_context("spawn"),
                initializer=begin_worker, initargs=(threads,),
            )  # fmt: skip
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[Any], Any], jobs: list[Any], name: str) -> list[Any]:
        """What `work` returns of every job whose image can be used, in order.

        `work` and what it gets and gives must be picklable; a `UserError` of it says that the
        image cannot be used.

        Raises:
            UserError: that error where bad images stop the stage, else if no job is left; or a
                process was killed.
        """
        apply: Callable[..., Iterable[Any]] = self._pool.map if self._pool else map
        results = apply(partial(attempt, work), jobs)
        bar = tqdm(results, desc=f"preprocess {name}", total=len(jobs), unit="image")
        try:
            done = [result for result in bar if self._good(result)]
        except BrokenProcessPool:
            raise UserError(
                f"one of {self.processes} worker processes was killed (out of memory?); lower "
                "preprocess.workers of the profile"
            ) from None
        if not done:
            raise UserError(f"preprocess {name}: none of {len(jobs)} images can be used")
        return done

    def _good(self, result: Any) -> bool:
        if not isinstance(result, UserError):
            return True
        message = str(result)
        for copy, own in self._origins.items():
            message = message.replace(copy, own)
        if self.on_bad_image == "stop":
            raise UserError(message)
        tqdm.write(f"preprocess: skipped: {message}")
        return False


def attempt(work: Callable[[Any], Any], job: Any) -> Any:
    """What `work` returns, or its `UserError`."""
    try:
        return work(job)
    except UserError as error:
        return error
