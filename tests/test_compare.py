"""Runs of several revisions in one table, from a small DVC project of its own."""

import io
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable

import pandas as pd
import pytest
import yaml
from support.code_reading import SOURCE
from support.headline_project import PARAMS, PIPELINE, Headlines

from srgan_distill.app.cli import main
from srgan_distill.common.errors import UserError
from srgan_distill.experiments.compare import comparison, read_results


def test_seeds_share_a_row_with_mean_and_spread(headlines: Headlines) -> None:
    table = comparison(read_results(["main", "seed-1", "other", "seed-2"])).set_index("strategy")
    assert list(table.index) == ["g2g_al", "gan2g"]
    row = table.loc["g2g_al"]
    assert row[["runs", "seeds", "n"]].tolist() == ["main, seed-1, seed-2", "0, 1, 2", 3]
    assert row["psnr"] == pytest.approx((27.0 + 27.4 + 27.1) / 3)
    assert row["psnr_std"] == pytest.approx(statistics.stdev([27.0, 27.4, 27.1]))
    assert row["gain_psnr"] == pytest.approx(row["psnr"] - 27)
    assert table.loc["gan2g", "psnr"] == 26.0
    assert table.loc["gan2g", ["psnr_std"]].isna().all()
    # What comes with another strategy is no difference of its own.
    assert not [column for column in table if "." in column or column == "code"]


def test_seeds_of_all_that_is_trained(changed: Callable[..., None], headlines: Headlines) -> None:
    changed(seeds={"pretrain": 1, "teacher": 1, "student": 1})
    headlines.run("dvc", "repro", "-q")
    (row,) = comparison(read_results(["main", "seed-2", "workspace"])).to_dict("records")
    assert (row["n"], row["seeds"]) == (3, "0/0/0, 0/0/2, 1/1/1")


def test_one_seed_for_all_as_earlier_versions_have_it(headlines: Headlines) -> None:
    headlines.run("git", "switch", "-q", "-c", "one-seed")
    for file, old, new in (
        ("dvc.yaml", "- seeds\n", "- seed\n"),
        ("src/headline.py", 'params["seeds"]["student"]', 'params["seed"]'),
    ):
        path = headlines.folder / file
        path.write_text(path.read_text().replace(old, new))
    for seed in (0, 1):
        values = {key: value for key, value in PARAMS.items() if key != "seeds"} | {"seed": seed}
        (headlines.folder / "params.yaml").write_text(yaml.safe_dump(values))
        headlines.run("dvc", "repro", "-q")
        headlines.commit(f"Seed {seed}")
    headlines.run("git", "switch", "-q", "main")
    table = comparison(read_results(["one-seed~1", "one-seed", "main"]))
    assert table["seeds"].tolist() == ["0/0/0, 1/1/1", "0/0/0"]
    assert table["problem"].tolist() == ["", ""]


def test_without_names_the_last_commit_s_experiments(
    headlines: Headlines, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--format", "csv"]) == 0
    rows = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index("strategy")
    assert rows["runs"].to_dict() == {"g2g_al": "seed-1, seed-2", "gan2g": "other"}


def test_formats(headlines: Headlines, capsys: pytest.CaptureFixture[str]) -> None:
    revisions = ["main", "seed-1", "other"]
    for style, expected in (
        ("markdown", " 27.20 ± 0.28 | "),
        ("terminal", " +0.20 ± 0.28"),
        ("csv", '"main, seed-1",g2g_al,"0, 1",2,27.200000,0.282843,0.200000,0.282843,'),
    ):
        assert main(["compare", *revisions, "--format", style]) == 0
        assert expected in capsys.readouterr().out, style
    assert main(["compare", "main", "--profile", "nobodys"]) == 1
    assert "no figures to compare: main ran profile sample" in capsys.readouterr().err
    assert main(["compare", *revisions, "--set", "Set14"]) == 1
    assert "'Set14'; it has Set5, mean" in capsys.readouterr().err


def test_gain_of_a_set(headlines: Headlines) -> None:
    (row,) = comparison(read_results(["main", "seed-1"]), "Set5").to_dict("records")
    assert row["psnr"] == pytest.approx((29.0 + 29.4) / 2)
    assert row["gain_psnr"] == pytest.approx((1.0 + 1.4) / 2)
    assert row["gain_psnr_std"] == pytest.approx(statistics.stdev([1.0, 1.4]))
    assert "piqe" not in row


def test_headline_that_has_all_gains_needs_no_other_file(headlines: Headlines) -> None:
    """As commits of earlier versions have it."""
    headlines.run("git", "switch", "-q", "-c", "older")
    figures = {"psnr": 25.0, "gain_psnr": -0.5}
    (headlines.folder / "metrics/sample/headline.json").write_text(
        json.dumps({"Set5": figures, "mean": figures})
    )
    headlines.run("git", "rm", "-q", "-r", "metrics/sample/gain")
    headlines.commit("Older")
    headlines.run("git", "switch", "-q", "main")
    table = comparison(read_results(["older"]), "Set5")
    assert table["gain_psnr"].tolist() == [-0.5]


def test_same_run_twice_counts_once(headlines: Headlines) -> None:
    (row,) = comparison(read_results(["main", "HEAD", "workspace"])).to_dict("records")
    assert (row["runs"], row["n"]) == ("main = HEAD = workspace", 1)


def test_parameters_are_compared_as_numbers(
    changed: Callable[..., None], headlines: Headlines
) -> None:
    changed(bonus=1e-05)  # which DVC and PyYAML write differently
    headlines.run("dvc", "repro", "-q")
    assert comparison(read_results(["workspace"]))["problem"].tolist() == [""]


def test_other_code_and_parameters_are_other_rows(headlines: Headlines) -> None:
    seeds = PARAMS["seeds"] | {"student": 1}
    headlines.run("git", "switch", "-q", "-c", "more")
    headlines.change(bonus=1, seeds=seeds)
    headlines.run("dvc", "repro", "-q")
    headlines.commit("Bonus")
    with (headlines.folder / "src/headline.py").open("a") as file:
        file.write("# changed\n")
    headlines.change(seeds=seeds)
    headlines.run("dvc", "repro", "-q")
    headlines.commit("Code")
    headlines.run("git", "switch", "-q", "main")
    table = comparison(read_results(["main", "more~1", "more", "seed-1"]))
    assert table["runs"].tolist() == ["main, seed-1", "more~1", "more"]
    assert table["bonus"].tolist() == ["0", "1", "0"]
    assert len(set(table["code"])) == 2


def test_a_parameter_that_no_stage_reads_splits_nothing(
    changed: Callable[..., None], headlines: Headlines
) -> None:
    """As the budget of the report; `claims` groups by the same parameters."""
    seeds = PARAMS["seeds"] | {"student": 1}
    changed(seeds=seeds, profiles={"sample": {"steps": 11}})
    headlines.run("dvc", "repro", "-q")
    (row,) = comparison(read_results(["main", "workspace", "seed-2"])).to_dict("records")
    assert (row["seeds"], row["n"]) == ("0, 1, 2", 3)


def test_an_optional_key_of_a_strategy_is_named(
    changed: Callable[..., None], headlines: Headlines
) -> None:
    strategies = {**PARAMS["strategies"], "g2g_al": {"teacher": "teacher_g", "bonus": 1}}
    changed(strategies=strategies)
    headlines.run("dvc", "repro", "-q")
    table = comparison(read_results(["main", "workspace", "other"]))
    assert table["strategies.g2g_al.bonus"].tolist() == ["", "1", ""]
    assert "strategies.g2g_al.teacher" not in table


def _commit_other(project: Headlines, branch: str, *edits: tuple[str, str, str]) -> None:
    """A branch of `main` with other texts in files."""
    project.run("git", "switch", "-q", "-c", branch)
    for file, old, new in edits:
        path = project.folder / file
        path.write_text(path.read_text().replace(old, new))
    project.commit(branch)
    project.run("git", "switch", "-q", "main")


def test_a_seed_of_another_machine_is_no_second_one(headlines: Headlines) -> None:
    _commit_other(headlines, "cpu", ("metrics/sample/headline.json", "27.0", "25.0"))
    results = read_results(["main", "seed-1", "cpu", "workspace"])
    table = comparison(results)
    assert table["runs"].tolist() == ["main = workspace, seed-1", "cpu"]
    assert table["n"].tolist() == [2, 1]
    assert table["problem"].tolist() == ["", "has the seeds of main, and other figures"]


def test_other_images_are_another_row(headlines: Headlines) -> None:
    downloads = {
        "stages": {
            **yaml.safe_load((headlines.folder / "dvc.lock").read_text())["stages"],
            "download": {"cmd": "true", "outs": [{"path": "data/sample", "md5": "new"}]},
        }
    }
    pipeline = {
        "stages": {
            "download": {"cmd": "true", "outs": ["data/sample"]},
            "headline": PIPELINE["stages"]["headline"] | {"deps": ["src/headline.py", "data"]},
        }
    }
    (headlines.folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    downloads["stages"]["headline"]["deps"].append({"path": "data/sample", "md5": "new"})
    (headlines.folder / "dvc.lock").write_text(yaml.safe_dump(downloads))
    try:
        table = comparison(read_results(["seed-1", "workspace"]))
        assert (len(table), len(set(table["data"]))) == (2, 2)
        downloads["stages"]["download"]["outs"][0]["md5"] = "newer"
        (headlines.folder / "dvc.lock").write_text(yaml.safe_dump(downloads))
        (_, problem) = comparison(read_results(["seed-1", "workspace"]))["problem"]
        assert problem == (
            "is not reproduced: download has made another data/sample since headline ran"
        )
    finally:
        headlines.run("git", "checkout", "-q", ".")


def test_experiments_of_one_name(headlines: Headlines) -> None:
    """By DVC's rule: the one of the last commit, if there is such a one."""
    for baseline, name in (("a", "seed-1"), ("a", "twin"), ("b", "twin")):
        headlines.run(
            "git", "update-ref", f"refs/exps/{2 * baseline}/{38 * baseline}/{name}", "HEAD"
        )
    assert comparison(read_results(["seed-1"]))["seeds"].tolist() == ["1"]
    with pytest.raises(UserError, match="ambiguous revision 'twin'; name a commit"):
        read_results(["twin"])


def test_reader_that_has_seen_enough(headlines: Headlines) -> None:
    """As `srgan-distill compare main | head -1` does it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "srgan_distill.app.cli", "compare", "main"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (141, "")  # as for other programs
