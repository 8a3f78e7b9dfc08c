"""What DVC records of a stage must be what the stage ran with.

DVC writes parameters and code into dvc.lock, and into its run cache, as they are when the stage has
ended (treeverse/dvc#11058). Edited meanwhile, in a training of hours, they would be recorded as
what made its weights, and no later `dvc repro` would notice.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from .errors import UserError
from .yaml12 import YAMLError, parse_yaml

_REFERENCE = re.compile(r"\$\{([\w.]+)\}")


@contextmanager
def as_recorded(stage: str) -> Iterator[None]:
    """Run a stage of dvc.yaml, by DVC's name of it (`distill@gan2gan`, `../dvc.yaml:check`).

    Raises:
        UserError: parameters or code that it depends on changed meanwhile, or params.yaml or
            dvc.yaml can no longer be read; names them.
    """
    before = inputs(stage)
    yield
    try:
        after = inputs(stage)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, YAMLError):
        # Half edited, or gone: the hours that the stage took are not to end in a traceback.
        changed = ["params.yaml or dvc.yaml"]
    else:
        changed = [name for name in before if before[name] != after.get(name)]
    if changed:
        raise UserError(
            f"{', '.join(changed)} changed while {stage} ran, so what it made is not recorded: put "
            f"it back and record it by `dvc commit --force {stage}`, or run again"
        )


def inputs(stage: str) -> dict[str, Any]:
    """The parameters of a stage, by dotted key, and the SHA-256 of its code, by path.

    Of params.yaml too, where that is a dep as a file.
    """
    params, pipeline = (
        parse_yaml(Path(file).read_text(encoding="utf-8")) for file in ("params.yaml", "dvc.yaml")
    )
    # DVC has the path of dvc.yaml before it, where that is not in the folder it was started in.
    group, _, key = stage.rpartition(":")[2].partition("@")
    entry = pipeline["stages"][group]
    names = dict(params)
    if key:
        names |= {"key": key, "item": _value(params, f"{section_of(entry['foreach'])}.{key}")}
        entry = entry["do"]

    def resolved(texts: list[str]) -> list[str]:
        return [_REFERENCE.sub(lambda found: str(_value(names, found[1])), text) for text in texts]

    values = {name: _value(params, name) for name in resolved(entry.get("params", []))}
    deps = resolved(entry["deps"])
    files = [Path(dep) for dep in deps if dep.startswith("src/") or dep == "params.yaml"]
    file = Path(".dvcignore")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    ignored = GitIgnoreSpec.from_lines(lines)
    return values | {str(path): _digest(path, ignored) for path in files}


def section_of(foreach: str) -> str:
    """The section of params.yaml over whose keys a group of stages runs: of ${strategies}."""
    return _REFERENCE.fullmatch(foreach)[1]


def _value(params: Mapping[str, Any], key: str) -> Any:
    """The value of a dotted key; None of one that is not there (any more)."""
    return reduce(lambda at, part: (at or {}).get(part), key.split("."), params)


def _digest(path: Path, ignored: GitIgnoreSpec) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(path.rglob("*.*"))
    for file in files:
        if file.is_file() and not ignored.match_file(file):
            digest.update(str(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
