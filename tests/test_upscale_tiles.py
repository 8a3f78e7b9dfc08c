"""Tiles make the whole: the margin is exactly the receptive field; the Python API on arrays."""

import ast
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from support.upscaling import tiny_generator

import srgan_distill
from srgan_distill.app import api
from srgan_distill.app.api import UserError, load_model, save_image, upscale
from srgan_distill.app.upscaling import model as engine
from srgan_distill.app.upscaling.tiles import spans
from srgan_distill.imaging.images import to_tensor, to_uint8
from srgan_distill.networks.generator import Generator


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_margin_is_exactly_the_receptive_field(blocks):
    generator = tiny_generator(blocks).double()
    reach = generator.receptive_radius
    side, first, last = 2 * reach + 8, reach + 2, reach + 4  # a tile of 2 pixels, off the centre
    image = torch.rand(1, 3, side, side, dtype=torch.double, requires_grad=True)
    tile = generator(image)[..., 4 * first : 4 * last, 4 * first : 4 * last]
    tile.abs().sum().backward()
    for axis in ((0, 1, 2), (0, 1, 3)):
        read = image.grad.abs().amax(axis).nonzero()
        assert (read.min(), read.max()) == (first - reach, last - 1 + reach)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 100])
def test_spans_cover_once_and_evenly(length):
    found = list(spans(length, 16))
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert all(one[1] == other[0] for one, other in pairwise(found))
    lengths = [stop - start for start, stop in found]
    assert max(lengths) <= 16
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("tile", [1, 5, 16, 33])
def test_tiles_make_the_whole(model, coffee, channels, tile):
    # 16 bits show what 8 would round away: one grey level of 8 is 257 of 16.
    colours = coffee[100:133, 200:226].astype(np.uint16) * 257
    image = np.dstack([colours, colours[::-1, :, :1]])[..., -channels:]
    if tile == 1:
        image = image[:7, :5]
    whole = upscale(model, image, tile=1000).astype(int)
    difference = np.abs(upscale(model, image, tile) - whole)
    assert difference.max() <= 1
    assert whole.std() > 1000


def test_a_smaller_margin_shows_at_the_seams(model, coffee, monkeypatch):
    image = coffee[100:148, 200:248].astype(np.uint16) * 257
    whole = upscale(model, image, tile=1000).astype(int)
    reach = model.generator.receptive_radius
    monkeypatch.setattr(Generator, "receptive_radius", property(lambda generator: reach - 1))
    difference = np.abs(upscale(model, image, tile=24) - whole).max(axis=2)
    assert difference[92:100].max() > 1
    assert difference[:80, :80].max() <= 1


def test_the_shipped_student_has_no_seams(coffee):
    student = load_model(device="cpu")
    image = coffee[100:180, 200:300]
    whole = upscale(student, image, tile=1000).astype(int)
    assert np.abs(upscale(student, image, tile=30) - whole).max() <= 1
    mirrored = np.pad(image, ((8, 8), (8, 8), (0, 0)), "symmetric")
    with torch.no_grad():
        expected = to_uint8(student.generator(to_tensor(mirrored)))[32:-32, 32:-32]
    assert np.abs(expected - whole).max() <= 1
    # It is a student, not noise: it leaves what bicubic reduction would give back.
    reduced = whole.reshape(80, 4, 100, 4, 3).mean((1, 3))
    assert np.abs(reduced - image).mean() < 3


def test_bfloat16_is_wrong_by_a_grey_level_but_for_a_value_in_a_hundred(coffee):
    image = coffee[100:150, 200:260]
    exact, fast = (
        upscale(load_model(device="cpu", precision=precision), image).astype(int)
        for precision in ("float32", "bfloat16")
    )
    wrong = np.abs(fast - exact)
    assert 0 < wrong.max() <= 4
    assert (wrong > 1).mean() < 0.005


def test_shapes_types_and_ranges(model, photo):
    for channels in (1, 2, 3, 4):
        image = np.dstack([photo, photo[..., :1]])[..., :channels]
        result = upscale(model, image)
        assert (result.shape, result.dtype) == ((56, 72, channels), np.uint8)
    grey = upscale(model, photo[..., 0])
    assert grey.shape == (56, 72)
    np.testing.assert_array_equal(grey, upscale(model, photo[..., :1])[..., 0])
    deep = upscale(model, photo.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - upscale(model, photo)).max() <= 0.51


def test_grey_is_the_luma_of_equal_channels(model, photo):
    colours = upscale(model, np.repeat(photo[..., :1], 3, axis=2))
    luma = colours @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - upscale(model, photo[..., 0])).max() <= 1


def test_alpha_keeps_opaque_and_transparent(model, photo):
    alpha = np.zeros((14, 18, 1), np.uint8)
    alpha[:, 9:] = 255
    result = upscale(model, np.concatenate([photo, alpha], axis=2))
    assert (result[:, :28, 3] == 0).all()
    assert (result[:, -28:, 3] == 255).all()
    # What is hidden has the colour of what is visible beside it.
    spread = np.concatenate([photo[:, 9:10].repeat(9, axis=1), photo[:, 9:]], axis=1)
    np.testing.assert_array_equal(result[..., :3], upscale(model, spread))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 3)), "float64"),
        (np.zeros((4, 4, 5), np.uint8), r"\[4, 4, 5\]"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\[1, 4, 4, 3\]"),
        (np.zeros(4, np.uint8), r"\[4\]"),
    ],
)
def test_arrays_that_are_no_images_are_one_clear_error(model, tmp_path, image, message):
    with pytest.raises(UserError, match=message):
        upscale(model, image)
    with pytest.raises(UserError, match=message):
        save_image(tmp_path / "a.png", image)


def test_tiles_follow_the_memory(model, monkeypatch):
    student = load_model(device="cpu")
    monkeypatch.setattr(engine.psutil, "virtual_memory", lambda: Memory(8 * 2**30))
    plenty = student.tile()
    assert 100 < plenty < 200
    teacher = load_model("teacher_gan", device="cpu")
    assert 6 * teacher.margin == teacher.tile() + 2 * teacher.margin  # more than margin
    monkeypatch.setattr(engine.psutil, "virtual_memory", lambda: Memory(512 * 2**20))
    assert 32 < student.tile() < plenty
    assert 32 < teacher.tile() < 100
    monkeypatch.setattr(engine.psutil, "virtual_memory", lambda: Memory(0))
    assert student.tile() == 32


class Memory:
    def __init__(self, available: int) -> None:
        self.available = available


def test_too_little_memory_for_a_tile_says_so(model, photo, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(engine, "_upscaled", fail)
    with pytest.raises(UserError, match="--tile"):
        upscale(model, photo)


def test_the_package_has_the_api_and_nothing_else():
    assert srgan_distill.__all__ == api.__all__
    assert {name: getattr(srgan_distill, name) for name in api.__all__} == {
        name: getattr(api, name) for name in api.__all__
    }
    assert set(api.__all__) < set(dir(srgan_distill))
    names: dict[str, object] = {}
    exec("from srgan_distill import *", names)
    assert {*names} - {"__builtins__"} == {*api.__all__}
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        srgan_distill.train  # noqa: B018


def test_type_checkers_see_the_api():
    """The package says that it has types, in what is installed too, and imports names for them."""
    package = Path(srgan_distill.__file__).parent
    settings = tomllib.loads((package.parents[1] / "pyproject.toml").read_text())
    assert settings["tool"]["setuptools"]["package-data"]["srgan_distill"] == ["py.typed"]
    assert (package / "py.typed").is_file()
    tree = ast.parse((package / "__init__.py").read_text())
    (imports,) = [node for node in ast.walk(tree) if getattr(node, "module", None) == "app.api"]
    assert [alias.name for alias in imports.names] == api.__all__


def test_the_package_itself_stays_quick_to_import():
    code = (
        "import sys, srgan_distill, srgan_distill.shipped.models; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_models_are_named(tmp_path):
    for name in ("none", tmp_path, ""):
        with pytest.raises(UserError, match="shipped model"):
            load_model(name)
    (tmp_path / "damaged.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="damaged"):
        load_model(tmp_path / "damaged.safetensors")
