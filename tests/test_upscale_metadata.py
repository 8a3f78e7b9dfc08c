"""`srgan-distill upscale` and what describes a photograph: kept, or said in its line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, features
from support.photographs import chunk, exif, pillow, png_of, profile, tiff_of

from srgan_distill.imaging.containers import Container, take_apart
from srgan_distill.imaging.metadata import Metadata
from srgan_distill.imaging.tags import EXIF, GPS, Directory, Tag, packed

ORIENTATION, MAKE, ARTIST, COPYRIGHT = 274, 271, 315, 33432
DATE_TAKEN, LENS, USER_COMMENT, LATITUDE = 36867, 42036, 37510, 2
NAME = "Zoë 長谷川".encode()
XMP = b'<x:xmpmeta><r tiff:Orientation="6" dc:creator="Zo\xc3\xab"/></x:xmpmeta>'
EVERYWHERE = ("png", "jpg", "webp", "tif")


def parts(path: Path) -> Container:
    container = take_apart(path.read_bytes())
    assert container is not None
    return container


def metadata(path: Path) -> Metadata:
    return parts(path).metadata


def text(value: bytes) -> Tag:
    return Tag(2, len(value) + 1, value + b"\0")


def full_exif(order: str = "<", orientation: int = 1) -> bytes:
    """EXIF data with a name that is not ASCII, a date, a comment in UTF-16 and a place."""
    comment = b"UNICODE\0" + "Zoë".encode("utf-16-le" if order == "<" else "utf-16-be")
    details = {
        DATE_TAKEN: text(b"2021:05:06 07:08:09"), LENS: text(b"A lens"),
        USER_COMMENT: Tag(7, len(comment), comment),
    }  # fmt: skip
    degrees = Tag(5, 3, struct.pack("<6I", 51, 1, 30, 1, 26, 1))
    directory = Directory(
        {ORIENTATION: Tag(3, 1, struct.pack("<H", orientation)), ARTIST: text(NAME),
         COPYRIGHT: text("© Zoë".encode("latin-1"))},
        {EXIF: Directory(details, order=order), GPS: Directory({LATITUDE: degrees}, order=order)},
        order,
    )  # fmt: skip
    return (
        b"Exif\0\0"
        + (b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08")
        + packed(directory, 8)
    )


@pytest.fixture
def colour(photo) -> Image.Image:
    return Image.fromarray(photo)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", EVERYWHERE)
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_is_kept_to_the_byte(run, colour, tmp_path, source, suffix, order):
    data = full_exif(order, orientation=6)
    (tmp_path / "in.png").write_bytes(
        tiff_with(data, np.asarray(colour))
        if source == "TIFF"
        else pillow(colour, source, exif=data)
    )
    result = tmp_path / f"out.{suffix}"
    code, out, err = run(tmp_path / "in.png", "-o", result)
    assert (code, err) == (0, [])
    assert "not kept" not in out
    kept = metadata(result).exif
    assert kept is not None
    assert kept.order == order
    assert ORIENTATION not in kept.tags
    assert kept.tags[ARTIST].data == NAME + b"\0"
    assert kept.tags[COPYRIGHT].data == "© Zoë".encode("latin-1") + b"\0"
    details = kept.children[EXIF].tags
    assert details[DATE_TAKEN].data == b"2021:05:06 07:08:09\0"
    assert details[USER_COMMENT].data[8:].decode(f"utf-16-{'lb'[order == '>']}e") == "Zoë"
    assert kept.children[GPS].tags[LATITUDE].numbers() == (51, 30, 26)
    with Image.open(result) as image:
        assert image.size == (56, 72)  # turned
        assert image.getexif().get_ifd(EXIF)[LENS] == "A lens"


def tiff_with(exif_data: bytes, pixels: np.ndarray) -> bytes:
    """A TIFF file whose directory holds EXIF data, as cameras and scanners write it."""
    from srgan_distill.app.upscaling.tiff import write_tiff

    described = Metadata()
    described.read_exif(exif_data)
    file = io.BytesIO()
    write_tiff(file, [pixels], len(pixels), pixels.shape, pixels.dtype, described)
    return file.getvalue()


@pytest.mark.parametrize("suffix", EVERYWHERE)
def test_xmp_is_kept_and_turns_nothing_a_second_time(run, colour, tmp_path, suffix):
    (tmp_path / "in.jpg").write_bytes(pillow(colour, "JPEG", xmp=XMP, exif=exif(6)))
    assert run(tmp_path / "in.jpg", "-o", tmp_path / f"out.{suffix}")[0] == 0
    container = parts(tmp_path / f"out.{suffix}")
    assert container.metadata.xmp == XMP.replace(b'"6"', b'"1"')
    assert container.metadata.orientation() == 1


@pytest.mark.parametrize("suffix", EVERYWHERE)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_profiles_are_kept_for_the_pixels_they_are_of(run, photo, tmp_path, channels, suffix):
    if suffix == "jpg" and channels in (2, 4):
        pytest.skip("JPEG has no alpha")
    pixels = np.dstack([photo, photo[..., :1] // 2 + 1])[..., -channels:]
    for space in ("sRGB", "grey"):
        icc = profile(space)
        packed_icc = (b"iCCP", b"p\0\0" + zlib.compress(icc))
        (tmp_path / "in.png").write_bytes(png_of(pixels, packed_icc))
        result = tmp_path / f"{space}.{suffix}"
        code, out, _ = run(tmp_path / "in.png", "-o", result)
        fits = (space == "grey") == (channels <= 2)
        if suffix == "webp" and channels <= 2:
            fits = space == "sRGB"  # WebP has colours alone
        assert code == 0
        assert metadata(result).icc == (icc if fits else None)
        assert ("colour profile of other colours" in out) == (not fits)


def test_gamma_primaries_and_texts_of_png(run, photo, tmp_path):
    chunks = [
        (b"gAMA", struct.pack(">I", 100_000)), (b"cHRM", struct.pack(">8I", *range(8))),
        (b"tEXt", b"Copyright\0\xa9 Zo\xeb"), (b"zTXt", b"Note\0\0" + zlib.compress(b"words")),
        (b"iTXt", b"Title\0\0\0\0\0" + NAME),
    ]  # fmt: skip
    (tmp_path / "in.png").write_bytes(png_of(photo, *chunks))
    code, out, err = run(tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert (code, err, "not kept" in out) == (0, [], False)
    assert metadata(tmp_path / "out.png").png == chunks
    for suffix in ("jpg", "webp", "tif", "bmp"):
        code, out, _ = run(tmp_path / "in.png", "-o", tmp_path / f"out.{suffix}")
        assert code == 0
        assert out.endswith("pixels (not kept: gamma and primaries, text)\n")


def test_a_long_packed_text_is_kept(run, photo, tmp_path):
    long = (b"zTXt", b"Note\0\0" + zlib.compress(bytes(2_000_000)))
    (tmp_path / "in.png").write_bytes(png_of(photo, long))
    code, _, err = run(tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert (code, err) == (0, [])
    assert metadata(tmp_path / "out.png").png == [long]


def test_photoshop_blocks_and_comments(run, colour, tmp_path):
    block = b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x05\0\x05Title\0"
    segment = b"\xff\xed" + struct.pack(">H", 2 + 14 + len(block)) + b"Photoshop 3.0\0" + block
    (tmp_path / "in.jpg").write_bytes(pillow(colour, "JPEG", comment=NAME, extra=segment))
    expected = {
        "jpg": (block, NAME, ""), "tif": (block, None, " (not kept: comment)"),
        "png": (None, None, " (not kept: Photoshop and IPTC data)"),
        "webp": (None, None, " (not kept: Photoshop and IPTC data, comment)"),
    }  # fmt: skip
    for suffix, (photoshop, comment, words) in expected.items():
        result = tmp_path / f"out.{suffix}"
        code, out, _ = run(tmp_path / "in.jpg", "-o", result)
        assert code == 0
        assert out.endswith(f"pixels{words}\n")
        assert metadata(result).photoshop == photoshop
        assert metadata(result).comment == comment
    assert (b"iTXt", b"Comment\0\0\0\0\0" + NAME) in metadata(tmp_path / "out.png").png


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["B", "I", "own block", "broken"])
def test_iptc_of_a_tiff_is_carried_where_readers_look(run, photo, tmp_path, kind, order):
    iptc = b"\x1c\x02\x05\0\7A title" if kind != "broken" else b"no iptc data"
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    count, value = len(iptc), iptc
    if kind == "I":  # bytes that are called numbers, in the order of the file
        count, value = 3, struct.unpack(f"{order}3I", iptc)
    tags = [(33723, "I" if kind == "I" else "B", count, value, True)]
    if kind == "own block":
        block = b"8BIM\x04\x04\0\0\0\0\0\2\x1c\2"
        tags.append((34377, "B", len(block), block, True))
    data = tiff_of(photo, photometric="rgb", byteorder=order, extratags=tags)
    (tmp_path / "in.tif").write_bytes(data)
    for suffix, is_kept in {"jpg": True, "tif": True, "png": False, "webp": False}.items():
        is_kept = is_kept and kind != "broken"
        result = tmp_path / f"out.{suffix}"
        code, out, _ = run(tmp_path / "in.tif", "-o", result)
        assert code == 0
        assert ("not kept: Photoshop and IPTC data" in out) == (not is_kept)
        found = metadata(result)
        assert found.photoshop == (block if is_kept else None)
        assert not found.exif or 33723 not in found.exif.tags


@pytest.mark.parametrize("suffix", EVERYWHERE)
def test_16_bits_of_inks_become_8_and_that_is_said(run, photo, tmp_path, suffix):
    inks = np.dstack([photo, photo[..., :1]]).astype(np.uint16) * 257
    (tmp_path / "in.tif").write_bytes(tiff_of(inks, photometric="separated"))
    code, out, err = run(tmp_path / "in.tif", "-o", tmp_path / f"out.{suffix}")
    assert (code, err) == (0, [])
    assert out.endswith("pixels (not kept: 16 bits)\n")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp"])
@pytest.mark.parametrize("dpi", [72.0, 299.72, 0.0, float("nan"), float("inf"), 1e9])
def test_resolutions_are_kept_or_said(run, photo, tmp_path, dpi, suffix):
    fraction = {0.0: (0, 1), 1e9: (10**9, 1)}.get(dpi, (0, 0) if dpi != dpi else (1, 0))
    if dpi in (72.0, 299.72):
        fraction = round(dpi * 100), 100
    tags = [(number, "2I", 1, fraction, True) for number in (282, 283)]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(photo, photometric="rgb", metadata=None, software=False, resolution=(1, 1))
    data = file.getvalue()
    for number, _, _, value, _ in tags:
        entry = data.index(struct.pack("<HHI", number, 5, 1))
        place = struct.unpack("<I", data[entry + 8 : entry + 12])[0]
        data = data[:place] + struct.pack("<2I", *value) + data[place + 8 :]
    unit = data.index(struct.pack("<HHI", 296, 3, 1)) + 8
    (tmp_path / "in.tif").write_bytes(data[:unit] + b"\2" + data[unit + 1 :])
    code, out, err = run(tmp_path / "in.tif", "-o", tmp_path / f"out.{suffix}")
    assert (code, err) == (0, [])
    is_one = dpi in (72.0, 299.72)
    assert ("not kept: resolution" in out) == (not is_one and dpi != 0)
    with Image.open(tmp_path / f"out.{suffix}") as image:
        if is_one:
            assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.5)
        else:
            # BMP and JFIF have no way to leave it out.
            assert round(image.info.get("dpi", (1, 1))[0]) in (0, 1, 72, 96)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("suffix", [*EVERYWHERE, "bmp"])
def test_a_resolution_of_exif_alone_counts_everywhere(run, colour, tmp_path, source, suffix):
    if source == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    about = Image.Exif()
    about.update({282: 300.0, 283: 300.0, 296: 2})
    (tmp_path / "in.png").write_bytes(pillow(colour, source, exif=about.tobytes()))
    code, out, err = run(tmp_path / "in.png", "-o", tmp_path / f"out.{suffix}")
    assert (code, err) == (0, [])
    assert "resolution" not in out.rpartition(" pixels")[2]
    if suffix == "webp":
        assert metadata(tmp_path / "out.webp").exif.numbers(282, 0) == (300,)
    else:
        with Image.open(tmp_path / f"out.{suffix}") as image:
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.5)


def test_webp_has_no_place_for_a_resolution_but_exif(run, colour, tmp_path):
    (tmp_path / "in.png").write_bytes(pillow(colour, "PNG", dpi=(300, 300)))
    _, out, _ = run(tmp_path / "in.png", "-o", tmp_path / "out.webp")
    assert out.endswith("(not kept: resolution)\n")


def test_a_jpeg_may_count_its_pixels_by_the_centimetre(run, colour, tmp_path):
    data = bytearray(pillow(colour, "JPEG", dpi=(118, 118)))
    assert data[6:11] == b"JFIF\0"
    data[13] = 2
    (tmp_path / "in.jpg").write_bytes(data)
    assert run(tmp_path / "in.jpg", "-o", tmp_path / "out.png")[0] == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["dpi"] == pytest.approx((299.72, 299.72), abs=0.05)


def test_exif_too_long_for_jpeg_is_said(run, photo, tmp_path):
    data = tiff_of(photo, photometric="rgb", extratags=[(50_000, "B", 70_000, bytes(70_000), True)])
    (tmp_path / "in.tif").write_bytes(data)
    code, out, _ = run(tmp_path / "in.tif", "-o", tmp_path / "out.jpg")
    assert code == 0
    assert "not kept: EXIF data" in out
    assert run(tmp_path / "in.tif", "-o", tmp_path / "out.png")[0] == 0
    assert metadata(tmp_path / "out.png").exif.tags[50_000].count == 70_000


def test_what_cannot_be_read_is_said_and_the_photograph_upscaled(run, photo, tmp_path):
    (tmp_path / "in.png").write_bytes(png_of(photo, (b"pHYs", b"\0"), (b"iCCP", b"p\0\0x")))
    code, out, err = run(tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert (code, err) == (0, [])
    assert "(not kept: resolution, colour profile)" in out


def test_tiff_results_are_what_other_readers_take(run, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "in.png", exif=full_exif())
    assert run(tmp_path / "in.png", "-o", tmp_path / "out.tif")[0] == 0
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        page = file.pages[0]
        assert page.tags["ExifTag"].value["DateTimeOriginal"] == "2021:05:06 07:08:09"
        assert page.tags["GPSTag"].value["GPSLatitude"] == (51, 1, 30, 1, 26, 1)
        np.testing.assert_array_equal(page.asarray(), np.asarray(Image.open(tmp_path / "out.tif")))


def test_chunks_behind_the_pixels_count(run, photo, tmp_path):
    whole = png_of(photo)
    (tmp_path / "in.png").write_bytes(whole[:-12] + chunk(b"eXIf", exif(6)[6:]) + whole[-12:])
    assert run(tmp_path / "in.png", "-o", tmp_path / "out.png")[0] == 0
    assert Image.open(tmp_path / "out.png").size == (56, 72)
