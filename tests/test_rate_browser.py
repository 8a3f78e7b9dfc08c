"""The rating page in a real browser: two raters, screens of every kind, tabs and reloads."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from support.chromium import open_chromium, show_as
from support.evaluated import COLOURS, IMAGES, METHODS, rate

from srgan_distill.imaging.images import read_rgb
from srgan_distill.stages import opinion


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
def browser(evaluated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    before = Path.cwd()
    try:
        os.chdir(evaluated)
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


def test_rating_by_keyboard(browser: Browser, in_evaluated: Path) -> None:
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

    shutil.copy(csv, in_evaluated / "data/ratings")
    opinion.run()
    figures = json.loads((in_evaluated / "metrics/sample/opinion/dmos.json").read_text())
    assert {name: values["mean"] for name, values in figures.items()} == {
        "gan2g": 58.3333, "g2g_al": 41.6667,
    }  # fmt: skip


def test_a_second_rater_by_mouse(browser: Browser, in_evaluated: Path) -> None:
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
    shutil.copy(browser.saved("ratings_Bea_B_née_Ü.csv"), in_evaluated / "data/ratings")
    opinion.run()
    figures = json.loads((in_evaluated / "metrics/sample/opinion/dmos.json").read_text())
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


def test_the_mouse_goes_forward_over_what_is_scored(browser: Browser) -> None:
    browser.forget()
    browser.begin("Fay")
    forward = browser.find("#forward")
    seen = []
    for score in "234":
        seen.append(browser.seen())
        assert not forward.is_enabled()
        browser.press(score)
    unscored = browser.seen()
    for _ in range(3):
        browser.find("#back").click()
        browser.seen()
    for number, score in enumerate("234"):
        assert browser.seen() == seen[number]
        assert browser.find("#scale .given b").text == score
        forward.click()
    assert browser.seen() == unscored
    assert not forward.is_enabled()


def test_arrows_scroll_a_picture_in_full(browser: Browser) -> None:
    """They left it: going back to its left edge was going back to the picture before."""
    from selenium.webdriver.common.keys import Keys

    browser.forget()
    browser.resize(600, 500)
    browser.begin("Gil")
    while browser.seen()[0] != "Set5/b":
        browser.press("3")
    shown, place = browser.seen(), browser.get("position")
    frame = "document.getElementById('frame')"
    assert browser.get(f"{frame}.tabIndex") == -1
    browser.find("#note button").click()
    assert browser.get(f"document.activeElement === {frame}")
    browser.press(Keys.ARROW_RIGHT)
    browser.wait(lambda: browser.get(f"{frame}.scrollLeft"))
    browser.press(Keys.ARROW_LEFT)
    browser.wait(lambda: browser.get(f"{frame}.scrollLeft") == 0)
    assert (browser.seen(), browser.get("position")) == (shown, place)
    browser.press("3")
    assert browser.get("position") == place + 1
    browser.resize(1280, 800)


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
