"""A user's own photographs through the whole pipeline, by DVC."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.dvc_project import Project
from support.own_photographs import FORMATS, picture

from srgan_distill.common.yaml12 import parse_yaml
from srgan_distill.imaging.images import read_rgb


def use_own(params: dict) -> None:
    """A profile `mine` beside the others: the tiny sample's budgets, other images."""
    params["profile"] = "mine"
    pixel = {"phases": [{"terms": ["pixel"]}]}  # without a content network: in seconds
    params["train"] = {
        name: {"network": name.split("_")[0]} | pixel for name in ("teacher_g", "student")
    }
    params["strategies"] = {"gan2g": {"teacher": "teacher_g", "baseline": "student"} | pixel}
    params["strategy"] = "gan2g"
    mine = dict(params["profiles"]["sample"])
    mine["download"] = {
        "train": ["photographs/holiday", {"set": "SampleTrain", "first": 1}],
        "validation": ["Nature"],
        "test": ["photographs/garden", "Things"],
    }
    mine["preprocess"] = {
        "tile": 32, "stride": 32, "most_per_image": 4, "workers": 1, "on_bad_image": "skip",
    }  # fmt: skip
    mine["tables"] = mine["tables"] | {
        "crops": [{"set": "garden", "image": "rose", "top": 4, "left": 8, "size": 32}]
    }
    params["profiles"]["mine"] = mine


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    folder = project.folder / "photographs"
    for number, name in enumerate(FORMATS):
        picture(folder / "holiday" / name, 44 + 7 * number, 36 + number)
    (folder / "holiday" / "torn.jpg").write_bytes((folder / "holiday" / "b.JPG").read_bytes()[:500])
    for name in ("rose", "tulip"):
        hr = picture(folder / "garden" / "HR" / f"{name}.png", 96, 64)
        (folder / "garden" / "LR").mkdir(exist_ok=True)
        Image.open(hr).resize((24, 16), 1).save(folder / "garden" / "LR" / f"{name}.png")
    with (project.folder / ".gitignore").open("a") as file:
        file.write("/photographs/\n")
    project.change_params(use_own)
    project.output = project.run("dvc", "repro")
    project.commit("Run on my photographs")
    return project


def test_own_photographs_go_through_the_whole_pipeline(project: Project) -> None:
    torn = Path("photographs/holiday/torn.jpg")
    assert f"preprocess: skipped: image {torn}" in project.output
    tables = project.folder / "metrics/mine/tables"
    rows = list(csv.DictReader((tables / "scores.csv").read_text().splitlines()))
    images = {(row["set"], row["image"]) for row in rows}
    assert images == {("garden", "rose"), ("garden", "tulip"), ("Things", "coffee")}
    for table in ("table2.md", "table2_intervals.md"):
        assert "garden" in (tables / table).read_text(), table
    lr = project.folder / "data/mine/preprocess/test/garden/LR/rose.png"
    own = project.folder / "photographs/garden/LR/rose.png"
    np.testing.assert_array_equal(read_rgb(lr), read_rgb(own))
    assert "up to date" in project.run("dvc", "status")


def test_in_a_copy_of_dvc_s_they_are_found_too(project: Project) -> None:
    """Relative paths, of what git does not track, from `dvc exp run --temp`."""
    change = "profiles.mine.download.validation=[People]"
    output = project.run("dvc", "exp", "run", "--temp", "-n", "copy", "-S", change, "preprocess")
    assert f"download: holiday, 7 images from {project.folder / 'photographs/holiday'}" in output
    assert "preprocess: pairs of validation 2, garden 2, Things 1" in output
    assert "- People" in project.experiment("copy", "dvc.lock")


def test_nothing_of_a_strategy_that_was_removed_stays(project: Project) -> None:
    """Neither after params.yaml changed, nor after it and dvc.lock went back by git."""
    before = parse_yaml(project.read("dvc.lock"))["stages"]
    profile = project.folder / "data/mine"
    mine = {
        "teacher": "teacher_g", "baseline": "student", "phases": [{"terms": ["distillation"]}],
    }  # fmt: skip
    left = [profile / stage / "my_kd" for stage in ("models", "evaluate", "export")]
    left.append(project.folder / "metrics/mine/gain/my_kd.json")
    foreign = profile / "notes" / "my_kd"
    for back in (lambda params: params["strategies"].pop("my_kd"), None):
        project.change_params(lambda params: params["strategies"].update(my_kd=mine))
        project.run("dvc", "repro")
        assert all(path.exists() for path in left)
        foreign.mkdir(parents=True, exist_ok=True)
        if back:
            project.change_params(back)
        else:
            project.run("git", "reset", "-q", "--hard")
        output = project.run("dvc", "repro")
        assert not any(path.exists() for path in left)
        assert "removed data/mine/models/my_kd: params.yaml names no run my_kd" in output
        assert foreign.exists()
        # DVC keeps what it knows of stages that are gone.
        stages = parse_yaml(project.read("dvc.lock"))["stages"]
        assert {name: stages[name] for name in before} == before
