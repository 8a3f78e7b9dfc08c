"""Files from the network: resumed where the server can, verified, kept for every later run."""

import hashlib
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from ..common.disk import require_space
from ..common.locking import locked
from .unavailable import Unavailable

CHUNK = 1 << 16  # bytes; what an interruption loses at most
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two answers
WAITS = (1.0, 3.0, 9.0)  # seconds before each further attempt; any progress starts them again
TRY_AGAIN = {408, 425, 429}  # of the 4xx, those that say "later", not "no"


class Store:
    """Files that were loaded from the network, in one folder across runs and profiles.

    A file is called after its MD5, or after its address where no checksum is published. It has
    that name only when whole and verified; until then it is `.part`. An address or a server that
    failed is not asked again by the same `Store`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._failed: dict[str, str] = {}
        self._verified: set[Path] = set()

    def path(self, url: str, name: str, md5: str | None = None) -> Path:
        """Where the file of an address lies once it is loaded."""
        key = md5 or hashlib.sha256(url.encode()).hexdigest()[:32]
        return self.folder / f"{key}-{name}"

    def load(self, url: str, name: str, md5: str | None = None) -> Path:
        """The file of an address, from the folder where it is there, else from the network.

        Raises:
            Unavailable: says why it cannot be had, or that it is not what it should be.
        """
        target = self.path(url, name, md5)
        if target.exists():
            try:
                self.verify(target, md5)
                return target
            except Unavailable:
                target.unlink()  # the disk's fault; load it again
        host, proxy = urlsplit(url).netloc, _proxy(url)
        for asked in (url, host, proxy):
            if asked in self._failed:
                raise Unavailable(self._failed[asked])
        try:
            with locked(self.folder):
                if not target.exists():  # another process may have loaded it meanwhile
                    self._load(url, target, md5)
        except _Refused as error:
            self._failed[proxy] = str(error)
            raise Unavailable(str(error)) from None
        except Unavailable as error:
            failed = host if isinstance(error, _Unreachable) else url
            self._failed[failed] = f"{host}: {error}"
            raise Unavailable(self._failed[failed]) from None
        self._verified.add(target)
        return target

    def verify(self, path: Path, md5: str | None) -> None:
        """Compare a file's checksum where one is known, once.

        Raises:
            Unavailable: it differs.
        """
        if path not in self._verified and not _has_md5(path, md5):
            raise Unavailable(f"has another MD5 than {md5}")
        self._verified.add(path)

    def drop(self, url: str, name: str, reason: str) -> None:
        """Remove a file without checksum that is of no use; its address is not asked again."""
        self.path(url, name).unlink(missing_ok=True)
        self._failed[url] = f"{urlsplit(url).netloc}: {reason}"

    def _load(self, url: str, target: Path, md5: str | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        resumed = part.exists()
        _fetch(url, part, md5 is not None)
        if not _has_md5(part, md5) and resumed:
            # Perhaps only its beginning was wrong, left by another version of the file.
            _remove(part)
            _fetch(url, part, md5 is not None)
        if not _has_md5(part, md5):
            _remove(part)
            raise Unavailable(f"has another MD5 than {md5}")
        part.rename(target)
        _version(part).unlink(missing_ok=True)


class _Unreachable(Unavailable):
    """The server did not answer at all."""


class _Refused(Unavailable):
    """The proxy lets nothing through, or is not there; every other server is behind it too."""


class _Interrupted(Exception):
    """An attempt failed that may succeed later."""


def _fetch(url: str, part: Path, checked: bool) -> None:
    """Load `url` into `part`, from where an earlier attempt ended."""
    waits = iter(WAITS)
    while True:
        before = _size(part)
        try:
            _request(url, part, checked)
            return
        except (_Interrupted, requests.ReadTimeout) as error:
            if _size(part) > before:
                waits = iter(WAITS)
            wait = next(waits, None)
            if wait is None:
                reason = str(error) if isinstance(error, _Interrupted) else "no answer in time"
                raise Unavailable(f"{reason} ({_size(part):,} bytes kept to go on from)") from None
            time.sleep(wait)
        except requests.exceptions.ProxyError as error:
            raise _Refused(f"the proxy {_proxy(url)} refuses ({_reason(error)})") from None
        except requests.ConnectionError as error:
            if "NameResolution" in str(error):  # no network, or no such server: not worth a wait
                raise _Unreachable("name not found (no network?)") from None
            wait = None if isinstance(error, requests.ConnectTimeout) else next(waits, None)
            if wait is None:
                raise _Unreachable(f"no connection ({type(error).__name__})") from None
            time.sleep(wait)
        except requests.RequestException as error:
            raise Unavailable(" ".join(str(error).split())) from None


def _request(url: str, part: Path, checked: bool) -> None:
    """One attempt.

    Without a checksum, a part is only resumed if the server can tell that its file is the same
    one still (If-Range); a wrong seam would not be noticed otherwise. With one, a second server
    may go on where the first stopped.

    Raises:
        _Interrupted: the transfer broke off, or the server says to come back later.
        Unavailable: the server has no such file, or the disk has no room for it.
        requests.RequestException: the server could not be asked.
    """
    have = _size(part)
    version = _version(part).read_text(encoding="utf-8") if _version(part).exists() else ""
    headers = {"Accept-Encoding": "identity"}  # bytes as they are: ranges and sizes count them
    if have and (version or checked):
        headers["Range"] = f"bytes={have}-"
        if not checked:
            headers["If-Range"] = version
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        status = response.status_code
        if status == 416:  # asked for what lies behind the end: whole, or not this file's part
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            _remove(part)
            raise _Interrupted("the part loaded before does not belong to the file")
        if status >= 500 or status in TRY_AGAIN:
            raise _Interrupted(f"HTTP {status}")
        if status not in (200, 206):
            raise Unavailable(f"HTTP {status}")
        if status == 206 and not response.headers.get("Content-Range", "").startswith(
            f"bytes {have}-"
        ):
            _remove(part)
            raise _Interrupted("the server sent another range than asked for")
        start = have if status == 206 else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        require_space(part.parent, (total or start) - start)
        etag = response.headers.get("ETag", "")
        strong = etag if etag and not etag.startswith("W/") else ""
        version = strong or response.headers.get("Last-Modified", "")
        _version(part).write_text(version, encoding="utf-8")
        _write(response, part, start, total)
    if total is not None and _size(part) != total:
        raise _Interrupted(f"ended after {_size(part):,} of {total:,} bytes")


def _proxy(url: str) -> str:
    """Host and port of the proxy that the environment names for an address; empty for none."""
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    return urlsplit(proxy or "").netloc.rpartition("@")[2]  # without a password


def _reason(error: requests.exceptions.ProxyError) -> str:
    """What the proxy said, or the system about it, without the errors that stand around it."""
    inner = error.args[0] if error.args else error
    for attribute in ("reason", "original_error"):
        inner = getattr(inner, attribute, inner)
    text = str(inner).rpartition("] ")[2]
    return text if "(" in text else text.rstrip(")")


def _write(response: requests.Response, part: Path, start: int, total: int | None) -> None:
    bar = tqdm(
        total=total, initial=start, unit="B", unit_scale=True, desc=part.stem.split("-", 1)[1]
    )
    try:
        with bar, part.open("ab" if start else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    except requests.RequestException as error:
        raise _Interrupted(f"broke off ({type(error).__name__})") from None


def _has_md5(path: Path, md5: str | None) -> bool:
    if md5 is None:
        return True
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == md5


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _version(part: Path) -> Path:
    """What tells whether the server's file is still the one that `part` is the beginning of."""
    return part.with_name(f"{part.name}.version")


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version(part).unlink(missing_ok=True)
