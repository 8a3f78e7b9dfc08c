"""Metrics against values by hand, independent code and pyiqa's published behaviour."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat
from scipy.signal import convolve2d
from support.metric_weights import write_niqe
from support.photographs import noise

from srgan_distill.common.errors import UserError
from srgan_distill.common.metrics import METRICS, WEIGHT_FILES, parameter_files
from srgan_distill.imaging.images import list_images, read_rgb, to_tensor
from srgan_distill.imaging.pairs import degrade
from srgan_distill.imaging.protocol import bicubic, luma, psnr
from srgan_distill.scoring import measure as measuring
from srgan_distill.scoring.fidelity import edge_sharpness, psnr_wrapped, ssim
from srgan_distill.scoring.measure import check_available, measure
from srgan_distill.sources.packages import copy_photographs


@pytest.mark.parametrize("levels", [1, 10])
def test_psnr_of_a_constant_difference(levels):
    hr = noise()
    difference = levels * 219 / 255  # white minus black is 219 levels of Y
    assert psnr(hr + np.uint8(levels), hr) == pytest.approx(20 * math.log10(255 / difference))


@pytest.mark.parametrize(("channel", "weight"), [(0, 65.481), (1, 128.553), (2, 24.966)])
def test_psnr_takes_channels_as_rgb(channel, weight):
    hr = noise()
    sr = hr.copy()
    sr[..., channel] += 10
    assert psnr(sr, hr) == pytest.approx(20 * math.log10(255 / (10 * weight / 255)))


def test_psnr_and_ssim_ignore_four_pixels_of_border_and_no_more():
    hr = noise()
    sr = np.zeros_like(hr)
    sr[4:-4, 4:-4] = hr[4:-4, 4:-4]
    assert psnr(sr, hr) == math.inf
    assert ssim(sr, hr) == 1
    sr[4, 4:-4] = 0
    assert psnr(sr, hr) < 25
    assert ssim(sr, hr) < 0.9999


def test_ssim_equals_wang_et_al_written_out():
    hr = noise()
    sr = np.clip(hr + np.random.default_rng(1).normal(0, 20, hr.shape), 0, 255).astype(np.uint8)
    x, y = luma(sr)[4:-4, 4:-4], luma(hr)[4:-4, 4:-4]
    window = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2

    def mean(a):
        return convolve2d(a, window, mode="valid")

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert ssim(sr, hr) == pytest.approx(expected.mean(), abs=1e-9)


def test_ssim_needs_a_whole_window():
    assert ssim(noise(19, 19), noise(19, 19)) == 1
    with pytest.raises(UserError, match="30x18 px is too small: this metric needs 19 px"):
        ssim(noise(18, 30), noise(18, 30))


@pytest.mark.parametrize(
    ("sr", "hr", "mean_squared_error"),
    [
        (5, 0, 25),
        (0, 1, 1),  # -1 is 255, and 255 squared is 1 modulo 256
        (17, 0, 33),  # 289 - 256
        (250, 10, 0),  # 240 squared is 225 * 256
    ],
)
def test_psnr_wrapped_by_hand(sr, hr, mean_squared_error):
    expected = 10 * math.log10(255**2 / mean_squared_error) if mean_squared_error else math.inf
    images = (np.full((4, 4, 3), level, dtype=np.uint8) for level in (sr, hr))
    assert psnr_wrapped(*images) == pytest.approx(expected)


def test_psnr_wrapped_of_uniform_errors_is_the_floor():
    sr = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert psnr_wrapped(sr, np.zeros_like(sr)) == pytest.approx(27.90, abs=0.005)


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("Set5", {"psnr_wrapped": 32.05, "piqe": 86.9, "niqe": 8.32}),
        ("Set14", {"psnr_wrapped": 31.26, "piqe": 87.2, "niqe": 7.84}),
    ],
)
def test_known_means_of_bicubic(shared: Path, dataset: str, expected: dict[str, float]):
    weights = {"niqe": shared / "weights" / WEIGHT_FILES["niqe"]}
    values = {name: [] for name in expected}
    for path in list_images(shared / "datasets" / dataset / "HR"):
        hr = read_rgb(path)
        sr = bicubic(read_rgb(path.parents[1] / "LR_bicubic_X4" / path.name), 4)
        for name in expected:
            values[name].append(measure(name, sr, hr, weights))
    means = {name: np.mean(v) for name, v in values.items()}
    assert means["psnr_wrapped"] == pytest.approx(expected["psnr_wrapped"], abs=0.005)
    assert means["niqe"] == pytest.approx(expected["niqe"], abs=0.01)
    assert means["piqe"] == pytest.approx(expected["piqe"], abs=0.05)


@pytest.mark.parametrize(
    ("photograph", "expected"),
    [
        (("Nature", "chelsea"), (31.4751, 0.8064, 33.0886, 85.167)),
        (("Things", "coffee"), (27.2923, 0.7649, 32.5371, 84.562)),
    ],
)
def test_known_figures_of_bicubic_on_photographs_of_the_packages(
    tmp_path: Path, photograph: tuple[str, str], expected: tuple[float, ...]
):
    data_set, name = photograph
    copy_photographs(data_set, tmp_path)
    hr, lr = degrade(tmp_path / f"{name}.png")
    sr = bicubic(lr, 4)
    names = ("psnr", "ssim", "psnr_wrapped", "piqe")
    found = [measure(metric, sr, hr) for metric in names]
    assert found[:3] == pytest.approx(expected[:3], abs=1e-4)
    assert found[3] == pytest.approx(expected[3], abs=0.05)


@pytest.fixture
def made_up_weights(tmp_path: Path) -> dict[str, Path]:
    """Files of the right form: a standard normal for NIQE, trees of a single leaf for NRQM."""
    files = {name: tmp_path / file for name, file in WEIGHT_FILES.items()}
    write_niqe(files["niqe"])
    root, leaf = np.zeros((1, 1), np.int32), np.ones((1, 1))
    fields = ("ldau", "rdau", "a", "b", "threshold", "pred", "best")
    values = (root, root, root, root, leaf, leaf, root + 1)
    forests = np.empty((1, 3), dtype=object)
    forests[0] = [dict(zip(fields, values, strict=True))] * 3
    savemat(files["nrqm"], {"model": {"linear": np.full((4, 1), 1.5), "rf": forests}})
    return files


def test_pi_equals_pyiqas_own(made_up_weights, monkeypatch):
    from pyiqa.archs import niqe_arch, nrqm_arch

    sr = noise(104, 200)
    monkeypatch.setattr(niqe_arch, "load_file_from_url", lambda url: made_up_weights["niqe"])
    monkeypatch.setattr(nrqm_arch, "load_file_from_url", lambda url: made_up_weights["nrqm"])
    expected = float(nrqm_arch.PI()(to_tensor(sr)))
    assert measure("nrqm", sr, sr, made_up_weights) == pytest.approx(6)
    assert measure("pi", sr, sr, made_up_weights) == pytest.approx(expected)


def test_ma_needs_its_pyramid_s_borders_and_a_window(made_up_weights):
    assert measure("nrqm", noise(45, 80), noise(45, 80), made_up_weights) == pytest.approx(6)
    with pytest.raises(UserError, match="needs 45 px a side"):
        measure("nrqm", noise(44, 80), noise(44, 80), made_up_weights)
    with pytest.raises(UserError, match="needs 104 px a side"):
        measure("pi", noise(103, 200), noise(103, 200), made_up_weights)


def test_niqe_refuses_what_it_cannot_measure(made_up_weights):
    with pytest.raises(UserError, match="needs 96 px a side"):
        measure("niqe", noise(95, 200), noise(95, 200), made_up_weights)
    flat = np.full((192, 192, 3), 128, dtype=np.uint8)
    with pytest.raises(UserError, match="niqe is undefined on this image"):
        measure("niqe", flat, flat, made_up_weights)


def test_metrics_agree_with_pyiqa_on_what_is_better():
    from pyiqa.default_model_configs import DEFAULT_CONFIGS

    known = {name: metric for name, metric in METRICS.items() if name in DEFAULT_CONFIGS}
    assert set(METRICS) - set(known) == {"psnr_wrapped", "edges"}
    for name, metric in known.items():
        assert metric.lower_is_better == DEFAULT_CONFIGS[name].get("lower_better", False)


def test_a_metric_prints_and_compares_itself():
    psnr_, niqe = METRICS["psnr"], METRICS["niqe"]
    assert (psnr_.heading, niqe.heading) == ("PSNR (dB) ↑", "NIQE ↓")
    assert (psnr_.text(28.006), niqe.text(0.5, "+"), psnr_.text(-0.004, "+")) == (
        "28.01", "+0.500", "-0.00",
    )  # fmt: skip
    assert (psnr_.text(None), psnr_.text(math.nan), psnr_.text(math.inf)) == ("-", "-", "inf")
    assert (psnr_.gain(28.5, 28), niqe.gain(5, 4)) == (0.5, -1)
    assert [psnr_.verdict(change) for change in (0.1, -0.1, 0.0, None)] == [
        "better", "worse", "", "",
    ]  # fmt: skip
    assert [niqe.verdict(change) for change in (0.1, -0.1)] == ["worse", "better"]


def test_parameter_files_are_those_of_the_parts():
    assert parameter_files(["psnr", "piqe"]) == {}
    assert parameter_files(["niqe"]) == {"niqe": "niqe_modelparameters.mat"}
    assert parameter_files(["pi"]) == parameter_files(["niqe", "nrqm"])
    assert parameter_files(["pi"]) == {
        "niqe": "niqe_modelparameters.mat", "nrqm": "NRQM_model.mat",
    }  # fmt: skip
    assert parameter_files(["lpips", "edges"]) == {
        "lpips": "LPIPS_v0.1_alex-df73285e.pth", "alexnet": "alexnet-owt-7be5be79.pth",
    }  # fmt: skip
    assert list(parameter_files(["dists"])) == ["dists", "vgg16"]


@pytest.mark.parametrize(
    ("names", "weights", "message"),
    [
        (["psnr", "vif"], {}, "unknown metric 'vif'; the metrics are psnr, ssim,"),
        (["psnr"], {"piqe": "x.mat"}, "no weights for 'piqe'; they are for niqe, nrqm"),
        (["lpips"], {"alexnet": "absent.pth"}, "lpips needs alexnet-owt-7be5be79.pth: absent.pth"),
        (["dists"], {"vgg16": __file__}, "needs vgg16-397923af.pth: .* cannot be used"),
        (["niqe"], {"niqe": "absent.mat"}, "niqe needs niqe_modelparameters.mat: absent.mat"),
        (["niqe"], {"niqe": __file__}, "niqe needs niqe_modelparameters.mat: .* cannot be used"),
    ],
)
def test_check_available_says_what_is_wrong(names, weights, message):
    with pytest.raises(UserError, match=message):
        check_available(names, weights)


# ── Edges ─────────────────────────────────────────────────────────────────────────────────────


def step(rise: int, width: int = 1) -> np.ndarray:
    """Grey 100, then, over `width` px from column 20, up by `rise`: [40, 40, 3]."""
    row = 100 + rise * np.clip((np.arange(40) - 19) / width, 0, 1)
    return np.broadcast_to(row[None, :, None].round(), (40, 40, 3)).astype(np.uint8)


def test_edges_by_hand():
    hr = step(60)
    assert edge_sharpness(hr, hr) == 1
    assert edge_sharpness(step(30), hr) == pytest.approx(0.5)
    assert edge_sharpness(step(90), hr) == pytest.approx(1.5)
    lying = [image.swapaxes(0, 1) for image in (step(30), hr)]
    assert edge_sharpness(*lying) == pytest.approx(0.5)
    # HR rises at two columns of 32: all of its edges. Sobel spans two px: of a rise over four px
    # it sees a quarter and a half there, of a sudden one the whole at both.
    assert edge_sharpness(step(60, width=4), hr) == pytest.approx((0.25 + 0.5) / 2)


def test_edges_are_hrs_alone():
    """What SR draws where HR is even does not count."""
    hr = step(60)
    sr = hr.copy()
    sr[:, 8:12] = 250
    assert edge_sharpness(sr, hr) == 1


def test_edges_of_a_flat_image_are_undefined():
    with pytest.raises(UserError, match="edges is undefined on this image: HR is flat"):
        edge_sharpness(step(60), step(0))


@pytest.mark.parametrize("name", ["nrqm", "pi"])
def test_closed_network_is_one_clear_error(name, monkeypatch, capsys, tmp_path):
    from pyiqa.utils import download_util

    def no_network(*args, **kwargs):
        raise OSError("network is unreachable")

    monkeypatch.setattr(download_util, "DEFAULT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(download_util, "download_url_to_file", no_network)
    with pytest.raises(UserError) as caught:
        check_available([name])
    message = str(caught.value)
    assert message.startswith(f"metric {name} needs NRQM_model.mat: it cannot be downloaded")
    assert "network is unreachable" in message
    assert "evaluate.weights.nrqm" in message
    assert "\n" not in message
    assert capsys.readouterr().out == ""


def test_models_are_made_once(made_up_weights):
    check_available(["niqe"], made_up_weights)
    first = measuring._models("niqe", made_up_weights)[0]
    assert measuring._models("niqe", made_up_weights)[0] is first
    assert first.device == torch.device("cpu")
