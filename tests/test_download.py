"""Stage download: the sets of a profile, what is missing, how much room it takes."""

import shutil
from pathlib import Path

import pytest
from support import packing
from support.published import names, run_download
from support.web import Web

from srgan_distill.common.errors import UserError, exit_code
from srgan_distill.imaging.images import read_rgb
from srgan_distill.sources.published import published_sizes
from srgan_distill.stages import preprocess


def test_a_skipped_image_is_called_by_the_users_own_name(
    set5: Path, capsys: pytest.CaptureFixture
) -> None:
    whole = packing.images_of("Set5")[3]
    (set5 / "4.png").write_bytes(whole[: len(whole) // 2])
    scale = {"tile": 96, "stride": 96, "most_per_image": 1, "workers": 1, "on_bad_image": "skip"}
    run_download("mirror", preprocess=scale)
    preprocess.run()
    assert "preprocess: skipped: image mirror/Set5/4.png" in capsys.readouterr().out
    assert len(names(Path("data/sample/preprocess/test/Set5/HR"))) == 4


def test_the_stage_loads_once_whatever_dvc_deletes(web: Web, packed: dict[str, bytes]) -> None:
    web.add("1/benchmark.tar", packed["benchmark.tar"])
    run_download()
    first = names(Path("data/sample/download/images/Set5"))
    shutil.rmtree("data/sample/download")
    run_download()
    assert names(Path("data/sample/download/images/Set5")) == first
    assert names(Path("data/sample/download/weights")) == ["sha256sums.txt"]
    assert [path for path, _ in web.asked] == ["/1/benchmark.tar"]


def test_one_error_names_all_that_is_missing(
    web: Web, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    sets = {"train": ["DIV2KTrain"], "validation": ["Set5"], "test": ["General100", "People"]}
    scores = {"metrics": ["psnr", "pi"], "weights": {}}
    assert exit_code(lambda: run_download(download=sets, evaluate=scores)) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: 5 things cannot be had")
    for what in (
        "DIV2KTrain: DIV2K_train_HR/ with its 800 images, or DIV2K_train_HR.zip",
        "Set5: Set5/HR/ with its 5 images, or benchmark.tar or Set5_HR.tar.gz",
        "General100: General100/HR/ with its 100 images, or SR_training_datasets.zip",
        "niqe_modelparameters.mat, which pi needs: weights/niqe_modelparameters.mat",
        "NRQM_model.mat, which pi needs: weights/NRQM_model.mat",
        "SRGAN_DISTILL_MIRROR",
        "HTTP 404",
    ):
        assert what in message
    assert "Traceback" not in message


def test_the_environment_counts_before_the_parameter(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = published_sizes("Set5").values()
    for name, colour in (("one", 1), ("two", 2)):
        Path(name, "Set5").mkdir(parents=True)
        for number, size in enumerate(sizes):
            file = packing.image(colour=colour, size=size)
            Path(name, "Set5", f"{number}.png").write_bytes(file)
    baby = Path("data/sample/download/images/Set5/baby.png")
    run_download(mirror="one")
    assert read_rgb(baby).max() == 1
    monkeypatch.setenv("SRGAN_DISTILL_MIRROR", "two")
    run_download(mirror="one")
    assert read_rgb(baby).max() == 2


def test_a_disk_too_full_is_noticed_before_the_first_request(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10**9))
    with pytest.raises(UserError, match=r"10\.\d\d GB are needed, 1\.00 GB are free"):
        run_download(download={"train": ["DIV2KTrain"], "validation": ["Set5"], "test": ["Set5"]})
    assert web.asked == []
