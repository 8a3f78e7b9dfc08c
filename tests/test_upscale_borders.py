"""Borders of a picture, and of what is visible in it: no frame, no rim."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from srgan_distill.app.api import load_model, upscale
from srgan_distill.app.upscaling.alpha import spread
from srgan_distill.app.upscaling.tiles import mirrored
from srgan_distill.imaging.images import list_images, read_rgb, to_tensor, to_uint8
from srgan_distill.imaging.protocol import decibels, luma, psnr
from srgan_distill.shipped.card import CARD
from srgan_distill.shipped.models import DEFAULT


@pytest.fixture(scope="module")
def student():
    return load_model(device="cpu")


@pytest.mark.parametrize("colour", [(0, 255, 0), (255, 0, 0), (255, 255, 255), (0, 0, 0)])
def test_one_colour_stays_one_colour(student, colour):
    result = upscale(student, np.full((32, 32, 3), colour, np.uint8)).astype(int)
    assert np.abs(result - result[64, 64]).max() <= 8  # with zeros beyond the border 89


def test_borders_of_photographs_are_as_good_as_with_zeros(student, shared: Path):
    """PSNR of a strip of 16 px along the border: zeros are what the network learnt with."""
    folder = shared / "datasets" / "Set5"
    lr, hr = (read_rgb(list_images(folder / part)[1]) for part in ("LR_bicubic_X4", "HR"))
    inner = np.ones(hr.shape[:2], bool)
    inner[16:-16, 16:-16] = False
    values = [
        decibels(((luma(sr) - luma(hr)) ** 2)[inner].mean())
        for sr in (upscale(student, lr), zero_padded(student, lr))
    ]
    assert values[0] > values[1] - 0.4


def test_the_card_says_what_borders_change_of_its_figures(student, shared: Path):
    """By `upscale` and of the bare network, whose figure the table has."""
    said = re.search(r"`(\w+)` has (\S+) dB on Set5 in place of (\S+)\.\n", CARD.read_text())
    assert said[1] == DEFAULT
    folder = shared / "datasets" / "Set5"
    pairs = [
        tuple(map(read_rgb, paths))
        for paths in zip(
            *(list_images(folder / part) for part in ("LR_bicubic_X4", "HR")), strict=True
        )
    ]
    for way, figure in ((upscale, said[2]), (zero_padded, said[3])):
        mean = np.mean([psnr(way(student, lr), hr) for lr, hr in pairs])
        # The table's has another precision on another machine.
        assert mean == pytest.approx(float(figure), abs=0.011)


@torch.inference_mode()
def zero_padded(student, lr: np.ndarray) -> np.ndarray:
    return to_uint8(student.generator(to_tensor(lr)))


@pytest.mark.parametrize("length", [1, 2, 5])
def test_places_beyond_the_border_are_mirrored(length):
    values = np.arange(length)
    got = values[mirrored(range(-7, length + 7), length)]
    np.testing.assert_array_equal(got, np.pad(values, 7, "symmetric"))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2)])
def test_pictures_smaller_than_their_border(student, size):
    assert upscale(student, np.full((*size, 3), 90, np.uint8)).shape == (
        4 * size[0], 4 * size[1], 3
    )  # fmt: skip


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (0, 255, 0)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_hidden_colours_make_no_rim(student, hidden, dtype):
    scale = np.iinfo(dtype).max // 255
    disc = Image.new("L", (40, 40))
    ImageDraw.Draw(disc).ellipse((8, 8, 31, 31), fill=255)
    visible = np.asarray(disc) > 0
    pixels = np.where(visible[..., None], (230, 40, 40), hidden)
    image = (np.dstack([pixels, np.asarray(disc)]) * scale).astype(dtype)
    result = upscale(student, image) / scale
    seen = result[result[..., 3] > 0]
    assert np.abs(seen[:, :3] - (230, 40, 40)).max() < 8  # red went down to 113


def test_hidden_grey_makes_no_rim(student):
    image = np.zeros((24, 24, 2), np.uint8)
    image[8:16, 8:16] = 200, 255
    result = upscale(student, image)
    assert np.abs(result[result[..., 1] > 0][:, 0].astype(int) - 200).max() < 8


def test_what_is_visible_is_left_as_it_is():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (9, 7, 4), np.uint8)
    pixels[..., 3] = np.where(pixels[..., 3] < 128, 0, pixels[..., 3])
    result = spread(pixels)
    seen = pixels[..., 3] > 0
    np.testing.assert_array_equal(result[seen], pixels[seen])
    np.testing.assert_array_equal(result[..., 3], pixels[..., 3])
    colours = {tuple(colour) for colour in pixels[seen][:, :3].tolist()}
    assert {tuple(colour) for colour in result[~seen][:, :3].tolist()} <= colours


@pytest.mark.parametrize("alpha", [0, 1, 255])
def test_nothing_hidden_or_nothing_visible_is_left_as_it_is(alpha):
    pixels = np.full((3, 3, 4), 9, np.uint8)
    pixels[..., 3] = alpha
    np.testing.assert_array_equal(spread(pixels), pixels)


def test_tiles_see_no_other_colours_under_transparency(model, photo):
    alpha = np.zeros((14, 18, 1), np.uint8)
    alpha[3:6, 4:9] = 255
    image = np.concatenate([photo, alpha], axis=2)
    whole = upscale(model, image, tile=1000).astype(int)
    assert np.abs(upscale(model, image, tile=4) - whole).max() <= 1
