"""Where training starts from: random weights, the pre-trained network, or a shipped generator."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.params import change_params
from support.small_project import MODELS

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Content
from srgan_distill.common.paths import Paths
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.networks.weights import load_generator, save_generator, save_network
from srgan_distill.shipped import models as shipped
from srgan_distill.stages import distill, pretrain, train
from srgan_distill.training.distributed import SINGLE
from srgan_distill.training.setup import TrainingJob, _build_loss_networks, _fingerprint

PATHS = Paths("sample")
RUNS = [
    (pretrain, "pretrain_student"), (pretrain, "pretrain_teacher"), (train, "teacher_gan"),
    (train, "student"), (distill, "gan2g"),
]  # fmt: skip


CPU = Compute(torch.device("cpu"), torch.float32)


@pytest.fixture
def asked(
    small_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TrainingJob]:
    """asked(stage, run): the training that a stage would ask for, in a small project."""
    monkeypatch.chdir(small_project(steps=20))

    def start(stage: object, run: str) -> TrainingJob:
        found = []
        monkeypatch.setattr(stage, "train_generator", found.append)
        stage.run(run)
        return found[0]

    return start


@pytest.fixture
def started(asked: Callable[..., TrainingJob]) -> Callable[..., Generator]:
    """started(stage, run): the generator that a run would start from."""
    return lambda stage, run: asked(stage, run).start


def same(ours: torch.nn.Module, theirs: torch.nn.Module) -> bool:
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


def test_each_run_has_the_seed_of_its_kind(asked: Callable[..., TrainingJob]) -> None:
    seeds = {"pretrain": 4, "teacher": 5, "student": 6}
    change_params(Path(), lambda params: params.update(seeds=seeds))
    assert [asked(*run).seed for run in RUNS] == [4, 4, 5, 6, 6]
    start = asked(pretrain, "pretrain_student").start
    assert same(start, build_generator(4, 1, seed=4, checkerboard_free=True))


def test_a_teacher_s_discriminator_is_gone_on_with(asked: Callable[..., TrainingJob]) -> None:
    assert asked(distill, "gan2gan").discriminator is None
    change_params(Path(), lambda p: p["strategies"]["gan2gan"].update(discriminator_from="teacher"))
    job = asked(distill, "gan2gan")

    def discriminator() -> torch.nn.Module:
        return _build_loss_networks(job, CPU, SINGLE).discriminator

    # As small_project writes it, in float16.
    assert same(discriminator(), build_discriminator(16, seed=1).half().float())
    file = PATHS.discriminator("teacher_gan")
    save_network(file, build_discriminator(32, seed=1))
    with pytest.raises(UserError, match=str(file)):
        discriminator()
    file.unlink()
    with pytest.raises(UserError, match=f"{file} does not exist"):
        discriminator()


def test_a_checkpoint_is_of_all_that_weights_depend_on(asked: Callable[..., TrainingJob]) -> None:
    """And of nothing else: how often it is written, and where tiles lie."""
    job = asked(distill, "gan2gan")

    def fingerprint(**changes: object) -> str:
        return _fingerprint(replace(job, **changes))

    def phase(**changes: object) -> object:
        (only,) = job.schedule.phases
        return replace(job.schedule, phases=(replace(only, **changes),))

    mine, free = fingerprint(), job.start.checkerboard_free
    (only,) = job.schedule.phases
    hardware = job.hardware.model_copy
    others = [
        fingerprint(schedule=phase(weights=only.weights | {"adversarial": 0.5})),
        fingerprint(schedule=phase(real="teacher")),
        fingerprint(seed=1),
        fingerprint(start=build_generator(4, 1, seed=7, checkerboard_free=free)),
        fingerprint(start=build_generator(4, 1, seed=0, checkerboard_free=not free)),
        fingerprint(teacher="pretrain_student"),
        fingerprint(budget=job.budget.model_copy(update={"lr": 0.5})),
        fingerprint(content=Content(network="vgg16", layer="relu2_2", weights=None)),
        fingerprint(hardware=hardware(update={"fused_adam": False})),
    ]
    for file in (
        PATHS.tiles / "lr.npy",
        PATHS.generator("teacher_gan"),
        PATHS.validation / "HR/a.png",
    ):
        before = file.read_bytes()
        file.write_bytes(before + b"another")
        others.append(fingerprint())
        file.write_bytes(before)
    assert len({mine, *others}) == 1 + len(others)
    assert fingerprint() == mine
    assert fingerprint(hardware=hardware(update={"checkpoint_seconds": 7, "tiles": "host"})) == mine


def test_a_shipped_generator_is_what_its_header_says() -> None:
    for name in shipped.names():
        generator = load_generator(shipped.find(name))
        assert shipped.architecture(name) == {
            "filters": generator.filters,
            "blocks": len(generator.blocks),
            "checkerboard_free": generator.checkerboard_free,
        }
