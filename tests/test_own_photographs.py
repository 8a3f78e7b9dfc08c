"""Folders of a user's own photographs: any format and size, with or without LR."""

import errno
import os
import shutil
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import yaml
from support.own_photographs import FORMATS, picture

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import DownloadSettings, Source
from srgan_distill.common.paths import in_repository
from srgan_distill.imaging.images import list_images, read_rgb, write_png
from srgan_distill.pages.report.summary import parameters_text
from srgan_distill.sources.data_sets import fetch
from srgan_distill.sources.folders import own_images
from srgan_distill.sources.store import Store
from srgan_distill.tiles.pairs import photographs, read_pair, write_pairs
from srgan_distill.tiles.workers import Workers


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """Six images of six formats and sizes, one of them grey, and what is no image beside them."""
    folder = tmp_path / "my holiday"
    for number, name in enumerate(FORMATS):
        picture(folder / name, 40 + 7 * number, 33 + number, "L" if name == "c.bmp" else "RGB")
    (folder / "notes.txt").write_text("no image")
    (folder / "._a.png").write_bytes(b"a Mac's")
    return folder


def download(**uses: list) -> DownloadSettings:
    known = {"train": ["SampleTrain"], "validation": ["SampleValidation"], "test": ["People"]}
    return DownloadSettings.model_validate(known | uses)


def copied(source: Source, target: Path) -> dict[str, str]:
    origins: dict[str, str] = {}
    fetch(source, target, None, Store(target.parent / "archives"), origins)
    return origins


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_entry_is_a_name_a_path_or_a_mapping() -> None:
    wanted = download(
        train=["~/photos/holiday", "DIV2KValidation", {"set": "DIV2KTrain", "first": 100}],
        test=["Set5", {"folder": "my garden/2026", "name": "Garden", "first": 3}, "./houses/"],
    )
    assert wanted.train == ["holiday", "DIV2KValidation", "DIV2KTrain_100"]
    assert wanted.test == ["Set5", "Garden", "houses"]
    assert wanted.sources == {
        "holiday": Source(folder="~/photos/holiday"),
        "DIV2KTrain_100": Source(set="DIV2KTrain", first=100),
        "Garden": Source(folder="my garden/2026", first=3),
        "houses": Source(folder="./houses/"),
    }


def test_the_report_prints_entries_that_params_yaml_takes() -> None:
    part, own = {"set": "Set5", "first": 3}, {"folder": "a/b", "name": "C"}
    given = ["Set14", "my garden/roses", part, own]
    wanted = download(test=given)
    printed = yaml.safe_load(parameters_text({"download": wanted}))["download"]
    assert printed["test"] == ["Set14", {"folder": "my garden/roses"}, part, own]
    assert DownloadSettings.model_validate(printed) == wanted


def test_the_same_set_by_its_name_and_as_a_mapping() -> None:
    entries = download(validation=["Set5"], test=[{"set": "Set5"}])
    assert (entries.validation, entries.test) == (["Set5"], ["Set5"])


@pytest.mark.parametrize(
    ("uses", "message"),
    [
        ({"test": ["Set5", "Set5"]}, "test names Set5 twice"),
        ({"train": ["Set5"], "test": ["Set5"]}, "test names Set5, which is trained on"),
        ({"train": [{"set": "Set5", "first": 2}], "test": ["Set5"]}, "trained on (Set5_2)"),
        ({"train": ["a/b"], "test": [{"folder": "./a/b", "name": "C"}]}, "trained on (b)"),
        ({"train": ["a/b", "c/b"]}, "train[1]: another entry is called 'b' too"),
        ({"train": ["a/Set5"], "test": ["Set5"]}, "train[0]: another entry is called 'Set5' too"),
        (
            {"train": [{"set": "Set5", "first": 2, "name": "Set14"}], "test": ["Set14"]},
            "train[0]: another entry is called 'Set14' too",
        ),
        ({"test": ["my photos/in 2026"]}, "test[0]: 'in 2026' does not do as a name; add `name:`"),
        ({"test": ["a/mean"]}, "mean: a column of the tables or a key of figures"),
        ({"test": ["a/model"]}, "model: a column of the tables or a key of"),
        ({"test": ["a/Mean", "a/Verdict"]}, "Mean, Verdict: a column of the tables"),
        ({"test": [{"folder": "a/b", "set": "Set5"}]}, "either a `set` or a `folder`"),
        ({"test": [{"folder": "a/b", "fist": 3}]}, "fist: Extra inputs"),
        ({"test": [{"set": "Set5", "first": 0}]}, "first: must be greater"),
    ],
)
def test_a_wrong_entry_is_named(uses: dict, message: str) -> None:
    with pytest.raises(ValueError, match="1 validation error") as error:
        download(**uses)
    assert message in str(error.value)


def test_a_folder_is_the_one_that_its_hr_is_in(tmp_path: Path) -> None:
    (tmp_path / "garden" / "HR").mkdir(parents=True)
    garden = f"{tmp_path}/garden"
    with pytest.raises(ValueError, match=r"test names HR, which is trained on \(garden\)"):
        download(train=[garden], test=[f"{garden}/HR"])


def test_a_user_that_is_not_here_is_named() -> None:
    message = "^~nobody-here/photographs: no such user is known here"
    with pytest.raises(UserError, match=message):
        download(test=["~nobody-here/photographs"])
    with pytest.raises(UserError, match=message):
        in_repository("~nobody-here/photographs")


def test_images_of_any_format_are_copied_under_their_names(holiday: Path, tmp_path: Path) -> None:
    origins = copied(Source(folder=str(holiday)), tmp_path / "out")
    assert names(tmp_path / "out") == sorted(FORMATS)
    assert origins == {str(tmp_path / "out" / name): str(holiday / name) for name in FORMATS}
    count = write_pairs(photographs(tmp_path / "out"), tmp_path / "pairs", Workers(1, "stop"))
    assert count == len(FORMATS)
    hr, lr = (read_rgb(tmp_path / "pairs" / side / "b.png") for side in ("HR", "LR"))
    assert (hr.shape, lr.shape) == ((32, 44, 3), (8, 11, 3))


def test_the_first_images_in_natural_order(tmp_path: Path) -> None:
    for number in (1, 2, 10, 9):
        picture(tmp_path / "in" / f"im_{number}.png", 32, 32)
    copied(Source(folder=str(tmp_path / "in"), first=3), tmp_path / "out")
    assert names(tmp_path / "out") == ["im_1.png", "im_2.png", "im_9.png"]
    with pytest.raises(UserError, match="has 4 images, not 5"):
        copied(Source(folder=str(tmp_path / "in"), first=5), tmp_path / "out")


def test_a_part_of_a_set_that_packages_carry(tmp_path: Path) -> None:
    copied(Source(set="SampleTrain", first=2), tmp_path / "out")
    assert names(tmp_path / "out") == ["china.jpg", "motorcycle_left.png"]


@pytest.fixture
def paired(tmp_path: Path) -> Path:
    """HR of 42x32 px and LR of one's own, which no bicubic would give: black."""
    for name in ("a", "b"):
        picture(tmp_path / "own" / "HR" / f"{name}.png", 42, 32)
        write_png(tmp_path / "own" / "LR" / f"{name}x4.png", np.zeros((8, 11, 3), np.uint8))
    return tmp_path / "own"


def test_lr_of_one_s_own_is_taken_as_it_is(paired: Path, tmp_path: Path) -> None:
    copied(Source(folder=str(paired)), tmp_path / "out")
    assert names(tmp_path / "out") == ["HR/a.png", "HR/b.png", "LR/a.png", "LR/b.png"]
    hr, lr = read_pair(photographs(tmp_path / "out")[0])
    assert (hr.shape, lr.shape) == ((32, 40, 3), (8, 10, 3))
    assert hr.max() > 0
    assert lr.max() == 0


def test_lr_of_a_side_that_is_no_multiple_may_be_rounded_down(paired: Path) -> None:
    write_png(paired / "LR" / "a.png", np.zeros((8, 10, 3), np.uint8))
    hr, lr = read_pair(paired / "HR" / "a.png")
    assert (hr.shape, lr.shape) == ((32, 40, 3), (8, 10, 3))


def test_what_a_folder_holds_beside_images_is_said(
    holiday: Path, paired: Path, tmp_path: Path
) -> None:
    def origin(folder: Path) -> str:
        store = Store(tmp_path / "archives")
        return fetch(Source(folder=str(folder)), tmp_path / "out", None, store, {})

    assert origin(paired) == str(paired)
    (paired / "LR" / "a.npy").touch()
    assert origin(paired) == f"{paired}; left out 1 .npy"
    (holiday / "more").mkdir()
    assert origin(holiday) == f"{holiday}; left out 1 .txt, 1 folder"


def test_lr_is_that_of_the_whole_name(paired: Path) -> None:
    for number, name in enumerate(("a.1", "a.2", "a", "aa"), 1):
        picture(paired / "HR" / f"{name}.png", 40, 32)
        write_png(paired / "LR" / f"{name}.png", np.full((8, 10, 3), number, np.uint8))
    lrs = [read_pair(paired / "HR" / f"{name}.png")[1] for name in ("a.1", "a.2", "a", "aa")]
    assert [lr.max() for lr in lrs] == [1, 2, 3, 4]


def test_a_pair_without_a_pixel_of_lr_is_refused(paired: Path) -> None:
    write_png(paired / "HR" / "c.png", np.zeros((3, 3, 3), np.uint8))
    write_png(paired / "LR" / "c.png", np.zeros((1, 1, 3), np.uint8))
    with pytest.raises(UserError, match=r"c\.png is smaller than 4 px a side"):
        read_pair(paired / "HR" / "c.png")


def test_lr_that_does_not_belong_to_its_hr_is_named(paired: Path, tmp_path: Path) -> None:
    write_png(paired / "LR" / "bx4.png", np.zeros((9, 10, 3), np.uint8))
    copied(Source(folder=str(paired)), tmp_path / "out")
    with pytest.raises(UserError, match=r"LR/b\.png has 10x9 px; as LR of .*HR/b\.png .* 10x8"):
        write_pairs(photographs(tmp_path / "out"), tmp_path / "pairs", Workers(1, "stop"))
    (paired / "LR" / "bx4.png").unlink()
    with pytest.raises(UserError, match=r"HR/b\.png has no LR: .* holds no b nor bx4"):
        own_images(paired)


def test_what_cannot_be_an_image_is_named(holiday: Path) -> None:
    with pytest.raises(UserError, match="nowhere does not exist"):
        own_images(holiday / "nowhere")
    (holiday / "g.png").symlink_to("gone.png")
    with pytest.raises(UserError, match=r"g\.png is a link to nothing"):
        own_images(holiday)
    (holiday / "g.png").unlink()
    (holiday / "g.png").symlink_to("g.png")
    with pytest.raises(UserError, match=r"g\.png is a link to nothing"):
        own_images(holiday)
    (holiday / "g.png").unlink()
    (holiday / "g.png").mkdir()
    with pytest.raises(UserError, match=r"g\.png is a folder, not an image"):
        own_images(holiday)
    (holiday / "g.png").rmdir()
    shutil.copy(holiday / "a.png", holiday / "a.jpg")
    with pytest.raises(UserError, match=r"a\.jpg and .*a\.png share a name"):
        own_images(holiday)


@pytest.mark.skipif(os.name != "posix", reason="names of files are Unicode here")
def test_a_name_that_json_cannot_hold_is_refused(holiday: Path) -> None:
    (holiday / "a.png").rename(holiday / os.fsdecode(b"caf\xe9.png"))
    with pytest.raises(UserError, match="has a name that is not in UTF-8"):
        own_images(holiday)


def test_a_photograph_that_may_not_be_read_is_named(
    holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system has it for all users but root."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "b.JPG")
    with pytest.raises(UserError, match=r"b\.JPG cannot be read \(permission denied\)"):
        own_images(holiday)


def test_a_folder_that_may_not_be_entered_is_named(
    holiday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(UserError, match=r"my holiday cannot be read \(Permission denied\)"):
        list_images(holiday)
