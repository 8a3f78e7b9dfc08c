"""LPIPS and DISTS against the papers written out, and their weights."""

from pathlib import Path

import pytest
import torch
from support.metric_weights import write_convolutions, write_dists, write_lpips
from support.photographs import noise

from srgan_distill.common.errors import UserError
from srgan_distill.common.metrics import WEIGHT_FILES
from srgan_distill.imaging.images import to_tensor
from srgan_distill.scoring.measure import check_available, measure


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Made-up files of all parts of LPIPS and DISTS."""
    folder = tmp_path_factory.mktemp("features")
    files = {part: folder / WEIGHT_FILES[part] for part in ("lpips", "alexnet", "dists", "vgg16")}
    for network in ("alexnet", "vgg16"):
        write_convolutions(files[network], network)
    write_lpips(files["lpips"])
    write_dists(files["dists"])
    return files


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_):
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def half_precise(file: Path) -> dict[str, torch.Tensor]:
    return {key: value.float() for key, value in torch.load(file).items()}


def test_lpips_written_out(features: dict[str, Path], no_network: None):
    """Zhang et al., 2018: squared differences of unit features, weighted, averaged, summed."""
    sr, hr = noise(64, 96), noise(64, 96, low=0, high=255)
    weights, lins = half_precise(features["alexnet"]), torch.load(features["lpips"])
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])

    def maps(rgb):
        x = (2 * to_tensor(rgb) - 1 - shift[:, None, None]) / scale[:, None, None]
        found = []
        for layer, stride, padding, pool in ((0, 4, 2, 0), (3, 1, 2, 1), (6, 1, 1, 1), (8, 1, 1, 0),
                                             (10, 1, 1, 0)):  # fmt: skip
            x = torch.nn.functional.max_pool2d(x, 3, 2) if pool else x
            kernel, bias = weights[f"features.{layer}.weight"], weights[f"features.{layer}.bias"]
            x = torch.nn.functional.conv2d(x, kernel, bias, stride, padding).relu()
            found.append(x / (x.norm(dim=1, keepdim=True) + 1e-10))
        return found

    expected = sum(
        ((a - b) ** 2 * lins[f"lin{layer}.model.1.weight"]).sum(1).mean()
        for layer, (a, b) in enumerate(zip(maps(sr), maps(hr), strict=True))
    )
    assert measure("lpips", sr, hr, features) == pytest.approx(float(expected), rel=1e-5)
    assert measure("lpips", hr, hr, features) == 0


def test_dists_written_out(features: dict[str, Path], no_network: None):
    """Ding et al., 2020, of the means of RGB and the variances of VGG16's first maps.

    The weights add up to 3 / 4 + 32, by which pyiqa divides.
    """
    sr, hr = noise(32, 48), noise(32, 48, low=0, high=255)
    weights = half_precise(features["vgg16"])
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

    def maps(rgb):
        x = (to_tensor(rgb) - mean[:, None, None]) / std[:, None, None]
        for layer in (0, 2):
            kernel, bias = weights[f"features.{layer}.weight"], weights[f"features.{layer}.bias"]
            x = torch.nn.functional.conv2d(x, kernel, bias, padding=1).relu()
        return x.flatten(2)[0]

    x, y = (to_tensor(rgb).flatten(2)[0].mean(1) for rgb in (sr, hr))
    luminance = (2 * x * y + 1e-6) / (x**2 + y**2 + 1e-6)
    x, y = maps(sr), maps(hr)
    covariance = ((x - x.mean(1, keepdim=True)) * (y - y.mean(1, keepdim=True))).mean(1)
    structure = (2 * covariance + 1e-6) / (x.var(1, correction=0) + y.var(1, correction=0) + 1e-6)
    expected = 1 - (luminance.sum() / 4 + structure.sum() / 2) / 32.75
    assert measure("dists", sr, hr, features) == pytest.approx(float(expected), rel=1e-4)
    assert measure("dists", hr, hr, features) == pytest.approx(0, abs=1e-5)


def test_lpips_needs_what_alexnet_needs(features: dict[str, Path]):
    assert measure("lpips", noise(31, 40), noise(31, 40), features) == 0
    with pytest.raises(UserError, match="this metric needs 31 px a side"):
        measure("lpips", noise(30, 40), noise(30, 40), features)


@pytest.mark.parametrize(
    ("name", "part", "other"),
    [("lpips", "lpips", "dists"), ("lpips", "alexnet", "vgg16"), ("dists", "dists", "lpips")],
)
def test_weights_of_something_else_are_refused(features, no_network, name, part, other):
    with pytest.raises(UserError) as caught:
        check_available([name], features | {part: features[other]})
    message = str(caught.value)
    assert message.startswith(f"metric {name} needs {WEIGHT_FILES[part]}: {features[other]} cannot")
    assert f"--weights {part}=FILE, or leave {name} out" in message
    assert "\n" not in message


def test_torchvision_is_left_as_it_was(features: dict[str, Path]):
    from torchvision import models

    before = models.vgg16, models.alexnet
    check_available(["dists", "lpips"], features)
    assert (models.vgg16, models.alexnet) == before


@pytest.mark.parametrize(("name", "file"), [("lpips", "alexnet"), ("dists", "vgg16")])
def test_backbones_that_cannot_be_loaded_are_one_clear_error(name, file, monkeypatch, tmp_path):
    def no_network(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError) as caught:
        check_available([name])
    assert str(caught.value) == (
        f"metric {name} needs {WEIGHT_FILES[file]}: it cannot be downloaded (network is "
        "unreachable); get it from download.pytorch.org/models and give its path as "
        f"evaluate.weights.{file} in params.yaml or as --weights {file}=FILE, or leave {name} out"
    )
