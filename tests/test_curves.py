"""Stage curves: what dvclive wrote of each run, joined."""

from pathlib import Path

import pytest

from srgan_distill.common.errors import UserError
from srgan_distill.stages import curves
from srgan_distill.stages.curves import collect


def write(folder: Path, **quantities: str) -> Path:
    (folder / "plots/metrics/loss").mkdir(parents=True)
    for name, text in quantities.items():
        (folder / "plots/metrics" / f"{name.replace('__', '/')}.tsv").write_text(text)
    return folder


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
    assert collect(runs, target) == [target / "psnr.tsv", target / "loss/pixel.tsv"]
    assert (target / "psnr.tsv").read_text() == (
        "run\tstep\tpsnr\ntrain/one\t1\t0.1\ntrain/one\t2\tnan\ntrain/two\t1\t1e-05\n"
    )
    assert (target / "loss/pixel.tsv").read_text() == (
        "run\tstep\tpixel\ntrain/two\t1\t0.30000000000000004\n"
    )


def test_nothing_trained(small_project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small_project(steps=1))
    with pytest.raises(UserError, match=r"no training curves in data/sample; run `dvc repro`"):
        curves.run()
