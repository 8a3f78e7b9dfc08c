"""Everything that a profile needs from elsewhere, fetched or named as missing all at once."""

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ..common.content import WeightsFile
from ..common.errors import UserError
from ..common.metrics import parameter_files
from .catalogue import PUBLIC
from .content import fetch_content
from .data_sets import fetch
from .mirror import VARIABLE, Mirror
from .public import space_needed
from .store import Store
from .unavailable import Unavailable, require_space
from .weights import fetch_weights, write_sums


class Downloads:
    """Fetches from mirror, earlier downloads and network, and remembers what cannot be had.

    So one run names everything that is missing: before any training.
    """

    def __init__(self, mirror: str | None, archives: Path) -> None:
        """Use the mirror of the environment variable, else `mirror`; keep archives in a folder.

        Raises:
            UserError: the mirror is no folder.
        """
        self._mirror = Mirror.of(os.environ.get(VARIABLE), mirror)
        self._store = Store(archives)
        self._missing: dict[str, str] = {}

    def images(self, names: Collection[str], target: Callable[[str], Path], disk: Path) -> None:
        """Put each data set of `names` into its folder `target`(name).

        Raises:
            UserError: the disk of the folder `disk` is too full, or a package lacks a photograph.
        """
        public = [name for name in names if name in PUBLIC]
        require_space(disk, space_needed(public, self._mirror, self._store))
        for name in names:
            try:
                source = fetch(name, target(name), self._mirror, self._store)
                count = sum(1 for _ in target(name).iterdir())
                print(f"download: {name}, {count} images from {source}")
            except Unavailable as error:
                self._missing[_place(name)] = str(error)

    def weights(self, metrics: Collection[str], given: Mapping[str, str], target: Path) -> None:
        """Put the parameter files that `metrics` need into the folder `target`.

        Args:
            metrics: names; pi needs the files of its two parts.
            given: metric, or part of pi -> the user's own copy.
        """
        files = parameter_files(metrics)
        for part, file in files.items():
            try:
                source = fetch_weights(file, target, given.get(part), self._mirror, self._store)
                print(f"download: {file} of metric {part} from {source}")
            except Unavailable as error:
                what = f"{file}, which {_users(part, metrics)} needs: weights/{file}"
                self._missing[what] = str(error)
        write_sums(target, [file for file in files.values() if (target / file).exists()])

    def content(self, file: WeightsFile | None, target: Path) -> None:
        """Put the content network's weights into the folder `target`, which is there in any case.

        DVC tracks files: without any, it would lose the folder.
        """
        target.mkdir(parents=True, exist_ok=True)
        (target / "README.txt").write_text("Weights of the content network, if it needs a file.\n")
        if file is None:
            return
        try:
            source = fetch_content(file, target, self._mirror, self._store)
            print(f"download: {file.name} of the content network from {source}")
        except Unavailable as error:
            self._missing[f"{file.name}, the content network's: weights/{file.name}"] = str(error)

    def require_all(self) -> None:
        """Stop if anything is missing.

        Raises:
            UserError: one error for all, with a line of its own for each.
        """
        if self._missing:
            raise UserError(
                f"{len(self._missing)} things cannot be had; connect to the network, or put what "
                f"follows into a folder and name it by {VARIABLE} or `mirror` in params.yaml; then "
                "run again",
                [f"{what} ({why or 'no place to look'})" for what, why in self._missing.items()],
            )


def _place(name: str) -> str:
    """A data set and what a mirror may hold of it."""
    data_set = PUBLIC[name]
    archives = " or ".join(archive.name for archive in data_set.archives)
    return f"{name}: {data_set.folders[0]}/ with its {data_set.count} images, or {archives}"


def _users(part: str, metrics: Collection[str]) -> str:
    return " and ".join(metric for metric in metrics if part in parameter_files([metric]))
