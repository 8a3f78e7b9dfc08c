"""Stage curves: what dvclive wrote of each run, joined."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pynvml
import pytest
import torch
import yaml
from dvclive import monitor_system
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import all_runs
from srgan_distill.results.curves import collect
from srgan_distill.stages import curves
from srgan_distill.training.curves import Curves, device_load
from srgan_distill.training.system import SYSTEM, join_system

ROOT = SOURCE.parent


def write(folder: Path, **quantities: str) -> Path:
    """dvclive's folder of a run."""
    for name, text in quantities.items():
        file = folder / "plots/metrics" / f"{name.replace('__', '/')}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.tsv")}


def test_runs_stand_in_one_file_with_their_digits(tmp_path: Path) -> None:
    runs = {
        "train/one": write(tmp_path / "one", psnr="step\tpsnr\n1\t0.1\n2\tnan\n"),
        "train/two": write(
            tmp_path / "two",
            psnr="step\tpsnr\n1\t1e-05\n",
            loss__pixel="step\tpixel\n1\t0.30000000000000004\n",
        ),
        "train/still_to_come": tmp_path / "three",
    }
    target = tmp_path / "curves"
    assert collect(runs, target) == [target / "psnr.tsv", target / "pixel.tsv"]
    assert read(target) == {
        "psnr.tsv": "run\tstep\tpsnr\ntrain/one\t1\t0.1\ntrain/one\t2\tnan\ntrain/two\t1\t1e-05\n",
        "pixel.tsv": "run\tstep\tpixel\ntrain/two\t1\t0.30000000000000004\n",
    }


def test_a_quantity_that_no_run_logged_has_a_header(tmp_path: Path) -> None:
    runs = {"train/one": write(tmp_path / "one", loss__pixel="step\tpixel\n1\t0.1\n")}
    target = tmp_path / "curves"
    assert collect(runs, target, ["hint", "pixel"]) == [target / "hint.tsv", target / "pixel.tsv"]
    assert read(target) == {
        "hint.tsv": "run\tstep\thint\n",
        "pixel.tsv": "run\tstep\tpixel\ntrain/one\t1\t0.1\n",
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's parameters, in which nothing was trained."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_file_that_dvc_yaml_plots_is_written(project: Path) -> None:
    params = load()
    paths = Paths(params.profile)
    for run in all_runs(params.pretrain, params.train, params.strategies):
        if run.is_trained:
            psnr, pixel = "step\tvalidation_psnr\n50\t28.5\n", "step\tpixel\n50\t0.01\n"
            write(paths.curves(run.name), validation_psnr=psnr, loss__pixel=pixel)
    curves.run()
    join_system(paths)
    plotted = [
        next(iter(plot)) for plot in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    ]
    assert len(plotted) > 10
    files = [Path(name.replace("${profile}", params.profile)) for name in plotted]
    assert [file for file in files if not file.is_file()] == []

    def runs(folder: Path, quantity: str) -> list[str]:
        lines = (folder / f"{quantity}.tsv").read_text().splitlines()
        assert lines[0] == f"run\tstep\t{quantity}"
        return [line.split("\t")[0] for line in lines[1:]]

    pretrained = [f"pretrain/{name}" for name in params.pretrain]
    later = [f"train/{name}" for name in params.train]
    later += [f"distill/{name}" for name in params.strategies]
    assert runs(paths.metrics("curves", "pretrain"), "validation_psnr") == pretrained
    assert runs(paths.metrics("curves"), "validation_psnr") == later
    assert runs(paths.metrics("curves"), "adversarial") == []
    # Speed and load are another on every run: not in git.
    assert not {path.stem for path in paths.metrics("curves").rglob("*.tsv")} & {*SYSTEM}


def test_speed_and_load_of_all_runs_stand_in_one_file(project: Path) -> None:
    paths = Paths("sample")
    for run in ("student", "gan2g", "one_that_was_removed"):
        write(paths.system(run), images_per_second="step\timages_per_second\n50\t100.5\n60\t99\n")
        write(paths.system(run), cpu__usage="step\tusage\n50\t90\n")
    for run in ("student", "gan2g"):
        paths.curves(run).mkdir(parents=True)
    join_system(paths)
    rows = [f"{run}\t{row}\n" for run in ("gan2g", "student") for row in ("50\t100.5", "60\t99")]
    header = "run\tstep\t"
    joined = paths.data("system", "curves")
    assert read(joined) == {
        "images_per_second.tsv": "".join([f"{header}images_per_second\n", *rows]),
        "device_load.tsv": f"{header}device_load\n",
        "device_memory.tsv": f"{header}device_memory\n",
    }
    join_system(paths)  # once more, beside what it wrote before
    assert (joined / "images_per_second.tsv").read_text().count("gan2g") == 2


def test_nothing_trained(project: Path) -> None:
    with pytest.raises(UserError, match=r"no training curves in data/sample/curves; run `dvc repr"):
        curves.run()
    assert not (project / "metrics").exists()


def test_a_part_of_a_gpu_has_no_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """What NVIDIA's library says of a slice by MIG, or of a GPU that it does not see."""
    gpu = torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(1e9), int(3e9)))
    monkeypatch.setattr(torch.cuda, "utilization", lambda _: 50)
    assert device_load(gpu) == {"device_load": 50.0, "device_memory": 2.0}
    for error in (pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED), RuntimeError("not visible")):

        def refuse(_: object, error: Exception = error) -> int:
            raise error

        monkeypatch.setattr(torch.cuda, "utilization", refuse)
        assert device_load(gpu) == {"device_memory": 2.0}


@pytest.mark.parametrize(("refused", "asked"), [(None, True), ("rates", False), ("init", False)])
def test_dvclive_asks_for_a_load_that_gpus_tell(
    refused: str | None, asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would log none at all, not the CPU's either, where one of its questions fails."""

    def answer(name: str) -> Callable[..., object]:
        def function(*_: object) -> int:
            if name == refused:
                raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
            return 1

        return function

    for function, name in (
        ("nvmlInit", "init"), ("nvmlShutdown", "end"), ("nvmlDeviceGetCount", "count"),
        ("nvmlDeviceGetHandleByIndex", "handle"), ("nvmlDeviceGetUtilizationRates", "rates"),
    ):  # fmt: skip
        monkeypatch.setattr(pynvml, function, answer(name))
    monkeypatch.setattr(monitor_system, "GPU_AVAILABLE", None)  # and, at the end, as before
    with Curves(tmp_path / "learning", tmp_path / "system", write=False):
        assert monitor_system.GPU_AVAILABLE is asked
