"""The one reader of images with damaged files: refused in words for people; whole ones are read."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from support.photographs import pillow, tiff_of

from srgan_distill.common.errors import UserError
from srgan_distill.imaging.photographs import read_photograph
from srgan_distill.imaging.tags import Directory, Tag, Tags, packed

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
STRIP_PLACES, STRIP_SIZES, TILE_PLACES = 273, 279, 324


def read(tmp_path: Path, data: bytes) -> np.ndarray:
    (tmp_path / "in").write_bytes(data)
    return read_photograph(tmp_path / "in").pixels


def longs(*values: float) -> Tag:
    return Tag(4, len(values), struct.pack(f"<{len(values)}I", *map(int, values)))


def with_directory_first(data: bytes, directory: Directory) -> bytes:
    """A TIFF file that ends with its pixels, by another directory."""
    places_tag = TILE_PLACES if TILE_PLACES in directory.tags else STRIP_PLACES
    places = directory.numbers(places_tag)
    directory.tags[places_tag] = longs(*places)
    start = 8 + len(packed(directory, 8))
    directory.tags[places_tag] = longs(*(start + place for place in places))
    return data[:4] + struct.pack("<I", 8) + packed(directory, 8) + data


@pytest.mark.parametrize(
    ("layout", "without"),
    [
        ({}, ()),
        ({}, (STRIP_SIZES,)),
        ({"rowsperstrip": 7}, ()),
        ({"rowsperstrip": 7}, (STRIP_SIZES,)),
        ({"rowsperstrip": 7, "compression": "zlib"}, ()),
        ({"tile": (16, 16)}, ()),
    ],
)
def test_a_tiff_that_ends_before_its_picture_is_damaged(tmp_path, layout, without):
    """Were it not, a decoder would take the reader's own directory behind it for pixels."""
    data = tiff_of(PIXELS, photometric="rgb", **layout)
    directory = Tags(data).first().without(*without)
    whole = with_directory_first(data, directory)
    np.testing.assert_array_equal(read(tmp_path, whole), PIXELS)
    for missing in (1, 40, 500):
        with pytest.raises(UserError, match="the file ends before its picture does"):
            read(tmp_path, whole[:-missing])


def test_a_cut_file_of_pillow_and_one_of_planes_are_damaged(tmp_path):
    planes = tiff_of(np.moveaxis(PIXELS, 2, 0), photometric="rgb", planarconfig="separate")
    for data in (pillow(Image.fromarray(PIXELS), "TIFF"), planes):
        np.testing.assert_array_equal(read(tmp_path, data), PIXELS)
        with pytest.raises(UserError, match="the file ends before its picture does"):
            read(tmp_path, data[:-40])


def test_a_last_strip_that_claims_the_size_of_the_others_is_read(tmp_path):
    """So some programs write it, and no row is missing."""
    data = tiff_of(PIXELS, photometric="rgb", rowsperstrip=7)
    directory = Tags(data).first()
    directory.tags[STRIP_SIZES] = longs(*[7 * 30 * 3] * 6)
    whole = with_directory_first(data, directory)
    np.testing.assert_array_equal(read(tmp_path, whole), PIXELS)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_what_pillow_does_not_know_is_said_in_words(tmp_path, kind):
    """Not as the address of an object in memory, nor as the name of a decoder."""
    if kind == "TIFF":  # undamaged, but of inks with an alpha channel
        inks = np.concatenate([PIXELS, PIXELS[..., :2]], axis=2)
        data = tiff_of(inks, photometric="separated", extrasamples=["unassalpha"])
    elif kind == "AVIF":
        if not features.check("avif"):
            pytest.skip("this Pillow has no AVIF")
        data = pillow(Image.fromarray(PIXELS), kind)[:60]
    else:
        data = pillow(Image.fromarray(PIXELS), kind)[:12].ljust(40, b"\0")
    with pytest.raises(UserError) as caught:
        read(tmp_path, data)
    assert str(caught.value) == (
        f"image {tmp_path / 'in'} cannot be read (its header is damaged, or it stores pixels in a "
        "way that Pillow does not read); save it anew"
    )


def test_a_broken_index_of_pictures_refuses_nothing(tmp_path):
    data = pillow(Image.fromarray(PIXELS), "JPEG", extra=b"\xff\xe2\0\x0aMPF\0none")
    (tmp_path / "in").write_bytes(data)
    photograph = read_photograph(tmp_path / "in")
    assert (photograph.pages, photograph.metadata.lost) == (1, [])
