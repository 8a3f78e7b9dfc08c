"""Results of several revisions in one table; those that differ in seeds alone share a row."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from ..common.errors import UserError
from ..common.metrics import METRICS
from ..common.paths import Paths
from ..common.text import ABSENT
from .history import Revision, flat
from .lock import code_of, data_of, params_of, stages_behind, stale
from .seeds import SEEDS, SEEDS_NOTE, seeds_of, with_seeds, without_seeds
from .tables import Format, table_text, with_spread

Figures = dict[str, dict[str, float | None]]
"""Set, or `mean` over the sets -> `<metric>` and `gain_<metric>` -> value."""

_MEAN = "mean"
_SEPARATELY = ["profile", "strategy", *SEEDS]  # parameters that the table names in any case
_NOTE = (
    "{where}. Runs that differ in seeds alone share a row: mean ± sample standard deviation over n "
    "of them. {seeds} Gain: over the strategy's baseline of the same run."
)


@dataclass(frozen=True)
class Result:
    """What one revision's files of figures say.

    Attributes:
        name: the revision.
        params: what the stages behind the headline ran with, by dotted key, and `profile` and
            `strategy`; all of params.yaml where dvc.lock knows no such run.
        code: the same for the same code of all stages that made the figures.
        data: the same for the same downloads.
        figures: those of headline.json, with the gains of each set; None where there are none.
        problem: why not, why the figures may not be those of params.yaml, or which revision had the
            same seeds first, with other figures; empty otherwise.
    """

    name: str
    params: dict[str, Any]
    code: str
    data: str
    figures: Figures | None
    problem: str = ""

    @property
    def key(self) -> str:
        """The same for revisions that hold the same run."""
        return json.dumps(asdict(self) | {"name": ""}, sort_keys=True)

    @property
    def group(self) -> str:
        """The same for runs that differ in seeds alone; what has a problem enters no mean."""
        settings = [without_seeds(self.params), self.code, self.data]
        return self.key if self.problem else json.dumps(settings, sort_keys=True)


def read_results(names: Sequence[str], profile: str | None = None) -> list[Result]:
    """The results of revisions, without checking them out.

    Args:
        names: git revisions, names of DVC experiments or `workspace`.
        profile: whose headline to read; None: the one that all revisions ran.

    Raises:
        UserError: an unknown revision, revisions of several profiles where `profile` does not
            choose, or no usable headline at all.
    """
    found = [(revision, revision.params()) for revision in map(Revision.find, dict.fromkeys(names))]
    ran = {str(params.get("profile")): revision.name for revision, params in found}
    if profile is None and len(ran) > 1:
        each = ", ".join(f"{name} {other}" for other, name in ran.items())
        raise UserError(
            f"the revisions ran different profiles ({each}); name those of one, or choose one by "
            "--profile"
        )
    results = [_read(revision, params, profile or next(iter(ran))) for revision, params in found]
    if not any(result.figures for result in results):
        raise UserError(f"no figures to compare: {results[0].name} {results[0].problem}")
    return _each_seed_once(results)


def comparison(results: Sequence[Result], test_set: str = _MEAN) -> pd.DataFrame:
    """One row per group of runs that differ in seeds alone.

    Args:
        results: from `read_results`.
        test_set: a key of headline.json: a test set, or `mean`, the mean over them.

    Returns:
        `runs`, `strategy`, `seeds`, `n`, each parameter that differs between runs, `code` and
        `data` where they differ, for each metric `<metric>`, `<metric>_std`, `gain_<metric>` and
        `gain_<metric>_std`, and `problem`; what has a problem has a row of its own. Standard
        deviations are those of a sample, NaN for one run.

    Raises:
        UserError: a headline has no such set.
    """
    settings, figures = _settings_of(results), _figures_of(results, test_set)
    rows = pd.DataFrame(map(_row, results)).join([settings, figures])
    rows["seeds"] = seeds_of([result.params for result in results])
    # Revisions that hold the same run count once.
    rows["runs"] = rows.groupby("key")["runs"].transform(" = ".join)
    groups = rows.drop_duplicates("key").groupby("group", sort=False)
    once = groups[["strategy", *settings, "problem"]].first()
    joined = groups[["runs", "seeds"]].agg(", ".join)
    means = groups[[*figures]].mean(skipna=False)
    spreads = groups[[*figures]].std(skipna=False).add_suffix("_std")
    table = pd.concat([joined, once, groups["n"].sum(), means, spreads], axis="columns")
    in_pairs = [column for figure in figures for column in (figure, f"{figure}_std")]
    columns = ["runs", "strategy", "seeds", "n", *settings, *in_pairs, "problem"]
    return table[columns].reset_index(drop=True)


def as_text(table: pd.DataFrame, style: Format, test_set: str = _MEAN) -> str:
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
            heading = METRICS[name].heading
            row[heading] = _with_spread(record, name, name)
            row[f"{heading}, over baseline"] = _with_spread(record, f"gain_{name}", name, "+")
        rows.append(row | ({"Note": record["problem"]} if any(table["problem"]) else {}))
    where = "Means over the test sets" if test_set == _MEAN else f"Set {test_set}"
    note = _NOTE.format(where=where, seeds=SEEDS_NOTE)
    return f"{table_text(rows, style)}\n\n{note}"


def _read(revision: Revision, params: dict[str, Any], profile: str) -> Result:
    paths = Paths(profile)
    settings = params
    code, data, figures, problem = "", "", None, f"ran profile {params.get('profile')}"
    try:
        stages = stages_behind(revision, paths.headline)
        code, data = code_of(stages), data_of(stages)
        if stages:
            chosen = {key: params.get(key) for key in ("profile", "strategy")}
            settings = chosen | flat(params_of(stages))
        if params.get("profile") == profile:
            if stages:
                figures = _figures(revision, paths, str(params.get("strategy")))
            other = stale(stages, params, paths.headline)
            problem = f"is not reproduced: {other}" if other else ""
    except UserError as error:
        problem = str(error).removeprefix(f"{revision.name} ")
    return Result(revision.name, with_seeds(_of_strategy(settings)), code, data, figures, problem)


def _each_seed_once(results: Sequence[Result]) -> list[Result]:
    """With a problem in what has the seeds of an earlier one and other figures.

    As of another machine: no second draw, whatever rounding has made of the first.
    """
    found: list[Result] = []
    for result in results:
        twins = (
            other.name
            for other in found
            if (other.group, other.params) == (result.group, result.params)
            and other.figures != result.figures
        )
        twin = next(twins, None)
        problem = f"has the seeds of {twin}, and other figures" if twin else result.problem
        found.append(replace(result, problem=problem))
    return found


def _figures(revision: Revision, paths: Paths, strategy: str) -> Figures:
    """The headline, with the gain of each of its figures, which a file of the strategy has.

    Raises:
        UserError: there is no headline, or a file is no JSON.
    """
    headline = revision.read_json(paths.headline)
    if headline is None:
        raise UserError(
            f"{revision.name} has no {paths.headline.as_posix()}; run `dvc repro` there and commit"
        )
    wanted = {
        name: [f"gain_{metric}" for metric in METRICS if metric in own]
        for name, own in headline.items()
    }
    if all(key in headline[name] for name, keys in wanted.items() for key in keys):
        return headline  # of an earlier version, without another file
    gains = revision.read_json(paths.metrics("gain", f"{strategy}.json")) or {}
    return {
        name: {key: gains.get(name, {}).get(key) for key in keys} | headline[name]
        for name, keys in wanted.items()
    }


def _of_strategy(params: dict[str, Any]) -> dict[str, Any]:
    """Without the strategies that are not under study, for they cannot touch the headline."""
    mine = f"strategies.{params.get('strategy')}."
    return {
        key: value
        for key, value in params.items()
        if not key.startswith("strategies.") or key.startswith(mine)
    }


def _row(result: Result) -> dict[str, Any]:
    return {
        "runs": result.name,
        "strategy": result.params.get("strategy"),
        "n": int(bool(result.figures)),
        "problem": result.problem,
        "key": result.key,
        "group": result.group,
    }


def _settings_of(results: Sequence[Result]) -> pd.DataFrame:
    """One row per result: the parameters that differ between them, `code` and `data` where they do.

    Values are text as YAML has it; empty where a result has no such parameter, or no figures.
    """
    usable = [number for number, result in enumerate(results) if result.figures]
    texts = pd.DataFrame([_texts(results[number]) for number in usable], index=usable)
    keys = texts.columns.drop(_SEPARATELY, errors="ignore")
    shown = [key for key in keys if _differs(texts, key)]
    return texts[shown].reindex(range(len(results))).fillna("")


def _differs(texts: pd.DataFrame, key: str) -> bool:
    # Another strategy has its own phases and teacher, which say no more than its name does.
    of_one = texts.groupby("strategy", dropna=False)[key].nunique(dropna=False).max()
    return texts[key].nunique() > 1 or of_one > 1


def _texts(result: Result) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (result.params | {"code": result.code, "data": result.data}).items()
    }


def _figures_of(results: Sequence[Result], test_set: str) -> pd.DataFrame:
    """One row per result: each metric that any of them has, and its gain; NaN where it has not.

    Raises:
        UserError: a headline has no such set, or no metric at all.
    """
    for result in results:
        if result.figures and test_set not in result.figures:
            raise UserError(
                f"the headline of {result.name} has no set {test_set!r}; it has "
                + ", ".join(result.figures)
            )
    table = pd.DataFrame([(result.figures or {}).get(test_set, {}) for result in results])
    metrics = [name for name in METRICS if name in table]
    if not metrics:
        raise UserError(f"the headlines have no metric of set {test_set!r}; run `dvc repro`")
    in_pairs = [figure for name in metrics for figure in (name, f"gain_{name}")]
    return table.reindex(columns=in_pairs).astype(float)


def _short(key: str) -> str:
    """A dotted key without the profile, which is the same for all."""
    return key.split(".", 2)[2] if key.startswith("profiles.") else key


def _with_spread(record: dict[str, Any], figure: str, metric: str, sign: str = "") -> str:
    return with_spread(METRICS[metric], record[figure], record[f"{figure}_std"], sign)
