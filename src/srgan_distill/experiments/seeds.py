"""Seeds among the parameters of a revision, which say what runs have in common and what not."""

from collections.abc import Mapping, Sequence
from typing import Any

SEEDS = ("seeds.pretrain", "seeds.teacher", "seeds.student")

SEEDS_NOTE = "Seeds: the students', or pretrain's/the teachers'/the students'."
"""What `seeds_of` says, for readers of a table."""


def with_seeds(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by dotted key, with `SEEDS` in place of the one seed of earlier versions."""
    if "seed" not in params:
        return dict(params)
    others = {key: value for key, value in params.items() if key != "seed"}
    return others | dict.fromkeys(SEEDS, params["seed"])


def without_seeds(params: Mapping[str, Any]) -> dict[str, Any]:
    """The same for runs that differ in seeds alone."""
    return {key: value for key, value in params.items() if key not in SEEDS}


def seeds_of(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The students' seed of each; with the other two before it where runs differ in these.

    Args:
        runs: the parameters of each.
    """
    each = [[str(params.get(key)) for key in SEEDS] for params in runs]
    shared = len({tuple(seeds[:-1]) for seeds in each}) == 1
    return [seeds[-1] if shared else "/".join(seeds) for seeds in each]
