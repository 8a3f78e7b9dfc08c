"""Steps replayed as CUDA graphs are the steps as they are. All of it needs a GPU."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.params import change_params
from support.small_project import finish, kill_at

from srgan_distill.common.paths import Paths
from srgan_distill.training.recording import UNRECORDED, Recording

PATHS = Paths("sample")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


def on_gpu(folder: Path, **hardware: object) -> Path:
    change_params(folder, lambda params: params["hardware"].update(device="cuda", **hardware))
    return folder


def test_a_recording_reads_its_arguments_and_writes_what_it_wrote() -> None:
    total = torch.zeros((), device="cuda")

    def add(values: torch.Tensor) -> torch.Tensor:
        total.add_(values.sum())
        return total * 2

    recording = Recording(add)
    given = [torch.full((3,), float(number), device="cuda") for number in range(UNRECORDED + 4)]
    results = [recording(values).item() for values in given]
    assert results == [2 * 3 * sum(range(number + 1)) for number in range(len(given))]


@pytest.mark.parametrize(
    ("stage", "name"),
    [("pretrain", "pretrain_student"), ("train", "student_g_al"), ("distill", "fakd_al")],
)
@pytest.mark.parametrize("tiles", ["device", "host"])
def test_replayed_steps_end_with_the_same_weights(
    stage: str, name: str, tiles: str, small_project: Callable[..., Path]
) -> None:
    """D alone, warm-up, averages and the condition on the weights are all in these."""
    weights = []
    for cuda_graphs in (True, False):
        folder = on_gpu(small_project(steps=60), cuda_graphs=cuda_graphs, tiles=tiles)
        untrained = load_file(folder / PATHS.generator("pretrain_student"))
        finish(folder, stage, name)
        weights.append(load_file(folder / PATHS.generator(name)))
    recorded, plain = weights
    assert any(not torch.equal(untrained[part], value) for part, value in plain.items())
    for part, value in plain.items():
        torch.testing.assert_close(recorded[part], value, rtol=1e-4, atol=1e-5)


def test_a_killed_run_of_replayed_steps_ends_with_the_same_weights(
    small_project: Callable[..., Path],
) -> None:
    whole, killed = (on_gpu(small_project(steps=3000)) for _ in range(2))
    finish(whole, "train", "student")
    kill_at(killed, "train", "student", lambda step: step >= 200)
    finish(killed, "train", "student")
    ours, theirs = (load_file(folder / PATHS.generator("student")) for folder in (killed, whole))
    assert all(torch.equal(ours[part], value) for part, value in theirs.items())
    assert all(value.isfinite().all() for value in ours.values())
