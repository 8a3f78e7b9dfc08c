"""The folder with the rating page that `srgan-distill rate` writes."""

import base64
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from support.evaluated import COLOURS, METHODS, rate

from srgan_distill.app.cli import main
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.pages.rating import session
from srgan_distill.pages.rating.session import choose_images, mask, paper_methods


def test_nothing_in_the_folder_names_a_method(
    in_evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert rate("-o", str(tmp_path / "page")) == 0
    assert "2 test images, fewer than 10: all are used" in capsys.readouterr().out
    page = (tmp_path / "page/index.html").read_text()
    files = [file.name for file in (tmp_path / "page").rglob("*")]
    assert len(files) == 2 + len(COLOURS)
    for name in (*METHODS, "ground_truth", "G2G", "GAN2G", "Ground truth", "Set5"):
        coded = base64.b64encode(name.encode()).decode().rstrip("=")
        for text in (page, *files):
            assert name not in text
            assert coded not in text
    assert not re.search(r"https?:|//[a-z]+\.", page)  # nothing is fetched from anywhere


def test_every_picture_is_there_once(in_evaluated: Path, tmp_path: Path) -> None:
    rate("-o", str(tmp_path / "page"))
    shown = [
        tuple(int(value) for value in read_rgb(file)[0, 0])
        for file in (tmp_path / "page/pictures").iterdir()
    ]
    assert sorted(shown) == sorted(COLOURS.values())


def test_the_same_arguments_write_the_same_folder(in_evaluated: Path, tmp_path: Path) -> None:
    def written(name: str, *arguments: str) -> dict[str, bytes]:
        rate("-o", str(tmp_path / name), *arguments)
        return {file.name: file.read_bytes() for file in (tmp_path / name).rglob("*.*")}

    first = written("first")
    assert written("second") == first
    assert set(written("third", "--seed", "1")) & set(first) == {"index.html"}


def test_choice_of_images_is_seeded() -> None:
    names = [f"Set5/{number}" for number in range(30)]
    assert choose_images(names, 10, 0) == choose_images(names[::-1], 10, 0)
    assert len(set(choose_images(names, 10, 0))) == 10
    assert choose_images(names, 10, 1) != choose_images(names, 10, 0)
    assert choose_images(names[:3], 10, 0) == names[:3]


def test_masked_text_comes_back() -> None:
    masked = base64.b64decode(mask("[gan2g, Zoë]", "0102ff"))
    assert masked != "[gan2g, Zoë]".encode()
    plain = bytes(byte ^ (1, 2, 255)[i % 3] for i, byte in enumerate(masked))
    assert plain.decode() == "[gan2g, Zoë]"


def test_default_methods_are_the_papers() -> None:
    assert paper_methods() == ["gan2gan", "gan2g", "gan2g_al", "g2g_al"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "gan3"], "method 'gan3': must be one of bicubic, pretrain_teacher,"),
        (["--methods", "ground_truth"], "only ground_truth is to be rated; name a method"),
        (["--methods", "student"], "data/sample/evaluate/student does not exist; run `dvc repro`"),
        (["--profile", "div3k"], "profile 'div3k': must be one of sample"),
    ],
)
def test_what_cannot_be_rated_is_named(
    in_evaluated: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    message: str,
) -> None:
    assert main(["rate", "-o", str(tmp_path / "page"), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_fewer_images_and_results_of_another_size(
    in_evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert rate("-o", str(tmp_path / "page"), "--images", "1") == 0
    assert len(list((tmp_path / "page/pictures").iterdir())) == len(METHODS) + 1
    assert "1 images, each by gan2g, g2g_al" in capsys.readouterr().out
    file = in_evaluated / "data/sample/evaluate/gan2g/Set5/a.png"
    before = file.read_bytes()
    write_png(file, np.zeros((8, 12, 3), np.uint8))
    try:
        assert rate("-o", str(tmp_path / "other")) == 1
    finally:
        file.write_bytes(before)
    assert "gan2g/Set5/a.png is 12x8 px and its ground truth 32x24" in capsys.readouterr().err


def test_an_interrupted_page_leaves_the_folder_for_the_same_command(
    in_evaluated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(session, "write_text", interrupted)
        assert rate("-o", str(tmp_path / "page")) == 130
    assert "run the same command again" in capsys.readouterr().err
    assert list((tmp_path / "page").iterdir()) == []
    assert rate("-o", str(tmp_path / "page")) == 0


@pytest.mark.parametrize("kept", [["gan2g", "g2g_al"], ["my_kd"]])
def test_strategies_that_params_no_longer_has_are_not_asked_for(
    in_evaluated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    kept: list[str],
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(in_evaluated, folder)
    shutil.copytree(folder / "data/sample/evaluate/gan2g", folder / "data/sample/evaluate/my_kd")
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    strategy = params["strategies"]["gan2g"]
    params["strategies"] = {name: strategy for name in kept}
    params["strategy"] = kept[0]
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    monkeypatch.chdir(folder)
    assert main(["rate", "-o", "page"]) == 0
    assert f"each by {', '.join(kept)} and as its ground truth" in capsys.readouterr().out


def test_a_folder_in_use_is_left_alone(
    in_evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.txt").touch()
    assert rate("-o", str(tmp_path)) == 1
    assert "is not empty; name a new folder" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("place", ["mine.txt", "mine.txt/page", "mine.txt/page/deeper"])
def test_a_folder_in_a_file_is_one_line(
    in_evaluated: Path, tmp_path: Path, capsys: pytest.CaptureFixture, place: str
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert rate("-o", str(tmp_path / place)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_ground_truth_that_8_bits_do_not_hold_is_named(
    evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(evaluated, folder)
    file = folder / "data/sample/preprocess/test/Set5/HR/a.png"
    Image.fromarray(np.zeros((24, 32), np.float32)).save(file, "TIFF")
    monkeypatch.chdir(folder)
    assert rate("-o", "page") == 1
    assert "a.png has float numbers of 32 bits as pixels" in capsys.readouterr().err
