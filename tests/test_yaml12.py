"""params.yaml is read as DVC reads it, and stands in the form that DVC writes."""

import difflib
import math
import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import load_yaml
from support.code_reading import SOURCE

from srgan_distill.common.params import load
from srgan_distill.common.yaml12 import YAMLError, parse_yaml

ROOT = SOURCE.parent
PARAMS = ROOT / "params.yaml"


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", "- {x: {a: 1, 'a': 2}}"])
def test_a_key_stands_once(text: str) -> None:
    """As where a section is pasted below one of its name."""
    with pytest.raises(YAMLError, match="found the key 'a' twice"):
        parse_yaml(text)


def test_a_key_may_take_the_place_of_a_merged_one() -> None:
    text = "one: &one {a: 1, b: 2}\ntwo: &two {<<: *one, a: 3}\nthree: {<<: *two, a: 4}"
    assert parse_yaml(text)["three"] == {"a": 4, "b": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 0.0001),
        ("1e-05", 0.00001),
        ("1.0e-5", 0.00001),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", -math.inf),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("-7", -7),
        ("true", True),
        ("null", None),
        ("", None),
        ("~", None),
        ("on", "on"),
        ("no", "no"),
        ("1:30", "1:30"),
        ("1e", "1e"),
        ("'1e-4'", "1e-4"),
    ],
)
def test_a_scalar_has_the_type_that_yaml_1_2_gives_it(text: str, value: object) -> None:
    found = parse_yaml(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


def test_a_document_without_content_and_one_that_is_no_yaml() -> None:
    assert parse_yaml("") is None
    assert math.isnan(parse_yaml(".nan"))
    with pytest.raises(YAMLError):
        parse_yaml("a: [")


def test_params_and_lock_are_read_as_dvc_reads_them() -> None:
    for file in (PARAMS, ROOT / "dvc.lock"):
        assert parse_yaml(file.read_text(encoding="utf-8")) == load_yaml(str(file))


@pytest.mark.parametrize("number", ["1e-05", "1e-5", "0.00001", "1.0e-5"])
def test_a_learning_rate_as_people_and_dvc_write_it(tmp_path: Path, number: str) -> None:
    file = tmp_path / "params.yaml"
    content = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    content["profiles"]["sample"]["train"]["lr"] = "HERE"
    file.write_text(yaml.safe_dump(content).replace("HERE", number), encoding="utf-8")
    assert load(file).profiles["sample"].train.lr == 1e-5


def test_dvc_exp_run_changes_one_value_of_the_file_and_nothing_else(tmp_path: Path) -> None:
    """Else a diff of an experiment shows the whole file: keep params.yaml as DVC writes it."""
    file = tmp_path / "params.yaml"
    shutil.copy(PARAMS, file)
    apply_overrides(str(file), ["profiles.sample.train.lr=0.00001"])
    before, after = (path.read_text(encoding="utf-8").splitlines() for path in (PARAMS, file))
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "-+"]
    assert [line[0] for line in changed] == ["-", "+"], "\n".join(changed)
    assert "lr: 1e-05" in changed[1]
