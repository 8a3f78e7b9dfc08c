"""What differs between a base revision and the workspace, as Markdown for a code review.

The figures are those of `dvc metrics diff` and `dvc params diff`, with what these cannot know:
which metrics are better when they are lower.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..common.errors import UserError
from ..common.metrics import METRICS
from ..common.runs import display_name
from ..common.text import ABSENT, markdown_table
from .history import WORKSPACE, Revision

MARKER = "<!-- srgan-distill review -->"
"""The first line: by it, the workflow finds the comment that it updates."""

# One pull request comment holds 65,536 characters.
MOST_ROWS = 400

_HERE = Revision(WORKSPACE, None)
_HEADLINE = "headline"
_EXPORT = "export"
_PICTURES = "metrics/*.png"
_SHARE = "share_of_lead_"
_GAIN = "gain_"


def review_markdown(base: str, label: str) -> str:
    """Parameters and figures that differ between `base` and the workspace; the rest is left out.

    Figures have four decimals here, and one that changes in none of them is left out too.

    Args:
        base: a git revision or the name of a DVC experiment.
        label: how to call it in the text.

    Raises:
        UserError: unknown revision, or a dvc.yaml or params.yaml that DVC cannot read.
    """
    before = Revision.find(base)
    commit = before.commit or "HEAD"
    parts = [MARKER, f"## Results against {label}"]
    params = _items(_dvc_diff("params", commit))
    parts += _section("Parameters", [_param_row(*item, label) for item in params])
    figures = _items(_dvc_diff("metrics", commit))
    for profile in dict.fromkeys(_profile(path) for path, _, _ in figures):
        headline, models, exported = [], [], []
        for path, key, values in figures:
            if _profile(path) != profile:
                continue
            row = _metric_row(path, key, values, label)
            if row[label] == row["Here"]:
                continue
            if path.stem == _HEADLINE:
                headline.append(row)
            else:
                rows = exported if path.parent.name == _EXPORT else models
                rows.append({"Model": display_name(path.stem)} | row)
        parts += _section(f"Headline of profile {profile}{_count(headline)}", headline)
        parts += _section(f"All models of profile {profile}{_count(models)}", models, folded=True)
        parts += _section(f"Exported models of profile {profile}", exported, folded=True)
    parts += _section("Claims of the paper", _claim_rows(before, label))
    parts += _section("Pictures", [{"Changed": f"`{path}`"} for path in before.changed(_PICTURES)])
    if len(parts) == 2:
        parts.append("No parameter and no figure changed.")
    elif not figures:
        parts.append("No figure changed.")
    return "\n\n".join(parts)


def verdict(figure: str, change: float) -> str:
    """`better` or `worse`, by the direction of the figure's metric; empty where none is known.

    Args:
        figure: a key of a metrics file: `<metric>`, `gain_<metric>` or `share_of_lead_<metric>`.
        change: new minus old.
    """
    if not change:
        return ""
    if figure.startswith(_SHARE):
        return "better" if change > 0 else "worse"
    metric = METRICS.get(figure.removeprefix(_GAIN))
    if metric is None:
        return ""
    return "better" if (change < 0) == metric.lower_is_better else "worse"


def _dvc_diff(kind: str, base: str) -> dict[str, dict[str, Any]]:
    """`dvc <kind> diff`: file -> dotted key -> old, new and diff, each where there is one."""
    command = [sys.executable, "-m", "dvc", kind, "diff", base, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        problem = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise UserError(f"`dvc {kind} diff {base}` failed: {problem}")
    return json.loads(done.stdout or "{}")


def _items(
    files: Mapping[str, dict[str, Any]],
) -> list[tuple[PurePosixPath, str, dict[str, Any]]]:
    """Path, key and values of each difference, in the same order on every run (DVC's is not)."""

    def order(item: tuple[PurePosixPath, str, dict[str, Any]]) -> tuple[Any, ...]:
        path, key, _ = item
        test_set, _, figure = key.rpartition(".")
        return path, test_set == "mean", test_set, _position(figure), figure

    return sorted(
        (
            (PurePosixPath(path), key, values)
            for path, rows in files.items()
            for key, values in rows.items()
        ),
        key=order,
    )


def _position(figure: str) -> int:
    """Where a figure's metric stands in METRICS; what is none comes last."""
    metrics = list(METRICS)
    metric = figure.removeprefix(_SHARE).removeprefix(_GAIN)
    return metrics.index(metric) if metric in metrics else len(metrics)


def _profile(path: PurePosixPath) -> str:
    """Of metrics/<profile>/<model>.json or metrics/<profile>/export/<strategy>.json."""
    folder = path.parent
    return (folder.parent if folder.name == _EXPORT else folder).name


def _param_row(
    path: PurePosixPath, key: str, values: Mapping[str, Any], label: str
) -> dict[str, str]:
    return {
        "Parameter": f"`{key}`" if path.name == "params.yaml" else f"`{key}` of {path}",
        label: _value(values.get("old")),
        "Here": _value(values.get("new")),
    }


def _metric_row(
    path: PurePosixPath, key: str, values: Mapping[str, Any], label: str
) -> dict[str, str]:
    test_set, _, figure = key.rpartition(".")
    old, new = values.get("old"), values.get("new")
    change, word = ABSENT, ""
    if _is_number(old) and _is_number(new):
        change, word = f"{new - old:+.4f}", verdict(figure, new - old)
    elif not figure.startswith(_SHARE):  # a share comes and goes with the teacher's lead
        word = "new" if old is None else "gone" if new is None else ""
    return {
        "Set": test_set,
        "Figure": _figure_name(figure),
        label: f"{old:.4f}" if _is_number(old) else _value(old),
        "Here": f"{new:.4f}" if _is_number(new) else _value(new),
        "Change": change,
        "": word,
    }


def _claim_rows(before: Revision, label: str) -> list[dict[str, str]]:
    """The claims (stage claims) whose verdict is another one than at `before`."""
    rows = []
    for path in sorted(Path("metrics").glob("*/claims/claims.json")):
        old, new = (_verdicts(revision.read(path)) for revision in (before, _HERE))
        rows += [
            {"Claim": claim, "Profile": path.parts[1], label: old[claim], "Here": new[claim]}
            for claim in new
            if claim in old and old[claim] != new[claim]
        ]
    return rows


def _verdicts(text: str | None) -> dict[str, str]:
    claims = json.loads(text)["claims"] if text else []
    return {item["claim"]: item["verdict"] for item in claims}


def _figure_name(figure: str) -> str:
    if figure.startswith(_SHARE) and (metric := METRICS.get(figure.removeprefix(_SHARE))):
        return f"Share of the teacher's lead, {metric.label} ↑"
    metric = figure.removeprefix(_GAIN)
    if metric not in METRICS:
        return figure
    return (
        f"Gain, {METRICS[metric].heading}" if figure.startswith(_GAIN) else METRICS[metric].heading
    )


def _section(title: str, rows: list[dict[str, str]], folded: bool = False) -> list[str]:
    """A heading and its table, nothing without rows; `folded` behind a line to click on."""
    if not rows:
        return []
    more = [f"... and {len(rows) - MOST_ROWS} more."] if len(rows) > MOST_ROWS else []
    table = [markdown_table(rows[:MOST_ROWS]), *more]
    if folded:
        return [f"<details><summary>{title}</summary>", *table, "</details>"]
    return [f"### {title}", *table]


def _count(rows: Iterable[Mapping[str, str]]) -> str:
    words = Counter(row[""] for row in rows if row[""])
    found = [f"{words[word]} {word}" for word in ("better", "worse", "new", "gone") if words[word]]
    return f": {', '.join(found)}" if found else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Any) -> str:
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|")
