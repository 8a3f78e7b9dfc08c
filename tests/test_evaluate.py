"""A generator from weights to image: range, order of colours, size."""

from pathlib import Path

import numpy as np
import pytest
import torch

from srgan_distill.common.errors import UserError
from srgan_distill.common.paths import Paths
from srgan_distill.networks.generator import Generator
from srgan_distill.networks.weights import save_generator
from srgan_distill.stages.evaluate import upscaler


def enlarging_generator(path: Path) -> Paths:
    """Weights that repeat each pixel 4x4 times: known output, through every layer."""
    generator = Generator(3, 1)
    state = generator.state_dict()
    for value in state.values():
        value.zero_()
    for colour in range(3):
        state["head.0.weight"][colour, colour, 4, 4] = 1
        state["tail.weight"][colour, colour, 4, 4] = 1
        for layer in (0, 1):
            # PixelShuffle makes four neighbours out of four channels.
            state[f"upsample.{layer}.0.weight"][4 * colour : 4 * colour + 4, colour, 1, 1] = 1
    layout = Paths("test")
    generator.load_state_dict(state)
    save_generator(layout.generator("train", "enlarge"), generator)
    return layout


def test_colours_and_range_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    upscale = upscaler(enlarging_generator(tmp_path), "train", "enlarge", "cpu")
    lr = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    lr[0] = (255, 0, 0)
    sr = upscale(lr)
    assert sr.dtype == np.uint8
    np.testing.assert_array_equal(sr, lr.repeat(4, 0).repeat(4, 1))


def test_bicubic_needs_no_weights() -> None:
    lr = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    sr = upscaler(Paths("test"), "bicubic", "bicubic", "cpu")(lr)
    np.testing.assert_array_equal(sr, lr.repeat(4, 0).repeat(4, 1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"hardware\.device = cuda"):
        upscaler(enlarging_generator(tmp_path), "train", "enlarge", "cuda")
