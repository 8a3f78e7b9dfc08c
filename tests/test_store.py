"""Transfers that break off, servers that lie, addresses that are dead."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.code_reading import SOURCE
from support.web import Web, serve

from srgan_distill.common.errors import UserError
from srgan_distill.common.locking import locked
from srgan_distill.sources import store as store_module
from srgan_distill.sources.store import Store
from srgan_distill.sources.unavailable import Unavailable

BODY = np.random.default_rng(0).bytes(300_000)
MD5 = hashlib.md5(BODY).hexdigest()
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def web() -> Iterator[Web]:
    with serve() as web:
        yield web


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(store_module, "WAITS", (0.01, 0.01))
    monkeypatch.setattr(store_module, "CHUNK", 1000)
    return Store(tmp_path / "archives")


def left(store: Store) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


@pytest.mark.parametrize("md5", [MD5, None])
def test_a_whole_file_is_loaded_once(web: Web, store: Store, md5: str | None) -> None:
    url = web.add("a.zip", BODY)
    assert store.load(url, "a.zip", md5).read_bytes() == BODY
    assert len(left(store)) == 1
    store.load(url, "a.zip", md5)
    Store(store.folder).load(url, "a.zip", md5)
    assert len(web.asked) == 1


@pytest.mark.parametrize("md5", [MD5, None])
def test_a_broken_transfer_goes_on_where_it_ended(web: Web, store: Store, md5: str | None) -> None:
    url = web.add("a.zip", BODY, cuts=[100_000, 50_000])
    assert store.load(url, "a.zip", md5).read_bytes() == BODY
    starts = [int(wanted[6:-1]) if wanted else 0 for _, wanted in web.asked]
    assert starts[0] == 0
    assert 90_000 < starts[1] <= 100_000
    assert 130_000 < starts[2] <= 150_000
    assert len(left(store)) == 1


def test_progress_renews_patience(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY, cuts=[20_000] * 12)
    assert store.load(url, "a.zip", MD5).read_bytes() == BODY


def test_a_part_outlives_the_run(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY, cuts=[100_000, 0, 0])
    with pytest.raises(Unavailable, match="100,000 bytes kept"):
        store.load(url, "a.zip", MD5)
    assert not store.path(url, "a.zip", MD5).exists()
    web.asked.clear()
    assert Store(store.folder).load(url, "a.zip", MD5).read_bytes() == BODY
    assert web.asked == [("/a.zip", "bytes=100000-")]


def test_a_second_server_goes_on_where_the_first_stopped(web: Web, store: Store) -> None:
    first = web.add("1/a.zip", BODY, cuts=[100_000, 0, 0])
    second = web.add("2/a.zip", BODY, etag='"two"')
    with pytest.raises(Unavailable):
        store.load(first, "a.zip", MD5)
    assert store.load(second, "a.zip", MD5).read_bytes() == BODY
    assert web.asked[-1] == ("/2/a.zip", "bytes=100000-")


@pytest.mark.parametrize("md5", [MD5, None])
def test_a_server_without_ranges_is_asked_from_the_start(
    web: Web, store: Store, md5: str | None
) -> None:
    url = web.add("a.zip", BODY, cuts=[100_000], ranges=False)
    assert store.load(url, "a.zip", md5).read_bytes() == BODY


def test_without_checksum_and_version_nothing_is_resumed(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY, cuts=[100_000], etag="")
    assert store.load(url, "a.zip").read_bytes() == BODY
    assert [wanted for _, wanted in web.asked] == ["", ""]


def test_a_file_that_changed_meanwhile_is_not_patched_together(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY, cuts=[100_000, 0, 0])
    with pytest.raises(Unavailable):
        store.load(url, "a.zip")
    web.add("a.zip", BODY[::-1], etag='"two"')
    assert Store(store.folder).load(url, "a.zip").read_bytes() == BODY[::-1]


@pytest.mark.parametrize("part", [b"x" * 1000, BODY, BODY + b"more", b"x" * 300_000])
def test_a_part_of_another_file_is_found_out(web: Web, store: Store, part: bytes) -> None:
    url = web.add("a.zip", BODY)
    target = store.path(url, "a.zip", MD5)
    target.parent.mkdir()
    target.with_name(f"{target.name}.part").write_bytes(part)
    assert store.load(url, "a.zip", MD5).read_bytes() == BODY
    assert left(store) == {target.name}


def test_a_wrong_checksum_is_refused(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY[:-1] + b"x")
    with pytest.raises(Unavailable, match=f"has another MD5 than {MD5}"):
        store.load(url, "a.zip", MD5)
    assert left(store) == set()


def test_a_loaded_file_that_rotted_is_loaded_again(web: Web, store: Store) -> None:
    url = web.add("a.zip", BODY)
    store.load(url, "a.zip", MD5).write_bytes(b"rotten")
    assert Store(store.folder).load(url, "a.zip", MD5).read_bytes() == BODY


def test_what_is_missing_is_asked_for_once(web: Web, store: Store) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable, match="HTTP 404"):
            store.load(f"{web.address}/none.zip", "none.zip", MD5)
    assert len(web.asked) == 1


def test_a_busy_server_is_asked_again(web: Web, store: Store) -> None:
    url = web.add("a.zip", status=503)
    with pytest.raises(Unavailable, match="HTTP 503"):
        store.load(url, "a.zip", MD5)
    assert len(web.asked) == 3


def test_a_dead_server_is_asked_for_nothing_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve() as web:
        address = web.address
    with pytest.raises(Unavailable, match="no connection"):
        store.load(f"{address}/a.zip", "a.zip")
    monkeypatch.setattr(store_module, "WAITS", (60,))
    with pytest.raises(Unavailable, match="no connection"):
        store.load(f"{address}/b.zip", "b.zip")


def test_a_name_without_address_is_no_reason_to_wait(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "WAITS", (60,))
    with pytest.raises(Unavailable, match="no network"):
        store.load("http://no-such-host.invalid/a.zip", "a.zip")


def test_a_full_disk_is_noticed_before_anything_is_written(
    web: Web, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 10**6, 200_000))
    with pytest.raises(UserError, match="too full"):
        store.load(web.add("a.zip", BODY), "a.zip", MD5)
    assert left(store) == set()


def test_a_file_of_unknown_length(web: Web, store: Store) -> None:
    """As GitHub sends its archives. What was cut off then is for the checksum to find."""
    assert store.load(web.add("a.zip", BODY, length=False), "a.zip").read_bytes() == BODY
    cut = web.add("b.zip", BODY, length=False, cuts=[1000, 1000, 1000])
    with pytest.raises(Unavailable, match="MD5"):
        store.load(cut, "b.zip", hashlib.md5(b"other").hexdigest())


# ── Behind a proxy, and beside other processes ───────────────────────────────────────────────


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put every address behind a proxy."""

    def name(proxy: str) -> None:
        monkeypatch.setattr(store_module, "WAITS", (60,))
        for variable in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(variable, proxy)
            monkeypatch.delenv(variable.upper(), raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

    return name


@pytest.mark.parametrize("user", ["", "ann:secret@"])
def test_a_proxy_that_refuses_says_so_at_once(
    web: Web, store: Store, behind: Callable[[str], None], user: str
) -> None:
    """The server knows no CONNECT; the password is not told."""
    proxy = web.address.removeprefix("http://")
    behind(f"http://{user}{proxy}")
    began = time.monotonic()
    for host in ("one.example", "two.example"):
        with pytest.raises(Unavailable) as error:
            store.load(f"https://{host}/a.zip", "a.zip")
        assert f"the proxy {proxy} refuses (Tunnel connection failed: 501" in str(error.value)
        assert "secret" not in str(error.value)
    assert time.monotonic() - began < 5


def test_a_proxy_that_is_not_there_says_so_at_once(
    store: Store, behind: Callable[[str], None]
) -> None:
    with serve() as web:
        address = web.address
    behind(address)
    with pytest.raises(Unavailable, match=r"the proxy 127.* refuses \(Connection refused\)"):
        store.load("http://one.example/a.zip", "a.zip")


def test_two_processes_load_a_file_once(web: Web, store: Store) -> None:
    """As two workers of DVC's queue: the second waits, and finds it there."""
    url = web.add("a.zip", BODY)
    script = (
        "import sys; from pathlib import Path\n"
        "from srgan_distill.sources.store import Store\n"
        "print(len(Store(Path(sys.argv[1])).load(sys.argv[2], 'a.zip').read_bytes()))"
    )
    with locked(store.folder):
        others = [
            subprocess.Popen(
                [sys.executable, "-u", "-c", script, str(store.folder), url],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env={**os.environ, "PYTHONPATH": str(SOURCE)},
            )
            for _ in range(2)
        ]  # fmt: skip
        waiting = [other.stdout.readline() for other in others]
        assert web.asked == []
    told = f"waiting for process {os.getpid()}, which works on {store.folder}\n"
    assert waiting == [told, told]
    lengths = [other.communicate()[0].splitlines()[-1] for other in others]
    assert lengths == [str(len(BODY))] * 2
    assert len(web.asked) == 1
