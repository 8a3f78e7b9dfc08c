"""The rating page: what `srgan-distill rate` writes, and two raters in a real browser."""

import base64
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from support.chromium import open_chromium, show_as
from support.code_reading import SOURCE

from srgan_distill.app.cli import main
from srgan_distill.imaging.images import read_rgb, write_png
from srgan_distill.pages.rating import session
from srgan_distill.pages.rating.session import choose_images, mask, paper_methods
from srgan_distill.stages import opinion

IMAGES = {"Set5/a": (24, 32), "Set5/b": (1200, 1600)}  # height, width; b is larger than a window
METHODS = ["gan2g", "g2g_al"]
COLOURS = {
    (image, method): (60 * i + 20, 70 * m + 20, 90)
    for i, image in enumerate(IMAGES)
    for m, method in enumerate([*METHODS, "ground_truth"])
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with parameters and evaluated images, each of one colour that tells what it is."""
    folder = tmp_path_factory.mktemp("project")
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["profiles"]["sample"]["download"]["test"] = ["Set5"]
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    data = folder / "data/sample"
    for (image, method), colour in COLOURS.items():
        name = image.removeprefix("Set5/")
        file = (
            data / f"preprocess/test/Set5/HR/{name}.png"
            if method == "ground_truth"
            else data / f"evaluate/{method}/Set5/{name}.png"
        )
        write_png(file, np.full((*IMAGES[image], 3), colour, np.uint8))
    (folder / "data/ratings").mkdir()
    return folder


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return project


def rate(*arguments: str) -> int:
    return main(["rate", "--methods", "gan2g,g2g_al", *arguments])


# ── The folder ───────────────────────────────────────────────────────────────────────────────


def test_nothing_in_the_folder_names_a_method(
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture
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


def test_every_picture_is_there_once(inside: Path, tmp_path: Path) -> None:
    rate("-o", str(tmp_path / "page"))
    shown = [
        tuple(int(value) for value in read_rgb(file)[0, 0])
        for file in (tmp_path / "page/pictures").iterdir()
    ]
    assert sorted(shown) == sorted(COLOURS.values())


def test_the_same_arguments_write_the_same_folder(inside: Path, tmp_path: Path) -> None:
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
    inside: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    message: str,
) -> None:
    assert main(["rate", "-o", str(tmp_path / "page"), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_fewer_images_and_results_of_another_size(
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert rate("-o", str(tmp_path / "page"), "--images", "1") == 0
    assert len(list((tmp_path / "page/pictures").iterdir())) == len(METHODS) + 1
    assert "1 images, each by gan2g, g2g_al" in capsys.readouterr().out
    file = inside / "data/sample/evaluate/gan2g/Set5/a.png"
    before = file.read_bytes()
    write_png(file, np.zeros((8, 12, 3), np.uint8))
    try:
        assert rate("-o", str(tmp_path / "other")) == 1
    finally:
        file.write_bytes(before)
    assert "gan2g/Set5/a.png is 12x8 px and its ground truth 32x24" in capsys.readouterr().err


def test_an_interrupted_page_leaves_the_folder_for_the_same_command(
    inside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
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
    inside: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    kept: list[str],
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(inside, folder)
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
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.txt").touch()
    assert rate("-o", str(tmp_path)) == 1
    assert "is not empty; name a new folder" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("place", ["mine.txt", "mine.txt/page", "mine.txt/page/deeper"])
def test_a_folder_in_a_file_is_one_line(
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture, place: str
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert rate("-o", str(tmp_path / place)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_ground_truth_that_8_bits_do_not_hold_is_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(project, folder)
    file = folder / "data/sample/preprocess/test/Set5/HR/a.png"
    Image.fromarray(np.zeros((24, 32), np.float32)).save(file, "TIFF")
    monkeypatch.chdir(folder)
    assert rate("-o", "page") == 1
    assert "a.png has float numbers of 32 bits as pixels" in capsys.readouterr().err


# ── In a browser ─────────────────────────────────────────────────────────────────────────────


class Browser:
    """A rater's eyes and hands on the page."""

    def __init__(self, page: Path, downloads: Path, profile: Path) -> None:
        self.driver = open_chromium(profile, downloads)
        self.downloads = downloads
        self.resize(1280, 800)
        self.driver.get(page.as_uri())

    def resize(self, width: int, height: int) -> None:
        show_as(self.driver, width, height)

    def get(self, script: str) -> object:
        return self.driver.execute_script(f"return {script}")

    def find(self, selector: str) -> object:
        return self.driver.find_element("css selector", selector)

    def press(self, key: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    def wait(self, condition: Callable[[], object]) -> object:
        for _ in range(500):
            if found := condition():
                return found
            time.sleep(0.01)
        raise AssertionError("nothing came in 5 s: " + self.find("body").text)

    def begin(self, rater: str) -> None:
        self.find("#rater").send_keys(rater)
        self.find("#begin button").click()

    def forget(self) -> None:
        """Open the page anew, as on another computer."""

        def opened_anew() -> bool:
            self.get("localStorage.clear(), history.replaceState(null, '')")
            self.driver.refresh()
            return self.find("#start").is_displayed()

        self.wait(opened_anew)  # on a busy machine, Chromium may still know what was cleared

    def seen(self) -> tuple[str, str]:
        """Which image by which method is on the screen, told by its colour."""
        self.wait(lambda: self.get("ready"))
        name = Path(str(self.get("document.getElementById('picture').src"))).name
        page = Path(str(self.get("decodeURIComponent(location.pathname)")))
        colour = tuple(int(value) for value in read_rgb(page.parent / "pictures" / name)[0, 0])
        (found,) = [cell for cell, own in COLOURS.items() if own == colour]
        return found

    def text(self) -> str:
        return self.find("body").text

    def saved(self, name: str) -> Path:
        file = self.downloads / name
        # The browser takes the name before it has written anything.
        self.wait(lambda: file.is_file() and file.stat().st_size)
        return file


@pytest.fixture(scope="module")
def browser(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    before = Path.cwd()
    try:
        os.chdir(project)
        assert rate("-o", str(folder / "page to rate")) == 0
    finally:
        os.chdir(before)
    (folder / "downloads").mkdir()
    browser = Browser(folder / "page to rate/index.html", folder / "downloads", folder / "profile")
    yield browser
    browser.driver.quit()


# The ground truth's score minus Ann's is 3, -1, -1, -1 (see test_opinion.py).
ANN = {
    ("Set5/a", "ground_truth"): 4, ("Set5/b", "ground_truth"): 3,
    ("Set5/a", "gan2g"): 1, ("Set5/b", "gan2g"): 4,
    ("Set5/a", "g2g_al"): 5, ("Set5/b", "g2g_al"): 4,
}  # fmt: skip
# Bea's are 0, 0, -4, 0.
BEA = dict.fromkeys(ANN, 5) | {("Set5/a", "g2g_al"): 1}


def test_rating_by_keyboard(browser: Browser, inside: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.press("5")  # before the name, no key scores
    assert browser.find("#start").is_displayed()
    browser.find("#rater").clear()
    browser.begin("Ann")
    seen = [browser.seen()]
    # The first is scored wrongly, and put right after a look at the second.
    browser.press(str(ANN[seen[0]] % 5 + 1))
    seen.append(browser.seen())
    assert "2 of 6" in browser.text()
    browser.press(Keys.ARROW_LEFT)
    assert browser.seen() == seen[0]
    assert browser.find("#scale .given b").text == str(ANN[seen[0]] % 5 + 1)
    browser.press(str(ANN[seen[0]]))
    assert browser.seen() == seen[1]
    for _ in range(2):
        browser.press(str(ANN[browser.seen()]))
        seen.append(browser.seen())

    browser.driver.refresh()
    assert browser.seen() == seen[3]  # the fourth, in the same order
    browser.get("localStorage.clear()")
    browser.driver.refresh()
    assert browser.seen() == seen[3]
    assert "4 of 6" in browser.text()
    assert browser.find("#progress").get_attribute("aria-valuenow") == "3"
    for _ in range(3):
        seen.append(browser.seen())
        browser.press("7")  # no score
        browser.press(str(ANN[seen[-1]]))
    del seen[3]  # seen before and after the reload
    assert set(seen) == set(COLOURS)
    assert all(a[0] != b[0] for a, b in pairwise(seen))

    # Back from the end too, by the other key.
    browser.press(Keys.BACKSPACE)
    assert browser.seen() == seen[-1]
    browser.press(str(ANN[seen[-1]]))
    for name in (*METHODS, "ground_truth", "Set5"):
        assert name not in browser.driver.page_source
    browser.find("#save").click()
    csv = browser.saved("ratings_Ann.csv")
    rows = csv.read_text().splitlines()
    assert rows[0] == "rater,image,method,score"
    assert sorted(rows[1:]) == sorted(f"Ann,{i},{m},{score}" for (i, m), score in ANN.items())

    # What the file has told her, she cannot put into a score any more, not even after a reload.
    browser.driver.refresh()
    browser.press(Keys.ARROW_LEFT)
    assert browser.find("#end").is_displayed()
    assert "ratings_Ann.csv" in browser.text()

    shutil.copy(csv, inside / "data/ratings")
    opinion.run()
    figures = json.loads((inside / "metrics/sample/opinion/dmos.json").read_text())
    assert {name: values["mean"] for name, values in figures.items()} == {
        "gan2g": 58.3333, "g2g_al": 41.6667,
    }  # fmt: skip


def test_a_second_rater_by_mouse(browser: Browser, inside: Path) -> None:
    """After Ann, on the same computer; both rated, Bea's name with all that CSV quotes."""
    browser.find("#next").click()
    browser.driver.switch_to.alert.accept()
    browser.begin('Bea "B", née Ü')
    for _ in COLOURS:
        # The second click of a double click comes when the next picture is there, unseen.
        browser.seen()
        second = "new MouseEvent('click', {detail: 2, bubbles: true})"
        browser.get(f"document.querySelector('#scale button').dispatchEvent({second})")
        cell = browser.seen()
        browser.find(f"#scale button[value='{BEA[cell]}']").click()
    browser.find("#save").click()
    shutil.copy(browser.saved("ratings_Bea_B_née_Ü.csv"), inside / "data/ratings")
    opinion.run()
    figures = json.loads((inside / "metrics/sample/opinion/dmos.json").read_text())
    # Ann 75, 41.67 (gan2g) and 41.67, 41.67; Bea 41.67, 41.67 and 75, 41.67.
    assert {name: (values["mean"], values["raters"]) for name, values in figures.items()} == {
        "gan2g": (50.0, 2), "g2g_al": (50.0, 2),
    }  # fmt: skip


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_all_is_on_the_screen(browser: Browser, width: int, height: int) -> None:
    """No scrolling, buttons in view, the picture in the middle, and shrinking is said."""
    browser.forget()
    browser.resize(width, height)
    browser.begin("Cyd")
    for _ in range(2):
        image, _method = browser.seen()
        box = browser.get("document.getElementById('picture').getBoundingClientRect().toJSON()")
        room = browser.get("[document.documentElement.scrollWidth, scrollY, innerHeight]")
        assert room == [width, 0, height]
        assert browser.get("document.documentElement.scrollHeight") == height
        assert box["left"] + box["width"] / 2 == pytest.approx(width / 2, abs=1)
        excellent = browser.find("#scale button[value='5']")
        assert excellent.rect["y"] + excellent.rect["height"] <= height
        assert box["bottom"] <= excellent.rect["y"]
        if image == "Set5/a":
            assert (box["height"], box["width"]) == IMAGES[image]
            assert "Shown" not in browser.text()
        else:
            assert box["width"] / box["height"] == pytest.approx(1600 / 1200, rel=0.01)
            assert "% of its size: show it in full" in browser.text()
            browser.find("#note button").click()
            assert browser.get("document.getElementById('picture').clientWidth") == 1600
        browser.press("3")


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.5, 2.0])
def test_a_pixel_of_the_picture_is_one_of_the_screen(browser: Browser, ratio: float) -> None:
    """Or a square of them: whatever the screen's scale and the browser's zoom."""
    browser.forget()
    show_as(browser.driver, 1280, 800, pixel_ratio=ratio)
    browser.begin("Dee")
    while browser.seen()[0] != "Set5/a":
        browser.press("3")
    width = browser.get("document.getElementById('picture').getBoundingClientRect().width")
    assert width * ratio == pytest.approx(IMAGES["Set5/a"][1] * max(1, int(ratio)), abs=0.1)
    assert "Shown" not in browser.text()
    browser.resize(1280, 800)


def test_who_looks_in_full_does_so_at_every_picture(browser: Browser) -> None:
    browser.forget()
    browser.begin("Eve")
    chosen = False
    for _ in COLOURS:
        large = browser.seen()[0] == "Set5/b"
        if large and not chosen:
            browser.find("#note button").click()
            chosen = True
        if large:
            assert "fit it to the window" in browser.text()
            assert browser.get("document.getElementById('picture').clientWidth") == 1600
        browser.press("3")


def test_scores_of_other_pictures_are_none_of_this_page(browser: Browser) -> None:
    """A folder made anew at the same place, in a tab that is still open."""
    browser.forget()
    other = "{session: 'another', changed: 9e15, rater: 'Fay', scores: {}, saved: true}"
    browser.get(f"history.replaceState({other}, '')")
    browser.driver.refresh()
    assert browser.find("#start").is_displayed()


def test_an_older_tab_writes_nothing_over_a_newer_one(browser: Browser) -> None:
    browser.forget()
    browser.begin("Gil")
    browser.seen()
    browser.press("2")
    browser.seen()
    browser.get(
        "localStorage.setItem(STORE, JSON.stringify({...state, changed: state.changed + 1000, "
        "scores: Object.fromEntries(order.slice(0, 3).map((picture) => [picture, 4]))}))"
    )
    browser.press("1")
    browser.wait(lambda: "4 of 6" in browser.text())
    assert browser.get("Object.values(state.scores)") == [4, 4, 4]
    assert browser.get("Object.values(JSON.parse(localStorage.getItem(STORE)).scores)") == [4, 4, 4]
