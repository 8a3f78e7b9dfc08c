"""Tables 1, 2 and 4, and the paper's figures that stand in them."""

import json
import math
import subprocess
import sys

import pandas as pd
import pytest
import torch

from srgan_distill.common.params import Network
from srgan_distill.common.runs import PAPER_NAMES, Run, all_runs, display_name, names
from srgan_distill.networks.cost import multiply_adds
from srgan_distill.networks.generator import PlainGenerator
from srgan_distill.results import paper
from srgan_distill.results.documents import table1_markdown, table2_markdown, table4_markdown
from srgan_distill.results.reading import set_means
from srgan_distill.results.tables import table1, table2, table4

NETWORKS = {
    "teacher": Network(filters=64, blocks=16, checkerboard_free=True),
    "student": Network(filters=32, blocks=8, checkerboard_free=True),
}


def scores(rows: list[tuple[str, str, float, float, float]], **more: float) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["set", "image", "psnr", "ssim", "psnr_wrapped"])
    return frame.assign(**more)


def cells(markdown: str, row: str, table: int = 0) -> dict[str, str]:
    """The cells by heading of the row that starts with `row` in the table number `table`."""
    blocks = [block for block in markdown.split("\n\n") if block.startswith("|")]
    split = [[c.strip() for c in line.strip("|").split("|")] for line in blocks[table].split("\n")]
    (found,) = [line for line in split[2:] if line[0] == row]
    return dict(zip(split[0], found, strict=True))


@pytest.mark.parametrize(
    ("method", "test_set", "psnr", "ssim"),
    [
        ("Teacher", "Set5", 29.0393, 0.7354),
        ("Student", "General100", 28.2474, 0.7388),
        ("GAN2GAN", "Urban100", 28.6160, 0.5166),
        ("GAN2G+AL", "Set14", 28.85, 0.5973),
        ("G2G+AL", "General100", 29.9858, 0.8181),
    ],
)
def test_paper_table2(method: str, test_set: str, psnr: float, ssim: float) -> None:
    table = paper.table2().set_index(["method", "set"])
    assert len(table) == 6 * 4
    assert table.loc[(method, test_set)].tolist() == [psnr, ssim]


def test_paper_tables_3_and_4() -> None:
    dmos = paper.table3().pivot(index="image", columns="method", values="dmos")
    assert dmos.shape == (10, 4)
    assert dmos.loc[5, "GAN2G"] == 61.472
    assert dmos.loc[7, "G2G+AL"] == 27.564
    assert dmos.loc[10].to_dict() == {
        "GAN2GAN": 63.573, "GAN2G": 53.913, "GAN2G+AL": 56.609, "G2G+AL": 61.975,
    }  # fmt: skip
    pi = paper.table4().set_index("method")["pi"].to_dict()
    assert pi == {"GAN2GAN": 6.6864, "GAN2G": 6.7769, "GAN2G+AL": 6.1876, "G2G+AL": 6.4801}


def test_every_method_of_the_paper_is_one_of_our_models() -> None:
    printed = [*paper.table2()["method"], *paper.table3()["method"], *paper.table4()["method"]]
    assert set(printed) == set(PAPER_NAMES.values())


def test_names() -> None:
    runs = all_runs(["pretrain_teacher"], ["teacher_gan", "student"], ["g2g_al", "my_own"])
    assert names(runs) == [
        "bicubic", "pretrain_teacher", "teacher_gan", "student", "g2g_al", "my_own",
    ]  # fmt: skip
    titles = ["Bicubic", "Teacher (pixel loss)", "Teacher", "Student", "G2G+AL", "my_own"]
    assert [run.title for run in runs] == titles
    assert [display_name(name) for name in names(runs)] == titles
    assert names(runs, "pretrain", "distill") == ["pretrain_teacher", "g2g_al", "my_own"]
    assert [run.key for run in runs[1:3]] == ["pretrain/pretrain_teacher", "train/teacher_gan"]
    assert not runs[0].is_trained
    assert Run("my_own", "distill") == runs[-1]


def test_table1_has_the_papers_sizes() -> None:
    table = table1(NETWORKS, 720, 1280).set_index("network")
    assert table["parameters"].to_dict() == {"teacher": 1_550_659, "student": 248_227}
    assert table["ratio"].round(4).to_dict() == {"teacher": 1.0, "student": 6.2469}
    assert table["paper_parameters_m"].to_dict() == {"teacher": 1.55, "student": 0.25}
    row = cells(table1_markdown(table.reset_index(), 720, 1280), "Student")
    assert row["Parameters"] == "248,227"
    assert row["Parameters, paper"] == "0.25 M"
    assert (row["Teacher / this"], row["Teacher / this, paper"]) == ("6.2469", "6.24")
    row = cells(table1_markdown(table.reset_index(), 720, 1280), "Teacher")
    assert (row["Teacher / this"], row["Teacher / this, paper"]) == ("1.0000", "1.00")
    assert "one SR image of 1280 x 720 px" in table1_markdown(table.reset_index(), 723, 1281)


def test_multiply_adds_by_hand() -> None:
    with torch.device("meta"):
        network = PlainGenerator(filters=2, blocks=1)
    lr, middle, sr = 3 * 5, 6 * 10, 12 * 20
    by_hand = (
        9 * 9 * 3 * 2 * lr  # head
        + 3 * (3 * 3 * 2 * 2 * lr)  # two of the block, one before the long skip
        + 3 * 3 * 2 * 8 * (lr + middle)  # before each PixelShuffle
        + 9 * 9 * 2 * 3 * sr  # tail
    )
    assert multiply_adds(network, 12, 20) == by_hand
    assert multiply_adds(network, 15, 23) == by_hand


def test_table2_puts_the_papers_figures_beside_ours() -> None:
    student = scores(
        [
            ("Set5", "a", 26.0, 0.7, 30.0),
            ("Set5", "b", 29.0, 0.8, 31.0),
            ("Home", "c", 20.0, 0.5, 29.0),
        ]
    )
    bicubic = scores([("Set5", "a", 25.0, 0.6, 32.0), ("Home", "c", 21.0, 0.4, 33.0)])
    table = table2({"bicubic": bicubic, "student": student})
    row = table.set_index(["model", "set"]).loc[("student", "Set5")]
    assert row.drop("method").to_dict() == pytest.approx(
        {"images": 2, "psnr": 27.5, "ssim": 0.75, "psnr_wrapped": 30.5,
         "paper_psnr": 28.2506, "paper_ssim": 0.6055}
    )  # fmt: skip

    text = table2_markdown(table)
    assert cells(text, "Student") == {
        "Method": "Student", "Set5": "27.50 / 0.7500", "Set5, paper": "28.25 / 0.6055",
        "Home": "20.00 / 0.5000", "Mean": "23.75 / 0.6250",
    }  # fmt: skip
    assert cells(text, "Bicubic")["Set5, paper"] == "-"
    assert cells(text, "Student", table=1) == {
        "Method": "Student", "Set5": "30.5000", "Set5, paper": "28.2506", "Home": "29.0000",
    }  # fmt: skip
    # What is not measured here stands apart, and only there.
    assert cells(text, "G2G+AL", table=2) == {
        "Method": "G2G+AL", "Set14": "29.3279 / 0.5593", "Urban100": "28.9421 / 0.5168",
        "General100": "29.9858 / 0.8181",
    }  # fmt: skip
    assert "other images, not comparable" in text
    assert "an inference" in text


def test_table2_of_all_the_papers_sets_has_no_block_apart() -> None:
    sets = ["Set5", "Set14", "Urban100", "General100"]
    frame = scores([(name, "a", 25.0, 0.7, 29.0) for name in sets])
    text = table2_markdown(table2({"student": frame}))
    assert "not comparable" not in text
    assert cells(text, "Student")["Urban100, paper"] == "28.23 / 0.4795"
    # A row of the paper that we have no model for keeps its place beside.
    assert cells(text, "GAN2G")["Set5, paper"] == "28.82 / 0.6732"


def test_table4_with_pi() -> None:
    frame = scores([("Home", "a", 1, 1, 1), ("Away", "b", 1, 1, 1)]).assign(
        pi=[5.0, 6.0], niqe=4.0, nrqm=7.0
    )
    grids = {"bicubic": 0.0, "gan2g": 1.2345, "own": 0.25}
    text = table4_markdown(table4({"bicubic": frame, "gan2g": frame, "own": frame}, grids))
    assert list(cells(text, "GAN2G"))[:3] == ["Method", "PI ↓", "PI ↓, paper"]
    assert cells(text, "GAN2G") == {
        "Method": "GAN2G", "PI ↓": "5.5000", "PI ↓, paper": "6.7769", "NIQE ↓": "4.000",
        "Ma (NRQM) ↑": "7.000", "Grid ↓": "1.23",
    }  # fmt: skip
    assert [cells(text, row)["Grid ↓"] for row in ("Bicubic", "own")] == ["0.00", "0.25"]
    assert "pattern of 4 px" in text
    # The two NIQEs are told apart; of metrics that were not computed nothing is said.
    assert "NIQE inside PI is another figure" in text
    assert "LPIPS" not in text
    assert "PIQE" not in text
    assert cells(text, "own")["PI ↓, paper"] == "-"
    assert "all 2 test images" in text
    assert "not computed" not in text


def test_table4_without_pi_says_so() -> None:
    frame = scores([("Home", "a", 1, 1, 1)], piqe=33.3)
    text = table4_markdown(table4({"g2g_al": frame}, {"g2g_al": 0.0}))
    assert cells(text, "G2G+AL") == {
        "Method": "G2G+AL", "PI ↓, paper": "6.4801", "PIQE ↓": "33.30", "Grid ↓": "0.00",
    }  # fmt: skip
    assert "NIQE inside PI" not in text
    assert "PI was not computed" in text


def test_table4_with_metrics_that_compare_with_hr() -> None:
    frame = scores([("Home", "a", 1, 1, 1)], lpips=0.25, dists=0.125, edges=0.9)
    text = table4_markdown(table4({"g2g_al": frame}, {"g2g_al": 0.0}))
    row = cells(text, "G2G+AL")
    assert (row["LPIPS ↓"], row["DISTS ↓"], row["Edge sharpness ↑"]) == (
        "0.2500",
        "0.1250",
        "0.900",
    )
    assert "1 is as sharp as HR" in text
    # Table 2 is of PSNR and SSIM alone.
    assert not {"lpips", "dists", "edges"} & set(table2({"g2g_al": frame}))


def test_means_are_of_a_set_and_hold_no_infinity() -> None:
    rows = [("Set5", "a", 26.0, 0.7, 30.0), ("Set5", "b", 29.0, 0.8, 31.0)]
    perfect = [("Set5", "a", math.inf, 1.0, 30.0), ("Home", "c", 20.0, 0.5, 29.0)]
    models = {
        run: {"parameters": 7, "grid": grid} for run, grid in (("student", 0.5), ("gan2g", 2))
    }
    assert set_means({"student": scores(rows), "gan2g": scores(perfect)}, models) == {
        "student": {
            "Set5": {"psnr": 27.5, "ssim": 0.75, "psnr_wrapped": 30.5},
            "model": {"parameters": 7, "grid": 0.5},
        },
        "gan2g": {
            "Set5": {"ssim": 1.0, "psnr_wrapped": 30.0},
            "Home": {"psnr": 20.0, "ssim": 0.5, "psnr_wrapped": 29.0},
            "model": {"parameters": 7, "grid": 2},
        },
    }


def test_importing_the_tables_stage_stays_light() -> None:
    code = "import sys, json, srgan_distill.stages.tables; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not {"pyiqa", "dvclive"} & set(json.loads(run.stdout))
