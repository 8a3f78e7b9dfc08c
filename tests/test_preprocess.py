"""From photographs to tiles and test pairs."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import PreprocessSettings
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.imaging.pairs import degrade, pairs_of
from srgan_distill.imaging.protocol import bicubic
from srgan_distill.sources.packages import PHOTOGRAPHS, copy_photographs
from srgan_distill.tiles.cutting import corners, write_tiles
from srgan_distill.tiles.pairs import write_pairs
from srgan_distill.tiles.workers import Workers

SETTINGS = PreprocessSettings(tile=32, stride=16, most_per_image=99, workers=1, on_bad_image="stop")
ONE = Workers(1, "stop")


def picture(path: Path, width: int, height: int) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    write_png(path, noise)
    return path


def test_lr_is_within_a_fifth_of_a_grey_level_of_matlabs(shared: Path, tmp_path: Path) -> None:
    for test_set in ("Set5", "Set14"):
        folder = shared / "datasets" / test_set
        write_pairs(sorted((folder / "HR").iterdir()), tmp_path / test_set, ONE)
        for matlab in (folder / "LR_bicubic_X4").iterdir():
            ours = read_rgb(tmp_path / test_set / "LR" / matlab.name)
            assert np.abs(ours - read_rgb(matlab).astype(float)).mean() < 0.2


# Of the photographs that packages carry as PNG: decoders of JPEG differ by a grey level.
LR_SHA256 = {
    "SampleTrain/ihc": "ff4e4b9b120b9984c1d76777251787abe0c2ece7024e79257cb93e8bdd4b549f",
    "SampleTrain/motorcycle_left":
        "2c5b7f06150703ff43796c9874641dc6f7485e13c1db664638f0052a11a698d1",
    "SampleTrain/motorcycle_right":
        "ef6622ae0d70f634d2d949a763d822203ff21c21ba1f8b71769242c191997a82",
    "People/astronaut": "779079bcc93ec25299324a20e627ad9bd6d317fe6e0ccc2c0037703d25ae14f7",
    "Nature/chelsea": "e792c42886c04ffa4b41d302dd0a906a631c087302fe495e86fef5e12ebff1c4",
    "Things/coffee": "662956125f621d51c00a6200a7c95b9776a3a8a8429764cdcde0143e4b17e3f3",
}  # fmt: skip


def test_lr_of_the_sample_is_the_known_one(tmp_path: Path) -> None:
    """Bit for bit, on any machine: made by the code that gives MATLAB's own LR of Set5 and Set14.

    The photographs are those of the packages' versions in requirements.lock.
    """
    for name in dict.fromkeys(key.split("/")[0] for key in LR_SHA256):
        copy_photographs(name, tmp_path / name)
    for key, expected in LR_SHA256.items():
        path = tmp_path / f"{key}.png"
        write_pairs([path], tmp_path / "pairs", ONE)
        lr = read_rgb(tmp_path / "pairs/LR" / path.name)
        assert hashlib.sha256(lr.tobytes()).hexdigest() == expected, key
        np.testing.assert_array_equal(lr, degrade(path)[1])


def test_tiles_cover_the_image_to_its_edges(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", width=90, height=50)  # cut to 88 x 48
    assert corners(path, tile=32, stride=32, most=99) == [
        (top, left) for top in (0, 16) for left in (0, 32, 56)
    ]


def test_tiles_of_a_large_image_are_thinned_out_evenly(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png", width=320, height=32)
    kept = corners(path, tile=32, stride=32, most=5)
    assert [left for _, left in kept] == [0, 64, 128, 192, 256]


@pytest.mark.parametrize("workers", [1, 2])
def test_tiles_are_the_images_pixels(tmp_path: Path, workers: int) -> None:
    paths = [picture(tmp_path / "in" / "a.png", 64, 40), picture(tmp_path / "in" / "b.png", 48, 32)]
    with Workers(workers, "stop") as pool:
        count = write_tiles(paths, tmp_path / "out", SETTINGS, pool)
    hr, lr = (np.load(tmp_path / "out" / f"{name}.npy") for name in ("hr", "lr"))
    places = [(path, place) for path in paths for place in corners(path, 32, 16, 99)]
    assert count == len(places) == len(hr) == len(lr)
    assert hr.dtype == lr.dtype == np.uint8
    for number, (path, (top, left)) in enumerate(places):
        whole, small = degrade(path)
        tile = whole[top : top + 32, left : left + 32]
        np.testing.assert_array_equal(hr[number].transpose(1, 2, 0), tile)
        tile = small[top // 4 : top // 4 + 8, left // 4 : left // 4 + 8]
        np.testing.assert_array_equal(lr[number].transpose(1, 2, 0), tile)


def test_pairs_have_sides_of_one_to_four(tmp_path: Path) -> None:
    write_pairs([picture(tmp_path / "a.png", 67, 45)], tmp_path, ONE)
    hr, lr = (read_rgb(tmp_path / kind / "a.png") for kind in ("HR", "LR"))
    assert hr.shape == (44, 64, 3)
    np.testing.assert_array_equal(lr, bicubic(hr, 1 / 4))


def test_pairs_are_found_again_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write_pairs([picture(tmp_path / f"{name}.png", 40, 32) for name in "ba"], folder, ONE)
    assert pairs_of(folder) == [
        (folder / "LR" / name, folder / "HR" / name) for name in ("a.png", "b.png")
    ]
    (folder / "LR/a.png").rename(folder / "LR/c.png")
    with pytest.raises(UserError, match=r"out/LR and HR hold different images; run `dvc repro"):
        pairs_of(folder)


def test_a_red_image_stays_red(tmp_path: Path) -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    write_png(tmp_path / "red.png", red)
    write_pairs([tmp_path / "red.png"], tmp_path / "out", ONE)
    np.testing.assert_array_equal(read_rgb(tmp_path / "out" / "LR" / "red.png"), red[::4, ::4])


@pytest.mark.parametrize("content", [b"", b"no image", None])
def test_a_bad_image_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = picture(tmp_path / "small.png", 20, 100)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"small\.png"):
        corners(path, tile=32, stride=32, most=9)


@pytest.fixture
def some_bad(tmp_path: Path) -> list[Path]:
    """A good image, one cut short, one too small, no image, a good image."""
    paths = [picture(tmp_path / "in" / f"{name}.png", 64, 48) for name in "abcde"]
    paths[1].write_bytes(paths[1].read_bytes()[:-3000])
    picture(paths[2], 20, 20)
    paths[3].write_bytes(b"<html>404</html>")
    return paths


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_images_are_skipped_and_named_if_asked_to(
    some_bad: list[Path], tmp_path: Path, workers: int, capsys: pytest.CaptureFixture
) -> None:
    with Workers(workers, "skip") as pool:
        count = write_tiles(some_bad, tmp_path / "out", SETTINGS, pool)
        output = capsys.readouterr().out
        assert write_pairs(some_bad, tmp_path / "pairs", pool) == 3  # c is large enough for those
    for name in "bcd":
        assert f"skipped: image {tmp_path / 'in' / name}.png" in output
    hr, lr = (np.load(tmp_path / "out" / f"{name}.npy") for name in ("hr", "lr"))
    write_tiles([some_bad[0], some_bad[4]], tmp_path / "good", SETTINGS, ONE)
    np.testing.assert_array_equal(hr, np.load(tmp_path / "good" / "hr.npy"))
    np.testing.assert_array_equal(lr, np.load(tmp_path / "good" / "lr.npy"))
    assert count == len(hr) == len(lr)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"hr.npy", "lr.npy"}


def test_a_bad_image_stops_the_stage_by_default(some_bad: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"c\.png has 20x20 px"):
        write_tiles(some_bad, tmp_path / "out", SETTINGS, ONE)
    with Workers(2, "stop") as pool, pytest.raises(UserError, match=r"b\.png cannot be read"):
        write_pairs(some_bad, tmp_path / "out", pool)


def test_skipping_everything_is_an_error(some_bad: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none of 2 images"):
        write_tiles(some_bad[2:4], tmp_path / "out", SETTINGS, Workers(1, "skip"))


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    paths = [picture(tmp_path / folder / "a.png", 32, 32) for folder in "xy"]
    with pytest.raises(UserError, match="share a name"):
        write_pairs(paths, tmp_path / "out", ONE)


def test_sample_sets_are_colour_photographs_and_share_none(tmp_path: Path) -> None:
    seen: set[bytes] = set()
    for name in PHOTOGRAPHS:
        copy_photographs(name, tmp_path / name)
        for path in (tmp_path / name).iterdir():
            rgb = read_rgb(path)
            assert min(rgb.shape[:2]) >= 256
            assert np.ptp(rgb.astype(int), axis=2).mean() > 2
            assert rgb.tobytes() not in seen
            seen.add(rgb.tobytes())


WORKING = """
import time
from srgan_distill.tiles.workers import Workers

def work(job):
    print("working", flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with Workers(2, "stop") as pool:
        pool.each(work, [1, 2, 3], "photographs")
"""


def test_workers_end_with_a_stage_that_is_killed(tmp_path: Path) -> None:
    """Else they would go on writing into arrays that the next run makes anew."""
    (tmp_path / "working.py").write_text(WORKING)
    stage = subprocess.Popen(
        [sys.executable, "working.py"], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert [stage.stdout.readline() for _ in range(2)] == [b"working\n"] * 2
    workers = psutil.Process(stage.pid).children()
    assert len(workers) >= 2
    stage.kill()
    stage.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
