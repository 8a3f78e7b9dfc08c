"""Data sets and parameter files, from mirrors and from a server with the published archives."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.io import savemat
from support import packing
from support.code_reading import SOURCE
from support.metric_weights import write_convolutions, write_lpips
from support.web import Web, serve

from srgan_distill.common import content as content_networks
from srgan_distill.common.content import WeightsFile
from srgan_distill.common.errors import UserError, exit_code
from srgan_distill.common.metrics import WEIGHT_FILES
from srgan_distill.common.params import Source
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import list_images, read_rgb, write_png
from srgan_distill.results.reading import read_scores
from srgan_distill.scoring import measure
from srgan_distill.shipped import models as shipped
from srgan_distill.sources import catalogue, data_sets, weights
from srgan_distill.sources import store as store_module
from srgan_distill.sources.catalogue import PUBLIC, Archive
from srgan_distill.sources.mirror import Mirror
from srgan_distill.sources.published import published_sizes
from srgan_distill.sources.store import Store
from srgan_distill.sources.unavailable import Unavailable
from srgan_distill.stages import download, evaluate, preprocess

# What each archive holds, made when first asked for.
PACKED: dict[str, Callable[[], bytes]] = {
    "benchmark.tar": packing.benchmark,
    "Set5_HR.tar.gz": packing.set5_alone,
    "DIV2K_train_HR.zip": lambda: packing.div2k("train", 1, 800),
    "DIV2K_valid_HR.zip": lambda: packing.div2k("valid", 801, 100),
    "BSDS500-master.zip": packing.bsds500,
    "SR_training_datasets.zip": packing.lapsrn,
}


@pytest.fixture(scope="session")
def packed() -> dict[str, bytes]:
    return {name: pack() for name, pack in PACKED.items()}


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Web]:
    """A server in place of every published address; it has nothing yet."""
    monkeypatch.setattr(store_module, "WAITS", (0.01,))
    monkeypatch.delenv("SRGAN_DISTILL_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    measure._create.cache_clear()  # its files go by relative paths
    with serve() as web:
        for name, data_set in PUBLIC.items():
            archives = [
                replace(a, md5=None, urls=tuple(f"{web.address}/{n}/{a.name}" for n in (1, 2)))
                for a in data_set.archives
            ]
            monkeypatch.setitem(PUBLIC, name, replace(data_set, archives=tuple(archives)))
        monkeypatch.setattr(weights, "ADDRESSES", (f"{web.address}/1/", f"{web.address}/2/"))
        monkeypatch.setattr(weights, "TORCHVISION", (f"{web.address}/torchvision/",))
        yield web


def store() -> Store:
    return Store(Path("archives"))


def fetch(data_set: str, target: Path, mirror: Mirror | None, store: Store) -> str:
    """The whole of a known set, as params.yaml names it."""
    return data_sets.fetch(Source(set=data_set), target, mirror, store, {})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


@pytest.fixture
def set5(web: Web) -> Path:
    """A mirror's Set5 under other names."""
    folder = Path("mirror/Set5")
    folder.mkdir(parents=True)
    for number, file in enumerate(packing.images_of("Set5"), 1):
        (folder / f"{number}.png").write_bytes(file)
    return folder


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


def test_a_skipped_image_is_called_by_the_users_own_name(
    set5: Path, capsys: pytest.CaptureFixture
) -> None:
    whole = packing.images_of("Set5")[3]
    (set5 / "4.png").write_bytes(whole[: len(whole) // 2])
    scale = {"tile": 96, "stride": 96, "most_per_image": 1, "workers": 1, "on_bad_image": "skip"}
    stage("mirror", preprocess=scale)
    preprocess.run()
    assert "preprocess: skipped: image mirror/Set5/4.png" in capsys.readouterr().out
    assert len(names(Path("data/sample/preprocess/test/Set5/HR"))) == 4


def test_a_mirror_that_does_not_exist(web: Web) -> None:
    with pytest.raises(UserError, match="the mirror nowhere is no folder"):
        Mirror.of("nowhere", "also/nowhere")
    assert Mirror.of(None, None) is None


# ── The stage ─────────────────────────────────────────────────────────────────────────────────


def stage(mirror: str | None = None, content: dict | None = None, **sections: dict) -> None:
    """Run `download` on a profile of Set5, with changes."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["mirror"] = mirror
    params["content"] = content or SHIPPED
    profile = params["profiles"]["sample"]
    profile["download"] = {"train": ["SampleValidation"], "validation": ["Set5"], "test": ["Set5"]}
    profile["evaluate"] = {"metrics": ["psnr"], "weights": {}}
    profile |= sections
    Path("params.yaml").write_text(yaml.safe_dump(params))
    download.run()


SHIPPED = {"network": "vgg16", "layer": "relu3_3", "weights": None}
VGG19 = {"network": "vgg19", "layer": "relu5_4", "weights": None}
CONTENT = Path("data/sample/download/content")


def niqe_file(path: Path) -> bytes:
    """A made-up file of NIQE's form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"mu_prisparam": np.zeros((1, 36)), "cov_prisparam": np.eye(36)})
    return path.read_bytes()


def test_the_stage_loads_once_whatever_dvc_deletes(web: Web, packed: dict[str, bytes]) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    stage()
    first = names(Path("data/sample/download/images/Set5"))
    shutil.rmtree("data/sample/download")
    stage()
    assert names(Path("data/sample/download/images/Set5")) == first
    assert names(Path("data/sample/download/weights")) == ["sha256sums.txt"]
    assert [path for path, _ in web.asked] == ["/1/benchmark.tar"]


def test_one_error_names_all_that_is_missing(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    sets = {"train": ["DIV2KTrain"], "validation": ["Set5"], "test": ["General100", "People"]}
    scores = {"metrics": ["psnr", "pi"], "weights": {}}
    assert exit_code(lambda: stage(download=sets, evaluate=scores)) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: 5 things cannot be had")
    for what in (
        "DIV2KTrain: DIV2K_train_HR/ with its 800 images, or DIV2K_train_HR.zip",
        "Set5: Set5/HR/ with its 5 images, or benchmark.tar or Set5_HR.tar.gz",
        "General100: General100/HR/ with its 100 images, or SR_training_datasets.zip",
        "niqe_modelparameters.mat, which pi needs: weights/niqe_modelparameters.mat",
        "NRQM_model.mat, which pi needs: weights/NRQM_model.mat",
        "SRGAN_DISTILL_MIRROR",
        "HTTP 404",
    ):
        assert what in message
    assert "Traceback" not in message


def test_the_environment_counts_before_the_parameter(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = published_sizes("Set5").values()
    for name, colour in (("one", 1), ("two", 2)):
        Path(name, "Set5").mkdir(parents=True)
        for number, size in enumerate(sizes):
            file = packing.image(colour=colour, size=size)
            Path(name, "Set5", f"{number}.png").write_bytes(file)
    baby = Path("data/sample/download/images/Set5/baby.png")
    stage(mirror="one")
    assert read_rgb(baby).max() == 1
    monkeypatch.setenv("SRGAN_DISTILL_MIRROR", "two")
    stage(mirror="one")
    assert read_rgb(baby).max() == 2


@pytest.mark.parametrize("place", ["mirror/weights", "mirror", "given", "web"])
def test_a_metrics_file_is_put_where_evaluate_looks(
    web: Web, packed: dict[str, bytes], place: str
) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    content = niqe_file(Path(place) / "niqe_modelparameters.mat")
    Path("mirror").mkdir(exist_ok=True)
    if place == "web":
        Path("mirror/niqe_modelparameters.mat").write_bytes(b"half a file")
        web.add("1/niqe_modelparameters.mat", b"<html>a page, not a file</html>")
        web.add("2/niqe_modelparameters.mat", content)
    given = {"niqe": "given/niqe_modelparameters.mat"} if place == "given" else {}
    stage("mirror", evaluate={"metrics": ["niqe"], "weights": given})
    folder = Path("data/sample/download/weights")
    assert (folder / "niqe_modelparameters.mat").read_bytes() == content
    line = f"{hashlib.sha256(content).hexdigest()}  niqe_modelparameters.mat\n"
    assert (folder / "sha256sums.txt").read_text() == line


@pytest.fixture
def vgg19(web: Web, packed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What is published as VGG19's weights, by two servers that have nothing yet."""
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    weights = b"weights of VGG19" * 100
    urls = tuple(f"{web.address}/{number}/vgg19.pth" for number in (1, 2))
    file = WeightsFile("vgg19.pth", urls, hashlib.sha256(weights).hexdigest()[:8])
    monkeypatch.setitem(content_networks._FILES, "vgg19", file)
    return weights


@pytest.mark.parametrize("place", ["mirror/weights", "mirror", "web"])
def test_a_content_networks_file_is_put_where_training_looks(
    web: Web, vgg19: bytes, place: str
) -> None:
    Path("mirror/weights").mkdir(parents=True)
    if place == "web":
        web.add("1/vgg19.pth", b"<html>a page, not a file</html>")
        web.add("2/vgg19.pth", vgg19)
        Path("mirror/vgg19.pth").write_bytes(b"another network's")
    else:
        Path(place, "vgg19.pth").write_bytes(vgg19)
    stage("mirror", VGG19)
    assert Paths("sample").content_weights == CONTENT
    assert (CONTENT / "vgg19.pth").read_bytes() == vgg19
    assert ("/1/vgg19.pth" in [path for path, _ in web.asked]) == (place == "web")


def test_a_content_networks_file_that_nobody_has_is_named(web: Web, vgg19: bytes) -> None:
    Path("mirror").mkdir()
    Path("mirror/vgg19.pth").write_bytes(b"another network's")
    web.add("1/vgg19.pth", b"<html>a page, not a file</html>")
    with pytest.raises(UserError) as error:
        stage("mirror", VGG19)
    message = str(error.value)
    assert "vgg19.pth, the content network's: weights/vgg19.pth" in message
    assert "mirror/vgg19.pth has another SHA-256" in message
    assert "1/vgg19.pth has another SHA-256" in message
    assert "HTTP 404" in message
    assert not (CONTENT / "vgg19.pth").exists()


def test_shipped_and_given_weights_are_not_loaded(web: Web, vgg19: bytes) -> None:
    stage()
    assert names(CONTENT) == ["README.txt"]
    stage(content=VGG19 | {"weights": "mine.pth"})
    assert names(CONTENT) == ["README.txt"]
    assert [path for path, _ in web.asked] == ["/1/benchmark.tar"]


def test_shipped_generators_are_put_where_training_starts_from(
    web: Web, packed: dict[str, bytes]
) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    folder = Paths("sample").starts
    stage(start_from="scratch")
    assert names(folder) == ["README.txt"]
    stage(start_from="shipped")
    files = {f"{name}.safetensors": shipped.find(name) for name in shipped.names()}
    assert names(folder) == sorted(["README.txt", *files])
    for name, file in files.items():
        assert (folder / name).read_bytes() == file.read_bytes()


def test_a_given_file_that_is_none_stops_the_stage(web: Web, packed: dict[str, bytes]) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    with pytest.raises(UserError, match=r"which niqe needs: .*absent\.mat is no MATLAB file"):
        stage(evaluate={"metrics": ["niqe"], "weights": {"niqe": "absent.mat"}})


SCORED = {"train": ["SampleValidation"], "validation": ["Nature"], "test": ["Nature"]}


@pytest.fixture
def lpips_files(web: Web, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """LPIPS's two files by name, made up, with names that their SHA-256 fits."""
    measure._create_on_backbone.cache_clear()
    write_lpips(Path("lpips.pth"))
    write_convolutions(Path("alexnet.pth"), "alexnet")
    files = {}
    for part, published in (("lpips", "LPIPS_v0.1_alex"), ("alexnet", "alexnet-owt")):
        content = Path(f"{part}.pth").read_bytes()
        name = f"{published}-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        monkeypatch.setitem(WEIGHT_FILES, part, name)
        files[name] = content
    return files


@pytest.mark.parametrize("place", ["web", "mirror", "given"])
def test_lpips_through_the_stages(web: Web, lpips_files: dict[str, bytes], place: str) -> None:
    """Both of its files are fetched by stage download, and evaluation asks nobody."""
    learnt, network = lpips_files
    Path("mirror").mkdir()
    if place == "web":
        web.add(f"2/{learnt}", lpips_files[learnt])
        web.add(f"torchvision/{network}", lpips_files[network])
    elif place == "mirror":
        for name, content in lpips_files.items():
            Path("mirror", name).write_bytes(content)
    given = {"lpips": "lpips.pth", "alexnet": "alexnet.pth"} if place == "given" else {}
    stage("mirror", download=SCORED, evaluate={"metrics": ["lpips"], "weights": given})
    asked = len(web.asked)
    assert bool(asked) == (place == "web")
    preprocess.run()
    evaluate.run("bicubic")
    assert len(web.asked) == asked
    paths = Paths("sample")
    (score,) = read_scores(paths.scores("bicubic")).itertuples()
    sr, hr = (
        read_rgb(folder / "chelsea.png")
        for folder in (paths.results("bicubic") / "Nature", paths.test("Nature") / "HR")
    )
    files = {"lpips": "lpips.pth", "alexnet": "alexnet.pth"}
    assert score.lpips == pytest.approx(measure.measure("lpips", sr, hr, files), abs=1e-6)


def test_a_file_of_another_sum_is_none(web: Web, lpips_files: dict[str, bytes]) -> None:
    """One page instead of a file, and one given file that is something else."""
    learnt, network = lpips_files
    web.add(f"torchvision/{network}", b"<html>a page, not a file</html>")
    given = {"lpips": "alexnet.pth"}
    with pytest.raises(UserError) as caught:
        stage(download=SCORED, evaluate={"metrics": ["lpips"], "weights": given})
    message = str(caught.value)
    assert (
        f"{learnt}, which lpips needs: weights/{learnt} (alexnet.pth has another SHA-256" in message
    )
    assert f"{network}, which lpips needs: weights/{network} (http" in message
    assert "has another SHA-256 than" in message
    with pytest.raises(UserError, match=r"absent\.pth is no file"):
        stage(evaluate={"metrics": ["lpips"], "weights": {"lpips": "absent.pth"}})


def test_a_disk_too_full_is_noticed_before_the_first_request(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10**9))
    with pytest.raises(UserError, match=r"10\.\d\d GB are needed, 1\.00 GB are free"):
        stage(download={"train": ["DIV2KTrain"], "validation": ["Set5"], "test": ["Set5"]})
    assert web.asked == []


def test_niqe_of_bicubic_through_the_stages(
    web: Web, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRGAN_DISTILL_MIRROR", str(shared / "datasets"))
    stage(evaluate={"metrics": ["niqe"], "weights": {}})
    preprocess.run()
    evaluate.run("bicubic")
    scores = read_scores(Paths("sample").scores("bicubic"))
    assert set(scores["set"]) == {"Set5"}
    assert scores["niqe"].mean() == pytest.approx(8.32, abs=0.01)
    assert web.asked == []


def test_a_metrics_file_counts_through_the_stages(web: Web) -> None:
    """As with the published file, on any machine: a made-up one, and a photograph of a package."""
    Path("mirror").mkdir()
    niqe_file(Path("mirror/niqe_modelparameters.mat"))
    sets = {"train": ["SampleValidation"], "validation": ["Nature"], "test": ["Nature"]}
    stage("mirror", download=sets, evaluate={"metrics": ["niqe"], "weights": {}})
    preprocess.run()
    evaluate.run("bicubic")
    paths = Paths("sample")
    (score,) = read_scores(paths.scores("bicubic")).itertuples()
    sr = read_rgb(paths.results("bicubic") / "Nature/chelsea.png")
    files = {"niqe": paths.weights / "niqe_modelparameters.mat"}
    assert (score.set, score.image) == ("Nature", "chelsea")
    assert score.niqe == pytest.approx(measure.measure("niqe", sr, sr, files), abs=1e-6)
    assert web.asked == []
