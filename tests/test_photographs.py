"""The one reader of images: mode, depth, orientation, profile, photometric meaning, alpha."""

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps
from support.photographs import (
    HEIGHT,
    WIDTH,
    exif,
    ink_profile,
    pillow,
    png_of,
    profile,
    tiff_of,
    with_chunks,
)

from srgan_distill.common.errors import UserError
from srgan_distill.imaging.images import list_images, read_rgb
from srgan_distill.imaging.photographs import photograph_size, read_photograph, upright
from srgan_distill.imaging.tags import Tag, Tags, packed

ORIENTATION_TAG = 274
PLANES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def noise(dtype: type, channels: int, seed: int = 0) -> np.ndarray:
    """Random values; alpha is 0, the largest value, and between."""
    rng = np.random.default_rng(seed)
    largest = np.iinfo(dtype).max
    pixels = rng.integers(0, largest, (HEIGHT, WIDTH, channels), dtype, endpoint=True)
    if channels in (2, 4):
        pixels[0, :, -1], pixels[1, :, -1] = 0, largest
    return pixels


def read(tmp_path: Path, data: bytes, name: str = "in") -> np.ndarray:
    (tmp_path / name).write_bytes(data)
    return read_photograph(tmp_path / name).pixels


@pytest.mark.parametrize("described", [False, True], ids=["plain", "with profile"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png(tmp_path, dtype, channels, orientation, described):
    pixels = noise(dtype, channels)
    chunks = [(b"eXIf", exif(orientation)[6:])]
    if described:
        space = profile("sRGB" if channels >= 3 else "grey")
        chunks.insert(0, (b"iCCP", b"p\0\0" + zlib.compress(space)))
    got = read(tmp_path, png_of(pixels, *chunks))
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, upright(pixels, orientation))
    height, width = got.shape[:2]
    assert photograph_size(tmp_path / "in") == (width, height)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("alpha", ["none", "unspecified", "assocalpha", "unassalpha"])
@pytest.mark.parametrize("photometric", ["miniswhite", "minisblack", "rgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff(tmp_path, dtype, photometric, alpha, planar, order, orientation):
    colours = 3 if photometric == "rgb" else 1
    has_extra = alpha != "none"
    if colours == 1 and not has_extra and planar == "separate":
        planar = "contig"  # of one plane, both are the same
    stored = noise(dtype, colours + has_extra).astype(np.dtype(dtype).newbyteorder(order))
    colour_part = stored
    if alpha == "assocalpha":
        colour_part = np.minimum(stored, stored[..., -1:])  # as multiplied by alpha
    image = np.moveaxis(colour_part, 2, 0) if planar == "separate" else colour_part
    data = tiff_of(
        image if colours + has_extra > 1 else image[..., 0], photometric=photometric,
        planarconfig=planar if colours + has_extra > 1 else None, byteorder=order,
        extrasamples=[alpha] if has_extra else None, compression="zlib", predictor=True,
        rowsperstrip=4, extratags=[(ORIENTATION_TAG, "H", 1, orientation, True)],
    )  # fmt: skip
    got = read(tmp_path, data)
    largest = np.iinfo(dtype).max
    expected = colour_part.astype(np.int64)
    if photometric == "miniswhite":
        expected[..., 0] = largest - expected[..., 0]
    if alpha == "unspecified":
        expected = expected[..., :colours]
    if alpha == "assocalpha":
        opacity = np.maximum(expected[..., -1:], 1)
        straight = np.where(expected[..., -1:] > 0, expected[..., :-1] * largest / opacity, 0)
        expected[..., :-1] = straight.round().clip(0, largest)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, upright(expected, orientation), atol=0.5)


@pytest.mark.parametrize("compression", ["none", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_tiff_of_8_bits_by_every_compression_of_bytes(tmp_path, compression):
    pixels = noise(np.uint8, 3)
    options = {} if compression == "none" else {"compression": compression}
    got = read(tmp_path, pillow(Image.fromarray(pixels), "TIFF", **options))
    np.testing.assert_array_equal(got, pixels)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_16_bits_by_lzw_and_differences(tmp_path, channels):
    pixels = noise(np.uint16, channels)
    order = pixels if channels == 1 else pixels[..., [2, 1, 0, 3][:channels]]
    cv2.imwrite(str(tmp_path / "in.tif"), order)
    with Image.open(tmp_path / "in.tif") as image:
        assert (image.tag_v2[259], image.tag_v2[317]) == (5, 2)
    np.testing.assert_array_equal(read_photograph(tmp_path / "in.tif").pixels, pixels)


@pytest.mark.parametrize("big", [False, True])
def test_tiff_in_tiles(tmp_path, big):
    pixels = np.kron(noise(np.uint16, 3), np.ones((7, 5, 1), np.uint16))  # 42 x 40
    data = tiff_of(pixels, photometric="rgb", tile=(16, 32), compression="zlib", predictor=True,
                   bigtiff=big)  # fmt: skip
    np.testing.assert_array_equal(read(tmp_path, data), pixels)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_a_transparent_grey_of_each_depth(tmp_path, bits):
    steps = (np.arange(WIDTH) % 2**bits).astype(np.uint16)
    packed = np.unpackbits(steps.astype(">u2").view(np.uint8).reshape(-1, 2), axis=1)[:, -bits:]
    row = b"\0" + np.packbits(packed.ravel()).tobytes()
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 0, 0, 0, 0)
    key = 1
    data = b"\x89PNG\r\n\x1a\n" + with_chunks(
        b"", (b"IHDR", header), (b"tRNS", struct.pack(">H", key)),
        (b"IDAT", zlib.compress(row * HEIGHT)), (b"IEND", b""),
    )  # fmt: skip
    got = read(tmp_path, data)
    largest = 65535 if bits == 16 else 255
    scale = 1 if bits == 16 else 255 // (2**bits - 1)
    np.testing.assert_array_equal(got[0, :, 0], steps * scale)
    np.testing.assert_array_equal(got[0, :, 1], np.where(steps == key, 0, largest))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_transparent_colour(tmp_path, dtype):
    pixels = noise(dtype, 3)
    key = struct.pack(">3H", *pixels[2, 3].tolist())
    got = read(tmp_path, png_of(pixels, (b"tRNS", key)))
    assert (got[..., 3] == 0).sum() == 1
    assert got[2, 3, 3] == 0
    np.testing.assert_array_equal(got[..., :3], pixels)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("space", [None, "CMYK", "RGB", "broken"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_cmyk_with_orientation_and_profile(tmp_path, orientation, space, kind):
    image = Image.fromarray(np.kron(noise(np.uint8, 3), np.ones((8, 8, 1), np.uint8)))
    icc = {None: None, "CMYK": ink_profile(), "RGB": profile(), "broken": b"no profile"}[space]
    options = {"icc_profile": icc} if icc else {}
    data = pillow(image.convert("CMYK"), kind, exif=exif(orientation), **options)
    got = read(tmp_path, data)
    stored = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    if kind == "TIFF":  # which Pillow turns itself
        stored = np.asarray(image.convert("CMYK").convert("RGB"))
    photograph = read_photograph(tmp_path / "in")
    assert photograph.metadata.icc is None
    if space == "CMYK":  # by which all colours are grey
        assert np.ptp(got, axis=2).max() <= 2
        inks = Image.open(io.BytesIO(data)) if kind == "JPEG" else image.convert("CMYK")
        lightness = upright(-np.asarray(inks).sum(2, dtype=int), orientation)
        assert np.corrcoef(lightness.ravel(), got[..., 0].ravel())[0, 1] > 0.9
    else:
        np.testing.assert_array_equal(got, upright(stored, orientation))
    assert ("colour profile" in photograph.metadata.lost) == (space in ("RGB", "broken"))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_8_bits_are_what_pillow_reads(tmp_path, kind, mode):
    image = Image.fromarray(noise(np.uint8, 3)).convert(mode)
    if (kind, mode) in {("PNG", "CMYK"), ("PNG", "YCbCr"), ("BMP", "CMYK"), ("BMP", "YCbCr")}:
        image = image.convert("RGB")
    if (kind, mode) == ("JPEG", "P"):
        image = image.convert("L")
    data = pillow(image, kind)
    (tmp_path / "in").write_bytes(data)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(read_rgb(tmp_path / "in"), expected)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_that_of_pillow(tmp_path, orientation, kind):
    if kind not in Image.registered_extensions().values():
        pytest.skip(f"this Pillow has no {kind}")
    image = Image.fromarray(np.kron(noise(np.uint8, 3), np.ones((4, 4, 1), np.uint8)))
    data = pillow(image, kind, exif=exif(orientation))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    np.testing.assert_array_equal(read(tmp_path, data), expected)
    assert photograph_size(tmp_path / "in") == expected.shape[1::-1]


def test_xmp_turns_where_exif_says_nothing(tmp_path):
    pixels = noise(np.uint8, 3)
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<r tiff:Orientation="6"/>'
    got = read(tmp_path, png_of(pixels, (b"iTXt", xmp)))
    np.testing.assert_array_equal(got, upright(pixels, 6))
    got = read(tmp_path, png_of(pixels, (b"iTXt", xmp), (b"eXIf", exif(3)[6:])))
    np.testing.assert_array_equal(got, upright(pixels, 3))


@pytest.mark.parametrize("value", [0, 9, 300])
def test_an_orientation_that_is_none_turns_nothing(tmp_path, value):
    pixels = noise(np.uint8, 3)
    got = read(tmp_path, png_of(pixels, (b"eXIf", exif(value)[6:])))
    np.testing.assert_array_equal(got, pixels)


BROKEN_CHUNKS = {
    "resolution": (b"pHYs", b"\0\0"),
    "colour profile": (b"iCCP", b"p\0\0not packed"),
    "EXIF data": (b"eXIf", b"none"),
    "a part of the EXIF data": (b"eXIf", exif(1)[6:-60]),
    "text": (b"zTXt", b"no end"),
    "gamma and primaries": (b"gAMA", b"\0"),
    "transparency": (b"tRNS", b"\0"),
}


@pytest.mark.parametrize("name", BROKEN_CHUNKS)
def test_what_cannot_be_read_beside_pixels_is_named_and_refuses_nothing(tmp_path, name):
    pixels = noise(np.uint8, 3)
    broken = BROKEN_CHUNKS[name]
    if name == "text":
        broken = (b"zTXt", b"\0" + b"no keyword")
    (tmp_path / "in").write_bytes(png_of(pixels, broken))
    photograph = read_photograph(tmp_path / "in")
    np.testing.assert_array_equal(photograph.pixels, pixels)
    assert photograph.metadata.lost == [name]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_broken_exif_refuses_nothing(tmp_path, kind):
    image = Image.fromarray(np.kron(noise(np.uint8, 3), np.ones((4, 4, 1), np.uint8)))
    data = pillow(image, kind, exif=exif(1))
    order = "<" if kind == "TIFF" else ">"
    maker, endless = (struct.pack(f"{order}HHI", 271, 2, count) for count in (6, 2**30))
    assert data.count(maker) == 1
    (tmp_path / "in").write_bytes(data.replace(maker, endless))
    photograph = read_photograph(tmp_path / "in")
    plain = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(photograph.pixels, plain)
    assert "a part of the EXIF data" in photograph.metadata.lost


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint32, np.int16, np.float64])
def test_values_of_other_kinds_are_refused_by_name(tmp_path, dtype):
    (tmp_path / "in.tif").write_bytes(tiff_of(noise(np.uint8, 1)[..., 0].astype(dtype)))
    for function in (read_photograph, read_rgb):
        with pytest.raises(UserError, match=r"in\.tif has .* numbers of \d+ bits"):
            function(tmp_path / "in.tif")


def test_a_raw_photograph_s_small_copy_is_not_taken_for_it(tmp_path):
    data = tiff_of(noise(np.uint8, 3))
    directory = Tags(data).first()
    directory.tags[254] = Tag(4, 1, struct.pack("<I", 1))  # NewSubfileType: a reduced image
    moved = data[:4] + struct.pack("<I", len(data)) + data[8:]
    with pytest.raises(UserError, match=r"in begins with a small copy of its picture, as raw"):
        read(tmp_path, moved + packed(directory, len(data)))


def test_a_tiff_that_lacks_strips_is_damaged(tmp_path):
    data = tiff_of(noise(np.uint8, 1)[..., 0])
    directory = Tags(data).first()
    directory.tags[257] = Tag(3, 1, struct.pack("<H", 600))  # ImageLength; a strip holds 6 rows
    moved = data[:4] + struct.pack("<I", len(data)) + data[8:]
    with pytest.raises(UserError, match="99 parts of the picture are missing"):
        read(tmp_path, moved + packed(directory, len(data)))


def test_16_bits_in_scores_are_rounded(tmp_path):
    pixels = noise(np.uint16, 3)
    (tmp_path / "in.png").write_bytes(png_of(pixels))
    expected = (pixels / 257).round()
    np.testing.assert_array_equal(read_rgb(tmp_path / "in.png"), expected)
    grey = noise(np.uint16, 1)
    (tmp_path / "grey.png").write_bytes(png_of(grey))
    expected = (grey / 257).round().repeat(3, axis=2)
    np.testing.assert_array_equal(read_rgb(tmp_path / "grey.png"), expected)


def test_rgb_takes_idle_alpha_and_refuses_transparency(tmp_path):
    pixels = noise(np.uint8, 4)
    (tmp_path / "clear.png").write_bytes(png_of(pixels))
    with pytest.raises(UserError, match=r"clear\.png has transparent pixels"):
        read_rgb(tmp_path / "clear.png")
    pixels[..., 3] = 255
    (tmp_path / "opaque.png").write_bytes(png_of(pixels))
    np.testing.assert_array_equal(read_rgb(tmp_path / "opaque.png"), pixels[..., :3])


@pytest.mark.parametrize("frames", [1, 3])
@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP", "MPO"])
def test_pictures_are_counted_and_the_first_is_taken(tmp_path, kind, frames):
    images = [Image.fromarray(noise(np.uint8, 3, seed)) for seed in range(frames)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = pillow(images[0], kind, save_all=True, append_images=images[1:], **options)
    (tmp_path / "in").write_bytes(data)
    photograph = read_photograph(tmp_path / "in")
    assert photograph.pages == frames
    first = Image.open(io.BytesIO(data)) if kind == "MPO" else images[0]  # which is JPEG
    np.testing.assert_array_equal(photograph.pixels[..., :3], np.asarray(first))


def test_hidden_files_are_no_images(tmp_path):
    for name in ("a.png", "._a.png", ".b.jpg", "c.JFIF", "d.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in list_images(tmp_path)] == ["a.png", "c.JFIF"]


@pytest.mark.parametrize("make", ["folder", "absent", "pipe"])
def test_what_is_no_file_is_named(tmp_path, make):
    path = tmp_path / "x.png"
    if make == "folder":
        path.mkdir()
    elif make == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError, match=r"x\.png"):
        read_photograph(path)
