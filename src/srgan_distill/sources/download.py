"""Everything that a profile needs from elsewhere, fetched or named as missing all at once."""

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from ..common.content import WeightsFile
from ..common.disk import require_space
from ..common.errors import UserError
from ..common.metrics import parameter_files
from ..common.params import Source
from ..common.paths import in_repository
from ..common.text import write_text
from ..shipped.models import copy_all, names
from .catalogue import PUBLIC
from .content import fetch_content
from .data_sets import fetch, space_of_sets
from .mirror import VARIABLE, Mirror
from .store import Store
from .unavailable import Unavailable
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
        self._origins: dict[str, str] = {}

    @property
    def origins(self) -> dict[str, str]:
        """The user's own file of each image that was copied from a folder or a mirror."""
        return self._origins | (self._mirror.origins if self._mirror else {})

    def images(
        self,
        names: Collection[str],
        sources: Mapping[str, Source],
        target: Callable[[str], Path],
        disk: Path,
    ) -> None:
        """Put each data set of `names` into its folder `target`(name).

        Args:
            names: data sets.
            sources: where those come from that no catalogue knows by that name.
            target: folder of a data set.
            disk: a folder on the disk that is written to.

        Raises:
            UserError: the disk is too full, a package lacks a photograph, or a folder of the
                user's cannot be used.
        """
        wanted = {name: sources.get(name) or Source(set=name) for name in names}
        require_space(disk, space_of_sets(wanted.values(), self._mirror, self._store))
        for name, source in wanted.items():
            try:
                found = fetch(source, target(name), self._mirror, self._store, self._origins)
                count = sum(1 for path in target(name).rglob("*") if path.is_file())
                print(f"download: {name}, {count} images from {found}")
            except Unavailable as error:
                self._missing[_place(source.set)] = str(error)

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

    def content(self, file: WeightsFile | None, given: str | None, target: Path) -> None:
        """Put the content network's weights into the folder `target`, which is there in any case.

        DVC tracks files: without any, it would lose the folder.

        Args:
            file: the published one; None where none is needed.
            given: the user's own, in its place (`content.weights`).
            target: the folder.
        """
        write_text(target / "README.txt", "Weights of the content network, if it needs a file.\n")
        if given:
            own = in_repository(given)
            shutil.copyfile(own, target / own.name)
            print(f"download: {own.name} of the content network from {own}")
            return
        if file is None:
            return
        try:
            source = fetch_content(file, target, self._mirror, self._store)
            print(f"download: {file.name} of the content network from {source}")
        except Unavailable as error:
            self._missing[f"{file.name}, the content network's: weights/{file.name}"] = str(error)

    def generators(self, shipped: bool, target: Path) -> None:
        """Put the generators that ship into the folder `target`, which is there in any case."""
        write_text(target / "README.txt", "Shipped generators, if training starts from them.\n")
        if shipped:
            copy_all(target)
            print(f"download: {', '.join(names())} from the package")

    def require_all(self) -> None:
        """Stop if anything is missing.

        Raises:
            UserError: one error for all, with a line of its own for each.
        """
        if self._missing:
            raise UserError(*_all_missing(self._missing))


def _place(name: str) -> str:
    """A data set and what a mirror may hold of it."""
    data_set = PUBLIC[name]
    archives = " or ".join(archive.name for archive in data_set.archives)
    return f"{name}: {data_set.folders[0]}/ with its {data_set.count} images, or {archives}"


def _users(part: str, metrics: Collection[str]) -> str:
    return " and ".join(metric for metric in metrics if part in parameter_files([metric]))


def _all_missing(missing: Mapping[str, str]) -> list[str]:
    """One error for all, with a line of its own for each: a single line of ten would be unread."""
    return [
        f"{len(missing)} things cannot be had; connect to the network, or put what follows "
        f"into a folder and name it by {VARIABLE} or `mirror` in params.yaml; then run again",
        *(f"  {what} ({why or 'no place to look'})" for what, why in missing.items()),
    ]
