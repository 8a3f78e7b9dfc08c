"""A folder with evaluated images, for the rating page."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from srgan_distill.app.cli import main
from srgan_distill.imaging.images import write_png
from support.code_reading import SOURCE

IMAGES = {"Set5/a": (24, 32), "Set5/b": (1200, 1600)}  # height, width; b is larger than a window
METHODS = ["gan2g", "g2g_al"]
COLOURS = {
    (image, method): (60 * i + 20, 70 * m + 20, 90)
    for i, image in enumerate(IMAGES)
    for m, method in enumerate([*METHODS, "ground_truth"])
}


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
def in_evaluated(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, as the working directory."""
    monkeypatch.chdir(evaluated)
    return evaluated


def rate(*arguments: str) -> int:
    """`srgan-distill rate` of its methods; the exit code."""
    return main(["rate", "--methods", "gan2g,g2g_al", *arguments])
