"""dvc.yaml says of every stage what its code imports and reads."""

import re
import subprocess
import sys

import pytest
import yaml
from support.code_reading import PACKAGE, SOURCE, imported_files, parameters_read

from srgan_distill.common.params import Hardware, Losses, PreprocessSettings
from srgan_distill.common.params.method import TEACHER_TERMS
from srgan_distill.training import checkpoint
from srgan_distill.training.setup import CHANGE_NO_WEIGHT

ROOT = SOURCE.parent
DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = {name: entry.get("do", entry) for name, entry in DVC["stages"].items()}
COMMON = SOURCE / PACKAGE / "common"


def module_of(stage: dict) -> str:
    return re.match(r"python src/stage.py (\w+)", stage["cmd"]).group(1)


def code_deps(stage: dict) -> list[str]:
    return [dep for dep in stage["deps"] if dep.startswith("src/")]


def outputs(stage: dict) -> set[str]:
    listed = [*stage.get("outs", []), *stage.get("metrics", [])]
    return {out if isinstance(out, str) else next(iter(out)) for out in listed}


def places(path: str) -> str:
    """A path of dvc.yaml with a star for any name in braces."""
    return re.sub(r"\$\{[^}]*\}", "*", path)


def pattern(path: str) -> str:
    """A regular expression of the same paths."""
    return re.escape(places(path)).replace(r"\*", "[^/]*")


@pytest.mark.parametrize("name", STAGES)
def test_imports_lie_inside_the_code_deps_and_no_dep_is_unused(name: str) -> None:
    stage = STAGES[name]
    module = f"{PACKAGE}.stages.{module_of(stage)}"
    # An empty __init__.py says nothing, and the docstring of stages/ is in all of them.
    imported = {
        file
        for file in imported_files(module)
        if not file.is_relative_to(COMMON) and file.name != "__init__.py"
    }
    deps = [ROOT / dep for dep in code_deps(stage)]
    outside = {file for file in imported if not any(file.is_relative_to(dep) for dep in deps)}
    unused = [dep for dep in deps if not any(file.is_relative_to(dep) for file in imported)]
    assert (outside, unused) == (set(), [])


@pytest.mark.parametrize("name", STAGES)
def test_code_deps_are_few_and_whole_folders_but_for_the_stage_itself(name: str) -> None:
    deps = code_deps(STAGES[name])
    own = f"src/{PACKAGE}/stages/{module_of(STAGES[name])}.py"
    assert own in deps
    assert 2 <= len(deps) <= 5
    others = [ROOT / dep for dep in deps if dep != own]
    assert [dep for dep in others if dep.parent != SOURCE / PACKAGE or not dep.is_dir()] == []


def test_dvc_yaml_and_the_stage_modules_are_short() -> None:
    stages, _, _ = (ROOT / "dvc.yaml").read_text().partition("\nplots:")  # a term adds curves there
    assert len(stages.splitlines()) <= 310
    for file in (SOURCE / PACKAGE / "stages").glob("*.py"):
        assert len(file.read_text().splitlines()) <= 40, file


@pytest.mark.parametrize("name", [name for name in STAGES if name != "check"])
def test_params_are_what_the_module_reads(name: str) -> None:
    stage = STAGES[name]
    if "params.yaml" in stage["deps"]:
        return  # the whole file
    declared = {re.sub(r"\$\{[^}]*\}", "*", key) for key in stage["params"]}
    read = parameters_read(f"stages.{module_of(stage)}")
    if "hardware" in read:
        kept = Hardware.model_fields.keys() - CHANGE_NO_WEIGHT
        read = read - {"hardware"} | {f"hardware.{key}" for key in kept}
    if name == "preprocess":
        kept = PreprocessSettings.model_fields.keys() - {"workers"}
        read = read - {"profiles.*.preprocess"} | {f"profiles.*.preprocess.{key}" for key in kept}
    if name == "train":  # whose phases have no teacher: another l_KD must not train them again
        own = Losses.model_fields.keys() - TEACHER_TERMS
        read = read - {"losses"} | {f"losses.{key}" for key in own}

    def matches(declared_key: str, read_key: str) -> bool:
        pairs = zip(declared_key.split("."), read_key.split("."), strict=False)
        return declared_key.count(".") <= read_key.count(".") and all(
            a == b or "*" in (a, b) for a, b in pairs
        )

    assert [key for key in read if not any(matches(d, key) for d in declared)] == []
    assert [d for d in declared if not any(matches(d, key) for key in read)] == []


def test_curves_are_read_by_their_stage_alone() -> None:
    """Another logging interval changes them, and no network."""
    readers = {name for name, stage in STAGES.items() if any("/curves" in d for d in stage["deps"])}
    assert readers == {"curves", "report"}
    assert "data/${profile}/curves" not in STAGES["report"]["deps"]


def test_check_watches_the_whole_of_params_yaml() -> None:
    assert "params.yaml" in STAGES["check"]["deps"]


def test_the_first_stage_alone_waits_for_the_check_and_all_others_descend_from_it() -> None:
    assert [name for name in STAGES if "data/params_ok.txt" in STAGES[name]["deps"]] == ["download"]

    def reads(stage: dict, output: str) -> bool:
        # A folder stands for what lies in it.
        return any(
            re.match(f"{pattern(output)}(/|$)", places(dep))
            or places(output).startswith(places(dep) + "/")
            for dep in stage["deps"]
        )

    descended = {"check", "download"}
    while new := {
        name
        for name, stage in STAGES.items()
        if name not in descended
        and any(reads(stage, out) for parent in descended for out in outputs(STAGES[parent]))
    }:
        descended |= new
    assert descended == set(STAGES)


def test_no_stage_reads_a_file_inside_an_output() -> None:
    """dvc.lock would not tell that the output is another since (experiments/lock.py)."""
    made = [pattern(output) for stage in STAGES.values() for output in outputs(stage)]
    deps = {places(dep) for stage in STAGES.values() for dep in stage["deps"]}
    assert [dep for dep in deps if any(re.match(f"{path}/", dep) for path in made)] == []


def test_common_imports_neither_numpy_nor_torch() -> None:
    modules = [
        ".".join(file.relative_to(SOURCE).with_suffix("").parts) for file in COMMON.rglob("*.py")
    ]
    code = f"import sys\nfor name in {modules}: __import__(name)\n"
    code += "print(*{'numpy', 'torch', 'pandas'} & set(sys.modules))"
    environment = {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", ["pretrain", "train", "distill"])
def test_a_checkpoint_is_bound_to_the_code_that_dvc_yaml_names(name: str) -> None:
    packages = [dep for dep in code_deps(STAGES[name]) if not dep.endswith(".py")]
    assert packages == [f"src/{PACKAGE}/{package}" for package in checkpoint.CODE]


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if "outs" in stage])
def test_what_takes_long_is_kept_whole_in_dvc_s_cache(name: str) -> None:
    """DVC takes no stage from its cache that has an output, but for metrics, outside of it."""
    quick = {"claims", "curves", "efficiency", "gain", "opinion", "tables"}
    options = [next(iter(out.values())) for out in STAGES[name]["outs"] if isinstance(out, dict)]
    in_git = [option for option in options if not option.get("cache", True)]
    assert bool(in_git) == (name in quick)


def test_git_keeps_no_figure_that_no_stage_writes() -> None:
    """What an earlier layout left behind would be read by a person as a result."""
    tracked = subprocess.run(
        ["git", "ls-files", "metrics"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    entries = [
        entry
        for stage in STAGES.values()
        for kind in ("outs", "metrics")
        for entry in stage.get(kind, [])
    ]
    paths = [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]
    written = [r"[^/]+".join(map(re.escape, re.split(r"\$\{\w+\}", path))) for path in paths]
    # Speed and memory, another on every run: written beside the outputs (dvc.yaml says why).
    written.append("metrics/[^/]+/efficiency/times[.](json|md)")
    made = re.compile(f"({'|'.join(written)})(/.*)?")
    assert tracked
    assert [path for path in tracked if not made.fullmatch(path)] == []


def test_the_lock_holds_no_stage_that_is_gone() -> None:
    """DVC leaves them there, and reads all of the lock twice after every stage.

    Where a strategy was removed or renamed: take its stages out of dvc.lock by hand.
    """
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())
    there = set()
    for name, entry in DVC["stages"].items():
        keys = params[entry["foreach"].strip("${}")] if "foreach" in entry else ()
        there |= {f"{name}@{key}" for key in keys} or {name}
    assert set(lock["stages"]) - there == set()


def test_the_check_is_never_taken_from_dvc_s_cache() -> None:
    """It removes what strategies left behind, and DVC keeps no stage with such an output there."""
    assert STAGES["check"]["outs"] == [{"data/params_ok.txt": {"persist": True}}]


@pytest.mark.parametrize("name", STAGES)
def test_stage_is_named_and_described(name: str) -> None:
    assert STAGES[name]["desc"]
    assert name.split("_")[0] == module_of(STAGES[name])
