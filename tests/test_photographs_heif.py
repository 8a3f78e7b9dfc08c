"""HEIC and AVIF: what their decoders keep to themselves is said, or carried by other means."""

import base64
import io
import struct
import sys
import time
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, features
from support.photographs import pillow, profile

from srgan_distill.common.errors import UserError
from srgan_distill.imaging.containers import take_apart
from srgan_distill.imaging.photographs import read_photograph, upright

# 24x16 px by avifenc 0.11.1: `-d 10`, and `-d 12 --cicp 9/16/9`, which is BT.2020 with PQ's curve.
AVIF = {
    "10 bits": """
AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAA
AAAAAGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAADIAAAAoaWluZgAAAAAAAQAA
ABppbmZlAgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAABgAAAAQAAAAEHBpeGkAAAAA
AwoKCgAAAAxhdjFDgSBAAAAAABNjb2xybmNseAABAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAADptZGF0EgAKCDgQ
7+xgIaDSMiQYwBFFFEQAwyYIPobZd/r0Yp4Um33p+WQlZ/6mBomFAf/Bk2c=""",
    "12 bits": """
AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAPJtZXRhAAAAAAAAAChoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA
bGliYXZpZgAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEWAAAAMwAAAChpaW5mAAAAAAABAAAAGmlu
ZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAAFGlzcGUAAAAAAAAAGAAAABAAAAAQcGl4aQAAAAADDAwM
AAAADGF2MUOBQGAAAAAAE2NvbHJuY2x4AAkAEAAJgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAAO21kYXQSAAoJWBDv7GhI
gExAMiQYwBFFFEQAw1SBLBW5d+7Aq5YzY0RJ4Yplv+TlmXSMyiTDJ4A=""",
}
PQ = (b"cICP", bytes((9, 16, 0, 1)))

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


@pytest.fixture
def avif(tmp_path: Path):
    """Writes one of `AVIF`, and gives its path."""

    def write(bits: str) -> Path:
        path = tmp_path / f"{bits}.avif"
        path.write_bytes(base64.b64decode(AVIF[bits]))
        return path

    return write


def box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


def heic(*properties: bytes, wide: bool = False) -> bytes:
    """A file of two items without data: the second is the first picture, and has `properties`.

    Args:
        wide: the long forms of items' and properties' numbers.
    """
    item, place = ("I", "H") if wide else ("H", "B")
    essential = 2 ** (15 if wide else 7)
    places = [number + 2 | essential for number in range(len(properties))]
    deep = box(b"pixi", bytes(4), b"\3\x0c\x0c\x0c")
    association = struct.pack(
        f">I{item}B{place}{item}B{len(places)}{place}", 2, 1, 1, 1, 7, len(places), *places
    )
    pitm = box(b"pitm", bytes((wide, 0, 0, 0)), struct.pack(f">{item}", 7))
    ipma = box(b"ipma", bytes((wide, 0, 0, wide)), association)
    iprp = box(b"iprp", box(b"ipco", deep, *properties), ipma)
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + box(b"meta", bytes(4), pitm, iprp)


def nclx(primaries: int, transfer: int) -> bytes:
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, 6, 128))


@needs_avif
@pytest.mark.parametrize(("bits", "png"), [("10 bits", []), ("12 bits", [PQ])])
def test_more_than_8_bits_and_other_colours_are_noted(avif, bits, png):
    photograph = read_photograph(avif(bits))
    assert photograph.pixels.shape == (16, 24, 3)
    assert photograph.pixels.dtype == np.uint8
    assert photograph.metadata.lost == [bits]
    assert photograph.metadata.png == png


@needs_avif
@pytest.mark.parametrize("icc", [None, profile("sRGB")])
def test_of_8_bits_and_plain_colours_there_is_nothing_to_say(photo, tmp_path, icc):
    data = pillow(Image.fromarray(photo), "AVIF", **({"icc_profile": icc} if icc else {}))
    (tmp_path / "in.avif").write_bytes(data)
    metadata = read_photograph(tmp_path / "in.avif").metadata
    assert (metadata.lost, metadata.png, metadata.icc) == ([], [], icc)


@needs_avif
def test_colours_go_into_a_png_and_are_named_elsewhere(run, avif, tmp_path):
    source = avif("12 bits")
    code, out, _ = run(source, "-o", tmp_path / "out.png")
    assert code == 0
    assert out.strip().endswith("(not kept: 12 bits)")
    assert take_apart((tmp_path / "out.png").read_bytes()).metadata.png == [PQ]
    _, out, _ = run(source, "-o", tmp_path / "out.jpg")
    assert "12 bits" in out
    assert "gamma and primaries" in out


@pytest.mark.parametrize("wide", [False, True])
def test_the_first_picture_is_told_from_others(wide):
    container = take_apart(heic(box(b"pixi", bytes(4), b"\3\x0a\x0a\x0a"), nclx(12, 13), wide=wide))
    assert container.kind == "HEIC"
    assert container.metadata.lost == ["10 bits"]
    assert container.metadata.png == [(b"cICP", bytes((12, 13, 0, 1)))]


@pytest.mark.parametrize("codes", [(1, 13), (2, 2), (1, 1)])
def test_colours_like_srgb_need_no_word(codes):
    assert take_apart(heic(nclx(*codes))).metadata.png == []


def test_a_profile_is_before_code_points():
    container = take_apart(heic(nclx(9, 16), box(b"colr", b"prof", profile("sRGB"))))
    assert container.metadata.png == []


@pytest.mark.parametrize("whole", [heic(nclx(9, 16)), base64.b64decode(AVIF["10 bits"])])
def test_damaged_boxes_are_the_decoders_to_judge(tmp_path, whole):
    for length in range(12, len(whole)):
        assert take_apart(whole[:length]).kind in ("HEIC", "AVIF")
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = np.frombuffer(whole, np.uint8).copy()
        data[rng.integers(12, len(data), 3)] = rng.integers(0, 256, 3)
        assert take_apart(data.tobytes()).kind in ("HEIC", "AVIF")


def test_more_entries_than_there_are_take_no_time():
    whole = heic(nclx(9, 16))
    place = whole.index(b"ipma") + 8
    other = whole[place + 4 :].replace(b"\0\7", b"\0\6")  # no entry is the first picture's
    began = time.perf_counter()
    assert take_apart(whole[:place] + b"\0\xff\xff\xff" + other).metadata.png == []
    assert time.perf_counter() - began < 1


def test_without_its_package_heic_is_refused_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "in.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(UserError, match="pip install pillow-heif"):
        read_photograph(tmp_path / "in.heic")


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_heic_is_read_upright(photo, tmp_path, orientation):
    about = Image.Exif()
    about[ExifTags.Base.Orientation] = orientation
    picture = pillow_heif.from_pillow(Image.fromarray(photo))
    picture.save(tmp_path / "in.heic", quality=-1, chroma=444, exif=about.tobytes())
    read = read_photograph(tmp_path / "in.heic")
    assert read.metadata.lost == []
    off = read.pixels.astype(int) - upright(photo, orientation)
    assert np.abs(off).max() <= 2  # of YCbCr's 8 bits


def test_10_bits_of_heic_become_8_and_that_is_said(tmp_path):
    colours = np.random.default_rng(0).integers(0, 2**16, (16, 24, 3), np.uint16)
    data = io.BytesIO()
    pillow_heif.encode("RGB;16", (24, 16), colours.tobytes(), data)
    (tmp_path / "in.heic").write_bytes(data.getvalue())
    assert read_photograph(tmp_path / "in.heic").metadata.lost == ["10 bits"]
