"""`srgan-distill upscale` as a user runs it: every format, what describes a picture, names."""

import os
import subprocess
import sys
import termios
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms, ImageOps

from srgan_distill.app import cli
from srgan_distill.app.api import Model, upscale
from srgan_distill.shipped import models as shipped

ORIENTATION = ExifTags.Base.Orientation
EXACT, LOSSY = ("png", "tif", "tiff", "bmp"), ("jpg", "jpeg", "webp")


def deep(path: Path) -> np.ndarray:
    """A 16-bit file as another library reads it: RGB or RGBA."""
    if path.suffix == ".tif":
        return tifffile.imread(path)
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


@pytest.mark.parametrize("suffix", EXACT + LOSSY)
def test_each_format_is_read_and_written(run, model, photo, tmp_path, suffix):
    source, result = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix.upper()}"
    Image.fromarray(photo).save(source)
    read = np.asarray(Image.open(source).convert("RGB"))
    code, out, err = run(source, "-o", result)
    assert (code, err) == (0, [])
    assert out == f"{source} -> {result}: 72x56 pixels\n"
    with Image.open(result) as image:
        assert image.format == Image.open(source).format
        got, expected = np.asarray(image).astype(int), upscale(model, read)
    if suffix in EXACT:
        np.testing.assert_array_equal(got, expected)
    else:
        got, expected = got.mean(2).ravel(), expected.mean(2).ravel()  # WebP halves colours
        assert np.corrcoef(got, expected)[0, 1] > 0.8
    assert sorted(tmp_path.iterdir()) == [source, result]


def modes(photo: np.ndarray) -> dict[str, tuple[Image.Image, str]]:
    """Pictures of all kinds, and the mode of what they become."""
    colour = Image.fromarray(photo)
    alpha = Image.fromarray(photo[..., 1])
    with_alpha = colour.copy()
    with_alpha.putalpha(alpha)
    palette = colour.quantize(16)
    see_through = palette.copy()
    see_through.info["transparency"] = 3
    one_colour = colour.copy()
    one_colour.info["transparency"] = tuple(photo[0, 0].tolist())
    return {
        "RGB": (colour, "RGB"),
        "grey": (colour.convert("L"), "L"),
        "bits": (colour.convert("1"), "L"),
        "grey and alpha": (with_alpha.convert("LA"), "LA"),
        "RGBA": (with_alpha, "RGBA"),
        "palette": (palette, "RGB"),
        "palette with alpha": (see_through, "RGBA"),
        "a transparent colour": (one_colour, "RGBA"),
    }


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("kind", list(modes(np.zeros((14, 18, 3), np.uint8))))
def test_each_mode(run, model, photo, tmp_path, kind, suffix):
    image, mode = modes(photo)[kind]
    source, result = tmp_path / "in.png", tmp_path / f"out.{suffix}"
    image.save(source, transparency=image.info.get("transparency"))
    assert run(source, "-o", result)[0] == 0
    expected = upscale(model, np.asarray(Image.open(source).convert(mode)))
    with Image.open(result) as got:
        assert got.mode == mode
        np.testing.assert_array_equal(np.asarray(got), expected)


@pytest.mark.parametrize("source_suffix", ["png", "tif"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_stay_16_bits(run, model, photo, tmp_path, channels, suffix, source_suffix):
    source, result = tmp_path / f"in.{source_suffix}", tmp_path / f"out.{suffix}"
    values = photo.astype(np.uint16) * 257 + np.arange(14, dtype=np.uint16)[:, None, None]
    pixels = np.dstack([values, values[::-1, :, :1]])[..., :channels].squeeze()
    file_order = pixels if channels == 1 else pixels[..., [2, 1, 0, 3][:channels]]
    cv2.imwrite(str(source), file_order)
    assert run(source, "-o", result)[0] == 0
    got = deep(result)
    assert got.dtype == np.uint16
    np.testing.assert_array_equal(got, upscale(model, pixels))


def test_16_bits_become_8_where_the_format_has_no_more(run, model, photo, tmp_path):
    source, result = tmp_path / "in.png", tmp_path / "out.bmp"
    cv2.imwrite(str(source), photo[..., ::-1].astype(np.uint16) * 257)
    code, out, _ = run(source, "-o", result)
    assert code == 0
    assert out.endswith("pixels (not kept: 16 bits)\n")
    difference = np.asarray(Image.open(result)).astype(int) - upscale(model, photo)
    assert np.abs(difference).max() <= 1


def test_16_bits_of_grey_and_alpha(run, model, photo, tmp_path):
    source, result = tmp_path / "in.png", tmp_path / "out.png"
    pixels = photo[..., :2].astype(np.uint16) * 257
    from srgan_distill.app.api import save_image

    save_image(source, pixels)
    assert run(source, "-o", result)[0] == 0
    expected = upscale(model, pixels)
    np.testing.assert_array_equal(deep(result)[..., [0, 3]], expected)


def test_cmyk_becomes_rgb_and_loses_its_profile(run, model, photo, tmp_path):
    source, result = tmp_path / "in.tif", tmp_path / "out.png"
    image = Image.fromarray(photo).convert("CMYK")
    image.save(source)
    assert run(source, "-o", result)[0] == 0
    expected = upscale(model, np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(np.asarray(Image.open(result)), expected)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright(run, photo, tmp_path, orientation, suffix, bits):
    source, result, plain = (tmp_path / name for name in (f"a.{suffix}", "turned.png", "plain.png"))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if suffix == "tif" and bits == 16:
        tag = (int(ORIENTATION), "H", 1, orientation, True)
        tifffile.imwrite(source, photo.astype(np.uint16) * 257, photometric="rgb", extratags=[tag])
    elif suffix == "png" and bits == 16:
        cv2.imwriteWithMetadata(
            str(source), photo[..., ::-1].astype(np.uint16) * 257,
            [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif.tobytes()[6:], np.uint8)],
        )  # fmt: skip
    else:
        Image.fromarray(photo).save(source, exif=exif)
    with Image.open(source) as image:
        assert image.getexif().get(ORIENTATION) == orientation
        ImageOps.exif_transpose(image).save(plain)
    assert run(source, "-o", result)[0] == 0
    with Image.open(result) as got:
        assert got.getexif().get(ORIENTATION, 1) == 1
        assert got.size == ((72, 56) if orientation < 5 else (56, 72))
    assert run(plain, "-o", tmp_path / "expected.png")[0] == 0
    expected = np.asarray(Image.open(tmp_path / "expected.png")).astype(int)
    assert np.abs(np.asarray(Image.open(result)).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("source_suffix", ["jpg", "png", "tif"])
def test_profile_exif_and_resolution_are_kept(run, photo, tmp_path, suffix, source_suffix):
    source, result = tmp_path / f"in.{source_suffix}", tmp_path / f"out.{suffix}"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Maker"
    exif[ExifTags.Base.DateTime] = "2021:05:06 07:08:09"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.LensModel] = "A lens"
    details[ExifTags.Base.ExifImageWidth] = 18
    encoded = {"icc_profile": profile, "exif": exif.tobytes()}
    Image.fromarray(photo).save(source, **encoded, dpi=(300, 300))
    assert run(source, "-o", result)[0] == 0
    with Image.open(result) as image:
        assert image.info["icc_profile"] == profile
        kept = image.getexif()
        assert kept[ExifTags.Base.Make] == "Maker"
        assert kept[ExifTags.Base.DateTime] == "2021:05:06 07:08:09"
        assert ExifTags.Base.ExifImageWidth not in kept.get_ifd(ExifTags.IFD.Exif)
        if suffix != "webp":
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        if suffix != "tif":
            assert kept.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.LensModel] == "A lens"
            assert ExifTags.Base.BitsPerSample not in kept


def test_opaque_alpha_is_no_obstacle_for_jpeg(run, photo, tmp_path):
    image = Image.fromarray(photo)
    image.putalpha(255)
    image.save(tmp_path / "in.png")
    assert run(tmp_path / "in.png", "-o", tmp_path / "out.jpg")[0] == 0
    assert Image.open(tmp_path / "out.jpg").mode == "RGB"


def test_quality_is_of_jpeg_and_webp(run, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "in.png")
    for suffix in ("jpg", "webp"):
        sizes = []
        for quality in (100, 20):
            result = tmp_path / f"{quality}.{suffix}"
            assert run(tmp_path / "in.png", "-o", result, "--quality", quality)[0] == 0
            sizes.append(result.stat().st_size)
        assert sizes[1] < sizes[0] / 2


def test_a_folder_and_more_go_into_a_folder(run, photo, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("in/a.png", "in/b.jpg", "c.png"):
        Image.fromarray(photo).save(tmp_path / name)
    (tmp_path / "in" / "notes.txt").write_text("no photograph")
    code, out, err = run(tmp_path / "in", tmp_path / "c.png", "-o", tmp_path / "new" / "v1.2")
    assert (code, err) == (0, [f"note: {tmp_path / 'in'}: left out 1 .txt"])
    results = sorted((tmp_path / "new" / "v1.2").iterdir())
    assert [path.name for path in results] == ["a.png", "b.jpg", "c.png"]
    assert out.count("\n") == 3


def test_only_the_first_of_several_pictures_is_taken_and_that_is_said(run, photo, tmp_path):
    pages = [Image.fromarray(photo), Image.fromarray(255 - photo)]
    pages[0].save(tmp_path / "in.tif", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "one.tif")
    code, out, _ = run(tmp_path / "in.tif", tmp_path / "one.tif", "-o", tmp_path / "out")
    assert code == 0
    assert "(the first of 2 pictures in it)" in out.splitlines()[0]
    first, alone = (Image.open(tmp_path / "out" / name) for name in ("in.tif", "one.tif"))
    np.testing.assert_array_equal(np.asarray(first), np.asarray(alone))


def test_tile_changes_nothing(run, photo, tmp_path):
    Image.fromarray(photo).save(tmp_path / "in.png")
    for tile in (3, 1000):
        assert run(tmp_path / "in.png", "-o", tmp_path / f"{tile}.png", "--tile", tile)[0] == 0
    small, whole = (np.asarray(Image.open(tmp_path / f"{tile}.png")) for tile in (3, 1000))
    assert np.abs(small.astype(int) - whole).max() <= 1


def test_command_works_after_installation_alone(photo, tmp_path):
    """With the shipped student, far from the repository, with a bar on a terminal."""
    Image.fromarray(photo).save(tmp_path / "in.png")
    command = [sys.executable, "-m", "srgan_distill.app.cli", "upscale", "in.png", "-o", "out.png"]
    leader, follower = os.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=follower)
        shown = terminal.read(4096).decode()
        os.close(follower)
    assert done.returncode == 0
    assert Image.open(tmp_path / "out.png").size == (72, 56)
    assert "in.png:   0%" in shown
    assert "px/s" in shown


def test_the_model_can_be_a_file_or_a_name(model: Model, tiny, photo, tmp_path, capsys):
    Image.fromarray(photo).save(tmp_path / "in.png")
    for name in (tiny, shipped.DEFAULT):
        result = tmp_path / f"{Path(name).stem}.png"
        arguments = ["upscale", tmp_path / "in.png", "-o", result, "--model", name]
        assert cli.main([str(part) for part in arguments]) == 0
    stems = ("tiny", shipped.DEFAULT)
    ours, students = (np.asarray(Image.open(tmp_path / f"{stem}.png")) for stem in stems)
    assert np.abs(ours.astype(int) - students).max() > 10
