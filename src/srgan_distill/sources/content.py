"""Weights of content networks: from the user's mirror, or from the network."""

from functools import partial
from pathlib import Path

from ..common.content import WeightsFile
from .mirror import Mirror
from .store import Store
from .unavailable import Unavailable
from .weights import fetch_file, other_sum


def fetch_content(file: WeightsFile, target: Path, mirror: Mirror | None, store: Store) -> str:
    """Put a file of weights into the folder `target`; returns where it came from.

    Raises:
        Unavailable: names every place that does not have it, and why.
    """
    problem = partial(other_sum, beginning=file.sha256)
    copies = mirror.files(file.name) if mirror else ()
    try:
        return fetch_file(file.name, copies, file.urls, target, problem, store)
    except Unavailable as error:
        raise Unavailable(str(error) or "no public address; a mirror must have it") from None
