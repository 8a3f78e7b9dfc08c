"""Runs from several revisions in one table; those that differ in the seed alone share a row."""

import hashlib
import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from tabulate import tabulate

from ..common.errors import UserError
from ..common.metrics import METRICS
from ..common.params import FILE
from ..common.paths import Paths
from ..common.text import ABSENT, markdown_table
from ..results.gains import Figures
from .history import Revision, flat

Format = Literal["markdown", "csv", "terminal"]

_LOCK = Path("dvc.lock")
_SEPARATELY = ("profile", "strategy", "seed")  # parameters that the table names in any case
_NOTE = (
    "{where}. Runs that differ in the seed alone share a row: mean ± sample standard deviation "
    "over n of them. Gain: over the undistilled student of the same run."
)


@dataclass(frozen=True)
class Run:
    """What one revision's headline says.

    Attributes:
        names: the revisions that hold this run.
        params: by dotted key; of profiles and strategies only those in use.
        code: the same for the same code of all stages that made the figures.
        figures: the content of headline.json; None where there is none.
        problem: why not, or why the figures may not be those of `params`; empty otherwise.
    """

    names: tuple[str, ...]
    params: dict[str, Any]
    code: str
    figures: Figures | None
    problem: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters without the seed."""
        return {key: value for key, value in self.params.items() if key != "seed"}


def read_runs(names: Sequence[str], profile: str | None = None) -> list[Run]:
    """The runs of revisions, without checking them out.

    Args:
        names: git revisions, names of DVC experiments or `workspace`.
        profile: whose headline to read; None: the one that all revisions ran.

    Raises:
        UserError: an unknown revision, revisions of several profiles where `profile` does not
            choose, or no usable headline at all.
    """
    found = [
        (revision, _of_strategy(revision.params()))
        for revision in map(Revision.find, dict.fromkeys(names))
    ]
    ran = {str(params.get("profile")): revision.name for revision, params in found}
    if profile is None and len(ran) > 1:
        each = ", ".join(f"{name} {other}" for other, name in ran.items())
        raise UserError(
            f"the revisions ran different profiles ({each}); name those of one, or choose one by "
            "--profile"
        )
    runs = [_read(revision, params, profile or next(iter(ran))) for revision, params in found]
    if not any(run.figures for run in runs):
        raise UserError(f"no figures to compare: {runs[0].names[0]} {runs[0].problem}")
    return _distinct(runs)


def comparison(runs: Sequence[Run], test_set: str = "mean") -> pd.DataFrame:
    """One row per group of runs that differ in the seed alone.

    Args:
        runs: from `read_runs`.
        test_set: a key of headline.json: a test set, or `mean`, the mean over them.

    Returns:
        `runs`, `strategy`, `seeds`, `n`, each parameter that differs between runs, `code` where
        it differs, for each metric `<metric>`, `<metric>_std`, `gain_<metric>` and
        `gain_<metric>_std`, and `problem`; what has a problem has a row of its own. Standard
        deviations are those of a sample, NaN for one run.

    Raises:
        UserError: a headline has no such set.
    """
    usable = [run for run in runs if run.figures]
    for run in usable:
        if test_set not in run.figures:
            raise UserError(
                f"the headline of {run.names[0]} has no set {test_set!r}; it has "
                + ", ".join(run.figures)
            )
    names = [name for name in METRICS if any(name in run.figures[test_set] for run in usable)]
    if not names:
        raise UserError(f"the headlines have no metric of set {test_set!r}; run `dvc repro`")
    figures = [figure for name in names for figure in (name, f"gain_{name}")]
    differing = _differing(usable)
    codes = {run.code for run in usable}
    rows = []
    for group in _groups(runs):
        first = group[0]
        row = {
            "runs": ", ".join(" = ".join(run.names) for run in group),
            "strategy": first.params.get("strategy"),
            "seeds": ", ".join(str(run.params.get("seed")) for run in group),
            "n": len(group) if first.figures else 0,
        }
        row |= {key: _value(first, key) for key in differing}
        row |= {"code": first.code} if len(codes) > 1 else {}
        for figure in figures:
            values = [run.figures[test_set].get(figure) for run in group if run.figures]
            row[figure], row[f"{figure}_std"] = _mean_and_spread(values)
        rows.append(row | {"problem": first.problem})
    return pd.DataFrame(rows)


def as_text(table: pd.DataFrame, style: Format, test_set: str = "mean") -> str:
    """`comparison` as CSV with all digits, or as a table to read."""
    if style == "csv":
        return table.to_csv(index=False, float_format="%.6f").rstrip("\n")
    figures = [name for name in METRICS if name in table]
    settings = table.columns[4 : table.columns.get_loc(figures[0])]
    rows = []
    for record in table.to_dict("records"):
        row = {
            "Runs": record["runs"],
            "Strategy": record["strategy"],
            "Seeds": record["seeds"],
            "n": str(record["n"]),
        }
        row |= {_short(key): record[key] or ABSENT for key in settings}
        for name in figures:
            row[METRICS[name].heading] = _with_spread(record, name, name)
            row[f"Gain in {METRICS[name].label}"] = _with_spread(record, f"gain_{name}", name, "+")
        rows.append(row | ({"Note": record["problem"]} if any(table["problem"]) else {}))
    where = "Means over the test sets" if test_set == "mean" else f"Set {test_set}"
    note = _NOTE.format(where=where)
    if style == "markdown":
        return f"{markdown_table(rows)}\n\n{note}"
    return f"{tabulate(rows, headers='keys', disable_numparse=True)}\n\n{note}"


def _read(revision: Revision, params: dict[str, Any], profile: str) -> Run:
    path = Paths(profile).headline
    figures, problem = None, ""
    chain = _chain(revision, path)
    text = revision.read(path)
    if params.get("profile") != profile:
        problem = f"ran profile {params.get('profile')}"
    elif text is None:
        problem = f"has no {path.as_posix()}; run `dvc repro` there and commit"
    else:
        try:
            figures = json.loads(text)
        except json.JSONDecodeError:
            problem = f"has a {path.as_posix()} that is no JSON; run `dvc repro`"
        if stale := _stale(chain, params):
            problem = f"is not reproduced: {stale}"
    return Run((revision.name,), params, _code(chain), figures, problem)


def _of_strategy(params: dict[str, Any]) -> dict[str, Any]:
    """Without the strategies that are not under study, for they cannot touch the headline."""
    mine = f"strategies.{params.get('strategy')}."
    return {
        key: value
        for key, value in params.items()
        if not key.startswith("strategies.") or key.startswith(mine)
    }


def _chain(revision: Revision, output: Path) -> dict[str, dict[str, Any]]:
    """The stages that made `output`, by name, as dvc.lock records them."""
    text = revision.read(_LOCK)
    # The C loader: the pure one takes half a second for this file.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    stages = (yaml.load(text, loader) or {}).get("stages", {}) if text else {}
    makers = {out["path"]: name for name, stage in stages.items() for out in stage.get("outs", ())}
    found: dict[str, dict[str, Any]] = {}
    waiting = [output]
    while waiting:
        path = waiting.pop()
        inside = (part.as_posix() for part in (path, *path.parents))
        name = next((makers[part] for part in inside if part in makers), None)
        # `check` reads everything, also what the headline does not depend on.
        if name is not None and name not in found and name != "check":
            found[name] = stages[name]
            waiting += [Path(dep["path"]) for dep in stages[name].get("deps", ())]
    return found


def _code(chain: Mapping[str, dict[str, Any]]) -> str:
    """The same for the same code of all stages of a chain."""
    deps = {dep["path"]: dep.get("md5") for stage in chain.values() for dep in stage["deps"]}
    sources = sorted((path, md5) for path, md5 in deps.items() if path.startswith("src/"))
    return hashlib.sha256(_key(sources).encode()).hexdigest()[:7]


def _stale(chain: Mapping[str, dict[str, Any]], params: Mapping[str, Any]) -> str:
    """The first parameter that a chain ran with another value of than `params` has; else empty."""
    for name, stage in chain.items():
        for key, value in flat(stage.get("params", {}).get(FILE.name, {})).items():
            if params.get(key) != _number(value):
                return f"{name} ran with {key} = {value}, {FILE} says {params.get(key)}"
    return ""


def _number(value: Any) -> Any:
    """DVC writes 1e-05 (YAML 1.2), which YAML 1.1 takes for a text."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9.]+e[-+]?[0-9]+", value):
        return float(value)
    return value


def _distinct(runs: Iterable[Run]) -> list[Run]:
    """Revisions with the same parameters, code and figures hold one run, not several."""
    found: dict[str, Run] = {}
    for run in runs:
        key = _key(run.params, run.code, run.figures, run.problem)
        known = found.get(key)
        names = (*known.names, *run.names) if known else run.names
        found[key] = Run(names, run.params, run.code, run.figures, run.problem)
    return list(found.values())


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    groups: dict[str, list[Run]] = {}
    for run in runs:
        # What has a problem stands alone: it must not enter a mean.
        key = _key(run.names) if run.problem else _key(run.settings, run.code)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def _key(*values: Any) -> str:
    return json.dumps(values, sort_keys=True, default=str)


def _differing(runs: Sequence[Run]) -> list[str]:
    """Parameters, beside those shown in any case, whose values differ between runs."""
    keys = dict.fromkeys(key for run in runs for key in run.params if key not in _SEPARATELY)

    def values(key: str) -> set[str]:
        # Another strategy has its own phases, which say no more than its name does.
        own = key.startswith("strategies.")
        return {_key(run.params.get(key)) for run in runs if key in run.params or not own}

    return [key for key in keys if len(values(key)) > 1]


def _value(run: Run, key: str) -> str:
    """A parameter as YAML has it; empty where the run has no such one, or no figures."""
    if run.figures is None or key not in run.params:
        return ""
    value = run.params[key]
    return value if isinstance(value, str) else json.dumps(value)


def _short(key: str) -> str:
    """A dotted key without the profile, which is the same for all."""
    return key.split(".", 2)[2] if key.startswith("profiles.") else key


def _mean_and_spread(values: Sequence[float | None]) -> tuple[float, float]:
    if not values or None in values:
        return math.nan, math.nan
    spread = statistics.stdev(values) if len(values) > 1 else math.nan
    return statistics.fmean(values), spread


def _with_spread(record: dict[str, Any], figure: str, metric: str, sign: str = "") -> str:
    mean = METRICS[metric].text(record[figure], sign)
    spread = record[f"{figure}_std"]
    return mean if math.isnan(spread) else f"{mean} ± {METRICS[metric].text(spread)}"
