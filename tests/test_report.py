"""The report as text: what it holds, that nothing escapes into its HTML, that it is the same."""

import base64
import io
import json
import re
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.params import change_params
from support.report_project import (
    HOSTILE,
    IMAGES,
    SCRIPT,
    SETS,
    build,
    picture,
    write_project,
)

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Phase
from srgan_distill.common.params.profile import PhaseSteps
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import TRAINED, Run, display_name
from srgan_distill.imaging.images import write_png
from srgan_distill.pages.report.chart import COLOURS, HEIGHT, WIDTH, Quantity, Series, draw
from srgan_distill.pages.report.curves import lines_of
from srgan_distill.pages.report.pictures import MOST_SIDE, compared
from srgan_distill.pages.report.prose import markdown_html
from srgan_distill.pages.report.summary import cards, recipe
from srgan_distill.stages import report


class Elements(HTMLParser):
    """All start tags with their attributes, and the text outside script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open].append(data)
        else:
            self.text += data


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_project(folder)
    return folder


@pytest.fixture(scope="module")
def page(project: Path) -> str:
    return build(project)


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    return Elements(page)


@pytest.fixture(scope="module")
def pictures(elements: Elements) -> dict:
    return json.loads(elements.raw["script"][0])


def test_every_method_and_image_is_in_the_slider(elements: Elements, pictures: dict) -> None:
    # pretrain, train and strategies of the project, the last one its own.
    assert list(pictures["methods"]) == [
        "HR", "bicubic", "pretrain_teacher", "pretrain_student", "teacher_gan", "teacher_g",
        "student", "gan2gan", "gan2g", "gan2g_al", "g2g_al", "my_kd",
    ]  # fmt: skip
    shown = [(image["set"], image["image"]) for image in pictures["images"]]
    # The first two by name; the third is beyond images_per_set.
    assert shown == [(test_set, name) for test_set in SETS for name in sorted(IMAGES)]
    options = [attrs for tag, attrs in elements.tags if tag == "option"]
    assert len(options) == 4 + 2 * 12 + 3
    assert [o["value"] for o in options if "selected" in o] == ["bicubic", "gan2g"]


def test_embedded_images_are_those_of_the_methods(pictures: dict) -> None:
    for index, image in enumerate(pictures["images"]):
        assert (image["width"], image["height"]) == (96, 64)
        for number, method in enumerate(image["methods"].values()):
            kind, content = method["source"].split(",", 1)
            assert kind == "data:image/jpeg;base64"
            decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))), float)
            error = np.abs(decoded - picture(number, index % 2))
            assert error.mean() < 1.5, (image["image"], number)


def test_scores_are_those_of_the_image(pictures: dict) -> None:
    assert pictures["metrics"] == ["PSNR (dB) ↑", "SSIM ↑", "NIQE ↓", "PIQE ↓"]
    for image in pictures["images"]:
        more = IMAGES.index(image["image"]) / 4
        assert image["methods"]["HR"]["scores"] == ["-"] * 4
        for number, key in enumerate(image["methods"]):
            if key != "HR":
                psnr, niqe = f"{20 + number + more:.2f}", f"{4 + number / 8:.3f}"
                assert image["methods"][key]["scores"] == [psnr, "0.5000", niqe, "30.00"]


def test_headline_tables_curves_environment_and_parameters(elements: Elements) -> None:
    text = " ".join(elements.text.split())
    assert "GAN2G, distilled from Teacher" in text
    assert "27.12 +0.50 better 25% of the teacher's lead" in text
    # Where the teacher has no real lead there is no share.
    assert "5.000 +0.250 worse the teacher has no clear lead" in text
    # PIQE stands in no headline, but in the table by test set.
    assert "40.00 +2.00 worse" not in text
    assert "PIQE ↓ 40.00 +2.00 +0.12 -" in text
    for words in ("1,550,659", "not standard ones", "Table 4. No-reference", "PyTorch", "DVC"):
        assert words in text
    assert "permute_channels: true" in text
    assert "images_per_set: 2" in text
    assert "Minimises content + distillation for 1,500 steps." in text
    assert text.count("PSNR on the validation images") == 2
    # A quantity that results/curves.yaml does not know keeps its own name.
    assert "my term" in text
    # One that no run logged has a file, and no chart.
    assert "Hint" not in text
    lines = [attrs["data-run"] for tag, attrs in elements.tags if "data-run" in attrs]
    for name in ("pretrain_teacher", "pretrain_student", "teacher_gan", "g2g_al", "my_kd"):
        assert lines.count(display_name(name)) >= 3


def test_what_files_and_parameters_hold_stays_text(page: str, elements: Elements) -> None:
    assert elements.text.count(SCRIPT) == 2  # in the parameters and in Table 4
    assert HOSTILE in elements.text  # in the select
    assert [tag for tag, _ in elements.tags].count("script") == 2
    assert "onerror" not in {name for _, attrs in elements.tags for name in attrs}
    assert page.count("</script>") == 2


def test_nothing_is_loaded_from_elsewhere(page: str, elements: Elements) -> None:
    for tag, attrs in elements.tags:
        assert not attrs.get("src") or attrs["src"].startswith("data:"), tag
        if tag == "link":
            assert attrs["href"] == "data:,"
    assert "url(" not in elements.raw["style"][0]
    assert "@import" not in elements.raw["style"][0]
    assert "fetch(" not in elements.raw["script"][1]
    policy = next(attrs["content"] for tag, attrs in elements.tags if "content" in attrs)
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_same_bytes(project: Path, page: str) -> None:
    assert build(project) == page


def test_no_two_elements_share_an_id(elements: Elements) -> None:
    ids = [attrs["id"] for _, attrs in elements.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"].partition("#")[2] for tag, attrs in elements.tags if tag == "a"}
    assert targets - {""} <= set(ids)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("metrics/sample/gain/gan2g.json", r"gan2g\.json does not exist; run `dvc repro`"),
        ("metrics/sample/efficiency/costs.md", r"costs\.md does not exist; run `dvc repro`"),
        ("metrics/sample/tables/table2.md", r"table2\.md does not exist; run `dvc repro`"),
        ("data/sample/evaluate/student/scores.csv", r"student[/\\]scores\.csv does not exist"),
        ("data/sample/evaluate/gan2g/Set5/baby.png", r"baby\.png does not exist"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, lost: str, message: str) -> None:
    write_project(tmp_path)
    (tmp_path / lost).unlink()
    with chdir(tmp_path), pytest.raises(UserError, match=message):
        report.run()


def test_image_without_scores(tmp_path: Path) -> None:
    write_project(tmp_path)
    scores = tmp_path / "data/sample/evaluate/gan2gan/scores.csv"
    scores.write_text("set,image,psnr\nSet5,other,20\n")
    with chdir(tmp_path), pytest.raises(UserError, match="gan2gan has no scores of Set5/"):
        report.run()


def test_a_card_says_better_where_the_difference_is_significant() -> None:
    means = {"psnr": 27.0, "gain_psnr": 0.5, "niqe": 5.0, "gain_niqe": -0.1}
    images = [{"set": name, "image": str(n)} for name in ("a", "b") for n in range(4)]
    baseline = pd.DataFrame(images).assign(psnr=26.5, niqe=[5.0, 5.2, 5.1, 5.1] * 2)
    ours = baseline.assign(psnr=27.0, niqe=[5.5, 4.9, 4.6, 5.1] * 2)
    words = [card.verdict for card in cards({"mean": means}, ours, baseline)]
    assert words == ["better", "not told apart"]
    few = [frame[frame["image"] == "0"] for frame in (ours, baseline)]
    assert [card.verdict for card in cards({"mean": means}, *few)] == ["not told apart"] * 2


def test_of_a_large_photograph_the_middle_is_shown(tmp_path: Path) -> None:
    rgb = np.zeros((MOST_SIDE + 40, 60, 3), np.uint8)
    rgb[20:-20] = 200
    write_png(tmp_path / "HR/a.png", rgb)
    write_png(tmp_path / "m/Own/a.png", rgb)
    scores = {"m": pd.DataFrame([{"set": "Own", "image": "a", "psnr": 30.0}])}
    found = compared(["Own"], 1, ["m"], lambda _: tmp_path, lambda name: tmp_path / name, scores)
    (image,) = found["images"]
    assert (image["width"], image["height"]) == (60, MOST_SIDE)
    for method in image["methods"].values():
        jpeg = base64.b64decode(method["source"].partition(",")[2])
        pixels = np.asarray(Image.open(io.BytesIO(jpeg)))
        assert pixels.shape == (MOST_SIDE, 60, 3)
        assert pixels.min() > 190


def test_recipe_in_words() -> None:
    steps = PhaseSteps(content=3000, adversarial=8000)
    phases = [
        Phase(terms=["content", "feature_distillation"]),
        Phase(terms=["content", "adversarial"]),
    ]
    assert recipe(phases, steps) == (
        "content + feature distillation for 3,000 steps, then content + adversarial for 8,000 steps"
    )
    assert recipe(phases[:1], steps) == "content + feature distillation for 3,000 steps"
    of_teacher = Phase(terms=["distillation", "adversarial"], real="teacher")
    assert recipe([of_teacher], steps) == (
        "distillation + adversarial for 8,000 steps, the images of the teacher being what is real"
    )


@pytest.mark.parametrize(("start_from", "said"), [("shipped", True), ("scratch", False)])
def test_what_the_runs_started_from_is_said(tmp_path: Path, start_from: str, said: bool) -> None:
    write_project(tmp_path)
    change_params(tmp_path, lambda p: p["profiles"]["sample"].update(start_from=start_from))
    text = " ".join(Elements(build(tmp_path)).text.split())
    words = "of its name that ships with the package, but for my_kd, which start from"
    assert (words in text) == said


def test_runs_without_curves_are_named(tmp_path: Path) -> None:
    write_project(tmp_path)
    folder = tmp_path / Paths("sample").metrics("curves")
    for file in (folder / "pretrain").iterdir():
        file.unlink()
    for file in folder.glob("*.tsv"):
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join(line for line in lines if not line.startswith("distill/gan2g\t")))
    text = " ".join(Elements(build(tmp_path)).text.split())
    for names in ("Teacher (pixel loss), Student (pixel loss)", "GAN2G"):
        assert f"No curves here, for they were trained elsewhere: {names}." in text
    assert text.count("PSNR on the validation images") == 1


def test_headings_start_at_the_pages_second_level() -> None:
    assert "<h2>A</h2>" in markdown_html("# A")
    html = markdown_html("### A\n\n#### B\n\n|x|\n|-|\n|1|")
    assert "<h2>A</h2>" in html
    assert "<h3>B</h3>" in html
    assert '<div class="scroll"' in html


@pytest.mark.parametrize(
    ("values", "logarithmic"),
    [([0.1, 0.001], True), ([0.0, 1.0], True), ([5.0, 5.0], False), ([-1e-7, 1e9], False),
     ([3e-4, 3.1e-4], True)],
)  # fmt: skip
def test_lines_lie_within_the_chart(values: list[float], logarithmic: bool) -> None:
    line = Series("a", 0, False, [(10.0, values[0]), (20.0, values[1])])
    svg = draw(Quantity("Loss", "nats", logarithmic), [line])
    path = re.search(r'class="line.* d="M([^h]*)h0"', svg).group(1)
    for point in path.split("L"):
        x, y = map(float, point.split())
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    assert svg.count('class="grid"') >= 2


def test_chart_axis_by_hand() -> None:
    svg = draw(Quantity("T", "u"), [Series("a", 0, False, [(0, 0.0), (100, 10.0)])])
    # Room of 4% of the range below and above: 0 and 10 lie 1/27 of the height within.
    assert 'd="M62.0 189.8L364.0 34.2h0"' in svg
    assert ">training step<" in svg


def test_a_logarithmic_axis_stays_one_beside_values_of_zero() -> None:
    """Such as the generator's rate while the discriminator learns alone."""
    quantity = Quantity("Learning rate", "step size", logarithmic=True)
    some = Series("a", 0, False, [(100, 0.0), (200, 1e-4), (300, 1e-5)])
    none = Series("b", 1, False, [(100, 0.0)])
    svg = draw(quantity, [some, none])
    assert re.findall(r'data-run="(\w)"', svg) == ["a"]
    labels = re.findall(r'<text class="end" x="56" y="[\d.]+">([^<]+)</text>', svg)
    assert "5e-5" in labels
    assert "1e-4" in labels


def test_one_point_is_a_dot() -> None:
    svg = draw(Quantity("T", "u"), [Series("a", 12, True, [(100, 1.0)])])
    assert re.search(r'class="line series-2 dashed dot" data-run="a" d="M364\.0 [\d.]+h0"', svg)


@pytest.mark.parametrize(
    ("values", "label"),
    [((1.7e-3, 1.8e-3), "0.001725"), ((2e-4, 3e-4), "2.5e-4"), ((2e-4, 3e-4), "3e-4"),
     ((0, 2e6), "1.5e+6")],
)  # fmt: skip
def test_labels_of_an_axis_fit_beside_it(values: tuple[float, float], label: str) -> None:
    svg = draw(Quantity("T", "u"), [Series("a", 0, False, list(enumerate(values)))])
    labels = re.findall(r'<text class="end" x="56" y="[\d.]+">([^<]+)</text>', svg)
    assert label in labels
    # A digit is some 7 px wide at 12 px.
    assert max(map(len, labels)) * 7 <= 56


def test_no_two_runs_of_a_chart_look_alike() -> None:
    runs = [Run(f"{stage}_{number}", stage) for stage in TRAINED[1:] for number in range(COLOURS)]
    looks = {(line.colour % COLOURS, line.dashed) for line in lines_of(runs)}
    assert len(looks) == len(runs)
