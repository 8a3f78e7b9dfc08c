"""Weights of content networks: from the user's mirror, or from the network."""

import shutil
from functools import partial
from pathlib import Path

from ..common.content import WeightsFile
from .mirror import Mirror
from .store import Store
from .unavailable import Unavailable
from .weights import load_first, other_sum


def fetch_content(file: WeightsFile, target: Path, mirror: Mirror | None, store: Store) -> str:
    """Put a file of weights into the folder `target`; returns where it came from.

    Raises:
        Unavailable: names every place that does not have it, and why.
    """
    reasons = []
    problem = partial(other_sum, beginning=file.sha256)
    for path in mirror.files(file.name) if mirror else ():
        if found := problem(path):
            reasons.append(f"{path} {found}")
            continue
        shutil.copyfile(path, target / file.name)
        return str(path)
    try:
        return load_first(file.urls, file.name, target, problem, store)
    except Unavailable as error:
        reasons += [str(error)] if file.urls else []
    raise Unavailable("; ".join(reasons) or "no public address; a mirror must have it")
