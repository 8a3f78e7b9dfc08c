"""The training curves of all runs, joined into one file for each quantity."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd
import yaml


@dataclass(frozen=True)
class Quantity:
    """How a curve is shown: its title, the unit on its axis, and the kind of that axis."""

    title: str
    unit: str
    logarithmic: bool = False


def quantities() -> dict[str, Quantity]:
    """How each curve is shown, by the name of its file (curves.yaml)."""
    text = files(__package__).joinpath("curves.yaml").read_text(encoding="utf-8")
    return {name: Quantity(**shown) for name, shown in yaml.safe_load(text)["curves"].items()}


def collect(runs: Mapping[str, Path], target: Path, named: Collection[str] = ()) -> list[Path]:
    """Join the curves of several runs.

    Args:
        runs: dvclive's folder of each; what is not there is left out.
        target: the folder for one file per quantity: tab-separated `run`, `step`, and the value
            as dvclive wrote it.
        named: quantities that get a file in any case, of a header alone where no run logged them.
            `dvc plots` complains of a file that dvc.yaml names and that is not there.

    Returns:
        The files written.
    """
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in named}
    for run, folder in runs.items():
        for path in sorted((folder / "plots" / "metrics").rglob("*.tsv")):
            table = pd.read_csv(path, sep="\t", dtype=str, na_filter=False)
            table.insert(0, "run", run)
            tables.setdefault(path.stem, []).append(table)
    target.mkdir(parents=True, exist_ok=True)
    for name, parts in tables.items():
        table = pd.concat(parts) if parts else pd.DataFrame(columns=["run", "step", name])
        table.to_csv(target / f"{name}.tsv", sep="\t", index=False, lineterminator="\n")
    return [target / f"{name}.tsv" for name in tables]
