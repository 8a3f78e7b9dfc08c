"""What made a file of a revision, by its dvc.lock: which stages, with which code and parameters.

DVC's API tells only what dvc.yaml and params.yaml say, not with what a stage last ran.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..common.errors import UserError
from ..common.params import FILE
from ..common.recorded import section_of
from ..common.yaml12 import YAMLError, parse_yaml
from .history import Revision, flat

_LOCK = Path("dvc.lock")
_PIPELINE = Path("dvc.yaml")
_CODE = "src/"

Stages = dict[str, dict[str, Any]]
"""By name, what dvc.lock records of a stage: `deps`, `params`, `outs`."""


def stages_behind(revision: Revision, *outputs: Path) -> Stages:
    """The stages that made `outputs`; none where dvc.lock does not know them.

    Raises:
        UserError: dvc.lock is no YAML; dvc.yaml or params.yaml is missing or is no YAML.
    """
    try:
        lock = parse_yaml(revision.read(_LOCK) or "") or {}
    except YAMLError:
        raise UserError(
            f"{revision.name} has a {_LOCK} that is no YAML; correct it there"
        ) from None
    # DVC keeps what it knows of stages that are gone, such as a removed strategy's.
    present = _is_in(revision.read_mapping(_PIPELINE), revision.read_mapping(FILE))
    stages = {name: stage for name, stage in lock.get("stages", {}).items() if present(name)}
    makers = {
        Path(out["path"]): name for name, stage in stages.items() for out in stage.get("outs", ())
    }
    found: Stages = {}
    waiting = [*outputs]
    while waiting:
        path = waiting.pop()
        for out, name in makers.items():
            # `check` reads everything, also what no figure depends on.
            if _share(path, out) and name not in found and name != "check":
                found[name] = stages[name]
                waiting += [Path(dep["path"]) for dep in stages[name].get("deps", ())]
    return found


def params_of(stages: Stages) -> dict[str, Any]:
    """What the stages ran with: the sections of params.yaml that each one names."""
    each = (stage.get("params", {}).get(FILE.name, {}) for stage in stages.values())
    return {section: content for params in each for section, content in params.items()}


def code_of(stages: Stages) -> str:
    """Seven digits, the same for the same code of all stages."""
    deps = {
        dep["path"]: dep.get("md5") for stage in stages.values() for dep in stage.get("deps", ())
    }
    return _digits((path, md5) for path, md5 in deps.items() if path.startswith(_CODE))


def data_of(stages: Stages) -> str:
    """Seven digits, the same for the same data: what stage download left, whatever the seeds."""
    outs = stages.get("download", {}).get("outs", ())
    return _digits((out["path"], out.get("md5")) for out in outs)


def stale(stages: Stages, params: Mapping[str, Any], output: Path) -> str:
    """Why `output` may not be what `stages`, those behind it, make with `params`; empty: it is.

    That is that there are none; or the first parameter that a stage ran with another value of than
    `params` has (one that has come or gone since, too); or the first stage that read an earlier
    output of another one, as where `dvc repro` ended half way. A folder that several stages fill is
    told by its size alone; of a file inside an output, as stage gain of earlier versions read it,
    dvc.lock does not tell.
    """
    if not stages:  # as after another profile was chosen: its files are of an earlier run
        return f"no run in {_LOCK} has made {output.as_posix()}"
    for name, stage in stages.items():
        for section, content in stage.get("params", {}).get(FILE.name, {}).items():
            ran = flat({section: content})
            now = {key for key in params if f"{key}.".startswith(f"{section}.")}
            for key in [*ran, *sorted(now - ran.keys())]:
                if params.get(key) != ran.get(key):
                    return f"{name} ran with {key} = {ran.get(key)}, {FILE} says {params.get(key)}"
    outs = {
        out["path"]: (name, out) for name, stage in stages.items() for out in stage.get("outs", ())
    }
    for name, stage in stages.items():
        for dep in stage.get("deps", ()):
            maker, made = outs.get(dep["path"], (name, dep))
            if made.get("md5") != dep.get("md5"):
                return f"{maker} has made another {dep['path']} since {name} ran"
            # The digest of a folder that several stages fill is that of no output.
            inside = [
                out for path, (_, out) in outs.items() if Path(path).is_relative_to(dep["path"])
            ]
            if inside and sum(out.get("size", 0) for out in inside) != dep.get("size", 0):
                return f"stages have made another {dep['path']} since {name} ran"
    return ""


def changed_code(stages: Stages, workspace: Revision) -> str:
    """Which code of the workspace is another than a stage of its dvc.lock ran; empty: none."""
    for stage in workspace.pipeline():
        for dep in stage.deps if stage.addressing in stages else ():
            if dep.def_path.startswith(_CODE) and dep.status():
                return f"{dep.def_path} has changed since {stage.addressing} ran"
    return ""


def _is_in(pipeline: Mapping[str, Any], params: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a name, such as `distill@gan2gan`, is that of a stage of dvc.yaml."""
    groups = pipeline.get("stages") or {}

    def present(name: str) -> bool:
        group, _, key = name.partition("@")
        members = (groups.get(group) or {}).get("foreach")
        if isinstance(members, str):
            members = params.get(section_of(members)) or ()
        return group in groups and (members is None or key in map(str, members))

    return present


def _digits(digests: Iterable[tuple[str, str | None]]) -> str:
    return hashlib.sha256(json.dumps(sorted(digests)).encode()).hexdigest()[:7]


def _share(path: Path, other: Path) -> bool:
    """Whether one is, or is in, the other: a stage may read a folder that several have filled."""
    return path.is_relative_to(other) or other.is_relative_to(path)
