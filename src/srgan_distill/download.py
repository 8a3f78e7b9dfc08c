"""Stage download: the profile's images, and the parameter files of its metrics.

It is where what cannot be had stops the run, all of it named at once: before any training.
"""

import os
import sys
from collections.abc import Mapping

from .errors import UserError, exit_code
from .layout import ARCHIVES, Layout
from .params import load
from .quality.metrics import check_available, parameter_files
from .sources import (
    PUBLIC,
    VARIABLE,
    Mirror,
    Store,
    Unavailable,
    fetch,
    fetch_weights,
    require_space,
    space_needed,
    write_sums,
)


def run() -> None:
    """Put every data set and every parameter file that the profile names into its folder."""
    params = load()
    layout = Layout(params.profile)
    metrics, given = params.budget.evaluate.metrics, params.budget.evaluate.weights
    mirror = Mirror.of(os.environ.get(VARIABLE), params.mirror)
    store = Store(ARCHIVES)
    # A set may serve two uses; it is fetched once.
    names = list(dict.fromkeys(n for _, sets in params.budget.download for n in sets))
    public = [name for name in names if name in PUBLIC]
    require_space(layout.folder("download"), space_needed(public, mirror, store))

    missing: dict[str, str] = {}
    for name in names:
        try:
            source = fetch(name, layout.images(name), mirror, store)
            count = sum(1 for _ in layout.images(name).iterdir())
            print(f"download: {name}, {count} images from {source}")
        except Unavailable as error:
            missing[_place(name)] = str(error)
    files = parameter_files(metrics)
    for metric, file in files.items():
        try:
            source = fetch_weights(file, layout.weights, given.get(metric), mirror, store)
            print(f"download: {file} of metric {metric} from {source}")
        except Unavailable as error:
            missing[f"{file}, which {_users(metric, metrics)} needs: weights/{file}"] = str(error)
    if missing:
        raise UserError(_all_missing(missing))
    write_sums(layout.weights, files.values())
    check_available(metrics, {metric: layout.weights / file for metric, file in files.items()})


def _place(name: str) -> str:
    """A data set and what a mirror may hold of it."""
    data_set = PUBLIC[name]
    archives = " or ".join(archive.name for archive in data_set.archives)
    return f"{name}: {data_set.folders[0]}/ with its {data_set.count} images, or {archives}"


def _users(part: str, metrics: list[str]) -> str:
    return " and ".join(metric for metric in metrics if part in parameter_files([metric]))


def _all_missing(missing: Mapping[str, str]) -> str:
    """One error for all: a line of its own for each, for a single line of ten would be unread."""
    return "\n".join(
        [
            f"{len(missing)} things cannot be had; connect to the network, or put what follows "
            f"into a folder and name it by {VARIABLE} or `mirror` in params.yaml; then run again",
            *(f"  {what} ({why or 'no place to look'})" for what, why in missing.items()),
        ]
    )


if __name__ == "__main__":
    sys.exit(exit_code(run))
