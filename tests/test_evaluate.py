"""A generator from weights to image: range, order of colours, size; and the stage's files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from support.code_reading import SOURCE
from support.upscaling import save_enlarging_generator

from srgan_distill.common.errors import UserError
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.imaging.protocol import psnr
from srgan_distill.networks.generator import Generator
from srgan_distill.networks.inference import upscaler
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.scoring.fidelity import ssim
from srgan_distill.stages import evaluate


def test_colours_and_range_from_end_to_end(tmp_path: Path) -> None:
    generator = load_generator(save_enlarging_generator(tmp_path / "enlarge.safetensors"))
    upscale = upscaler(generator, "cpu")
    lr = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    lr[0] = (255, 0, 0)
    sr = upscale(lr)
    assert sr.dtype == np.uint8
    np.testing.assert_array_equal(sr, lr.repeat(4, 0).repeat(4, 1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"hardware\.device = cuda"):
        upscaler(Generator(4, 1), "cuda")


# ── The stage ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A folder with two test sets, of two images and of one, and no trained model."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["hardware"]["device"] = "cpu"
    profile = params["profiles"]["sample"]
    profile["download"]["test"] = ["Home", "Away"]
    profile["evaluate"] = {"metrics": ["psnr", "ssim"], "weights": {}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    paths = Paths("sample")
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    for name, lr in (("Home/b", noise), ("Home/001", noise[::-1]), ("Away/red", RED)):
        test_set, image = name.split("/")
        write_png(paths.test(test_set) / "LR" / f"{image}.png", lr)
        hr = lr.repeat(4, 0).repeat(4, 1) // 2 + lr[0, 0] // 2
        write_png(paths.test(test_set) / "HR" / f"{image}.png", hr)
    return paths


RED = np.full((8, 8, 3), (200, 0, 0), np.uint8)


def test_bicubic_needs_no_weights(paths: Paths) -> None:
    evaluate.run("bicubic")
    sr = read_rgb(paths.results("bicubic") / "Away/red.png")
    np.testing.assert_array_equal(sr, RED.repeat(4, 0).repeat(4, 1))
    scores = pd.read_csv(paths.scores("bicubic")).set_index("image")
    assert scores.loc["red"].tolist() == ["Away", float("inf"), 1.0]
    assert json.loads(paths.model_figures("bicubic").read_text()) == {"parameters": 0, "grid": 0.0}


def test_an_image_that_has_no_score_is_named(paths: Paths) -> None:
    write_png(paths.test("Home") / "LR" / "b.png", RED[:4, :4])
    write_png(paths.test("Home") / "HR" / "b.png", RED.repeat(2, 0).repeat(2, 1))
    with pytest.raises(UserError, match=r"^Home/b: .* too small: this metric needs 19 px a side"):
        evaluate.run("bicubic")


def test_every_image_is_kept_and_scored(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    save_enlarging_generator(paths.generator("student"))
    evaluate.run("student")
    scores = pd.read_csv(paths.scores("student"), dtype={"image": str})
    assert list(scores.columns) == ["set", "image", "psnr", "ssim"]
    assert (scores["set"] + "/" + scores["image"]).tolist() == ["Home/001", "Home/b", "Away/red"]
    for row in scores.itertuples():
        lr, hr = (
            read_rgb(paths.test(row.set) / side / f"{row.image}.png") for side in ("LR", "HR")
        )
        sr = read_rgb(paths.results("student") / row.set / f"{row.image}.png")
        np.testing.assert_array_equal(sr, lr.repeat(4, 0).repeat(4, 1))
        assert row.psnr == pytest.approx(psnr(sr, hr), abs=1e-6)
        assert row.ssim == pytest.approx(ssim(sr, hr), abs=1e-6)
    # The means are the set's, and are printed.
    home = scores.loc[scores["set"] == "Home", "psnr"].mean()
    assert f"{home:.4f}" in capsys.readouterr().out


def test_parameters_and_grid_of_a_model_by_hand(paths: Paths) -> None:
    """A generator that repeats each pixel, then one that raises 4 of 16 pixels' red by 16."""
    file = save_enlarging_generator(paths.generator("student"))
    evaluate.run("student")
    # 3 filters, one block: 9x9 head and tail with biases, the head's PReLU; two 3x3 convolutions
    # of the block and one before the long skip with biases and BatchNorms, the block's PReLU; two
    # 3x3 convolutions to 12 channels with their PReLUs.
    parameters = 2 * (81 * 9 + 3) + 3 + 3 * (9 * 9 + 3 + 6) + 3 + 2 * (9 * 36 + 12 + 3)
    figures = json.loads(paths.model_figures("student").read_text())
    assert figures == {"parameters": parameters, "grid": 0.0}

    generator = load_generator(file)
    generator.upsample[1][0].bias.data[0] = 16 / 255
    save_generator(file, generator)
    evaluate.run("student")
    figures = json.loads(paths.model_figures("student").read_text())
    # A quarter of the pixels is 16 from the others: sqrt(1 / 4 * 3 / 4) * 16.
    assert figures["grid"] == pytest.approx(4 * 3**0.5, abs=1e-3)


def test_a_model_that_was_not_trained_is_named(paths: Paths) -> None:
    with pytest.raises(UserError, match=r"models[/\\]student[/\\]generator\.safetensors"):
        evaluate.run("student")
