"""The protocol's figures, by hand and against MATLAB's own images."""

from pathlib import Path

import numpy as np
import pytest

from srgan_distill.imaging.images import list_images, read_rgb
from srgan_distill.imaging.protocol import bicubic, crop_border, luma


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((0, 0, 0), 16.0),
        ((255, 255, 255), 235.0),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
        ((100, 50, 200), 16 + (6548.1 + 6427.65 + 4993.2) / 255),
    ],
)
def test_luma_by_hand(rgb, expected):
    y = luma(np.array([[rgb]], dtype=np.uint8))
    assert y.dtype == np.float64
    assert y.shape == (1, 1)
    assert y[0, 0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("border", [0, 2])
def test_crop_border_cuts_all_four_sides(border):
    img = np.arange(60).reshape(6, 10)
    expected = [[row * 10 + column for column in range(border, 10 - border)]
                for row in range(border, 6 - border)]  # fmt: skip
    assert crop_border(img, border).tolist() == expected


@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_shrinking_gives_matlabs_lr_bit_for_bit(shared: Path, name: str):
    for path in list_images(shared / "datasets" / name / "HR"):
        lr = read_rgb(shared / "datasets" / name / "LR_bicubic_X4" / path.name)
        np.testing.assert_array_equal(bicubic(read_rgb(path), 1 / 4), lr, err_msg=path.name)


def test_shrinking_odd_sizes_keeps_the_grid(shared: Path):
    hr = read_rgb(shared / "datasets/Set5/HR/img_002.png")
    matlab = read_rgb(shared / "datasets/Set5/LR_bicubic_X4/img_002.png")
    lr = bicubic(hr[:-1, :-3], 1 / 4)  # 287x285
    assert lr.shape == (72, 72, 3)
    # What was cut off reaches three LR pixels inwards.
    np.testing.assert_array_equal(lr[:-3, :-3], matlab[:-3, :-3])


def imresize_quarter(rgb: np.ndarray) -> np.ndarray:
    """MATLAB's imresize by 1/4 written out: Keys' kernel stretched four times, edges repeated.

    Rows first, each pass rounded to uint8, in float64.
    """
    for axis in (0, 1):
        length = rgb.shape[axis]
        centres = 4 * np.arange(-(-length // 4)) + 1.5
        taps = np.floor(centres - 8)[:, None] + np.arange(18)
        weights = np.vectorize(_keys)(np.minimum(np.abs(centres[:, None] - taps) / 4, 2))
        weights /= weights.sum(axis=1, keepdims=True)
        rows = np.moveaxis(rgb, axis, 0)[np.clip(taps.astype(int), 0, length - 1)]
        values = np.einsum("ot,ot...->o...", weights, rows.astype(float))
        rgb = np.moveaxis(np.floor(values + 0.5).clip(0, 255).astype(np.uint8), 0, axis)
    return rgb


def test_shrinking_is_imresize_written_out(coffee: np.ndarray):
    """What the public LR of Set5 and Set14 show too, here on any machine."""
    for photo in (coffee, coffee[:101, :83], coffee[7:24, 5:600]):
        np.testing.assert_array_equal(bicubic(photo, 1 / 4), imresize_quarter(photo))


def test_shrinking_odd_sizes_of_a_photograph_keeps_the_grid(coffee: np.ndarray):
    lr = bicubic(coffee[:-1, :-3], 1 / 4)  # 597x399
    assert lr.shape == (100, 150, 3)
    np.testing.assert_array_equal(lr[:-3, :-3], bicubic(coffee, 1 / 4)[:-3, :-3])
    assert (lr[-1] != bicubic(coffee, 1 / 4)[-1]).any()


@pytest.mark.parametrize(("factor", "shape"), [(1 / 4, (3, 2, 3)), (4, (36, 28, 3))])
def test_flat_colour_stays_and_sizes_round_up(factor, shape):
    rgb = np.full((9, 7, 3), (10, 128, 255), dtype=np.uint8)
    resized = bicubic(rgb, factor)
    assert resized.dtype == np.uint8
    assert resized.shape == shape
    assert (resized == (10, 128, 255)).all()


def test_enlarging_is_centred_and_clipped():
    step = np.zeros((8, 8, 3), dtype=np.uint8)
    step[:, 4:] = 255
    row = bicubic(step, 4)[16, :, 0].astype(int)
    # Column 16 lies at (16 + 0.5) / 4 - 0.5 = 3.625 of the small image.
    assert row[16] == round(255 * (_keys(4 - 3.625) + _keys(5 - 3.625)))
    assert (row + row[::-1] == 255).all()
    assert set(row[:12]) == {0}


def _keys(x: float) -> float:
    """Keys' cubic convolution kernel with a = -0.5 (IEEE TASSP, 1981), for x in [0, 2]."""
    return 1.5 * x**3 - 2.5 * x**2 + 1 if x <= 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
