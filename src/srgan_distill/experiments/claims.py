"""The paper's claims over runs that differ in seeds alone: one seed's luck is no finding."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..common.errors import UserError
from ..common.paths import Paths
from ..common.text import ABSENT
from ..results.claims.statements import KNOWN
from ..results.claims.verdicts import Comparison, Verdict, together, why
from .history import Revision, flat
from .lock import code_of, data_of, params_of, stages_behind, stale
from .seeds import SEEDS_NOTE, seeds_of, with_seeds, without_seeds
from .tables import Format, table_text, with_spread

_NOTE = (
    "Profile {profile}, runs: {n}. A comparison holds if it holds with every seed, and fails if it "
    "fails with every seed. A claim holds if all of its comparisons hold, and fails if one fails. "
    "Difference: mean ± sample standard deviation over the seeds of the means over the test sets. "
    "{seeds}"
)
_WORDS = ("Verdict", "Why", "Difference", "Metric")
_UNLIKE = "not the same with every seed"
# What claims.json says of a claim and of a comparison, as far as it is used here.
_OF_CLAIM = {"claim", "verdict", "reason", "comparisons"}
_OF_COMPARISON = {"model", "other", "metric", "relation", "verdict", "reason", "difference"}


@dataclass(frozen=True)
class JudgedRun:
    """The claims of one revision.

    Attributes:
        name: the revision.
        params: what its stages ran with, by dotted key.
        code: the same for the same code of all stages.
        data: the same for the same downloads.
        claims: those of claims.json.
    """

    name: str
    params: dict[str, Any]
    code: str
    data: str
    claims: list[dict[str, Any]]


def read_claims(names: Sequence[str]) -> list[JudgedRun]:
    """The claims of revisions, without checking them out; of the same run once.

    Args:
        names: git revisions, names of DVC experiments or `workspace`.

    Raises:
        UserError: an unknown revision; one without claims, with those of an earlier version, or
            whose claims are not those of its parameters; two that differ in more than seeds.
    """
    runs: list[JudgedRun] = []
    for revision in map(Revision.find, dict.fromkeys(names)):
        run = _read(revision)
        for other in runs:
            _require_seeds_alone(other, run)
        if all(run.params != other.params for other in runs):
            runs.append(run)
        elif all(run.claims != other.claims for other in runs):
            raise UserError(f"{run.name} has the seeds of another one, and other claims; leave one")
    return runs


def over_seeds(runs: Sequence[JudgedRun]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The verdicts on claims, and on the comparisons behind them.

    Args:
        runs: from `read_claims`.

    Returns:
        One row per claim: `number`, `claim`, `verdict`, `reason` and `seed <seed>`, the verdict of
        each run. One row per comparison: `number` (of its claim), `model`, `other`, `metric`,
        `relation`, `verdict`, `reason`, `difference` (model minus other, mean over the runs; NaN
        where one has none), `difference_std` (of a sample; NaN for one run) and `seed <seed>`, the
        difference of each run.
    """
    seeds = [f"seed {seed}" for seed in seeds_of([run.params for run in runs])]
    claims, comparisons = [], []
    for number, found in enumerate(zip(*(run.claims for run in runs), strict=True), 1):
        each = [
            _comparison(number, same, seeds)
            for same in zip(*(claim["comparisons"] for claim in found), strict=True)
        ]
        comparisons += each
        verdicts = [claim["verdict"] for claim in found]
        verdict = together(row["verdict"] for row in each) if each else _with_every_seed(verdicts)
        claims.append(
            {
                "number": number,
                "claim": found[0]["claim"],
                "verdict": verdict,
                "reason": why(verdict, map(_of_row, each)) if each else _reason(found),
                **dict(zip(seeds, verdicts, strict=True)),
            }
        )
    return pd.DataFrame(claims), pd.DataFrame(comparisons)


def as_text(runs: Sequence[JudgedRun], style: Format) -> str:
    """`over_seeds` as two tables to read, or its comparisons as CSV with all digits."""
    claims, comparisons = over_seeds(runs)
    if style == "csv":
        return comparisons.to_csv(index=False, float_format="%.6f").rstrip("\n")
    seeds = [column for column in claims if column.startswith("seed ")]
    verdicts = [
        {
            "Claim": f"{row['number']}. {row['claim']}",
            "Verdict": row["verdict"],
            "Why": row["reason"] or ABSENT,
            **{seed.capitalize(): row[seed] for seed in seeds},
        }
        for row in claims.to_dict("records")
    ]
    differences = [
        {
            "Claim": str(row["number"]),
            "Difference": _of_row(row).pair,
            "Metric": _of_row(row).heading,
            "Verdict": row["verdict"],
            "Mean": with_spread(
                KNOWN[row["metric"]], row["difference"], row["difference_std"], "+"
            ),
            **{seed.capitalize(): KNOWN[row["metric"]].text(row[seed], "+") for seed in seeds},
        }
        for row in comparisons.to_dict("records")
    ]
    profile = runs[0].params.get("profile")
    parts = [
        table_text(verdicts, style, _WORDS),
        table_text(differences, style, _WORDS),
        _NOTE.format(profile=profile, n=len(runs), seeds=SEEDS_NOTE),
    ]
    return "\n\n".join(parts)


def _read(revision: Revision) -> JudgedRun:
    params = revision.params()
    paths = Paths(str(params.get("profile")))
    path = paths.metrics("claims", "claims.json")
    document = revision.read_json(path)
    if document is None:
        raise UserError(f"{revision.name} has no {path.as_posix()}; run `dvc repro` there")
    if not _is_readable(document):
        raise UserError(
            f"{revision.name} has a {path.as_posix()} of an earlier version; run `dvc repro` there "
            "with this version"
        )
    stages = stages_behind(revision, path.parent)
    if other := stale(stages, params, path):
        raise UserError(f"{revision.name} is not reproduced: {other}; run `dvc repro` there")
    ran = flat(params_of(stages))
    return JudgedRun(
        revision.name, with_seeds(ran), code_of(stages), data_of(stages), document["claims"]
    )


def _is_readable(document: Any) -> bool:
    try:
        return all(
            claim.keys() >= _OF_CLAIM
            and all(
                item.keys() >= _OF_COMPARISON and item["metric"] in KNOWN
                for item in claim["comparisons"]
            )
            for claim in document["claims"]
        )
    except (TypeError, AttributeError, KeyError):
        return False


def _require_seeds_alone(first: JudgedRun, second: JudgedRun) -> None:
    """Refuse to take for another seed what differs in something else too."""
    settings = [without_seeds(run.params) for run in (first, second)]
    where = f"{first.name} and {second.name} differ in more than seeds"
    for key in dict.fromkeys([*settings[0], *settings[1]]):
        ours, theirs = (json.dumps(params.get(key)) for params in settings)
        if ours != theirs:
            raise UserError(f"{where}: {key} = {ours} and {theirs}; name runs that have the same")
    if first.code != second.code:
        raise UserError(f"{where}: their stages ran other code")
    if first.data != second.data:
        raise UserError(f"{where}: they had other images or weights (stage download)")


def _comparison(
    number: int, same: Sequence[dict[str, Any]], seeds: Sequence[str]
) -> dict[str, Any]:
    first = same[0]
    verdicts = [item["verdict"] for item in same]
    differences = pd.Series([item["difference"] for item in same], index=seeds, dtype=float)
    return {
        "number": number,
        **{key: first[key] for key in ("model", "other", "metric", "relation")},
        "verdict": _with_every_seed(verdicts),
        "reason": _reason(same),
        "difference": differences.mean(skipna=False),
        "difference_std": differences.std(skipna=False),
        **differences.to_dict(),
    }


def _with_every_seed(verdicts: Sequence[Verdict]) -> Verdict:
    return verdicts[0] if len({*verdicts}) == 1 else "cannot be told"


def _reason(same: Sequence[dict[str, Any]]) -> str:
    """Why the verdict of a comparison, or of a claim without any, is what it is over all runs."""
    if len({item["verdict"] for item in same}) > 1:
        return _UNLIKE
    return "; ".join(dict.fromkeys(item["reason"] for item in same if item["reason"]))


def _of_row(row: dict[str, Any]) -> Comparison:
    names = ("model", "other", "metric", "relation", "verdict", "reason")
    return Comparison(claimed=row["metric"], **{name: row[name] for name in names})
