"""A disk that is full, or becomes so: one line, and no process is killed."""

import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.code_reading import SOURCE

from srgan_distill.common import disk
from srgan_distill.common.disk import copies, require_space
from srgan_distill.common.errors import UserError, exit_code
from srgan_distill.common.params import PreprocessSettings
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import write_png
from srgan_distill.stages import preprocess
from srgan_distill.tiles.cutting import write_tiles
from srgan_distill.tiles.pairs import write_pairs
from srgan_distill.tiles.space import space_needed
from srgan_distill.tiles.workers import Workers

Usage = namedtuple("Usage", "total used free")
SETTINGS = PreprocessSettings(tile=32, stride=32, most_per_image=9, workers=1, on_bad_image="stop")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    noise = np.random.default_rng(0).integers(0, 256, (64, 100, 3), np.uint8)
    paths = [tmp_path / "in" / f"{name}.png" for name in "ab"]
    for path in paths:
        write_png(path, noise)
    return paths


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_preprocess_needs_is_what_it_writes(photos: list[Path], tmp_path: Path) -> None:
    """Noise, which PNG cannot make smaller."""
    workers = Workers(1, "stop")
    write_tiles(photos, tmp_path / "out/train", SETTINGS, workers)
    write_pairs(photos, tmp_path / "out/test", workers)
    written = 2 * size(tmp_path / "out")  # with the copy in DVC's cache
    needed = space_needed(photos, photos, SETTINGS)
    assert written * 0.97 < needed < written * 1.03
    (tmp_path / "in/a.png").write_bytes(b"no image")
    assert space_needed(photos, photos, SETTINGS) == needed / 2


def test_a_full_disk_stops_preprocess_before_it_writes(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text(encoding="utf-8"))
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    paths = Paths("sample")
    for uses in params["profiles"]["sample"]["download"].values():
        for name in uses:
            shutil.copytree(tmp_path / "in", paths.images(name))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 10**6, 100_000))
    assert exit_code(preprocess.run) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: the disk of data/sample is too full: 0.00 GB are needed")
    assert line.count("\n") == 1
    assert not paths.data("preprocess").exists()


def test_a_cache_on_another_disk_needs_no_second_copy_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    assert copies() == 2
    monkeypatch.setattr(disk, "_disk", lambda folder: "other" in folder.parts)
    assert copies() == 2
    Path(".dvc/config").write_text(
        "[core]\n    analytics = false\n['remote \"a\"']\n    url = %x\n"
    )
    assert copies() == 2
    Path(".dvc/config.local").write_text("[cache]\n    dir = ../../other/cache\n")
    assert copies() == 1


def test_space_is_asked_for_where_the_folder_will_be(tmp_path: Path) -> None:
    require_space(tmp_path / "not/yet", 1)
    with pytest.raises(UserError, match=rf"the disk of {tmp_path} is too full"):
        require_space(tmp_path / "not/yet", 1 << 60)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no posix_fallocate")
def test_a_disk_that_fills_up_is_told_before_pages_are_written(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """Writing to a mapped file without blocks would end the process by SIGBUS."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    workers = Workers(1, "stop")
    assert exit_code(lambda: write_tiles(photos, tmp_path / "out", SETTINGS, workers)) == 1
    assert capsys.readouterr().err.endswith("error: the disk is full; make room and run again\n")


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no posix_fallocate")
def test_tiles_have_their_blocks_before_they_are_written(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = []

    def look(*_: object) -> None:
        for path in (tmp_path / "out").glob("*.npy"):
            blocks.append(path.stat().st_blocks * 512 >= path.stat().st_size)
        raise UserError("seen")

    monkeypatch.setattr("srgan_distill.tiles.cutting.cut", look)
    with pytest.raises(UserError, match="seen"):
        write_tiles(photos, tmp_path / "out", SETTINGS, Workers(1, "stop"))
    assert blocks == [True, True]
