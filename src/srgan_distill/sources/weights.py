"""Parameter files of no-reference metrics: pyiqa's, loaded once and given to it as files."""

import hashlib
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from scipy.io import whosmat

from ..common.paths import in_repository
from ..common.text import write_text
from .mirror import Mirror
from .store import Store
from .unavailable import Unavailable

# pyiqa's hub, then the release it used before.
ADDRESSES = (
    "https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/",
    "https://github.com/chaofengc/IQA-PyTorch/releases/download/v0.1-weights/",
)
SUMS = "sha256sums.txt"


def fetch_weights(
    file: str, target: Path, given: str | Path | None, mirror: Mirror | None, store: Store
) -> str:
    """Put one parameter file into the folder `target`; returns where it came from.

    Args:
        file: its name on pyiqa's hub.
        target: the folder.
        given: the user's own copy (`evaluate.weights`), which counts before any other.
        mirror: where to look next.
        store: what loads it if it is in neither.

    Raises:
        Unavailable: names every place that does not have it, and why.
    """
    target.mkdir(parents=True, exist_ok=True)
    found = [in_repository(given)] if given else [*mirror.files(file)] if mirror else []
    if found:
        if problem := _problem(found[0]):
            raise Unavailable(f"{found[0]} {problem}")
        shutil.copyfile(found[0], target / file)
        return str(found[0])
    reasons = []
    for address in ADDRESSES:
        url = address + file
        try:
            path = store.load(url, file)
        except Unavailable as error:
            reasons.append(str(error))
            continue
        if problem := _problem(path):
            store.drop(url, file, f"its file {problem}")
            reasons.append(f"{url}: {problem}")
            continue
        shutil.copyfile(path, target / file)
        return url
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def write_sums(target: Path, files: Collection[str]) -> Mapping[str, str]:
    """Write the files' SHA-256 beside them, as `sha256sum` does; an empty list is a file too.

    DVC tracks files: without any, it would lose the folder.
    """
    target.mkdir(parents=True, exist_ok=True)
    sums = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in files}
    write_text(target / SUMS, "".join(f"{sum_}  {file}\n" for file, sum_ in sums.items()))
    return sums


def _problem(path: Path) -> str:
    """Why a file is no parameter file, if so: some servers answer with a page instead of 404."""
    try:
        return "" if whosmat(path) else "holds nothing"
    except Exception as error:  # whatever a parser meets in bytes of any kind
        return f"is no MATLAB file ({' '.join(str(error).split())})"
