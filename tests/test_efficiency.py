"""What each form of the generators costs: counted by hand, timed in turns, in the right files."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from support.code_reading import SOURCE

from srgan_distill.common.params import Network, load
from srgan_distill.common.paths import Paths
from srgan_distill.deploy import timing
from srgan_distill.deploy.efficiency import costs_of, exported_networks, write_figures
from srgan_distill.deploy.graph import export_onnx
from srgan_distill.deploy.tables import (
    costs_markdown,
    speed_ratios,
    teacher_over,
    times_figures,
    times_markdown,
)
from srgan_distill.deploy.variants import Variant, variants
from srgan_distill.networks.compute import choose_compute
from srgan_distill.networks.generator import Generator, PlainGenerator, build_generator
from srgan_distill.networks.weights import save_generator
from srgan_distill.stages import efficiency

NETWORKS = {
    "teacher": Network(filters=4, blocks=2, checkerboard_free=True),
    "student": Network(filters=2, blocks=1, checkerboard_free=True),
}
SECONDS = {
    "teacher_plain": 12.0, "student_plain": 4.0, "student_polyphase": 2.0, "teacher_onnx": 6.0,
    "student_onnx": 1.5, "student_int8_onnx": 0.5, "student_plain_gpu": 0.1,
}  # fmt: skip


def write_project(folder: Path) -> None:
    """What the stage reads: parameters with tiny networks, and training tiles."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["networks"] = {name: network.model_dump() for name, network in NETWORKS.items()}
    params["hardware"]["device"] = "cpu"
    params["profiles"]["sample"]["efficiency"] = {"inputs": [[8, 8], [9, 12]], "repeats": 1}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    tiles = folder / Paths("sample").tiles
    tiles.mkdir(parents=True)
    hr = np.random.default_rng(0).integers(0, 256, (6, 3, 32, 32), np.uint8)
    np.save(tiles / "hr.npy", hr)
    np.save(tiles / "lr.npy", hr[..., ::4, ::4])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stage writes in a folder in which nothing was trained."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        efficiency.run()
    return folder / Paths("sample").metrics("efficiency")


def test_what_is_the_same_on_every_run_is_apart_from_what_is_measured(project: Path) -> None:
    costs = json.loads((project / "costs.json").read_text())
    forms = {
        "teacher_plain", "student_plain", "student_polyphase", "teacher_onnx", "student_onnx",
        "student_int8_onnx",
    }  # fmt: skip
    assert set(costs) == forms | {"teacher_over"}
    assert all(set(costs[form]) == {"parameters", "multiply_adds", "file_bytes"} for form in forms)
    times = json.loads((project / "times.json").read_text())
    assert set(times["inputs"]) == {"8x8", "12x9"}
    measured = times["inputs"]["12x9"]["latency_ms"]
    assert forms <= set(measured)
    assert all(value > 0 for value in measured.values())
    assert set(times["peak_memory_mb"]) == set(measured)
    assert times["machine"]["threads"] == torch.get_num_threads()
    assert "12x9" in (project / "times.md").read_text()
    assert "1280 x 720" in (project / "costs.md").read_text()
    assert {file.name for file in project.iterdir()} == {
        "costs.json", "costs.md", "times.json", "times.md",
    }  # fmt: skip


def test_costs_are_the_same_bytes_on_every_run(project: Path, tmp_path: Path) -> None:
    write_project(tmp_path)
    layers = load(tmp_path / "params.yaml").export.float_layers
    with exported_networks(NETWORKS, tmp_path / Paths("sample").tiles, "cpu", layers) as found:
        write_figures(tmp_path / "costs", *costs_of(found, 720, 1280))
    for name in ("costs.json", "costs.md"):
        assert (tmp_path / name).read_bytes() == (project / name).read_bytes()


def test_costs_by_hand(project: Path, tmp_path: Path) -> None:
    costs = json.loads((project / "costs.json").read_text())
    filters, lr = 2, 180 * 320
    shared = (
        9 * 9 * 3 * filters  # head
        + 3 * 9 * filters * filters  # two of the block, one before the long skip
        + (1 + 4) * 9 * filters * 4 * filters  # before each PixelShuffle
    )
    plain, polyphase, padded = (
        lr * (shared + tail)
        for tail in (
            16 * 9 * 9 * filters * 3, 4 * 5 * 5 * 4 * filters * 12, 4 * 5 * 5 * 4 * filters * 16,
        )
    )  # fmt: skip
    assert costs["student_plain"]["multiply_adds"] == plain
    assert costs["student_polyphase"]["multiply_adds"] == polyphase
    assert costs["student_onnx"]["multiply_adds"] == padded
    parameters = costs["teacher_plain"]["parameters"] / costs["student_plain"]["parameters"]
    assert costs["teacher_over"]["student_int8_onnx"]["parameters"] == round(parameters, 4)
    # The size of a file hangs on the networks' sizes, not on their weights, where no two are equal.
    path = tmp_path / "teacher"
    trained = build_generator(4, 2, seed=7).eval()
    with torch.no_grad():
        for values in trained.parameters():
            values.add_(0.01 * torch.rand(values.shape))
    export_onnx(trained, path.with_suffix(".onnx"))
    assert costs["teacher_onnx"]["file_bytes"] == path.with_suffix(".onnx").stat().st_size
    save_generator(path, build_generator(4, 2, seed=7))
    assert costs["teacher_plain"]["file_bytes"] == path.stat().st_size


def test_every_variant_runs_its_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.onnx"
    export_onnx(Generator(2, 1).eval(), file)
    found = variants(NETWORKS, lambda model: file, "cpu")
    bfloat16 = choose_compute("cpu", "auto").dtype == torch.bfloat16
    assert ("student_bfloat16" in {variant.key for variant in found}) == bfloat16
    ran: list[tuple[int, ...]] = []
    for variant in found:
        if variant.file:
            assert variant.prepare(3, 5)().shape == (1, 3, 12, 20)
        else:
            for kind in (Generator, PlainGenerator):
                monkeypatch.setattr(kind, "forward", spy(kind.forward, ran))
            variant.prepare(3, 5)()
            monkeypatch.undo()
            assert ran.pop() == (1, 3, 12, 20)


def spy(forward: Callable, shapes: list[tuple[int, ...]]) -> Callable:
    """`forward` that notes the shapes of what it gives."""

    def noting(self: torch.nn.Module, lr: torch.Tensor) -> torch.Tensor:
        sr = forward(self, lr)
        shapes.append(tuple(sr.shape))
        return sr

    return noting


def test_ratios_are_of_one_run_and_of_the_cpu() -> None:
    assert speed_ratios(SECONDS) == {
        "onnx_student_over_teacher": 4.0,
        "onnx_int8_student_over_teacher": 12.0,
        "fastest_student_over_plain": 8.0,
    }
    figures = times_figures({(90, 160): SECONDS}, {"student_onnx": 12_340_000}, {"threads": 2})
    assert figures["inputs"]["160x90"]["latency_ms"]["student_onnx"] == 1500
    speed = figures["inputs"]["160x90"]["sr_megapixels_per_second"]["student_onnx"]
    assert speed == pytest.approx(640 * 360 / 1e6 / 1.5)
    assert figures["peak_memory_mb"] == {"student_onnx": 12.3}


def test_pages_name_every_variant_with_its_figures() -> None:
    shown = [Variant(key, key.upper(), NETWORKS["student"], "plain") for key in SECONDS]
    page = times_markdown(
        shown, {(90, 160): SECONDS}, dict.fromkeys(SECONDS, 5_000_000), {"threads": 2}
    )
    assert "threads 2" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| STUDENT_ONNX ")]
    assert "1500.0 ms, 0.15 MP/s" in row
    assert "5 MB" in row
    (row,) = [line for line in page.splitlines() if line.startswith("| 160x90 ")]
    assert [cell.strip() for cell in row.strip("|").split("|")[1:]] == [
        "4.00", "12.00", "8.00", "STUDENT_INT8_ONNX",
    ]  # fmt: skip
    costs = {
        "teacher_plain": {"parameters": 1000, "multiply_adds": 3 * 10**9, "file_bytes": 4_000_000},
        "student_plain": {"parameters": 250, "multiply_adds": 10**9, "file_bytes": 1_000_000},
    }
    assert teacher_over(costs)["student_plain"] == {
        "parameters": 4.0, "multiply_adds": 3.0, "file_bytes": 4.0,
    }  # fmt: skip
    (row,) = [
        line for line in costs_markdown(shown, costs, 720, 1280).splitlines() if "STUDENT" in line
    ]
    assert [cell.strip() for cell in row.strip("|").split("|")[1:]] == [
        "250", "4.00", "1.00 G", "3.00", "1.00 MB", "4.00",
    ]  # fmt: skip


def test_variants_take_turns_and_the_first_run_does_not_count() -> None:
    order, pauses = [], {"a": iter([0.2, 0.01]), "b": iter([0.0, 0.03])}

    def step(name: str) -> None:
        order.append(name)
        time.sleep(next(pauses[name]))

    found = timing.median_latencies({name: lambda name=name: step(name) for name in "ab"}, 1)
    assert "".join(order) == "abab"
    assert 0.01 <= found["a"] < 0.09  # their mean would be 0.1
    assert found["b"] >= 0.03


def test_peak_memory_is_that_of_the_work() -> None:
    with timing._Peak() as peak:
        np.ones(25_000_000).sum()  # 200 MB
    assert 150e6 < peak.bytes < 400e6
