"""Where training starts from: random weights, the pre-trained network, or a shipped generator."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.small_project import MODELS

from srgan_distill.common.paths import Paths
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.shipped import models as shipped
from srgan_distill.stages import distill, pretrain, train

PATHS = Paths("sample")
RUNS = [
    (pretrain, "pretrain_student"), (pretrain, "pretrain_teacher"), (train, "teacher_gan"),
    (train, "student"), (distill, "gan2g"),
]  # fmt: skip


@pytest.fixture
def started(
    small_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Generator]:
    """started(stage, run): the generator that a run would start from, in a small project."""
    monkeypatch.chdir(small_project(steps=20))

    def start(stage: object, run: str) -> Generator:
        asked = []
        monkeypatch.setattr(stage, "train_generator", asked.append)
        stage.run(run)
        return asked[0].start

    return start


def same(ours: Generator, theirs: Generator) -> bool:
    pairs = zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("stage", "run"), RUNS)
def test_a_run_goes_on_from_the_generator_of_its_name(
    started: Callable[..., Generator], stage: object, run: str
) -> None:
    theirs = build_generator(4, 1, seed=7, checkerboard_free=True)
    save_generator(PATHS.starts / f"{run}.safetensors", theirs)
    assert same(started(stage, run), theirs)


@pytest.mark.parametrize(("stage", "run"), RUNS)
def test_one_that_has_none_starts_as_from_scratch(
    started: Callable[..., Generator], stage: object, run: str
) -> None:
    other = build_generator(4, 1, seed=7, checkerboard_free=True)
    save_generator(PATHS.starts / "another.safetensors", other)
    network = "teacher" if "teacher" in run else "student"
    seed = 0 if stage is pretrain else MODELS[f"pretrain_{network}"]
    assert same(started(stage, run), build_generator(4, 1, seed, checkerboard_free=True))


def test_a_shipped_generator_is_what_its_header_says() -> None:
    for name in shipped.names():
        generator = load_generator(shipped.find(name))
        assert shipped.architecture(name) == {
            "filters": generator.filters,
            "blocks": len(generator.blocks),
            "checkerboard_free": generator.checkerboard_free,
        }
