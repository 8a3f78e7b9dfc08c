"""Figure 2 from made-up images, and stage tables as a whole."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import ImageDraw

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Crop
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.results.figure import COLUMNS, EDGE, FONT, GAP, LINE, crop_psnr, figure2
from srgan_distill.stages import tables

ROOT = Path(__file__).parents[1]
MODELS = ["bicubic", "teacher_gan", "teacher_g", "student", "gan2gan"]
RED = (255, 0, 0)
SIZE = EDGE // 6


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written into figures."""
    written = []
    draw = ImageDraw.ImageDraw.text

    def spy(self: ImageDraw.ImageDraw, at: tuple, text: str, *rest: object, **options: object):
        written.append(text)
        return draw(self, at, text, *rest, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", spy)
    return written


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A grey HR image with a red square at (8, 16); each model's is 10 levels brighter there."""
    hr = np.full((96, 128, 3), 100, np.uint8)
    hr[8 : 8 + SIZE, 16 : 16 + SIZE] = RED
    write_png(tmp_path / "test/Home/HR/cat.png", hr)
    for model in MODELS:
        write_png(tmp_path / "evaluate" / model / "Home/cat.png", hr)
    return tmp_path


def draw(images: Path, models: list[str] = MODELS, **changed: object) -> np.ndarray:
    crop = {"set": "Home", "image": "cat", "top": 8, "left": 16, "size": SIZE} | changed
    return figure2(
        [Crop(**crop)],
        models,
        test=lambda test_set: images / "test" / test_set,
        results=lambda model: images / "evaluate" / model,
        key="profiles.sample.tables.crops",
    )


def panel(figure: np.ndarray, index: int) -> np.ndarray:
    top = GAP + index // COLUMNS * (EDGE + 2 * LINE + GAP)
    left = GAP + index % COLUMNS * (EDGE + GAP)
    return figure[top : top + EDGE, left : left + EDGE]


def test_panels(images: Path, texts: list[str]) -> None:
    figure = draw(images)
    # The image, HR and five models: two lines of panels.
    assert figure.shape == (
        2 * (EDGE + 2 * LINE + GAP) + GAP, COLUMNS * (EDGE + GAP) + GAP, 3,
    )  # fmt: skip
    assert texts == [
        "Home / cat", "frame: the crop", "HR", "reference", "Bicubic", "inf dB", "Teacher",
        "inf dB", "Teacher (G only)", "inf dB", "Student", "inf dB", "GAN2GAN", "inf dB",
    ]  # fmt: skip
    for index in range(1, 7):
        assert (panel(figure, index) == RED).all()
    assert (panel(figure, 7) == 255).all()


def test_every_pixel_becomes_a_square(images: Path) -> None:
    path = images / "evaluate/bicubic/Home/cat.png"
    rgb = read_rgb(path).copy()
    rgb[8 + 1, 16 + 2] = (0, 0, 255)
    write_png(path, rgb)
    blue = (panel(draw(images), 2) == (0, 0, 255)).all(axis=-1)
    assert blue[6:12, 12:18].all()
    assert blue.sum() == 36


def test_caption_has_the_psnr_of_the_crop_alone(images: Path, texts: list[str]) -> None:
    path = images / "evaluate/student/Home/cat.png"
    rgb = read_rgb(path).copy()
    rgb[8 : 8 + SIZE, 16 : 16 + SIZE, 0] -= 20
    rgb[80:] = 0
    write_png(path, rgb)
    draw(images)
    # 20 levels of red are 20 * 65.481 / 255 levels of Y.
    expected = 20 * math.log10(255 / (20 * 65.481 / 255))
    assert f"{expected:.2f}" == "33.92"
    assert texts[texts.index("Student") + 1] == "33.92 dB"


def test_crop_psnr_sees_all_of_a_crop() -> None:
    hr = np.zeros((8, 8, 3), np.uint8)
    sr = hr.copy()
    sr[0, 0] = 255
    assert crop_psnr(sr, hr) == pytest.approx(10 * math.log10(255**2 * 64 / 219**2))


def test_more_models_wrap_and_long_names_fit(images: Path, monkeypatch) -> None:
    fonts = []
    draw_text = ImageDraw.ImageDraw.text

    def spy(self, at, text, colour, font, **options):
        fonts.append((font.size, self.textlength(text, font)))
        return draw_text(self, at, text, colour, font, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", spy)
    own = [f"a_strategy_with_a_long_name_of_its_own_{index}" for index in range(4)]
    for model in own:
        write_png(images / "evaluate" / model / "Home/cat.png", np.zeros((96, 128, 3), np.uint8))
    figure = draw(images, MODELS + own)
    assert figure.shape[0] == 3 * (EDGE + 2 * LINE + GAP) + GAP
    assert max(length for _, length in fonts) <= EDGE + 1
    assert {size for size, _ in fonts} > {FONT}


def test_same_bytes(images: Path) -> None:
    paths = [images / "1.png", images / "2.png"]
    for path in paths:
        write_png(path, draw(images))
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"set": "Away"}, r"profiles\.sample\.tables\.crops\[0\]\.set = 'Away'.* one of Home"),
        ({"image": "dog"}, r"profiles\.sample\.tables\.crops\[0\]\.image = 'dog'.* one of cat"),
        ({"left": 90}, r"tables\.crops\[0\].*left 90 leaves Home/cat.* 128 wide and 96 high"),
        ({"top": 60}, r"tables\.crops\[0\].*top 60.* leaves Home/cat"),
    ],
)
def test_crops_that_do_not_exist(images: Path, changed: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        draw(images, **changed)


def test_crop_at_the_corner_is_inside(images: Path) -> None:
    corner = read_rgb(images / "test/Home/HR/cat.png")[-SIZE:, -SIZE:]
    figure = draw(images, top=96 - SIZE, left=128 - SIZE)
    np.testing.assert_array_equal(panel(figure, 1), corner.repeat(6, 0).repeat(6, 1))


def test_stage_tables(images: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    crop = {"set": "Home", "image": "cat", "top": 0, "left": 0, "size": 48}
    params["profile"] = "sample"
    params["profiles"]["sample"]["tables"]["crops"] = [crop]
    (images / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    row = {"set": "Home", "image": "cat", "psnr": 27.125, "ssim": 0.75, "piqe": 40.0}
    names = ["pretrain_teacher", "pretrain_student", *params["train"], *params["strategies"]]
    hr = read_rgb(images / "test/Home/HR/cat.png")
    write_png(images / "data/sample/preprocess/test/Home/HR/cat.png", hr)
    for name in ["bicubic", *names]:
        results = images / f"data/sample/evaluate/{name}"
        write_png(results / "Home/cat.png", hr)
        pd.DataFrame([row]).to_csv(results / "scores.csv", index=False)
        figures = {"parameters": len(name), "grid": len(name) / 8}
        (results / "model.json").write_text(json.dumps(figures))
    exported = {name: {"int8": {"psnr_change": n}} for n, name in enumerate(params["strategies"])}
    for name, figures in exported.items():
        file = images / f"data/sample/export/{name}/figures.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(figures))
    monkeypatch.chdir(images)

    tables.run()
    folder = images / "metrics/sample/tables"
    assert sorted(path.name for path in folder.iterdir()) == [
        "export.json", "figure2.png", "means.json", "scores.csv", "table1.csv", "table1.md",
        "table2.csv", "table2.md", "table2_intervals.csv", "table2_intervals.md", "table4.csv",
        "table4.md", "table4_intervals.csv", "table4_intervals.md",
    ]  # fmt: skip
    frame = pd.read_csv(folder / "table2.csv").set_index(["model", "set"])
    assert frame.loc[("gan2g", "Home"), "psnr"] == 27.125
    assert frame.loc[("gan2g", "Set5"), "paper_psnr"] == 28.8191
    scores = pd.read_csv(folder / "scores.csv")
    assert scores["model"].tolist() == ["bicubic", *names]
    means = json.loads((folder / "means.json").read_text())
    assert list(means) == ["bicubic", *names]
    assert means["gan2g"] == {
        "Home": {"psnr": 27.125, "ssim": 0.75, "piqe": 40.0},
        "model": {"parameters": 5, "grid": 0.625},
    }
    grids = pd.read_csv(folder / "table4.csv").set_index("model")["grid"]
    assert grids["gan2g"] == 0.625
    baselines = pd.read_csv(folder / "table2_intervals.csv").set_index("model")["baseline"]
    assert set(baselines["g2g_al"]) == {"student_g_al"}
    assert json.loads((folder / "export.json").read_text()) == exported
    printed = capsys.readouterr().out
    assert (folder / "table4.md").read_text(encoding="utf-8") in printed
    assert "metrics/sample/tables/figure2.png" in printed
    # psnr_wrapped was not computed: no column of it, but the words about the paper's PSNR.
    table2 = (folder / "table2.md").read_text(encoding="utf-8")
    assert "### PSNR mod 256" not in table2
    assert "not standard ones" in table2
