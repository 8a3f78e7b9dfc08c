"""dvc.yaml says of every stage what its code imports and reads."""

import ast
import re
from pathlib import Path

import pytest
import yaml
from support.code_reading import PACKAGE, SOURCE, imported_files, parameters_read

ROOT = SOURCE.parent
STAGES = {
    name: entry.get("do", entry)
    for name, entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items()
}


def module_of(stage: dict) -> str:
    return re.match(rf"python -m {PACKAGE}\.(\w+)", stage["cmd"]).group(1)


def does_something(file: Path) -> bool:
    """Whether a file holds more than a docstring."""
    body = ast.parse(file.read_text()).body
    return any(not isinstance(node, ast.Expr) for node in body)


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_are_what_the_module_imports(name: str) -> None:
    stage = STAGES[name]
    declared = [ROOT / dep for dep in stage["deps"] if dep.startswith("src/")]
    files = {file for dep in declared for file in (dep.rglob("*.py") if dep.is_dir() else [dep])}
    imported = imported_files(f"{PACKAGE}.{module_of(stage)}")
    assert set(filter(does_something, files)) == set(filter(does_something, imported))


@pytest.mark.parametrize("name", [name for name in STAGES if name != "check"])
def test_params_are_what_the_module_reads(name: str) -> None:
    stage = STAGES[name]
    declared = {re.sub(r"\$\{[^}]*\}", "*", key) for key in stage["params"]}
    read = parameters_read(module_of(stage))

    def matches(declared_key: str, read_key: str) -> bool:
        pairs = zip(declared_key.split("."), read_key.split("."), strict=False)
        return declared_key.count(".") <= read_key.count(".") and all(
            a == b or "*" in (a, b) for a, b in pairs
        )

    assert [key for key in read if not any(matches(d, key) for d in declared)] == []
    assert [d for d in declared if not any(matches(d, key) for key in read)] == []


def test_check_watches_the_whole_of_params_yaml() -> None:
    assert STAGES["check"]["params"] == [{"params.yaml": None}]


@pytest.mark.parametrize("name", [name for name in STAGES if name != "check"])
def test_every_stage_waits_for_the_check(name: str) -> None:
    assert "data/params_ok.txt" in STAGES[name]["deps"]


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if "outs" in stage])
def test_what_takes_long_is_kept_whole_in_dvc_s_cache(name: str) -> None:
    """DVC takes no stage from its cache that has an output, but for metrics, outside of it."""
    quick = {"claims", "curves", "efficiency", "gain", "opinion", "tables"}
    in_git = [out for out in STAGES[name]["outs"] if not isinstance(out, str)]
    assert bool(in_git) == (name in quick)


@pytest.mark.parametrize("name", STAGES)
def test_stage_is_named_and_described(name: str) -> None:
    assert STAGES[name]["desc"]
    assert name.split("_")[0] == module_of(STAGES[name])
