"""The report in a browser, on a laptop and on a phone: layout, slider, selects, legends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.chromium import open_chromium, show_as
from support.report_project import RED_STEP, build, write_project

webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: make setup")
ActionChains = webdriver.ActionChains
Keys = webdriver.Keys

LAPTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_project(folder)
    build(folder)
    return folder / "data/sample/report/report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    driver = open_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def browser(request: pytest.FixtureRequest, chromium: Any, page: Path) -> Iterator[Any]:
    """The page, freshly opened; afterwards the console holds no message."""
    show_as(chromium, *request.param, phone=request.param == PHONE)
    chromium.get(page.as_uri())
    chromium.get_log("browser")
    chromium.refresh()
    yield chromium
    assert chromium.get_log("browser") == []
    assert chromium.execute_script("return typeof hacked") == "undefined"


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def choose(browser: Any, select: str, value: str) -> None:
    find(browser, f'#{select} option[value="{value}"]').click()


def middle_of_window(browser: Any, selector: str) -> Any:
    element = find(browser, selector)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    return element


def clip(browser: Any) -> float:
    """How much of the width shows the left method, in percent, as the browser clips it."""
    script = "return getComputedStyle(document.getElementById('left-side')).clipPath"
    right = browser.execute_script(script).split()[1]
    return 100 - float(right.replace("calc(", "").split("%")[0])


def test_page_does_not_scroll_sideways(browser: Any) -> None:
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    browser.execute_script("document.querySelector('details').open = true")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    # Nor is anything cut off: what is wider than the page lies in a box that scrolls.
    too_wide = browser.execute_script(
        "return [...document.querySelectorAll('main *')].filter((e) => !e.closest('.scroll, pre, "
        "svg, #view') && e.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML)"
    )
    assert too_wide == []


def test_nothing_is_fetched(browser: Any) -> None:
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert [name for name in loaded if not name.startswith("data:")] == []
    sizes = browser.execute_script("return [...document.images].map((i) => i.naturalWidth)")
    assert len(sizes) == 3
    assert all(sizes)


def test_divider_follows_the_mouse(browser: Any) -> None:
    view = middle_of_window(browser, "#view")
    assert clip(browser) == pytest.approx(50)
    quarter = view.size["width"] // 4
    mouse = ActionChains(browser, duration=20)
    mouse.move_to_element(view).click_and_hold().move_by_offset(quarter, 0).release().perform()
    assert clip(browser) == pytest.approx(75, abs=1)
    # Beyond the picture's edge it stays at the edge.
    mouse.move_by_offset(-10, 0).click_and_hold().move_by_offset(quarter + 20, 0).release()
    mouse.perform()
    assert clip(browser) == pytest.approx(100)
    # Released, the pointer no longer moves it.
    mouse.move_to_element(view).perform()
    assert clip(browser) == pytest.approx(100)


def test_divider_follows_the_finger(browser: Any) -> None:
    view = middle_of_window(browser, "#view")
    box = browser.execute_script("return arguments[0].getBoundingClientRect().toJSON()", view)
    y = box["top"] + box["height"] / 2

    def touch(kind: str, *at: float) -> None:
        points = [{"x": box["left"] + box["width"] * share, "y": y} for share in at]
        event = {"type": kind, "touchPoints": points}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    touch("touchStart", 0.5)
    for share in (0.45, 0.35, 0.2):
        touch("touchMove", share)
    touch("touchEnd")
    assert clip(browser) == pytest.approx(20, abs=1)


def test_divider_follows_the_keyboard(browser: Any) -> None:
    divider = find(browser, "#divider")
    find(browser, "#zoom").send_keys(Keys.TAB)
    assert browser.switch_to.active_element == divider
    for keys, expected in (
        (Keys.ARROW_RIGHT, 52), (Keys.PAGE_DOWN, 42), (Keys.ARROW_LEFT, 40), (Keys.END, 100),
        (Keys.ARROW_RIGHT, 100), (Keys.HOME, 0),
    ):  # fmt: skip
        divider.send_keys(keys)
        assert clip(browser) == pytest.approx(expected)
        assert divider.get_attribute("aria-valuenow") == str(expected)
    assert divider.get_attribute("aria-valuetext") == "0% Bicubic, the rest GAN2G"


def test_selects_change_pictures_and_scores(browser: Any) -> None:
    def shown(side: str) -> tuple[str, str, list[str]]:
        cells = find(browser, f"#{side}-scores").find_elements("css selector", "th, td")
        image = find(browser, f"#{side}-image")
        return image.get_attribute("src"), image.get_attribute("alt"), [c.text for c in cells]

    def red(side: str) -> int:
        """Red names the method in the pictures of the made-up project."""
        return browser.execute_script(
            "const c = document.createElement('canvas').getContext('2d');"
            "c.drawImage(document.getElementById(arguments[0]), 0, 0);"
            "return c.getImageData(9, 9, 1, 1).data[0]",
            f"{side}-image",
        )

    source, alt, scores = shown("left")
    assert scores[:2] == ["Left: Bicubic", "21.25"]
    assert shown("right")[2][:2] == ["Right: GAN2G", "28.25"]
    choose(browser, "left", "HR")
    assert shown("left")[2] == ["Left: HR", "-", "-", "-", "-"]
    assert shown("left")[0] != source
    choose(browser, "left", "my_kd")
    assert shown("left")[2][:2] == ["Left: my_kd", "31.25"]
    choose(browser, "image", "1")
    assert shown("left")[2][:2] == ["Left: my_kd", "31.00"]
    assert shown("left")[1] == "Set5 / baby by my_kd" != alt
    wait = "return Promise.all([...document.images].map((image) => image.decode()))"
    browser.execute_script(wait)
    assert red("left") == pytest.approx(RED_STEP * 11, abs=4)
    assert red("right") == pytest.approx(RED_STEP * 8, abs=4)


def test_zoom_enlarges_both_sides_alike(browser: Any) -> None:
    choose(browser, "zoom", "4")
    script = (
        "return [...document.querySelectorAll('#view img')].map("
        "(image) => getComputedStyle(image).transform)"
    )
    assert browser.execute_script(script) == ["matrix(4, 0, 0, 4, 0, 0)"] * 2
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_legend_takes_a_run_away(browser: Any) -> None:
    script = (
        "return [...document.querySelectorAll('[data-run=\"G2G+AL\"]')].filter("
        "(line) => line.checkVisibility()).length"
    )
    assert browser.execute_script(script) == 4
    box = find(browser, 'input[value="G2G+AL"]')
    box.click()
    assert browser.execute_script(script) == 0
    box.click()
    assert browser.execute_script(script) == 4


def test_dark_where_the_reader_wants_it(browser: Any) -> None:
    script = "return getComputedStyle(document.body).backgroundColor"
    colours = []
    for scheme in ("light", "dark"):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        colours.append(browser.execute_script(script))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 23, 27)"]
