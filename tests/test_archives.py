"""Archives that are damaged, or mean harm."""

import errno
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.packing import image, set5_alone, tarred, zipped

from srgan_distill.sources import archives
from srgan_distill.sources.archives import extract_images
from srgan_distill.sources.unavailable import Unavailable

GOOD = {f"Set5/HR/{name}.png": image() for name in "abc"}


def extract(tmp_path: Path, content: bytes, name: str) -> set[str]:
    """Names of the files that come out; fails if any lies outside the target."""
    archive = tmp_path / "in" / name
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(content)
    target = tmp_path / "deep" / "er" / "target"
    try:
        extract_images(archive, ("Set5/HR",), lambda files: {f: f for f in files}, target)
    finally:
        outside = [p for p in tmp_path.rglob("*") if p.is_file() and target not in p.parents]
        assert outside == [archive]
    return {path.name for path in target.iterdir()}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            zipped(GOOD | {"Set5/HR/readme.txt": b"", "Set5/LR/a.png": b"", "HR/x.png": b""}),
            "a.zip",
        ),
        (tarred(GOOD | {"Set5/HR/deeper/x.png": b"", "other": b""}), "a.tar"),
        (tarred(GOOD, links={"Set5/README": "elsewhere"}), "a.tar"),
        (tarred({f"./{path}": content for path, content in GOOD.items()}, "w:gz"), "a.tar.gz"),
    ],
)
def test_only_wanted_images_come_out(tmp_path: Path, content: bytes, name: str) -> None:
    assert extract(tmp_path, content, name) == {"a.png", "b.png", "c.png"}


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "path",
    [
        "../Set5/HR/evil.png", "Set5/HR/../../../evil.png", "/Set5/HR/evil.png", "/evil",
        "..\\Set5\\evil.png", "C:\\Set5\\HR\\evil.png", "C:evil.png", "Set5/../../evil.txt",
    ],
)  # fmt: skip
def test_paths_out_of_the_target(tmp_path: Path, pack: object, path: str) -> None:
    content = pack(GOOD | {path: image()})
    assert path.encode() in content  # neither zipfile nor tarfile has mended it
    with pytest.raises(Unavailable, match="unsafe path"):
        extract(tmp_path, content, "a.zip" if pack is zipped else "a.tar")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../in/a.tar", "b.png"])
def test_links_among_the_images(tmp_path: Path, target: str) -> None:
    with pytest.raises(Unavailable, match="link"):
        extract(tmp_path, tarred(GOOD, links={"Set5/HR/evil.png": target}), "a.tar")


def test_a_hard_link_and_a_device_in_a_tar(tmp_path: Path) -> None:
    for kind in (tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        archive = tmp_path / "evil.tar"
        with tarfile.open(archive, "w") as packed:
            member = tarfile.TarInfo("Set5/HR/evil.png")
            member.type, member.linkname = kind, "/etc/passwd"
            packed.addfile(member)
        content = archive.read_bytes()
        archive.unlink()
        with pytest.raises(Unavailable, match="no plain file"):
            extract(tmp_path, content, "a.tar")


def test_a_link_in_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        info = zipfile.ZipInfo("Set5/HR/evil.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(info, "/etc/passwd")
    content = archive.read_bytes()
    archive.unlink()
    with pytest.raises(Unavailable, match="link"):
        extract(tmp_path, content, "a.zip")


def test_a_path_twice(tmp_path: Path) -> None:
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as packed:
        for _ in range(2):
            packed.addfile(tarfile.TarInfo("Set5/HR/a.png"))
    content = archive.read_bytes()
    archive.unlink()
    with pytest.raises(Unavailable, match="twice"):
        extract(tmp_path, content, "a.tar")


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("MOST_ENTRIES", 2), ("MOST_BYTES", 3000), ("MOST_IMAGE_BYTES", 3000),
        ("MOST_MEAN_BYTES", 3000),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("pack", "name"), [(zipped, "a.zip"), (tarred, "a.tar")])
def test_bombs(
    tmp_path: Path, pack: object, name: str, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, limit, value)
    bomb = pack({path: bytes(4000) for path in GOOD})
    with pytest.raises(Unavailable, match=r"more than|too large|unpacks to"):
        extract(tmp_path, bomb, name)
    assert not list(tmp_path.rglob("target"))


def test_a_zip_that_lies_about_sizes(tmp_path: Path) -> None:
    content = zipped({"Set5/HR/a.png": bytes(40_000_000)})
    lying = content.replace((40_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != content
    with pytest.raises(Unavailable, match="damaged"):
        extract(tmp_path, lying, "a.zip")
    assert all(path.stat().st_size <= 100_000 for path in tmp_path.rglob("*.png"))


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6])
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (zipped(GOOD), "a.zip"), (tarred({p: bytes(5000) for p in GOOD})[:-9000], "a.tar"),
        (set5_alone(), "a.tar.gz"),
    ],
)  # fmt: skip
def test_truncated(tmp_path: Path, content: bytes, name: str, part: float) -> None:
    with pytest.raises(Unavailable, match="damaged"):
        extract(tmp_path, content[: int(part * len(content))], name)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_a_page_in_place_of_an_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unavailable, match="damaged"):
        extract(tmp_path, b"<html>This site has moved</html>" * 100, name)


def test_what_no_reader_of_archives_raises_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is not in the UTF-8 it is said to be in, an offset beyond any file, bad xz."""
    name = "Set5/HR/ä.png"
    content = zipped({**GOOD, name: bytes(100)})
    broken = content.replace("ä".encode(), b"\xff\xff")
    assert broken != content
    with pytest.raises(Unavailable, match="damaged"):
        extract(tmp_path, broken, "a.zip")
    for error in (OSError(errno.EINVAL, "Invalid argument"), lzma.LZMAError("Corrupt input")):
        monkeypatch.setattr(archives, "_scan", raising(error))
        with pytest.raises(Unavailable, match="damaged"):
            extract(tmp_path, content, "a.zip")
    full = OSError(errno.EIO, "Input/output error")
    monkeypatch.setattr(archives, "_scan", raising(full))
    with pytest.raises(OSError, match="Input/output"):
        extract(tmp_path, content, "a.zip")


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_flipped_bits(tmp_path: Path) -> None:
    content = bytearray(zipped({"Set5/HR/a.png": bytes(range(256)) * 100}))
    content[60] ^= 0xFF
    with pytest.raises(Unavailable, match="damaged"):
        extract(tmp_path, bytes(content), "a.zip")
