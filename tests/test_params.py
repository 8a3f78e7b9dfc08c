"""What params.yaml may hold, and the one line that says why not."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import yaml
from support.code_reading import SOURCE

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Losses, load
from srgan_distill.common.params.method import TEACHER_TERMS, Term
from srgan_distill.common.paths import CHECKED
from srgan_distill.stages import check
from srgan_distill.training.losses import TERMS, needed_networks

CONTENT = yaml.safe_load((SOURCE.parent / "params.yaml").read_text())


def changed(tmp_path: Path, change: Callable[[dict], object]) -> Path:
    content = copy.deepcopy(CONTENT)
    change(content)
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        (lambda p: p.update(strategy="foo"), "strategy = 'foo'", "gan2gan, gan2g, gan2g_al, g2g"),
        (lambda p: p.update(profile="foo"), "profile = 'foo'", "sample"),
        (lambda p: p.update(scale=3), "scale = 3", "4"),
        (lambda p: p.update(sead=1), "sead", "unknown key"),
        (lambda p: p.pop("seeds"), "seeds", "missing"),
        (lambda p: p["seeds"].update(student=-1), "seeds.student = -1", "equal to 0"),
        (lambda p: p["losses"].update(content=-1), "losses.content = -1", "equal to 0"),
        (lambda p: p["losses"].update(content=float("nan")), "losses.content", "finite"),
        (lambda p: p["losses"].update(content=-1, pixel=-1), "losses.", "equal to 0 (and 1 more)"),
        (lambda p: p["train"].pop("student"), "train.student", "missing"),
        (
            lambda p: p["profiles"]["sample"]["train"]["steps"].update(adversarial=-5),
            "profiles.sample.train.steps.adversarial = -5",
            "equal to 1",
        ),
        (
            lambda p: p["profiles"]["sample"]["train"].update(crop=40),
            "profiles.sample.train.crop = 40",
            "multiple of 16",
        ),
        (
            lambda p: p["profiles"]["sample"]["train"].update(crop=112),
            "train.crop = 112",
            "preprocess.tile",
        ),
        (
            lambda p: p["profiles"]["sample"]["train"].update(validate_every=25),
            "profiles.sample.train",
            "multiple of log_every",
        ),
        (
            lambda p: p["profiles"]["sample"]["report"].update(images_per_set=0),
            "profiles.sample.report.images_per_set = 0",
            "equal to 1",
        ),
        (
            lambda p: p["profiles"]["sample"]["efficiency"].update(inputs=[[64, 64], [0, 64]]),
            "profiles.sample.efficiency.inputs.1.0 = 0",
            "equal to 1",
        ),
        (
            lambda p: p["export"].update(float_layers=["head.0", "blocks.8.0"]),
            "export.float_layers = 'blocks.8.0'",
            "must be one of head.0, blocks.0.0, blocks.0.2,",
        ),
        (
            lambda p: p["strategies"].update(bicubic=p["strategies"]["gan2g"]),
            "'bicubic'",
            "taken",
        ),
        (
            lambda p: p["pretrain"]["pretrain_student"].update(network="teacher"),
            "pretrain.pretrain_student.network",
            "must be student",
        ),
        (lambda p: p["content"].update(layer="relu9_9"), "relu9_9", "relu3_3"),
        (lambda p: p["profiles"]["sample"]["distill"].update(ema=1.0), "distill.ema = 1.0", "less"),
        (
            lambda p: p["profiles"]["sample"]["train"].update(batch=1, crop=16),
            "profiles.sample.train",
            "one value; make either larger",
        ),
        (lambda p: p["strategies"]["gan2g"].pop("baseline"), "strategies.gan2g.baseline", "miss"),
        (
            lambda p: p["strategies"]["gan2g"].update(baseline="nobody"),
            "strategies.gan2g.baseline = 'nobody'",
            "student_g",
        ),
        (
            lambda p: p["losses"].update(contents=p["losses"].pop("content")),
            "losses.contents",
            "unknown key",
        ),
        (lambda p: p.clear(), "params.yaml has no parameters", "key: value"),
        (
            lambda p: p["strategies"]["gan2g"].update(discriminator_from="teacher"),
            "strategies.gan2g",
            "no phase is adversarial",
        ),
        (
            lambda p: p["strategies"]["g2g_al"].update(discriminator_from="teacher"),
            "strategies.g2g_al.discriminator_from",
            "teacher_g is trained without a discriminator",
        ),
        (
            lambda p: p["strategies"]["g2g_al"].update(
                teacher="student", discriminator_from="teacher"
            ),
            "strategies.g2g_al.discriminator_from",
            "student is a student, whose discriminator is not kept; choose a teacher's, or scratch",
        ),
        (
            lambda p: (
                p["strategies"]["gan2gan"].update(discriminator_from="teacher"),
                p["profiles"]["sample"]["distill"].update(crop=32),
            ),
            "strategies.gan2gan.discriminator_from",
            "profiles.sample.train.crop (48) and distill.crop (32) equal",
        ),
        (
            lambda p: p["strategies"]["gan2g"]["phases"][0].update(terms=["style"]),
            "strategies.gan2g.phases.0.terms.0 = 'style'",
            "'adversarial'",
        ),
        (
            lambda p: p["strategies"]["gan2g"]["phases"][0].update(terms="content + content"),
            "strategies.gan2g.phases.0",
            "twice",
        ),
        (
            lambda p: p["strategies"]["gan2g"].update(teacher="nobody"),
            "strategies.gan2g.teacher = 'nobody'",
            "teacher_gan",
        ),
        (
            lambda p: p["strategies"]["g2g_al"]["phases"][0].update(weights={"pixel": 2.0}),
            "strategies.g2g_al.phases.0",
            "a weight of pixel",
        ),
        (
            lambda p: p["train"]["student"]["phases"][0].update(terms=["distillation"]),
            "train.student.phases",
            "need a teacher",
        ),
        (
            lambda p: p["train"]["student"]["phases"][0].update(real="teacher"),
            "train.student.phases",
            "no teacher whose images were real; make it a strategy",
        ),
        (
            lambda p: p["strategies"]["gan2g"]["phases"][0].update(real="teacher"),
            "strategies.gan2g.phases.0",
            "no adversarial term to use it",
        ),
        (
            lambda p: p["strategies"].update(student=p["strategies"]["gan2g"]),
            "strategies.student",
            "another",
        ),
        (
            lambda p: p["strategies"].update(ground_truth=p["strategies"]["gan2g"]),
            "'ground_truth'",
            "taken",
        ),
    ],
)
def test_wrong_value_is_named_in_one_line(
    tmp_path: Path, change: Callable[[dict], object], key: str, allowed: str
) -> None:
    with pytest.raises(UserError) as error:
        load(changed(tmp_path, change))
    message = str(error.value)
    assert key in message
    assert allowed in message
    assert "\n" not in message


def test_a_new_strategy_needs_no_code(tmp_path: Path) -> None:
    mine = {
        "teacher": "teacher_g", "baseline": "student_g",
        "phases": [{"terms": ["pixel", "feature_distillation"]}],
    }  # fmt: skip
    params = load(changed(tmp_path, lambda p: p["strategies"].update(my_kd=mine)))
    assert params.strategies["my_kd"].phases[0].terms == ["pixel", "feature_distillation"]


@pytest.mark.parametrize(
    ("kept", "second"),
    [(False, {"content", "adversarial"}), (True, {"content", "adversarial", "distillation"})],
)
def test_keeping_the_teachers_term_in_phase_two(
    tmp_path: Path, kept: bool, second: set[str]
) -> None:
    params = load(changed(tmp_path, lambda p: p["distill"].update(keep_teacher_terms=kept)))
    phases = params.distill.phases(params.strategies["g2g_al"])
    assert [set(phase.terms) for phase in phases] == [{"content", "distillation"}, second]


def test_a_term_that_is_kept_keeps_its_own_weight(tmp_path: Path) -> None:
    def change(params: dict) -> None:
        params["distill"].update(keep_teacher_terms=True)
        params["strategies"]["g2g_al"]["phases"][0].update(weights={"distillation": 20.0})

    params = load(changed(tmp_path, change))
    phases = params.distill.phases(params.strategies["g2g_al"])
    assert [phase.weights for phase in phases] == [{"distillation": 20.0}] * 2


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    with pytest.raises(UserError, match="does not exist here; run from the repository's root"):
        load(file)
    file.write_bytes("seed: 0  # é".encode("latin-1"))
    with pytest.raises(UserError, match="is not in UTF-8"):
        load(file)


@pytest.mark.parametrize("text", ["", "[1, 2]", "a: [", "a: b: c"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    file = tmp_path / "params.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"params\.yaml"):
        load(file)


def test_a_content_network_s_missing_file_stops_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name_a_file(params: dict) -> None:
        params["content"].update(network="vgg19", layer="relu5_4", weights="vgg19.pth")

    changed(tmp_path, name_a_file)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"content\.weights = 'vgg19\.pth': there is no such file"):
        check.run()
    (tmp_path / "vgg19.pth").touch()
    check.run()
    assert CHECKED.exists()


def test_all_places_that_a_loss_term_is_named_in_agree() -> None:
    """docs/development.md names them; a term that one lacks fails in the middle of a training."""
    assert {*get_args(Term)} == {*TERMS} == {*Losses.model_fields}
    assert {term for term in TERMS if "teacher" in needed_networks({term})} == TEACHER_TERMS
