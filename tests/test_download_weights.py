"""Stage download: files of metrics and of content networks, and generators to start from."""

import hashlib
from pathlib import Path

import pytest
from support.metric_weights import write_convolutions, write_lpips, write_niqe
from support.published import names, run_download
from support.web import Web

from srgan_distill.common import content as content_networks
from srgan_distill.common.content import WeightsFile
from srgan_distill.common.errors import UserError
from srgan_distill.common.metrics import WEIGHT_FILES
from srgan_distill.common.params import Content
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import read_rgb
from srgan_distill.networks.content import weights_of
from srgan_distill.results.reading import read_scores
from srgan_distill.scoring import measure
from srgan_distill.shipped import models as shipped
from srgan_distill.stages import evaluate, preprocess

VGG19 = {"network": "vgg19", "layer": "relu5_4", "weights": None}
CONTENT = Path("data/sample/download/content")
SCORED = {"train": ["SampleValidation"], "validation": ["Nature"], "test": ["Nature"]}


def niqe_file(path: Path) -> bytes:
    """A made-up file of NIQE's form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_niqe(path)
    return path.read_bytes()


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
    run_download("mirror", evaluate={"metrics": ["niqe"], "weights": given})
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
    run_download("mirror", VGG19)
    assert Paths("sample").content_weights == CONTENT
    assert (CONTENT / "vgg19.pth").read_bytes() == vgg19
    assert ("/1/vgg19.pth" in [path for path, _ in web.asked]) == (place == "web")


def test_a_content_networks_file_that_nobody_has_is_named(web: Web, vgg19: bytes) -> None:
    Path("mirror").mkdir()
    Path("mirror/vgg19.pth").write_bytes(b"another network's")
    web.add("1/vgg19.pth", b"<html>a page, not a file</html>")
    with pytest.raises(UserError) as error:
        run_download("mirror", VGG19)
    message = str(error.value)
    assert "vgg19.pth, the content network's: weights/vgg19.pth" in message
    assert "mirror/vgg19.pth has another SHA-256" in message
    assert "1/vgg19.pth has another SHA-256" in message
    assert "HTTP 404" in message
    assert not (CONTENT / "vgg19.pth").exists()


def test_shipped_and_given_weights_are_not_loaded(web: Web, vgg19: bytes) -> None:
    """The user's own are copied: as an output, DVC sees when they are others."""
    run_download()
    assert names(CONTENT) == ["README.txt"]
    Path("own").mkdir()
    Path("own/mine.pth").write_bytes(vgg19)
    mine = VGG19 | {"weights": "own/mine.pth"}
    run_download(content=mine)
    assert names(CONTENT) == ["README.txt", "mine.pth"]
    assert (CONTENT / "mine.pth").read_bytes() == vgg19
    assert weights_of(Content.model_validate(mine), CONTENT) == CONTENT / "mine.pth"
    assert [path for path, _ in web.asked] == ["/1/benchmark.tar"]


def test_shipped_generators_are_put_where_training_starts_from(
    web: Web, packed: dict[str, bytes]
) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    folder = Paths("sample").starts
    run_download(start_from="scratch")
    assert names(folder) == ["README.txt"]
    run_download(start_from="shipped")
    files = {f"{name}.safetensors": shipped.find(name) for name in shipped.names()}
    assert names(folder) == sorted(["README.txt", *files])
    for name, file in files.items():
        assert (folder / name).read_bytes() == file.read_bytes()


def test_a_given_file_that_is_none_stops_the_stage(web: Web, packed: dict[str, bytes]) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    with pytest.raises(UserError, match=r"which niqe needs: .*absent\.mat is no MATLAB file"):
        run_download(evaluate={"metrics": ["niqe"], "weights": {"niqe": "absent.mat"}})


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
    run_download("mirror", download=SCORED, evaluate={"metrics": ["lpips"], "weights": given})
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
        run_download(download=SCORED, evaluate={"metrics": ["lpips"], "weights": given})
    message = str(caught.value)
    assert (
        f"{learnt}, which lpips needs: weights/{learnt} (alexnet.pth has another SHA-256" in message
    )
    assert f"{network}, which lpips needs: weights/{network} (http" in message
    assert "has another SHA-256 than" in message
    with pytest.raises(UserError, match=r"absent\.pth is no file"):
        run_download(evaluate={"metrics": ["lpips"], "weights": {"lpips": "absent.pth"}})


def test_niqe_of_bicubic_through_the_stages(
    web: Web, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRGAN_DISTILL_MIRROR", str(shared / "datasets"))
    run_download(evaluate={"metrics": ["niqe"], "weights": {}})
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
    run_download("mirror", download=SCORED, evaluate={"metrics": ["niqe"], "weights": {}})
    preprocess.run()
    evaluate.run("bicubic")
    paths = Paths("sample")
    (score,) = read_scores(paths.scores("bicubic")).itertuples()
    sr = read_rgb(paths.results("bicubic") / "Nature/chelsea.png")
    files = {"niqe": paths.weights / "niqe_modelparameters.mat"}
    assert (score.set, score.image) == ("Nature", "chelsea")
    assert score.niqe == pytest.approx(measure.measure("niqe", sr, sr, files), abs=1e-6)
    assert web.asked == []
