"""`srgan-distill upscale` with bad input: one line a file, the others go on, nothing is left."""

import errno
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srgan_distill.app import cli
from srgan_distill.app.api import UserError, save_image
from srgan_distill.app.upscaling import command, saving
from srgan_distill.shipped import models


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be that large."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 4) + b"IDAT" + bytes(8)


@pytest.fixture
def folder(photo, tmp_path) -> Path:
    """A folder with one good photograph, which comes last."""
    (tmp_path / "in").mkdir()
    Image.fromarray(photo).save(tmp_path / "in" / "z.png")
    return tmp_path / "in"


BAD = {
    "text.png": lambda good: b"no image",
    "empty.png": lambda good: b"",
    "truncated.png": lambda good: good[:-100],
    "bomb.png": lambda good: png_header(60_000, 60_000),
    "damaged.png": lambda good: good[:60] + bytes(200) + good[260:],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_and_the_others_go_on(run, folder, tmp_path, name):
    (folder / name).write_bytes(BAD[name]((folder / "z.png").read_bytes()))
    code, out, err = run(folder, "-o", tmp_path / "out")
    assert code == 1
    assert len(err) == 2
    assert err[0].startswith(f"error: image {folder / name} ")
    assert ("more than 250 megapixels" in err[0]) == (name == "bomb.png")
    assert err[1] == "1 upscaled, 1 not"
    assert out.count("\n") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["z.png"]


def test_other_formats_and_depths_are_named(run, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "a.png", "GIF")
    Image.fromarray(photo[..., 0].astype(np.float32)).save(tmp_path / "b.tif")
    code, _, err = run(tmp_path / "a.png", tmp_path / "b.tif", "-o", tmp_path / "out")
    assert code == 1
    assert "is GIF, not PNG" in err[0]
    assert "8 or 16 bits" in err[1]


@pytest.mark.parametrize(
    ("output", "message"),
    [("out.gif", ".gif is no format"), ("z.png/out.png", "cannot be made"), ("z.png/x", "cannot")],
)
def test_outputs_that_cannot_be_are_one_line(run, folder, output, message):
    code, _, err = run(folder / "z.png", "-o", folder / output)
    assert code == 1
    assert len(err) == 1
    assert message in err[0]
    assert [path.name for path in folder.iterdir()] == ["z.png"]


def test_missing_photographs_and_folders_are_named(run, folder, tmp_path):
    (tmp_path / "none").mkdir()
    code, _, err = run(tmp_path / "a.png", tmp_path / "none", folder, "-o", tmp_path / "out")
    assert code == 1
    assert "a.png does not exist" in err[0]
    assert "holds no image" in err[1]
    assert err[2] == "1 upscaled, 2 not"


def test_what_cannot_even_be_looked_at_is_one_line_and_the_others_go_on(run, folder, tmp_path):
    """A name that the system does not take stands for a folder that one may not enter.

    Since Python 3.14 such a path is no folder, and its result is the first that cannot be had.
    """
    code, _, err = run(tmp_path / ("n" * 300 + ".png"), folder, "-o", tmp_path / "out")
    assert code == 1
    refused = "written" if sys.version_info >= (3, 14) else "read"
    assert err[0].endswith(f"cannot be {refused} (File name too long)")
    assert err[1] == "1 upscaled, 1 not"


def test_nothing_is_overwritten_without_force(run, folder, tmp_path):
    result = tmp_path / "out.jpg"
    result.write_text("precious")
    code, _, err = run(folder / "z.png", "-o", result)
    assert code == 1
    assert "--force" in err[0]
    assert result.read_text() == "precious"
    assert run(folder / "z.png", "-o", result, "--force")[0] == 0
    assert Image.open(result).size == (72, 56)


def test_a_photograph_is_never_replaced_by_its_result(run, folder):
    before = (folder / "z.png").read_bytes()
    for output in (folder, folder / "z.png", folder / ".." / "in" / "z.png"):
        code, _, err = run(folder / "z.png", "-o", output, "--force")
        assert code == 1
        assert "the result would replace it" in err[0]
    assert (folder / "z.png").read_bytes() == before


def test_two_photographs_of_one_name(run, folder, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "z.png").write_bytes((folder / "z.png").read_bytes())
    inputs = (folder / "z.png", tmp_path / "more" / "z.png")
    code, out, err = run(*inputs, "-o", tmp_path / "out", "--force")
    assert code == 1
    assert f"is the result of {inputs[0]}; give it" in err[0]
    assert out.count("\n") == 1


def test_a_photograph_that_failed_does_not_stand_in_its_namesakes_way(run, folder, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "z.png").write_bytes(b"no image")
    code, out, err = run(tmp_path / "more" / "z.png", folder / "z.png", "-o", tmp_path / "out")
    assert code == 1
    assert "is the result of" not in "".join(err)
    assert out.count("\n") == 1
    assert (tmp_path / "out" / "z.png").is_file()


def test_one_file_for_several_photographs(run, folder, tmp_path):
    for inputs in ([folder], [folder / "z.png"] * 2):
        code, _, err = run(*inputs, "-o", tmp_path / "out.png")
        assert (code, len(err)) == (1, 1)
        assert "need a folder" in err[0]


def test_what_a_format_cannot_hold_is_said_before_the_work(run, folder, tmp_path, monkeypatch):
    def work(*_: object) -> None:
        raise AssertionError("worked")
        yield

    monkeypatch.setattr(command, "upscaled_bands", work)
    long = np.zeros((1, 16_400, 3), np.uint8)
    Image.fromarray(long).save(tmp_path / "long.png")
    Image.fromarray(long[:, :16_376]).save(tmp_path / "too-long-for-libjpeg.png")
    see_through = Image.new("RGBA", (8, 8), (1, 2, 3, 4))
    see_through.save(tmp_path / "see.png")
    for source, output, message in (
        ("long.png", "a.jpg", "more than JPEG holds"),
        ("too-long-for-libjpeg.png", "a.jpg", "more than JPEG holds"),
        ("long.png", "a.webp", "WebP holds; use PNG (-o NAME.png, for this photograph alone)"),
        ("see.png", "a.jpg", "JPEG holds no transparency"),
    ):
        code, _, err = run(tmp_path / source, "-o", tmp_path / output)
        assert code == 1
        assert message in err[0]


def test_no_space_is_said_before_the_work_and_while_writing(run, folder, tmp_path, monkeypatch):
    out = tmp_path / "out.png"
    with monkeypatch.context() as patch:
        usage = saving.shutil.disk_usage(tmp_path)._replace(free=1000)
        patch.setattr(saving.shutil, "disk_usage", lambda _: usage)
        code, _, err = run(folder / "z.png", "-o", out)
        assert (code, "no space" in err[0]) == (1, True)

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full, where the system itself says that a disk is full")

    def full(*_: object):
        return Path("/dev/full").open("wb")  # the kernel says ENOSPC

    monkeypatch.setattr(saving, "open", full, raising=False)
    for suffix in ("png", "jpg", "webp", "tif", "bmp"):
        code, _, err = run(folder / "z.png", "-o", out.with_suffix(f".{suffix}"))
        assert code == 1
        assert "No space left on device" in err[0]
    assert list(tmp_path.glob("*out*")) == []


def test_too_little_memory_for_a_format_is_said(photo, tmp_path, monkeypatch):
    class Memory:
        available = 1000

    monkeypatch.setattr(saving.psutil, "virtual_memory", Memory)
    save_image(tmp_path / "a.png", photo)
    with pytest.raises(UserError, match="PNG and TIFF are written as they are made"):
        save_image(tmp_path / "a.jpg", photo)


def test_an_old_file_survives_a_failure(run, folder, tmp_path, monkeypatch):
    result = tmp_path / "out.png"
    result.write_text("precious")

    def fail(*_: object):
        yield np.zeros((4, 72, 3), np.uint8)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(command, "upscaled_bands", fail)
    code, _, err = run(folder / "z.png", "-o", result, "--force")
    assert (code, "Input/output error" in err[0]) == (1, True)
    assert result.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == ["out.png"]


@pytest.mark.parametrize("option", [["--tile", "0"], ["--quality", "101"], ["--device", "tpu"]])
def test_wrong_options_are_explained(tmp_path, capsys, option):
    with pytest.raises(SystemExit):
        cli.main(["upscale", "a.png", "-o", "b.png", *option])
    assert option[0] in capsys.readouterr().err


def test_an_unknown_model_is_one_line(folder, tmp_path, capsys):
    arguments = ["upscale", folder, "-o", tmp_path / "out", "--model", "none"]
    assert cli.main([str(part) for part in arguments]) == 1
    err = capsys.readouterr().err
    shipped = ", ".join(models.names())
    assert err == f"error: model none is neither a file nor a shipped model ({shipped})\n"
