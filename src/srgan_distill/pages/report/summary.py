"""The run in a few figures and words: headline, recipe, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel

from ...common.metrics import METRICS
from ...common.params import Phase
from ...common.params.profile import PhaseSteps
from ...common.runs import display_name
from ...results.gains import MEAN, Figures
from ...results.intervals import difference_over_sets


@dataclass(frozen=True)
class Card:
    """One metric of the strategy under study, as text; `share` is of the teacher's lead."""

    heading: str
    value: str
    gain: str
    verdict: str
    share: str


def cards(figures: Figures, scores: pd.DataFrame, baseline: pd.DataFrame) -> list[Card]:
    """The means over the test sets in `gains`, one card per metric that stands in a headline.

    Better or worse is what the 95 % interval of the difference to the baseline says.

    Args:
        figures: of the strategy.
        scores, baseline: per-image scores, of the strategy and of its baseline.
    """
    means = figures[MEAN]
    return [
        _card(name, means, difference_over_sets(scores, baseline, name).significant)
        for name, metric in METRICS.items()
        if metric.headline and name in means
    ]


def _card(name: str, means: Mapping[str, float | None], significant: bool) -> Card:
    gain, share = means[f"gain_{name}"], means.get(f"share_of_lead_{name}")
    verdict = ""
    if gain is not None:
        verdict = METRICS[name].verdict(gain) if significant else "not told apart"
    return Card(
        heading=METRICS[name].heading,
        value=METRICS[name].text(means[name]),
        gain=METRICS[name].text(gain, "+"),
        verdict=verdict,
        share="the teacher has no clear lead"
        if share is None
        else f"{share:.0%} of the teacher's lead",
    )


def recipe(phases: list[Phase], steps: PhaseSteps) -> str:
    """content + distillation for 3,000 steps, then content + adversarial for 8,000 steps.

    With the teacher's images for what is real, that is said.
    """
    return ", then ".join(
        f"{' + '.join(phase.terms).replace('_', ' ')} for "
        f"{steps.adversarial if phase.adversarial else steps.content:,} steps"
        f"{', the images of the teacher being what is real' if phase.real == 'teacher' else ''}"
        for phase in phases
    )


def lineage(strategy: str, teacher: str) -> str:
    """Which student this is, by the names of the tables."""
    return f"{display_name(strategy)}, distilled from {display_name(teacher)}"


def parameters_text(parts: Mapping[str, Any]) -> str:
    """Sections of params.yaml as YAML, with the keys that the file has."""
    return yaml.safe_dump(_plain(parts), sort_keys=False, default_flow_style=None, width=100)


def _plain(part: Any) -> Any:
    if isinstance(part, BaseModel):
        return part.model_dump(exclude_unset=True)
    if isinstance(part, Mapping):
        return {key: _plain(value) for key, value in part.items()}
    return part
