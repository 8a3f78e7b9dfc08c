"""The Python API: what its examples do, and one `UserError` for arguments of other kinds."""

import os
import re
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from support.code_reading import SOURCE
from support.photographs import exif, pillow
from support.upscaling import tiny_generator

from srgan_distill.app import api, cli
from srgan_distill.app.api import UserError, load_model, read_image, save_image, upscale
from srgan_distill.networks.weights import save_generator

IMAGE = np.zeros((4, 4, 3), np.uint8)
GUIDE = (SOURCE.parent / "docs" / "photographs.md").read_text(encoding="utf-8")
EXAMPLES = {
    "docstring": re.search(r"\n    from .*\n\n(?=`photo`)", api.__doc__, re.DOTALL)[0],
    "guide": re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)[1],
}


@pytest.mark.parametrize("place", EXAMPLES)
def test_an_example_does_what_the_command_does(photo, tmp_path, place):
    """Word for word, in a process of its own, with a photograph of inks that lies on its side."""
    inks = Image.fromarray(photo).convert("CMYK")
    (tmp_path / "photo.jpg").write_bytes(pillow(inks, "JPEG", exif=exif(6)))
    code = re.sub("^    ", "", EXAMPLES[place], flags=re.MULTILINE)
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    arguments = ["upscale", tmp_path / "photo.jpg", "-o", tmp_path / "command.png"]
    assert cli.main([str(part) for part in arguments]) == 0
    results = [np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("large", "command")]
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("kind", ["palette", "grey", "16 bits"])
def test_read_image_gives_upright_values(photo, tmp_path, kind):
    if kind == "palette":
        picture = Image.fromarray(photo).quantize(16)
        expected = np.asarray(picture.convert("RGB"))
    elif kind == "grey":
        picture = Image.fromarray(photo[..., 0])
        expected = photo[..., :1]
    else:
        picture = Image.fromarray(photo[..., 0].astype(np.uint16) * 257)
        expected = photo[..., :1].astype(np.uint16) * 257
    picture.save(tmp_path / "a.png", exif=exif(3))
    got = read_image(str(tmp_path / "a.png"))
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected[::-1, ::-1])


def test_photographs_can_be_read_from_several_threads(photo, tmp_path):
    """What a decoder changes of the whole process is as before: its stderr, and Pillow's limit."""
    Image.fromarray(photo).resize((400, 400)).save(tmp_path / "a.jpg")
    before = os.fstat(2), Image.MAX_IMAGE_PIXELS, len(warnings.filters)
    with ThreadPoolExecutor(4) as threads:
        images = list(threads.map(read_image, [tmp_path / "a.jpg"] * 60))
    assert (os.fstat(2), Image.MAX_IMAGE_PIXELS, len(warnings.filters)) == before
    assert all(np.array_equal(image, images[0]) for image in images)


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"a\.png does not exist"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("image", [None, [[1, 2], [3, 4]], Image.new("RGB", (4, 4)), "a.png", 3,
                                   torch.zeros(3, 4, 4), Path("a.png")])  # fmt: skip
def test_what_is_no_array_is_named(model, tmp_path, image):
    kind = type(image).__name__
    with pytest.raises(UserError, match=f"NumPy array, not {kind}; read_image makes one of a file"):
        upscale(model, image)
    with pytest.raises(UserError, match=f"NumPy array, not {kind}"):
        save_image(tmp_path / "a.png", image)


LONG = "n" * 300
NUL = r"(\w+: )?embedded null (byte|character in path)"  # the latter since Python 3.13


@pytest.mark.parametrize(
    ("name", "reason"),
    [(f"{LONG}.png", "File name too long"), ("a\0.png", NUL),
     ("file/a.png", "Not a directory")],
)  # fmt: skip
@pytest.mark.parametrize("force", [False, True])
def test_names_that_the_system_does_not_take(tmp_path, name, reason, force):
    """They stand for folders that one may not enter, too, which stop no test that root runs."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught:
        save_image(tmp_path / name, IMAGE, force=force)
    written = re.escape(f"{tmp_path / name} cannot be written (")
    assert re.fullmatch(rf"{written}{reason}\)", str(caught.value))


def test_models_that_the_system_does_not_take():
    with pytest.raises(UserError, match=f"model {LONG} cannot be read .File name too long."):
        load_model(LONG)
    with pytest.raises(UserError, match="neither a file nor a shipped model"):
        load_model("a\0b")


@pytest.mark.parametrize("tile", [0, -3, 2.5, "8", True])
def test_tiles_that_are_none(model, tile):
    with pytest.raises(UserError, match=r"tile .*: must be a whole number of at least 1"):
        upscale(model, IMAGE, tile)


@pytest.mark.parametrize("quality", [0, 101, -1, 95.5, "95", None, True])
def test_qualities_that_are_none(tmp_path, quality):
    with pytest.raises(UserError, match=r"quality .*: must be a whole number from 1 to 100"):
        save_image(tmp_path / "a.jpg", IMAGE, quality=quality)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, 3, ["a.png"], b"a.png"])
def test_paths_that_are_none(path):
    with pytest.raises(UserError, match="a file's name must be"):
        save_image(path, IMAGE)
    with pytest.raises(UserError, match="a file's name must be"):
        read_image(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "device 'tpu': must be one of auto, cpu, cuda"),
        ({"device": None}, "device None"),
        ({"precision": "float16"}, "precision 'float16': must be one of float32, bfloat16"),
        ({"model": None}, "model None is neither"),
        ({"model": 3}, "model 3 is neither"),
    ],
)
def test_models_devices_and_precisions_that_are_none(arguments, message):
    with pytest.raises(UserError, match=message):
        load_model(**arguments)


def test_a_machine_without_gpu_is_said_in_the_words_of_the_command(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no GPU") as caught:
        load_model(device="cuda")
    assert "hardware" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), UserError),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."), UserError),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `x`"), UserError),
        (RuntimeError("GET was unable to find an engine to execute this computation"), UserError),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), RuntimeError),
    ],
)
def test_a_smaller_tile_is_advised_where_memory_is_full(model, monkeypatch, error, told):
    def fail(images):
        raise error

    monkeypatch.setattr(model.generator, "forward", fail)
    with pytest.raises(told, match="give a smaller size" if told is UserError else "illegal"):
        upscale(model, IMAGE)


def test_what_is_no_model_is_named():
    with pytest.raises(UserError, match="a model must come from load_model, not be str"):
        upscale("student", IMAGE)


def foreign_files() -> dict[str, bytes]:
    return {"RealESRGAN_x4plus.pth": b"\x80\x02}q\0.", "empty.safetensors": b"",
            "text.safetensors": b"no weights at all"}  # fmt: skip


@pytest.mark.parametrize("name", [*foreign_files(), "other.safetensors", "folder"])
def test_a_foreign_model_is_neither_deleted_nor_repaired_by_dvc(run, tmp_path, name, capsys):
    if name == "other.safetensors":
        save_file({"conv.weight": torch.zeros(3)}, tmp_path / name)
    elif name == "folder":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(foreign_files()[name])
    with pytest.raises(UserError) as caught:
        load_model(tmp_path / name)
    assert "dvc" not in str(caught.value)
    assert "delete" not in str(caught.value)
    assert "shipped model" in str(caught.value)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    generator = tiny_generator()
    with torch.no_grad():
        generator.tail.bias[0] = float("nan")
    save_generator(tmp_path / "nan.safetensors", generator)
    with pytest.raises(UserError, match="weights that are no numbers"):
        load_model(tmp_path / "nan.safetensors")
