"""Known data sets: from their published archives, and from mirrors."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import packing
from support.published import fetch, names, store
from support.web import Web

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Source
from srgan_distill.imaging.images import list_images, read_rgb, write_png
from srgan_distill.sources import catalogue, data_sets
from srgan_distill.sources.catalogue import PUBLIC, Archive
from srgan_distill.sources.mirror import Mirror
from srgan_distill.sources.published import published_sizes
from srgan_distill.sources.unavailable import Unavailable


def test_every_address_and_checksum_is_well_formed() -> None:
    for data_set in PUBLIC.values():
        for archive in data_set.archives:
            assert all(url.startswith(("http://", "https://")) for url in archive.urls)
            assert archive.md5 is None or len(bytes.fromhex(archive.md5)) == 16
            assert archive.name.endswith((".zip", ".tar", ".tar.gz", ".tgz"))


@pytest.mark.parametrize(
    ("data_set", "archive", "expected", "count"),
    [
        ("Set5", "benchmark.tar", {f"{name}.png" for name in packing.SET5}, 5),
        ("Set5", "Set5_HR.tar.gz", {f"{name}.png" for name in packing.SET5}, 5),
        ("Set14", "benchmark.tar", {"baboon.png", "comic.png", "zebra.png"}, 14),
        ("Urban100", "benchmark.tar", {"img_001.png", "img_100.png"}, 100),
        ("BSD100", "benchmark.tar", {"img001.png"}, 100),
        ("DIV2KTrain", "DIV2K_train_HR.zip", {"0001.png", "0800.png"}, 800),
        ("DIV2KValidation", "DIV2K_valid_HR.zip", {"0801.png", "0900.png"}, 100),
        ("General100", "SR_training_datasets.zip", {"im_001.bmp", "im_100.bmp"}, 100),
        ("BSDS500Train", "BSDS500-master.zip", {"2000.jpg", "2199.jpg"}, 200),
    ],
)
def test_a_set_out_of_its_published_archive(
    web: Web, packed: dict[str, bytes], data_set: str, archive: str, expected: set, count: int
) -> None:
    web.add(f"1/{archive}", packed[archive])
    target = Path("out")
    assert archive in fetch(data_set, target, None, store())
    assert expected <= set(names(target))
    assert len(list_images(target)) == len(names(target)) == count
    sizes = published_sizes(data_set)
    for path in target.iterdir():
        assert read_rgb(path).shape[1::-1] == sizes.get(path.stem, read_rgb(path).shape[1::-1])


def test_bsds500_trains_on_nothing_that_is_held_out_or_a_test_set(
    web: Web, packed: dict[str, bytes]
) -> None:
    web.add("1/BSDS500-master.zip", packed["BSDS500-master.zip"])
    sets = {}
    for name in ("Train", "Test", "HeldOut"):
        fetch(f"BSDS500{name}", Path(name), None, store())
        sets[name] = set(names(Path(name)))
    assert [len(images) for images in sets.values()] == [200, 190, 10]
    assert not sets["Test"] & sets["HeldOut"]
    assert sets["HeldOut"] == {f"{number}.jpg" for number in range(6000, 6200, 20)}
    assert len(web.asked) == 1


def test_the_second_address_follows_the_first(web: Web, packed: dict[str, bytes]) -> None:
    for body in (b"<html>We moved</html>", packed["DIV2K_valid_HR.zip"][:-2000]):
        shutil.rmtree("archives", ignore_errors=True)
        web.add("1/DIV2K_valid_HR.zip", body)
        web.add("2/DIV2K_valid_HR.zip", packed["DIV2K_valid_HR.zip"])
        source = fetch("DIV2KValidation", Path("out"), None, store())
        assert source.startswith(f"{web.address}/2/")
    web.add("1/DIV2K_valid_HR.zip", status=404)
    shutil.rmtree("out")
    source = fetch("DIV2KValidation", Path("out"), None, store())
    assert source.startswith(f"{web.address}/2/")
    assert len(names(Path("out"))) == 100


def test_half_an_archive_leaves_nothing_behind(web: Web) -> None:
    """The names in the second archive are others, and all 100 come from it."""
    images = {f"B100/HR/{number}.png": packing.image() for number in range(100)}
    web.add("1/benchmark.tar", packing.tarred(images)[:-30_000])
    others = {f"BSD100_HR/{number:03}.png": packing.image() for number in range(100, 200)}
    web.add("1/BSD100_HR.tar.gz", packing.tarred(others, "w:gz"))
    fetch("BSD100", Path("out"), None, store())
    assert names(Path("out")) == [f"{number}.png" for number in range(100, 200)]


def test_a_wrong_checksum_leads_to_the_next_archive(
    web: Web, packed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    tar = Archive("benchmark.tar", (web.add("x", packed["benchmark.tar"][:-1]),), 1, "0" * 32)
    alone = PUBLIC["Set5"].archives[1]
    monkeypatch.setitem(PUBLIC, "Set5", replace(PUBLIC["Set5"], archives=(tar, alone)))
    web.add("1/Set5_HR.tar.gz", packed["Set5_HR.tar.gz"])
    assert "Set5_HR" in fetch("Set5", Path("out"), None, store())
    assert [name for name in names(Path("archives")) if "benchmark" in name] == []


def test_all_addresses_dead(web: Web) -> None:
    with pytest.raises(Unavailable, match="HTTP 404"):
        fetch("Set5", Path("out"), None, store())
    assert not Path("out").exists()


def test_a_set_with_an_image_too_few_is_refused(web: Web) -> None:
    web.add("1/DIV2K_valid_HR.zip", packing.div2k("valid", 801, 99))
    with pytest.raises(Unavailable, match="holds 99 images of 100"):
        fetch("DIV2KValidation", Path("out"), None, store())
    assert not Path("out").exists()


def test_numbers_count_as_numbers() -> None:
    files = [f"im_{number}.bmp" for number in (10, 9, 100, 1)]
    assert sorted(files, key=catalogue.natural) == [f"im_{n}.bmp" for n in (1, 9, 10, 100)]
    assert catalogue.natural("1²3.png") == ["", 1, "²", 3, ".png"]


@pytest.mark.parametrize("layout", ["Set5", "Set5/HR", "datasets/Set5/HR", "benchmark/Set5/HR"])
def test_a_mirror_of_folders(web: Web, layout: str) -> None:
    folder = Path("mirror") / layout
    folder.mkdir(parents=True)
    for number, file in enumerate(packing.images_of("Set5"), 1):
        (folder / f"img_{number:03}.png").write_bytes(file)
    fetch("Set5", Path("out"), Mirror(Path("mirror")), store())
    assert names(Path("out")) == [f"{name}.png" for name in packing.SET5]
    assert [read_rgb(path)[0, 0, 0] for path in list_images(Path("out"))] == [1, 2, 3, 4, 5]
    assert web.asked == []


@pytest.mark.parametrize("layout", ["General100/HR", "datasets/General100", "General-100"])
def test_a_mirror_of_general100(web: Web, layout: str) -> None:
    folder = Path("mirror") / layout
    folder.mkdir(parents=True)
    for number in range(1, 101):
        width, height = published_sizes("General100")[f"im_{number:03}"]
        write_png(folder / f"im_{number:03}.png", np.zeros((height, width, 3), np.uint8))
    fetch("General100", Path("out"), Mirror(Path("mirror")), store())
    assert len(names(Path("out"))) == 100
    assert web.asked == []


@pytest.mark.parametrize("below", [".", "archives"])
def test_a_mirror_of_archives(web: Web, packed: dict[str, bytes], below: str) -> None:
    folder = Path("mirror") / below
    folder.mkdir(parents=True)
    (folder / "benchmark.tar").write_bytes(packed["benchmark.tar"])
    for name in ("Set5", "Set14"):
        fetch(name, Path(name), Mirror(Path("mirror")), store())
    assert (len(names(Path("Set5"))), len(names(Path("Set14")))) == (5, 14)
    assert web.asked == []


def test_a_mirror_that_lacks_images_is_passed_over_and_named(
    web: Web, packed: dict[str, bytes]
) -> None:
    Path("mirror/Set5").mkdir(parents=True)
    Path("mirror/Set5/a.png").write_bytes(packing.image())
    web.add("1/Set5_HR.tar.gz", packed["Set5_HR.tar.gz"])
    source = fetch("Set5", Path("out"), Mirror(Path("mirror")), store())
    assert source.endswith("mirror/Set5 holds 1 images of 5")
    assert len(names(Path("out"))) == 5


def test_a_mirror_s_next_folder_follows_one_that_does_not_serve(web: Web) -> None:
    for layout, files in (
        ("Set5", [packing.image()]),
        ("benchmark/Set5", packing.images_of("Set5")),
    ):
        folder = Path("mirror") / layout / "HR"
        folder.mkdir(parents=True)
        for number, file in enumerate(files):
            (folder / f"{number}.png").write_bytes(file)
    source = fetch("Set5", Path("out"), Mirror(Path("mirror")), store())
    assert source.endswith("mirror/benchmark/Set5/HR")
    assert len(names(Path("out"))) == 5
    assert web.asked == []


def test_a_part_beside_its_whole_counts_with_it(web: Web) -> None:
    """Not the last of the two alone: both are copied."""
    whole, part = Source(set="DIV2KTrain"), Source(set="DIV2KTrain", first=5)
    alone = data_sets.space_of_sets([whole], None, store())
    assert data_sets.space_of_sets([whole, part], None, store()) > alone
    assert data_sets.space_of_sets([part, whole], None, store()) > alone


def reason(data_set: str = "Set5") -> str:
    """Why the mirror's set does not serve."""
    with pytest.raises(Unavailable) as error:
        fetch(data_set, Path("out"), Mirror(Path("mirror")), store())
    assert not Path("out").exists()
    return str(error.value)


def test_other_images_of_the_right_number_are_refused(set5: Path) -> None:
    (set5 / "4.png").write_bytes(packing.image(size=(280, 292)))
    assert "mirror/Set5 is another set: 4.png has 280x292 px, head of Set5 280x280" in reason()
    (set5 / "4.png").write_bytes(packing.image(size=(279, 276)))  # cut by a publisher
    fetch("Set5", Path("out"), Mirror(Path("mirror")), store())
    assert len(names(Path("out"))) == 5


def test_an_archive_of_other_images_is_refused(web: Web) -> None:
    files = {f"Set5_HR/{number}.png": packing.image() for number in range(5)}
    web.add("1/Set5_HR.tar.gz", packing.tarred(files, "w:gz"))
    Path("mirror").mkdir()
    assert "is another set: baby.png has 8x8 px, baby of Set5 512x512" in reason()


@pytest.mark.parametrize("data_set", ["Set5", "Set14", "Urban100", "General100", "BSDS500Train"])
def test_the_true_sets_are_told_from_others(
    web: Web, shared: Path, data_set: str, tmp_path: Path
) -> None:
    mirror = Mirror(shared / "datasets")
    assert str(shared) in fetch(data_set, tmp_path / "out", mirror, store())
    images = list_images(tmp_path / "out")
    other = tmp_path / "mirror" / data_set.removesuffix("Train")
    folder = other / "train" if data_set.endswith("Train") else other
    folder.mkdir(parents=True)
    for place, path in enumerate(images):  # each image under the name of the one before
        shutil.copy(path, folder / images[place - 1].name)
    if data_set.startswith("BSDS500"):  # all of one size
        write_png(folder / images[0].name, np.zeros((321, 400, 3), np.uint8))
    with pytest.raises(Unavailable, match="is another set"):
        fetch(data_set, tmp_path / "other", Mirror(tmp_path / "mirror"), store())


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_called_like_an_image_and_is_none_is_named(set5: Path, kind: str) -> None:
    (set5 / "4.png").unlink()
    if kind == "folder":
        (set5 / "4.png").mkdir()
        assert "mirror/Set5/4.png is a folder, not an image" in reason()
    else:
        (set5 / "4.png").symlink_to("elsewhere.png")
        assert "mirror/Set5/4.png is a link to nothing" in reason()


def test_a_part_of_a_set_is_its_first_images(web: Web, packed: dict[str, bytes]) -> None:
    web.add("1/DIV2K_valid_HR.zip", packed["DIV2K_valid_HR.zip"])
    data_sets.fetch(Source(set="DIV2KValidation", first=10), Path("out"), None, store(), {})
    assert names(Path("out")) == [f"{number:04}.png" for number in range(801, 811)]


def test_a_mirror_that_does_not_exist(web: Web) -> None:
    with pytest.raises(UserError, match="the mirror nowhere is no folder"):
        Mirror.of("nowhere", "also/nowhere")
    assert Mirror.of(None, None) is None
