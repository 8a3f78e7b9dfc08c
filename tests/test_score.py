"""Folders of images scored as a user does it, with the command."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image

from srgan_distill.app import cli
from srgan_distill.app.api import save_image
from srgan_distill.common.errors import UserError
from srgan_distill.imaging.images import list_images, read_rgb, write_png
from srgan_distill.imaging.protocol import bicubic
from srgan_distill.scoring import bands, scores
from srgan_distill.scoring.scores import as_json, find_pairs, score_pair, score_pairs

COMMAND = Path(sys.executable).with_name("srgan-distill")


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def score_folders(sr_dir: Path, hr_dir: Path, metrics: list[str]) -> pd.DataFrame:
    return score_pairs(find_pairs(sr_dir, hr_dir), metrics)


def folder(path: Path, *names: str) -> Path:
    for name in names:
        write_png(path / name, noise(24, 20))
    return path


@pytest.mark.parametrize(
    ("dataset", "psnr", "ssim"), [("Set5", 28.43, 0.8113), ("Set14", 26.09, 0.7049)]
)
def test_bicubic_scores_what_the_literature_says(shared: Path, tmp_path, dataset, psnr, ssim):
    root = shared / "datasets" / dataset
    for lr in list_images(root / "LR_bicubic_X4"):
        write_png(tmp_path / f"{lr.stem}_x4.png", bicubic(read_rgb(lr), 4))
    command = [COMMAND, "score", "--sr", tmp_path, "--hr", root / "HR", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    scores = json.loads(done.stdout)
    assert scores["mean"]["psnr"] == pytest.approx(psnr, abs=0.01)
    assert scores["mean"]["ssim"] == pytest.approx(ssim, abs=0.001)
    assert list(scores["images"]) == [hr.stem for hr in list_images(root / "HR")]


def test_bicubic_of_a_photograph_scores_what_is_on_record(tmp_path, capsys, coffee):
    """As for Set5 and Set14, on any machine."""
    write_png(tmp_path / "hr/coffee.png", coffee)
    write_png(tmp_path / "sr/coffee_x4.png", bicubic(bicubic(coffee, 1 / 4), 4))
    arguments = ["score", "--sr", str(tmp_path / "sr"), "--hr", str(tmp_path / "hr"), "--json"]
    assert cli.main(arguments) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["mean"]["psnr"] == pytest.approx(27.2923, abs=1e-4)
    assert scores["mean"]["ssim"] == pytest.approx(0.7649, abs=1e-4)
    assert scores["images"] == {"coffee": scores["mean"]}


def test_table_has_a_row_per_image_and_the_mean(tmp_path, capsys):
    for level in (1, 2):
        write_png(tmp_path / "hr" / f"00{level}.png", np.full((24, 24, 3), 100, np.uint8))
        write_png(tmp_path / "sr" / f"00{level}.png", np.full((24, 24, 3), 100 + level, np.uint8))
    arguments = ["score", "--sr", str(tmp_path / "sr"), "--hr", str(tmp_path / "hr")]
    assert cli.main([*arguments, "--metrics", "psnr,psnr_wrapped"]) == 0
    heads, _, *lines = capsys.readouterr().out.splitlines()
    assert heads.split("  ")[0] == "image"
    assert "PSNR (dB)" in heads
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert rows["001"] == ["49.45", "48.1308"]
    assert rows["002"] == ["43.43", "42.1102"]
    assert rows["mean"] == ["46.44", "45.1205"]


def test_errors_are_one_line_and_exit_code_one(tmp_path, capsys):
    arguments = ["score", "--sr", str(tmp_path / "none"), "--hr", str(tmp_path)]
    assert cli.main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: folder ")
    assert err.count("\n") == 1


def test_infinite_psnr_is_null_in_json(tmp_path):
    scores = as_json(score_folders(*[folder(tmp_path, "a.png")] * 2, ["psnr", "ssim"]))
    assert scores["images"] == {"a": {"psnr": None, "ssim": 1.0}}
    assert json.loads(json.dumps(scores, allow_nan=False))["mean"] == {"psnr": None, "ssim": 1.0}


@pytest.mark.parametrize(
    ("hr", "sr"),
    [
        ("a", "a"),
        ("a", "ax4"),
        ("a", "a_x4"),
        ("a", "a_SR"),
        ("a", "a_sr"),
        ("a", "a-sr"),
        ("a", "a_SRF_4_SRGAN"),
        ("a_SRF_4_HR", "a_SRF_4_SRGAN"),
        ("a", "a.jpg"),
    ],
)
def test_names_that_belong_together(tmp_path, hr, sr):
    sr = sr if "." in sr else f"{sr}.png"
    hrs, srs = folder(tmp_path / "hr", f"{hr}.png"), folder(tmp_path / "sr", sr)
    assert score_folders(srs, hrs, ["psnr"])["image"].tolist() == [hr]


def test_images_are_paired_by_name_not_by_order(tmp_path):
    for seed, name in enumerate(("a", "b", "b_x4")):
        write_png(tmp_path / "hr" / f"{name}.png", noise(24, 24, seed))
        write_png(tmp_path / "sr" / f"{name}_x4.png", noise(24, 24, seed))
    (tmp_path / "sr" / "b_x4_x4.png").rename(tmp_path / "sr" / "b_x4-sr.png")
    (tmp_path / "sr" / "b_x4.png").rename(tmp_path / "sr" / "b.png")
    table = score_folders(tmp_path / "sr", tmp_path / "hr", ["psnr"])
    assert table["image"].tolist() == ["a", "b", "b_x4"]
    assert (table["psnr"] == math.inf).all()


@pytest.mark.parametrize(
    ("hrs", "srs", "expected"),
    [
        ("baby_HR_x4 bird_HR_x4", "baby_RCAN_x4 bird_RCAN_x4", "0 1"),
        ("baby bird", "baby_RCAN_x4 bird_RCAN_x4", "0 1"),
        ("baby_HR", "baby_RCAN_x4", "0"),
        ("baby_GT bird_GT", "RCAN_baby RCAN_bird", "0 1"),
        ("img_1 img_10 img_2", "img_10_SAN img_1_SAN img_2_SAN", "1 0 2"),
        ("a a_b", "a_EDSR a_b_EDSR", "0 1"),
        ("baby_mod12 bird_mod12", "baby-ours bird-ours", "0 1"),
        ("baby_HR_x4 bird", "baby_x4 bird_SR", "0 1"),
    ],
)
def test_names_of_published_results(tmp_path, hrs, srs, expected):
    hr_dir = folder(tmp_path / "hr", *(f"{name}.png" for name in hrs.split()))
    sr_dir = folder(tmp_path / "sr", *(f"{name}.png" for name in srs.split()))
    pairs = [(sr.stem, hr.stem) for sr, hr in find_pairs(sr_dir, hr_dir)]
    own = [srs.split()[int(place)] for place in expected.split()]
    assert pairs == list(zip(own, hrs.split(), strict=True))


@pytest.mark.parametrize(
    ("hrs", "srs", "message"),
    [
        # What else the names hold is not the same, so that it may be another picture.
        ("woman man", "woman_in_red man_SAN", "no SR image for HR: man.png, woman.png"),
        ("baby bird", "baby_RCAN bird_RCAN cat_RCAN", "no HR image for SR: cat_RCAN.png"),
        ("baby bird cat", "baby_RCAN bird_RCAN", "no SR image for HR: cat.png"),
        ("baby", "baby_RCAN baby_SAN", "no SR image for HR: baby.png"),
        ("a_HR a_GT", "a_RCAN", "no SR image for HR: a_GT.png, a_HR.png"),
        ("baby", "babybird_RCAN", "no SR image for HR: baby.png"),
    ],
)
def test_names_that_may_mean_something_else_are_refused(tmp_path, hrs, srs, message):
    hr_dir = folder(tmp_path / "hr", *(f"{name}.png" for name in hrs.split()))
    sr_dir = folder(tmp_path / "sr", *(f"{name}.png" for name in srs.split()))
    with pytest.raises(UserError, match=f"^{message}$"):
        find_pairs(sr_dir, hr_dir)


def test_suffixes_can_be_given_and_the_pairs_are_said(tmp_path, capsys):
    hr_dir = folder(tmp_path / "hr", "a.orig.png", "b.orig.png")
    sr_dir = folder(tmp_path / "sr", "a!1.png", "b!1.png")
    arguments = ["score", "--sr", str(sr_dir), "--hr", str(hr_dir), "--metrics", "psnr", "--json"]
    assert cli.main(arguments) == 1
    capsys.readouterr()
    arguments += ["--sr-suffix", "!1", "--hr-suffix", ".orig", "--verbose"]
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert list(json.loads(out)["images"]) == ["a.orig", "b.orig"]
    assert err.splitlines() == [
        f"pair: {sr_dir / f'{name}!1.png'} against {hr_dir / f'{name}.orig.png'}" for name in "ab"
    ]
    assert cli.main([*arguments, "--sr-suffix", "_x2"]) == 1
    assert "no '_x2' behind the name of SR: a!1.png, b!1.png" in capsys.readouterr().err


def test_16_bits_are_scored(tmp_path):
    """What was read as white throughout: noise against a photograph has about 8 dB."""
    for seed, side in enumerate(("sr", "hr")):
        (tmp_path / side).mkdir()
        deep = np.random.default_rng(seed).integers(0, 2**16, (64, 64, 1), np.uint16)
        save_image(tmp_path / side / "a.png", deep)
    row = score_folders(tmp_path / "sr", tmp_path / "hr", ["psnr"]).iloc[0]
    assert 7 < row["psnr"] < 10


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_what_8_bits_do_not_hold_is_refused(tmp_path, dtype):
    for side in ("sr", "hr"):
        (tmp_path / side).mkdir()
        Image.fromarray(np.zeros((64, 64), dtype)).save(tmp_path / side / "a.tif")
    with pytest.raises(UserError, match=r"sr/a\.tif has .* numbers of 32 bits"):
        score_folders(tmp_path / "sr", tmp_path / "hr", ["psnr"])


def test_orientation_counts(tmp_path):
    pixels = noise(24, 20)
    write_png(tmp_path / "sr" / "a.png", pixels[::-1, ::-1])
    (tmp_path / "hr").mkdir()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    Image.fromarray(pixels).save(tmp_path / "hr" / "a.png", exif=exif)
    table = score_folders(tmp_path / "sr", tmp_path / "hr", ["psnr"])
    assert table["psnr"].tolist() == [math.inf]


@pytest.mark.parametrize("size", [(300, 60), (41, 500)])
def test_large_images_have_the_same_values_by_bands(size, monkeypatch):
    sr, hr = noise(*size, seed=1), noise(*size, seed=2)
    whole = score_pair(sr, hr, ["psnr", "ssim"])
    monkeypatch.setattr(bands, "_MOST_AT_ONCE", 0)
    monkeypatch.setattr(bands, "_ROWS", 17)
    assert score_pair(sr, hr, ["psnr", "ssim"]) == pytest.approx(whole, rel=1e-12)
    assert score_pair(sr, sr, ["psnr"]) == {"psnr": math.inf}


def test_a_large_image_without_a_whole_window_is_refused(monkeypatch):
    monkeypatch.setattr(bands, "_MOST_AT_ONCE", 0)
    for side, name in ((18, "ssim"), (8, "psnr")):
        image = noise(side, 400)
        with pytest.raises(
            UserError, match=f"400x{side} px is too small: this metric needs {side + 1} px"
        ):
            score_pair(image, image, [name])


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    images = folder(tmp_path, "a.png")
    whole = [sys.executable, "-m", "srgan_distill.app.cli", "score", "--sr", images, "--hr", images]
    running = subprocess.Popen(whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={
        **os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2]),
    })  # fmt: skip
    running.stdout.close()
    assert running.communicate(timeout=120)[1] == b""


@pytest.mark.parametrize(
    ("hrs", "srs", "message"),
    [
        (["a", "b", "c"], ["a"], "no SR image for HR: b.png, c.png"),
        (["a"], ["a", "b", "ab"], "no HR image for SR: ab.png, b.png"),
        (["a", "b", "c.jpg", "c"], ["a"], "several HR images of one name: c.jpg, c.png"),
        (["a"], ["a_sr", "a_x4"], "several SR images for one HR: a_sr.png, a_x4.png"),
        (["a", "ab"], ["ab"], "no SR image for HR: a.png"),
    ],
)
def test_files_without_partner_are_named(tmp_path, hrs, srs, message):
    hr_dir, sr_dir = (
        folder(tmp_path / side, *(name if "." in name else f"{name}.png" for name in names))
        for side, names in (("hr", hrs), ("sr", srs))
    )
    with pytest.raises(UserError, match=f"^{message}$"):
        score_folders(sr_dir, hr_dir, ["psnr"])


def test_hr_is_cropped_to_multiples_of_four():
    hr = noise(27, 25)
    assert score_pair(hr[:24, :24], hr, ["psnr"]) == {"psnr": math.inf}


@pytest.mark.parametrize(
    ("size", "cause"),
    [
        ((6, 8), "SR is 8x6 px and HR 32x24 px; likely cause: this is the LR image"),
        ((32, 24), "turned by 90 degrees"),
        ((28, 32), "before HR was cropped to multiples of 4"),
        ((48, 64), "another scale than x4"),
        ((64, 64), "different images"),
    ],
)
def test_sizes_that_do_not_fit_are_explained(size, cause):
    with pytest.raises(UserError, match=cause):
        score_pair(noise(*size), noise(24, 32), ["psnr"])


def test_errors_of_an_image_name_it(tmp_path):
    write_png(tmp_path / "sr" / "a.png", noise(8, 8))
    hr = folder(tmp_path / "hr", "a.png")
    with pytest.raises(UserError, match=r"^a\.png: SR is 8x8 px and HR 20x24 px"):
        score_folders(tmp_path / "sr", hr, ["psnr"])


def test_unknown_metric_is_named(tmp_path):
    images = folder(tmp_path, "a.png")
    with pytest.raises(UserError, match="unknown metric 'mse'"):
        score_folders(images, images, ["psnr", "mse"])


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            MemoryError(),
            "the computer's memory is full; free some, or take smaller or fewer images, and run "
            "again",
        ),
        (KeyboardInterrupt(), "interrupted; run the same command again"),
    ],
)
def test_what_ends_it_is_told_in_its_own_words(monkeypatch, capsys, error, line):
    """It reads no params.yaml, and goes on with nothing."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(scores, "find_pairs", fail)
    assert cli.main(["score", "--sr", "a", "--hr", "b"]) != 0
    assert capsys.readouterr().err == f"error: {line}\n"
