"""Weights of content networks: from the user's mirror, or from the network."""

import hashlib
import shutil
from pathlib import Path

from ..common.content import WeightsFile
from .mirror import Mirror
from .store import Store
from .unavailable import Unavailable


def fetch_content(file: WeightsFile, target: Path, mirror: Mirror | None, store: Store) -> str:
    """Put a file of weights into the folder `target`; returns where it came from.

    Raises:
        Unavailable: names every place that does not have it, and why.
    """
    reasons = []
    for path in mirror.files(file.name) if mirror else ():
        if _is(file, path):
            shutil.copyfile(path, target / file.name)
            return str(path)
        reasons.append(f"{path} has another SHA-256 than {file.sha256}")
    for url in file.urls:
        try:
            path = store.load(url, file.name)
        except Unavailable as error:
            reasons.append(str(error))
            continue
        if _is(file, path):
            shutil.copyfile(path, target / file.name)
            return url
        store.drop(url, file.name, f"{file.name} has another SHA-256 than {file.sha256}")
        reasons.append(f"{url} has another SHA-256")
    raise Unavailable("; ".join(reasons) or "no public address; a mirror must have it")


def _is(file: WeightsFile, path: Path) -> bool:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest().startswith(file.sha256)
