"""Several processes that train together: one run, whatever their number."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
import torch.distributed as dist
import yaml
from safetensors.torch import load_file
from support.code_reading import SOURCE
from support.failing import be_aborted, be_killed, fail, refuse, train_one_of
from support.params import change_params
from support.small_project import finish, kill_at, saved_step, start
from torch import nn
from torch._subclasses import FakeTensorMode

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Hardware
from srgan_distill.common.paths import Paths
from srgan_distill.training import distributed
from srgan_distill.training.distributed import Distributed, SynchronizedBatchNorm, launch

PATHS = Paths("sample")


def train(folder: Path, stage: str, name: str, **hardware: object) -> tuple[pd.DataFrame, dict]:
    """The loss curves and the weights of a stage that ran with these values of `hardware`."""
    change_params(folder, lambda params: params["hardware"].update(precision="float32", **hardware))
    finish(folder, stage, name)
    plots = folder / PATHS.curves(name) / "plots/metrics"
    curves = pd.concat(
        [pd.read_csv(path, sep="\t", index_col="step") for path in sorted(plots.rglob("*.tsv"))],
        axis=1,
    ).sort_index()
    return curves, load_file(folder / PATHS.generator(name))


@pytest.mark.parametrize(
    ("stage", "name", "lr"), [("pretrain", "pretrain_student", 1e-3), ("distill", "gan2gan", 1e-5)]
)
def test_two_processes_have_the_curves_of_one(
    stage: str, name: str, lr: float, small_project: Callable[..., Path]
) -> None:
    """Generator, discriminator, content and teacher terms; float32 on the CPU, through gloo."""
    projects = [small_project(steps=30, log_every=1, lr=lr) for _ in range(2)]
    one, weights = train(projects[0], stage, name)
    two, weights_of_two = train(projects[1], stage, name, devices=2)
    # gan2gan: the discriminator alone for 10 steps, then 15 of both.
    assert len(one) == {"pretrain": 30, "distill": 25}[stage]
    assert one.columns.tolist() == two.columns.tolist()
    off = (two / one - 1).abs()
    judged = off.columns.intersection(["adversarial", "discriminator"])
    # Rounding at first. Adam turns a gradient of rounding size into a step of any sign, so that a
    # discriminator's losses part later, the less so the smaller the learning rate.
    assert off.loc[1:2].max(axis=None) < 2e-4
    # The other terms keep to rounding (1e-6). The larger rate of pre-training is for this bound to
    # see processes that do not share their gradients: the pixel loss is then off by 2e-3.
    assert off.drop(columns=[*judged, "grid"]).max(axis=None) < 2e-4
    # In grey levels: networks free of a checkerboard have no grid but rounding, and of two values
    # of it the ratio says nothing. Without that condition on the weights it would be 7e-3 and more.
    rounding = 255 * torch.finfo(torch.float32).eps
    assert (two["grid"] - one["grid"]).abs().max() < 10 * rounding
    assert ((two[judged].mean() / one[judged].mean() - 1).abs() < 0.05).all()
    for part, value in weights.items():
        torch.testing.assert_close(weights_of_two[part], value, rtol=0.05, atol=1e-3)


def test_two_processes_do_not_learn_what_half_a_batch_teaches(
    small_project: Callable[..., Path],
) -> None:
    """The tolerances above would see a process that ignores the other's crops."""
    one, _ = train(small_project(steps=30, log_every=1), "pretrain", "pretrain_student")
    half, _ = train(small_project(steps=30, batch=2, log_every=1), "pretrain", "pretrain_student")
    assert abs(half["pixel"] / one["pixel"] - 1).iloc[:2].max() > 1e-2


def test_processes_that_are_killed_go_on_to_the_same_weights(
    small_project: Callable[..., Path],
) -> None:
    folder = small_project(steps=200)
    _, weights = train(folder, "pretrain", "pretrain_student", devices=2)
    kill_at(folder, "pretrain", "pretrain_student", lambda step: step >= 0, patience=60)
    reached = saved_step(folder / PATHS.checkpoint("pretrain_student"))
    assert f" {reached}/200 [" in finish(folder, "pretrain", "pretrain_student")
    again = load_file(folder / PATHS.generator("pretrain_student"))
    assert all(torch.equal(again[part], value) for part, value in weights.items())


@pytest.fixture
def a_group_of_one() -> Iterator[None]:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_batch_norm_of_processes_is_torchs(a_group_of_one: None) -> None:
    """Also where the mean is a hundred deviations; values, gradients and statistics."""
    features = 100 + torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    slopes = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))

    def results(norm: nn.BatchNorm2d, dtype: torch.dtype) -> list[torch.Tensor]:
        values = features.to(dtype, copy=True).requires_grad_()
        output = norm.to(dtype).train()(values)
        output.backward(slopes.to(dtype))
        parameters = (value.grad for value in norm.parameters())
        return [output, values.grad, *parameters, norm.running_mean, norm.running_var]

    found = results(SynchronizedBatchNorm(3), torch.float32)
    for value, exact in zip(found, results(nn.BatchNorm2d(3), torch.float64), strict=True):
        # Rounding: 8e-5 for torch's own in float32, 1e-2 by the mean of squares.
        torch.testing.assert_close(value.double(), exact, rtol=0, atol=2e-4)


def test_the_discriminators_batch_norm_on_gpus_is_given_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where it has no running statistics. On fake tensors: torch's own runs on GPUs alone."""
    given = []

    def forward(norm: nn.Module, features: torch.Tensor) -> torch.Tensor:
        given.append(features.dtype)
        return features

    monkeypatch.setattr(nn.SyncBatchNorm, "forward", forward)
    with FakeTensorMode(), torch.device("cuda"):
        norms = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm2d(3, track_running_stats=False))
        norms = Distributed(0, 2).synchronize_batch_norm(norms)
        output = norms(torch.empty(2, 3, 4, 4, dtype=torch.bfloat16))
    assert given == [torch.bfloat16, torch.float32]
    assert output.dtype == torch.bfloat16


def test_each_process_has_crops_of_its_own() -> None:
    """On one machine and on several, whose processes are numbered anew on each."""
    parts = [Distributed(rank, 4, local).part(8) for rank, local in enumerate((0, 1, 0, 1))]
    assert [part.indices(8)[:2] for part in parts] == [(0, 2), (2, 4), (4, 6), (6, 8)]


@pytest.mark.parametrize(
    ("hardware", "batch", "environment", "message"),
    [
        ({"devices": 3}, 4, {}, "batch = 4 cannot be divided among 3 processes"),
        ({"num_nodes": 2}, 4, {}, "NODE_RANK, MASTER_ADDR, MASTER_PORT not set"),
        (
            {"num_nodes": 2}, 4,
            {"NODE_RANK": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "1"},
            "NODE_RANK = 2: must be a number from 0 to 1",
        ),
        (
            {"num_nodes": 2}, 4,
            {"NODE_RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "abc"},
            "MASTER_PORT = abc: must be a free port of localhost",
        ),
        (
            {"num_nodes": 2}, 4,
            {"NODE_RANK": "1", "MASTER_ADDR": "no.such.host.invalid", "MASTER_PORT": "1"},
            "MASTER_ADDR = no.such.host.invalid: this machine does not find it",
        ),
    ],
)  # fmt: skip
def test_wrong_numbers_are_one_line(
    hardware: dict, batch: int, environment: dict, message: str, small_project: Callable[..., Path]
) -> None:
    folder = small_project(steps=10, batch=batch)
    change_params(folder, lambda params: params["hardware"].update(hardware))
    process = start(folder, "pretrain", "pretrain_student", **environment)
    output, _ = process.communicate()
    assert process.returncode == 1
    assert message in output
    assert "Traceback" not in output


def test_an_error_of_the_team_is_one_line(small_project: Callable[..., Path]) -> None:
    def change(params: dict) -> None:
        params["hardware"]["devices"] = 2
        params["profiles"]["sample"]["pretrain"]["student"]["lr"] = 1e30

    change_params(folder := small_project(steps=10), change)
    output, _ = (process := start(folder, "pretrain", "pretrain_student")).communicate()
    assert process.returncode == 1
    assert output.count("error: ") == 1
    assert "the pixel loss is nan at step" in output
    assert "Traceback" not in output


def two_processes() -> Hardware:
    hardware = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())["hardware"]
    return Hardware(**hardware | {"device": "cpu", "devices": 2})


def test_an_error_of_another_rank_is_told(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        launch(refuse, "no such thing; make one", two_processes())
    assert ended.value.code == 1
    assert capfd.readouterr().err == "error: no such thing; make one\n"


def test_different_runs_are_told(capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        launch(train_one_of, [("distill/gan2g", "a"), ("train/student_g", "b")], two_processes())
    assert capfd.readouterr().err.startswith(
        "error: the machines train different runs, distill/gan2g and train/student_g; bring their "
    )


@pytest.mark.parametrize("rank", [0, 1])
def test_a_mistake_in_the_code_keeps_its_traceback(rank: int, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        launch(fail, rank, two_processes())
    assert ended.value.code == 1
    assert capfd.readouterr().err.endswith("ZeroDivisionError: a mistake in the code\n")


def test_a_process_that_the_watchdog_ends_points_at_the_other() -> None:
    """As NCCL's does, in C++, where another process has ended."""
    with pytest.raises(UserError, match=r"rank 1 was ended by SIGABRT: .* another one has ended"):
        launch(be_aborted, 1, two_processes())


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_is_told(rank: int, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(UserError, match=f"the process of rank {rank} was ended by SIGKILL"):
        launch(be_killed, rank, two_processes())
    assert capfd.readouterr().err == ""


def test_the_order_of_sums_is_settled_before_the_processes_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NCCL chooses its algorithms when it is set up."""
    settled = []

    def met(*_: object, **__: object) -> None:
        settled.append(torch.are_deterministic_algorithms_enabled())
        raise UserError("enough")

    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "0")
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(dist, "init_process_group", met)
    monkeypatch.setattr(distributed, "end_with_parent", lambda: None)
    monkeypatch.setattr(os, "_exit", lambda code: None)
    torch.use_deterministic_algorithms(False)
    distributed._enter(print, None, "cpu")
    assert settled == [True]


def test_unknown_hardware_is_refused() -> None:
    with pytest.raises(ValueError, match="devices"):
        Hardware(
            device="auto", devices=0, num_nodes=1, precision="auto", channels_last=True,
            fused_adam=True, cuda_graphs=True, compile=False, tiles="auto", checkpoint_seconds=0,
        )  # fmt: skip
