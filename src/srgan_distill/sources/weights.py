"""Parameter files of metrics: pyiqa's and torchvision's, loaded once for every evaluation."""

import hashlib
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from scipy.io import whosmat

from ..common.metrics import BACKBONES, WEIGHT_FILES
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
TORCHVISION = ("https://download.pytorch.org/models/",)
SUMS = "sha256sums.txt"


def fetch_weights(
    file: str, target: Path, given: str | Path | None, mirror: Mirror | None, store: Store
) -> str:
    """Put one parameter file into the folder `target`; returns where it came from.

    Args:
        file: its published name, of `WEIGHT_FILES`.
        target: the folder.
        given: the user's own copy (`evaluate.weights`), which counts before any other.
        mirror: where to look next.
        store: what loads it if it is in neither.

    Raises:
        Unavailable: names every place that does not have it, and why.
    """
    target.mkdir(parents=True, exist_ok=True)
    problem = partial(_problem, file=file)
    if given:
        return fetch_file(file, [in_repository(given)], (), target, problem, store)
    backbones = {WEIGHT_FILES[network] for network in BACKBONES.values()}
    urls = [address + file for address in (TORCHVISION if file in backbones else ADDRESSES)]
    return fetch_file(file, mirror.files(file) if mirror else (), urls, target, problem, store)


def fetch_file(
    file: str,
    copies: Iterable[Path],
    urls: Iterable[str],
    target: Path,
    problem: Callable[[Path], str],
    store: Store,
) -> str:
    """Put `file`, from the first place that has it, into the folder `target`; which one it is.

    Args:
        file: its name.
        copies: files on this machine, tried first.
        urls: addresses, tried in turn after them.
        target: the folder.
        problem: why a file that was found is not the right one; empty if it is.
        store: what loads it.

    Raises:
        Unavailable: says of every place why it does not serve; empty if there is none.
    """
    reasons = []
    for path in copies:
        if found := problem(path):
            reasons.append(f"{path} {found}")
            continue
        shutil.copyfile(path, target / file)
        return str(path)
    for url in urls:
        try:
            path = store.load(url, file)
        except Unavailable as error:
            reasons.append(str(error))
            continue
        if found := problem(path):
            store.drop(url, file, f"its file {found}")
            reasons.append(f"{url} {found}")
            continue
        shutil.copyfile(path, target / file)
        return url
    raise Unavailable("; ".join(dict.fromkeys(reasons)))


def other_sum(path: Path, beginning: str) -> str:
    """Why `path` is no file whose SHA-256 begins like that; empty if it is one."""
    if not path.is_file():
        return "is no file"
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    return "" if found.startswith(beginning) else f"has another SHA-256 than {beginning}..."


def write_sums(target: Path, files: Collection[str]) -> Mapping[str, str]:
    """Write the files' SHA-256 beside them, as `sha256sum` does; an empty list is a file too.

    DVC tracks files: without any, it would lose the folder.
    """
    target.mkdir(parents=True, exist_ok=True)
    sums = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in files}
    write_text(target / SUMS, "".join(f"{sum_}  {file}\n" for file, sum_ in sums.items()))
    return sums


def _problem(path: Path, file: str) -> str:
    """Why `path` is not the parameter file `file`, if so.

    Some servers answer with a page instead of 404.
    """
    if beginning := re.search(r"-([0-9a-f]{8})\.pth$", file):
        return other_sum(path, beginning[1])
    try:
        return "" if whosmat(path) else "holds nothing"
    except Exception as error:  # whatever a parser meets in bytes of any kind
        return f"is no MATLAB file ({' '.join(str(error).split())})"
