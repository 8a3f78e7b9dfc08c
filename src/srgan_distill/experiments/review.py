"""What differs between a base revision and the workspace, as Markdown for a code review.

The figures are those of `dvc metrics diff` and `dvc params diff`, with what these cannot know:
which metrics are better when they are lower.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..common.errors import UserError
from ..common.metrics import GRID, METRICS, Metric
from ..common.params import FILE
from ..common.paths import Paths
from ..common.runs import display_name
from ..common.text import ABSENT, markdown_table
from .history import WORKSPACE, Revision
from .lock import changed_code, stages_behind, stale

MARKER = "<!-- srgan-distill review -->"
"""The first line: by it, the workflow finds the comment that it updates."""

MOST_CHARACTERS = 60_000
"""A comment on a pull request holds 65,536."""

# Of each section, the most that fit.
_ROWS = (400, 200, 100, 50, 20, 5)

_HERE = Revision(WORKSPACE)
_HEADLINE = "headline.json"
_FILES = {
    _HEADLINE: "Headline",
    "tables/means.json": "All models",
    "tables/export.json": "Exported models",
    "opinion/dmos.json": "Opinion scores",
}
"""The files of figures in metrics/<profile>/ by their titles; all but the headline by model."""

# What changes figures. Not their own commits: the workflow runs the base again, and commits that.
_CAUSES = ("src", "dvc.yaml", "params.yaml")
_CLAIMS = "metrics/*/claims/claims.json"
_PICTURES = "metrics/*.png"
_SHARE = "share_of_lead_"
_GAIN = "gain_"
_KNOWN = METRICS | {GRID.name: GRID}

Differences = Mapping[str, Mapping[str, Any]]
"""Of one file: dotted key -> `old` and `new`, each where there is one."""


@dataclass(frozen=True)
class _Section:
    """A heading and its table; `folded` behind a line to click on."""

    title: str
    rows: list[dict[str, str]]
    folded: bool = False

    def markdown(self, most: int) -> list[str]:
        """With so many rows at most; nothing without rows."""
        if not self.rows:
            return []
        left = len(self.rows) - most
        table = [markdown_table(self.rows[:most]), *([f"... and {left} more."] if left > 0 else [])]
        if self.folded:
            return [f"<details><summary>{self.title}</summary>", *table, "</details>"]
        return [f"### {self.title}", *table]


def review_markdown(base: str, label: str) -> str:
    """Parameters and figures that differ between `base` and the workspace; the rest is left out.

    Figures have four decimals here, and one that changes in none of them is left out too. Tables
    are cut where all would be more than `MOST_CHARACTERS`.

    Args:
        base: a git revision or the name of a DVC experiment.
        label: how to call it in the text.

    Raises:
        UserError: unknown revision, or one whose pipeline, parameters or figures cannot be read.
    """
    before = Revision.find(base)
    sides = [(label, before, before.params()), ("here", _HERE, _HERE.params())]
    ran = {params.get("profile") for _, _, params in sides}
    files = before.changed(*(f"metrics/*/{file}" for file in _FILES))
    for _, revision, _ in sides:  # of one that it cannot read, DVC says that all is gone
        revision.pipeline()
        for file in files:
            revision.read_json(Path(file))
    changes = _dvc_diff("params", before.commit)
    # Where dvc.yaml names another profile's file than before, one that stays is gone to DVC.
    found = _dvc_diff("metrics", before.commit)
    figures = {file: new for file, new in found.items() if not _profile(file) or file in files}
    # What dvc.yaml does not call metrics, and other profiles' files.
    if files:
        figures |= _dvc_diff("metrics", before.commit, "--targets", *files)
    sections = [
        _Section("Parameters", _param_rows(changes, label)),
        *_figure_sections(figures, label, ran),
        _Section("Claims of the paper", _claim_rows(before, label)),
        _Section("Pictures", [{"Changed": f"`{path}`"} for path in before.changed(_PICTURES)]),
    ]
    if not any(section.rows for section in sections):
        last = ["No parameter and no figure changed."]
    else:
        last = [] if figures else ["No figure changed."]
    notes = [
        f"**Not reproduced** ({name}): {why}; run `dvc repro` first."
        for name, revision, params in sides
        if (why := _why_not_reproduced(revision, params))
    ]
    if ahead := before.commits_ahead(*_CAUSES):
        notes.append(
            f"**Not here**: commits of {label} ({ahead}), whose changes show the other way round; "
            f"`git merge-base {before.commit:.7} HEAD` names a base without them."
        )
    head = [MARKER, f"## Results against {label}", *notes]
    for most in _ROWS:
        parts = [part for section in sections for part in section.markdown(most)]
        text = "\n\n".join([*head, *parts, *last])
        if len(text) <= MOST_CHARACTERS:
            break
    return text


def verdict(figure: str, change: float) -> str:
    """`better` or `worse`, by the direction of the figure's metric; empty where none is known.

    Args:
        figure: a key of a metrics file: `<metric>`, `gain_<metric>` or `share_of_lead_<metric>`.
        change: new minus old.
    """
    metric = _metric(figure)
    if metric is None:
        return ""
    # A share is no difference in the metric's unit: more of it is a gain, whatever the metric.
    return metric.verdict(metric.gain(change, 0) if figure.startswith(_SHARE) else change)


def _why_not_reproduced(revision: Revision, params: Mapping[str, Any]) -> str:
    """Why a side's figures may not be those of its `params` and code; empty where they are.

    Code is compared in the workspace alone: of a commit, DVC would have to check all of it out.
    """
    paths = Paths(str(params.get("profile")))
    stages = stages_behind(
        revision, paths.headline, paths.metrics("tables"), paths.metrics("claims")
    )
    why = stale(stages, params, paths.headline)
    return why or (changed_code(stages, revision) if revision is _HERE else "")


def _dvc_diff(kind: str, *arguments: str) -> dict[str, Differences]:
    """What `dvc <kind> diff` says, by file."""
    command = [sys.executable, "-m", "dvc", kind, "diff", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        problem = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise UserError(f"`dvc {kind} diff {arguments[0]}` failed: {problem}")
    return json.loads(done.stdout or "{}")


def _param_rows(params: Mapping[str, Differences], label: str) -> list[dict[str, str]]:
    return [
        {
            "Parameter": f"`{key}`" if Path(file) == FILE else f"`{key}` of {file}",
            label: _value(values.get("old")),
            "Here": _value(values.get("new")),
        }
        for file, changes in sorted(params.items())
        for key, values in sorted(changes.items())
    ]


def _figure_sections(
    figures: Mapping[str, Differences], label: str, ran: Collection[Any]
) -> list[_Section]:
    """Of each profile its headline, and folded its other figures; then what is in other files.

    `ran`: the profiles of both sides, whose figures are those of the parameters shown.
    """
    sections, rest = [], dict(figures)
    for profile in sorted({_profile(file) for file in figures} - {""}):
        for file, title in _FILES.items():
            changes = rest.pop(f"metrics/{profile}/{file}", {})
            rows = _figure_rows(changes, label, by_model=file != _HEADLINE)
            made = "" if {*ran} == {profile} else " (not by the parameters above)"
            title = f"{title} of profile {profile}{made}{_count(rows)}"
            sections.append(_Section(title, rows, folded=file != _HEADLINE))
    others = [
        {"File": f"`{file}`"} | row
        for file in sorted(rest)
        for row in _figure_rows(rest[file], label)
    ]
    return [*sections, _Section(f"Other metrics{_count(others)}", others, folded=True)]


def _profile(file: str) -> str:
    """Whose figures a file holds; empty where it is none of ours."""
    parts = PurePosixPath(file).parts
    return parts[1] if parts[0] == "metrics" and "/".join(parts[2:]) in _FILES else ""


def _figure_rows(changes: Differences, label: str, by_model: bool = False) -> list[dict[str, str]]:
    """The figures that differ in a digit shown, in the same order on every run (DVC's is not)."""
    rows = []
    for key in sorted(changes, key=_order):
        old, new = changes[key].get("old"), changes[key].get("new")
        if _shown(old) != _shown(new):
            model, _, rest = key.partition(".") if by_model else ("", "", key)
            row = _figure_row(rest, old, new, label)
            rows.append({"Model": display_name(model)} | row if by_model else row)
    return rows


def _order(key: str) -> tuple[str, bool, str, int, str]:
    """By model and set, the mean last, then as METRICS has them; what is no metric comes last."""
    place, _, figure = key.rpartition(".")
    model, _, test_set = place.rpartition(".")
    metric = _metric(figure)
    position = list(_KNOWN).index(metric.name) if metric else len(_KNOWN)
    return model, test_set == "mean", test_set, position, figure


def _figure_row(key: str, old: Any, new: Any, label: str) -> dict[str, str]:
    test_set, _, figure = key.rpartition(".")
    change, word = ABSENT, ""
    if _is_number(old) and _is_number(new):
        change, word = f"{new - old:+.4f}", verdict(figure, new - old)
    elif not figure.startswith(_SHARE):  # a share comes and goes with the teacher's lead
        word = "new" if old is None else "gone" if new is None else ""
    return {
        "Set": test_set,
        "Figure": _figure_name(figure),
        label: _shown(old),
        "Here": _shown(new),
        "Change": change,
        "": word,
    }


def _claim_rows(before: Revision, label: str) -> list[dict[str, str]]:
    """The claims (stage claims) whose verdict is another one than at `before`."""
    rows = []
    for path in map(Path, before.changed(_CLAIMS)):
        old, new = (_verdicts(revision.read_json(path)) for revision in (before, _HERE))
        rows += [
            {"Claim": claim, "Profile": path.parts[1], label: old[claim], "Here": new[claim]}
            for claim in new
            if claim in old and old[claim] != new[claim]
        ]
    return rows


def _verdicts(document: Mapping[str, Any] | None) -> dict[str, str]:
    return {item["claim"]: item["verdict"] for item in (document or {"claims": []})["claims"]}


def _metric(figure: str) -> Metric | None:
    return _KNOWN.get(figure.removeprefix(_SHARE).removeprefix(_GAIN))


def _figure_name(figure: str) -> str:
    metric = _metric(figure)
    if metric is None:
        return figure
    if figure.startswith(_SHARE):
        return f"Share of the teacher's lead, {metric.label} ↑"
    return f"Gain, {metric.heading}" if figure.startswith(_GAIN) else metric.heading


def _count(rows: Iterable[Mapping[str, str]]) -> str:
    words = Counter(row[""] for row in rows if row[""])
    found = [f"{words[word]} {word}" for word in ("better", "worse", "new", "gone") if words[word]]
    return f": {', '.join(found)}" if found else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(figure: Any) -> str:
    return f"{figure:z.4f}" if _is_number(figure) else _value(figure)


def _value(value: Any) -> str:
    if value is None:
        return ABSENT
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
