"""The tables of models in README and model card, held against what stage tables recorded."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from srgan_distill.common.errors import UserError
from srgan_distill.common.runs import display_name
from srgan_distill.results.readme import filled, models_table, readme_table, recorded
from srgan_distill.results.readme import run as write_readme
from srgan_distill.shipped import card
from srgan_distill.shipped.models import names

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = card.CARD.read_text(encoding="utf-8")


def scores(model: str, *rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    columns = ["set", "image", "psnr", "ssim", "niqe"]
    return pd.DataFrame(rows, columns=columns).assign(model=model)


TWO = pd.concat(
    [
        scores("bicubic", ("Set5", "a", 26, 0.7, 8), ("Set5", "b", 28, 0.8, 7),
               ("Set14", "c", 24, 0.65, 6)),
        scores("student", ("Set5", "a", 27, 0.75, 5), ("Set5", "b", 29, 0.85, 6),
               ("Set14", "c", 25, 0.6, 4)),
    ]
)  # fmt: skip
FIGURES = {
    "bicubic": {"parameters": 0, "grid": 0.0},
    "student": {"parameters": 248_227, "grid": 0.444},
}


def cells(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [found[0], *found[2:]]


def test_table_by_hand() -> None:
    table = models_table(TWO, FIGURES, display_name, with_paper=True)
    paper = (28.2506 + 28.3138 + 28.2256 + 28.2474) / 4, (0.6055 + 0.5593 + 0.4795 + 0.7388) / 4
    assert cells(table) == [
        ["Method", "Parameters", "Mean", "Mean NIQE ↓", "Set5", "Set5 NIQE ↓", "Set14",
         "Set14 NIQE ↓", "Grid ↓", "Paper, mean"],
        ["Bicubic", "-", "25.50 / 0.7000", "6.750", "27.00 / 0.7500", "7.500", "24.00 / 0.6500",
         "6.000", "0.00", "-"],
        ["Student", "248,227", "26.50 / 0.7000", "4.750", "28.00 / 0.8000", "5.500",
         "25.00 / 0.6000", "4.000", "0.44", f"{paper[0]:.2f} / {paper[1]:.4f}"],
    ]  # fmt: skip


def test_what_no_model_has_is_no_column() -> None:
    table = models_table(TWO.drop(columns="niqe"), {}, lambda key: f"`{key}`")
    assert cells(table)[0] == ["Method", "Mean", "Set5", "Set14"]
    assert [row[0] for row in cells(table)[1:]] == ["`bicubic`", "`student`"]


def test_only_what_is_marked_is_written() -> None:
    page = "# A\n<!-- table:one -->\nold\n<!-- /table -->\nb\n<!-- table:two -->\n<!-- /table -->\n"
    once = filled(page, lambda profile: f"| {profile} |")
    assert once == (
        "# A\n<!-- table:one -->\n\n| one |\n\n<!-- /table -->\nb\n"
        "<!-- table:two -->\n\n| two |\n\n<!-- /table -->\n"
    )
    assert filled(once, lambda profile: f"| {profile} |") == once


@pytest.mark.parametrize("page", ["# A\n", "<!-- table:one -->\nnever ends\n"])
def test_a_page_without_marks_is_an_error(page: str) -> None:
    with pytest.raises(UserError, match="no <!-- table:PROFILE --> with <!-- /table --> below it"):
        filled(page, str)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's root with a record of profile `other`."""
    folder = tmp_path / "metrics/other/tables"
    folder.mkdir(parents=True)
    TWO[["model", "set", "image", "psnr", "ssim", "niqe"]].to_csv(
        folder / "scores.csv", index=False
    )
    means = {model: {"Set5": {"psnr": 27.0}, "model": own} for model, own in FIGURES.items()}
    (folder / "means.json").write_text(json.dumps(means))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_is_written_from_the_record(record: Path) -> None:
    Path("README.md").write_text("<!-- table:other -->\n<!-- /table -->\n")
    write_readme()
    written = Path("README.md").read_text(encoding="utf-8")
    assert models_table(TWO, FIGURES, display_name, with_paper=True) in written
    with pytest.raises(UserError, match=r"missing[/\\]tables[/\\]scores\.csv does not exist"):
        filled("<!-- table:missing -->\n<!-- /table -->\n", readme_table)


def test_card_is_written_from_the_record_of_the_profile_given(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are bicubic interpolation and what ships, of which `student` is not."""
    monkeypatch.setattr(card, "CARD", record / "card.md")
    card.CARD.write_text("<!-- table:before -->\nold\n<!-- /table -->\n")
    monkeypatch.setattr(card, "names", lambda: ["pretrain_student"])
    card.run("other")
    written = card.CARD.read_text(encoding="utf-8")
    assert written.startswith("<!-- table:other -->\n")
    assert [row[0] for row in cells(written)[1:]] == ["`bicubic`"]
    monkeypatch.setattr(card, "names", lambda: ["student"])
    card.run("other")
    assert "| `student` " in card.CARD.read_text(encoding="utf-8")


# ── The pages of the repository ───────────────────────────────────────────────────────────────


def test_readme_and_card_are_what_their_scripts_write() -> None:
    assert filled(README, lambda profile: readme_table(profile, ROOT)) == README
    assert filled(CARD, lambda profile: card.card_table(profile, ROOT)) == CARD


@pytest.mark.parametrize("page", [README, CARD], ids=["README", "card"])
def test_the_figures_of_a_page_are_means_of_the_recorded_scores(page: str) -> None:
    profile, table = re.search(
        r"<!-- table:(\w+) -->\n(.*?)<!-- /table -->", page, re.DOTALL
    ).groups()
    found, _ = recorded(profile, ROOT)
    head, *rows = cells(table)
    keys = {name: name for name in found["model"]}
    keys |= {display_name(name): name for name in found["model"]}
    for row in rows:
        of_model = found[found["model"] == keys[row[0].strip("`")]]
        for test_set in dict.fromkeys(found["set"]):
            images = of_model[of_model["set"] == test_set]
            psnr, ssim = row[head.index(test_set)].split(" / ")
            assert float(psnr) == pytest.approx(images["psnr"].mean(), abs=0.0051)
            assert float(ssim) == pytest.approx(images["ssim"].mean(), abs=0.000051)
    shown = {keys[row[0].strip("`")] for row in rows}
    assert shown == (set(found["model"]) if page is README else {"bicubic", *names()})
