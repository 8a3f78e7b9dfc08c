"""DMOS by hand, the paper's Table 3, and the stage."""

import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from support.code_reading import SOURCE
from support.rating_files import BAD, GOOD, IMAGES, METHODS, SCORES, lines, read, write

from srgan_distill.common.errors import UserError
from srgan_distill.imaging.images import write_png
from srgan_distill.results import paper
from srgan_distill.results.opinion.dmos import (
    dmos_by_image,
    dmos_by_method,
    dmos_figures,
    interval,
    opinions,
)
from srgan_distill.results.opinion.ratings import read_ratings
from srgan_distill.results.opinion.table3 import table3, table3_markdown
from srgan_distill.results.reading import read_opinions
from srgan_distill.stages import opinion


@pytest.fixture
def given(tmp_path: Path) -> pd.DataFrame:
    """The opinions of all three."""
    return opinions(read(*(write(tmp_path, rater, lines(rater)) for rater in SCORES)))


def test_opinions_by_hand(given: pd.DataFrame) -> None:
    found = given.set_index(["rater", "method", "image"])["differential"]
    assert len(found) == 3 * 4
    assert found[("Ann", "gan2g", "Set5/a")] == pytest.approx(BAD)
    assert found[("Ann", "g2g_al", "Set5/b")] == pytest.approx(GOOD)
    assert found[("Ben", "g2g_al", "Set5/a")] == pytest.approx(BAD)
    assert found[("Ben", "gan2g", "Set5/a")] == pytest.approx(GOOD)
    # Every rater's mean is 50: no z-score is beyond 3 here.
    assert given.groupby("rater")["differential"].mean().to_list() == pytest.approx([50] * 3)


def test_dmos_by_hand(given: pd.DataFrame) -> None:
    by_image = dmos_by_image(given).set_index(["method", "image"])
    once_bad = (BAD + 2 * GOOD) / 3
    assert by_image["dmos"].to_dict() == pytest.approx(
        {("gan2g", "Set5/a"): once_bad, ("gan2g", "Set5/b"): once_bad,
         ("g2g_al", "Set5/a"): once_bad, ("g2g_al", "Set5/b"): GOOD}
    )  # fmt: skip
    # Three raters of the same opinion: an interval without width, not none.
    same = by_image.loc[("g2g_al", "Set5/b")]
    assert (same["low"], same["high"]) == pytest.approx((GOOD, GOOD))

    method = dmos_by_method(given).set_index("method").loc["gan2g"]
    # The raters' own means are 58.33, 41.67 and 58.33: deviation 9.6225, 4.303 by Student's table
    # for two degrees of freedom.
    assert method["dmos"] == pytest.approx(52.7778, abs=1e-4)
    half = 4.302653 * 9.622504 / math.sqrt(3)
    assert (method["low"], method["high"]) == pytest.approx((52.7778 - half, 52.7778 + half), 1e-4)


def test_z_scores_are_clipped(tmp_path: Path) -> None:
    """One of twelve differences stands out: z = (11 / 12) sqrt(12) = 3.175."""
    images = [f"Set5/{number}" for number in range(12)]
    rows = ["rater,image,method,score", *(f"Ann,{image},ground_truth,5" for image in images)]
    rows += [f"Ann,{image},gan2g,{1 if image == 'Set5/3' else 5}" for image in images]
    ratings = read_ratings([write(tmp_path, "ann", rows)], METHODS, images)
    found = opinions(ratings).set_index("image")["differential"]
    assert found["Set5/3"] == 100
    assert found["Set5/4"] == pytest.approx(50 - 100 * (1 / 12) * math.sqrt(12) / 6)


def test_the_better_rated_has_the_lower_dmos(tmp_path: Path) -> None:
    """By equation 4; the paper's reading is the other way round."""
    rows = ["rater,image,method,score", *(f"Ann,{image},ground_truth,5" for image in IMAGES)]
    rows += [
        "Ann,Set5/a,gan2g,2",
        "Ann,Set5/b,gan2g,3",
        "Ann,Set5/a,g2g_al,4",
        "Ann,Set5/b,g2g_al,5",
    ]
    figures = dmos_figures(opinions(read(write(tmp_path, "ann", rows))), METHODS)
    assert figures["g2g_al"]["mean"] < 50 < figures["gan2g"]["mean"]
    assert figures["g2g_al"]["reversed"] > 50 > figures["gan2g"]["reversed"]


def test_one_rater_has_no_interval() -> None:
    assert all(math.isnan(end) for end in interval([50.0]))


def test_interval_of_two_raters_by_hand() -> None:
    """Student's quantile at one degree of freedom, times the deviation over the root of two."""
    assert interval([50.0, 60.0]) == pytest.approx((55 - 12.7062 * 5, 55 + 12.7062 * 5), abs=1e-4)


def test_first_places_of_the_papers_two_readings() -> None:
    """What Table 3's note says of them."""
    table = paper.table3().pivot(index="image", columns="method", values="dmos")
    read = table.idxmax(axis=1).value_counts().to_dict()
    assert read == {"G2G+AL": 4, "GAN2G+AL": 3, "GAN2G": 2, "GAN2GAN": 1}
    assert table.idxmin(axis=1).value_counts().to_dict() == {"GAN2G": 4, "GAN2GAN": 3, "G2G+AL": 3}


def test_the_papers_table_ranks_no_methods() -> None:
    """What Table 3's note says of it."""
    means = paper.table3().groupby("method")["dmos"].mean()
    assert means.to_list() == pytest.approx([50] * 4, abs=2e-4)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's parameters, a test set of two images and no ratings."""
    params = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())
    params["profiles"]["sample"]["download"]["test"] = ["Set5"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for image in IMAGES:
        set_, name = image.split("/")
        file = tmp_path / f"data/sample/preprocess/test/{set_}/HR/{name}.png"
        write_png(file, np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "data/ratings").mkdir()
    shutil.copy(SOURCE.parent / "data/ratings/README.md", tmp_path / "data/ratings")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stage_without_ratings(project: Path) -> None:
    opinion.run()
    assert json.loads((project / "metrics/sample/opinion/dmos.json").read_text()) == {}
    assert read_opinions(project / "metrics/sample/opinion/opinions.csv").empty
    text = (project / "metrics/sample/opinion/table3.md").read_text()
    assert "No ratings yet" in text
    assert "61.472" in text  # the paper's fifth image by GAN2G
    table = pd.read_csv(project / "metrics/sample/opinion/table3.csv")
    assert table["dmos"].isna().all()
    assert len(table) == 4 * 11


def test_stage_with_ratings(project: Path) -> None:
    for rater in SCORES:
        write(project / "data/ratings", rater, lines(rater))
    opinion.run()
    figures = json.loads((project / "metrics/sample/opinion/dmos.json").read_text())
    assert figures == {
        "gan2g": {
            "mean": 52.7778, "low": 28.8742, "high": 76.6814, "reversed": 47.2222, "raters": 3,
            "images": 2,
        },
        "g2g_al": {
            "mean": 47.2222, "low": 23.3186, "high": 71.1258, "reversed": 52.7778, "raters": 3,
            "images": 2,
        },
    }  # fmt: skip
    given = read_opinions(project / "metrics/sample/opinion/opinions.csv")
    assert len(given) == 3 * 2 * 2
    means = given.groupby("method")["differential"].mean()
    assert means.to_dict() == pytest.approx({"gan2g": 52.7778, "g2g_al": 47.2222}, abs=1e-4)
    text = (project / "metrics/sample/opinion/table3.md").read_text()
    assert "3 raters, 2 images." in text
    rows = [re.sub(r"\s+", " ", line) for line in text.splitlines()]
    assert "| Method | DMOS ↓ (equation 6) | 100 - DMOS ↑ (the paper's reading) |" in rows
    assert "| GAN2G | 52.78 [28.87, 76.68] | 47.22 |" in rows
    assert "| Set5/b | 52.78 | 41.67 |" in rows
    assert "| mean | 52.78 | 47.22 |" in rows
    assert rows.index("| Set5/b | 52.78 | 41.67 |") < rows.index("| mean | 52.78 | 47.22 |")
    assert "contradict each other" in text
    assert "| 10 | 63.573 | 53.913 | 56.609 | 61.975 |" in rows

    table = pd.read_csv(project / "metrics/sample/opinion/table3.csv")
    assert list(table.columns) == [
        "model", "method", "image", "raters", "dmos", "low", "high", "reversed", "paper_dmos",
    ]  # fmt: skip
    images = table.loc[table["model"] == "gan2g", "image"].to_list()
    assert images == [*IMAGES, *map(str, range(1, 11)), "mean"]
    row = table.set_index(["model", "image"]).loc[("g2g_al", "mean")]
    figures = row["dmos"], row["reversed"], row["paper_dmos"]
    assert figures == pytest.approx((47.2222, 52.7778, 49.9999), abs=1e-4)

    before = (project / "metrics/sample/opinion/dmos.json").read_bytes()
    opinion.run()
    assert (project / "metrics/sample/opinion/dmos.json").read_bytes() == before


def test_stage_stops_at_a_bad_file_and_leaves_the_figures(project: Path) -> None:
    for rater in SCORES:
        write(project / "data/ratings", rater, lines(rater))
    (project / "data/ratings/Dan.csv").write_text("rater,image,method,score\nDan,Set5/a,gan2g,9\n")
    with pytest.raises(UserError, match=r"^data/ratings/Dan\.csv, line 2: score '9'"):
        opinion.run()
    assert not (project / "metrics/sample/opinion/dmos.json").exists()


def test_one_rater_is_valid_json_and_reads_well(project: Path) -> None:
    write(project / "data/ratings", "ann", lines("Ann"))
    opinion.run()
    figures = json.loads((project / "metrics/sample/opinion/dmos.json").read_text())
    assert figures["gan2g"] == {
        "mean": 58.3333, "low": None, "high": None, "reversed": 41.6667, "raters": 1, "images": 2,
    }  # fmt: skip
    assert "1 rater, 2 images." in (project / "metrics/sample/opinion/table3.md").read_text()


def test_a_name_with_the_end_of_a_cell_in_it(given: pd.DataFrame) -> None:
    """As a photograph may be called: its figures stay under their methods."""
    image = given["image"].iloc[0]
    renamed = given.replace({"image": {image: "a|b"}})
    text = table3_markdown(table3(renamed, ["g2g_al"]), raters=3)
    above, _, below = text.partition("a\\|b")
    rule = [line for line in above.splitlines() if line.startswith("|:")][-1]
    row = above.splitlines()[-1] + below.splitlines()[0]
    assert row.count("|") == rule.count("|")


def test_a_method_that_the_paper_has_not(given: pd.DataFrame) -> None:
    renamed = given.assign(method=given["method"].replace("gan2g", "my_kd"))
    text = table3_markdown(table3(renamed, ["g2g_al", "my_kd"]), raters=3)
    assert "my_kd" in text
    assert "G2G+AL" in text
