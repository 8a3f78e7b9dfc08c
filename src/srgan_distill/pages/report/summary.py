"""The run in a few figures and words: headline, recipe, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel

from ...common.metrics import METRICS
from ...common.params import Phase
from ...common.runs import display_name
from ...results.gains import Figures
from .pictures import NOT_SHOWN


@dataclass(frozen=True)
class Tile:
    """One metric of the strategy under study, as text."""

    heading: str
    value: str
    gain: str
    verdict: str
    share: str


def tiles(figures: Figures) -> list[Tile]:
    """The means over the test sets in `gains`, one tile per metric."""
    means = figures["mean"]
    return [_tile(name, means) for name in METRICS if name in means and name not in NOT_SHOWN]


def _tile(name: str, means: Mapping[str, float | None]) -> Tile:
    gain, share = means[f"gain_{name}"], means.get(f"share_of_lead_{name}")
    return Tile(
        heading=METRICS[name].heading,
        value=METRICS[name].text(means[name]),
        gain=METRICS[name].text(gain, "+"),
        verdict=METRICS[name].verdict(gain) or "equal",
        share="the teacher does not lead"
        if share is None
        else f"{share:.0%} of the teacher's lead",
    )


def recipe(phases: list[Phase]) -> str:
    """content + distillation for 50% of the steps, then content + adversarial for 50%."""
    terms = [" + ".join(phase.terms).replace("_", " ") for phase in phases]
    if len(phases) == 1:
        return terms[0]
    shares = [f"{phase.share:.0%} of the steps" for phase in phases]
    return ", then ".join(f"{a} for {b}" for a, b in zip(terms, shares, strict=True))


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
