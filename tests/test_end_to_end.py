"""The whole pipeline through DVC, in a git repository of its own, with tiny budgets."""

import json
from pathlib import Path
from typing import get_args

import pytest
import yaml
from support.dvc_project import ROOT, Project

from srgan_distill.common.params.method import Term


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has run once, on strategy g2g_al, with everything committed."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.run("dvc", "repro")
    project.commit("Run on g2g_al")
    return project


ROWS = {
    "bicubic", "pretrain_teacher", "pretrain_student", "teacher_gan", "teacher_g", "student",
    "student_g", "student_g_al", "gan2g", "g2g_al",
}  # fmt: skip


def test_every_stage_writes_what_it_promises(project: Project) -> None:
    metrics = project.folder / "metrics" / "sample"
    assert {file.name for file in metrics.iterdir()} == {
        "claims", "curves", "efficiency", "gain", "headline.json", "opinion", "tables",
    }  # fmt: skip
    scores = project.read("metrics/sample/tables/scores.csv")
    assert {row.split(",")[0] for row in scores.splitlines()[1:]} == ROWS
    means = json.loads((metrics / "tables/means.json").read_text())
    assert set(means) == ROWS
    assert {"psnr", "ssim", "psnr_wrapped"} <= set(means["student"]["Nature"])
    tables = {file.name for file in (metrics / "tables").iterdir()}
    assert {"table1.md", "table2.csv", "table4.md", "figure2.png"} <= tables
    assert {"table2_intervals.md", "table4_intervals.csv"} <= tables
    claims = json.loads((metrics / "claims/claims.json").read_text())
    assert {claim["verdict"] for claim in claims["claims"]} <= {"cannot be told", "fails"}
    models = {file.name for file in (project.folder / "data/sample/export/g2g_al").iterdir()}
    assert models == {"teacher.onnx", "student.onnx", "student_int8.onnx", "figures.json"}
    exported = json.loads((metrics / "tables/export.json").read_text())
    assert set(exported["g2g_al"]["int8"]["psnr_change"]) == {"Nature", "Places"}
    report = project.read("data/sample/report/report.html")
    assert all(name in report for name in ("G2G+AL", "GAN2G", "Nature / chelsea"))


def test_trained_networks_lie_in_one_place(project: Project) -> None:
    models = project.folder / "data/sample/models"
    assert {file.parent.name for file in models.glob("*/generator.safetensors")} == ROWS - {
        "bicubic"
    }
    # What a strategy may go on with: a teacher's.
    discriminators = models.glob("*/discriminator.safetensors")
    assert [file.parent.name for file in discriminators] == ["teacher_gan"]


def test_curves_name_every_loss(project: Project) -> None:
    curves = project.folder / "metrics/sample/curves"
    logged = {file.stem for file in curves.glob("*.tsv") if len(file.read_text().split()) > 3}
    assert logged == {
        "content", "distillation", "adversarial", "discriminator", "learning_rate",
        "validation_psnr", "grid",
    }  # fmt: skip
    lines = (curves / "validation_psnr.tsv").read_text().splitlines()
    assert lines[0] == "run\tstep\tvalidation_psnr"
    own = [line.split("\t")[:2] for line in lines[1:] if line.startswith("distill/")]
    # gan2g: a content phase; g2g_al: one, then a discriminator alone for 2 steps, and 4 steps.
    assert own == [
        ["distill/gan2g", "2"],
        ["distill/g2g_al", "2"], ["distill/g2g_al", "4"], ["distill/g2g_al", "6"],
        ["distill/g2g_al", "8"],
    ]  # fmt: skip
    system = project.folder / "data/sample/system/curves"
    for name in ("images_per_second", "device_load", "device_memory"):
        assert len((system / f"{name}.tsv").read_text().splitlines()) > 10


def test_every_loss_term_of_every_stage_is_plotted(project: Project) -> None:
    """A file for each in dvc.yaml, and nothing that `dvc plots` cannot find."""
    dvc = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    plotted = {Path(next(iter(plot))).stem for plot in dvc["plots"]}
    assert {*get_args(Term), "discriminator", "validation_psnr", "grid"} <= plotted
    output = project.run("dvc", "plots", "show", "--json")
    drawn = json.loads(output[output.index("{") :])
    assert drawn.get("errors", []) == []


def test_nothing_is_left_to_do(project: Project) -> None:
    assert "up to date" in project.run("dvc", "status")


def test_changing_the_strategy_reruns_what_follows_it_alone(project: Project) -> None:
    before = json.loads(project.read("metrics/sample/headline.json"))
    output = project.run("dvc", "exp", "run", "-S", "strategy=gan2g")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert ran == {"check", "headline", "report"}
    project.commit("Study gan2g")
    after = json.loads(project.read("metrics/sample/headline.json"))
    assert after["Nature"]["psnr"] != before["Nature"]["psnr"]

    rows = json.loads(project.run("dvc", "metrics", "diff", "HEAD~1", "HEAD", "--json"))
    assert set(rows) == {"metrics/sample/headline.json"}
    psnr = rows["metrics/sample/headline.json"]["Nature.psnr"]
    assert psnr["old"] == before["Nature"]["psnr"]
    assert psnr["new"] == after["Nature"]["psnr"]
    assert psnr["diff"] == pytest.approx(psnr["new"] - psnr["old"])


def stages_to_run(project: Project) -> set[str]:
    """What `dvc repro` would run now."""
    output = project.run("dvc", "status", "--json")
    return set(json.loads(output[output.index("{") :]))


@pytest.mark.parametrize(
    ("place", "touched"),
    [
        ("pages/rating/page.js", {"report"}),
        ("pages/report/summary.py", {"report"}),
        ("experiments/review.py", set()),
        ("app/upscaling/model.py", set()),
        ("app/cli.py", set()),
        ("common/errors.py", set()),
        ("common/params/profile.py", set()),
        ("common/runs.py", set()),
    ],
)
def test_a_change_of_code_touches_its_own_room_alone(
    project: Project, place: str, touched: set[str]
) -> None:
    """Training and evaluation stay as they are; and no checkpoint is discarded either."""
    file = project.folder / "src/srgan_distill" / place
    before = file.read_bytes()
    file.write_bytes(before + b"\n")
    try:
        assert stages_to_run(project) == touched
    finally:
        file.write_bytes(before)


def test_a_parameter_of_the_report_touches_no_training(project: Project) -> None:
    params = project.folder / "params.yaml"
    before = params.read_bytes()
    project.change_params(
        lambda params: params["profiles"]["sample"]["report"].update(images_per_set=1)
    )
    try:
        assert stages_to_run(project) == {"check", "report"}
    finally:
        params.write_bytes(before)


def test_a_mirror_changes_nothing_that_follows_the_download(project: Project) -> None:
    project.change_params(lambda params: params.update(mirror="src"))
    output = project.run("dvc", "repro")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert ran == {"check", "download", "report"}  # it prints the parameters
    project.run("git", "reset", "-q", "--hard")  # DVC has staged its lock file


def test_wrong_value_stops_before_anything_is_touched(project: Project) -> None:
    """Through `dvc exp run -S`, as a user meets it."""
    weights = project.folder / "data/sample/models/student/generator.safetensors"
    before = weights.stat().st_mtime_ns
    params = project.folder / "params.yaml"
    right = params.read_bytes()
    for change, message in (
        ("strategy=foo", "strategy = 'foo': must be one of gan2g, g2g_al"),
        ("profiles.sample.train.warm_up=-1", "profiles.sample.train.warm_up = -1"),
        ("scale=3", "scale = 3: must be 4"),
        ("profiles.sample.evaluate.metrics=[psnr,ssmi]", "'ssmi': must be one of psnr, ssim"),
        ("profiles.sample.download.test=[Set6]", "'Set6': must be one of"),
    ):
        output = project.run("dvc", "exp", "run", "-S", change, fails=True)
        assert message in output
        assert "Traceback" not in output
        assert weights.stat().st_mtime_ns == before
        params.write_bytes(right)  # a failed experiment leaves its values


def test_running_again_gives_the_same_lock_file(project: Project) -> None:
    before = project.read("dvc.lock")
    project.run("dvc", "repro", "-f")
    assert project.read("dvc.lock") == before


def test_what_ran_before_comes_from_the_cache(project: Project) -> None:
    """As where several experiments share a seed, or a branch starts from another."""
    params = project.folder / "params.yaml"
    before, as_it_was = project.read("dvc.lock"), params.read_bytes()
    project.change_params(lambda params: params["losses"].update(content=2.0))
    output = project.run("dvc", "repro", "distill@gan2g")
    assert "Running stage 'distill@gan2g'" in output
    params.write_bytes(as_it_was)
    output = project.run("dvc", "repro", "distill@gan2g")
    assert "Stage 'train@teacher_gan' is cached - skipping run" in output
    assert "Stage 'distill@gan2g' is cached - skipping run" in output
    assert "Running stage" not in output.replace("Running stage 'check'", "")
    assert project.read("dvc.lock") == before


def test_a_new_strategy_is_a_new_row_without_code(project: Project) -> None:
    phases = [{"terms": ["pixel", "feature_distillation"]}]
    mine = {"teacher": "teacher_g", "baseline": "student_g", "phases": phases}
    project.change_params(lambda params: params["strategies"].update(my_kd=mine))
    output = project.run("dvc", "repro")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert ran == {
        "check", "claims", "curves", "distill@my_kd", "evaluate_distill@my_kd", "export@my_kd",
        "gain@my_kd", "opinion", "report", "tables",
    }  # fmt: skip
    assert "my_kd" in project.read("metrics/sample/tables/table2.md")
    assert "my_kd" in project.read("data/sample/report/report.html")
