"""Headless Chromium or Chrome, to test the pages as their readers see them."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

MISSING = "no browser: apt-get install chromium chromium-driver"
# Without the last three, it calls its makers' hosts at every start.
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def open_chromium(profile: Path, downloads: Path | None = None) -> Any:
    """A driver of Selenium. Where there is no browser, the test is skipped, but fails in CI.

    Args:
        profile: an empty folder for the browser's own files.
        downloads: where it saves files without asking.
    """
    webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: make setup")
    # Where both are installed, as on GitHub's machines, the driver is Chrome's.
    browser = shutil.which("google-chrome") or shutil.which("chromium")
    driver = shutil.which("chromedriver")
    if not (browser and driver):
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if downloads:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


def show_as(
    driver: Any, width: int, height: int, phone: bool = False, pixel_ratio: float = 1
) -> None:
    """Give the window a size in CSS px, of so many screen px each; a phone has no mouse."""
    size = {"width": width, "height": height, "deviceScaleFactor": pixel_ratio, "mobile": phone}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": phone})
