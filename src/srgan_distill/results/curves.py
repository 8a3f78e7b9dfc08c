"""The training curves of all runs, joined into one file for each quantity."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def collect(runs: Mapping[str, Path], target: Path) -> list[Path]:
    """Join the curves of several runs.

    Args:
        runs: dvclive's folder of each; what is not there is left out.
        target: the folder for one file per quantity: tab-separated `run`, `step`, and the value
            as dvclive wrote it.

    Returns:
        The files written.
    """
    tables: dict[Path, list[pd.DataFrame]] = {}
    for run, folder in runs.items():
        logs = folder / "plots" / "metrics"
        for path in sorted(logs.rglob("*.tsv")):
            table = pd.read_csv(path, sep="\t", dtype=str, na_filter=False)
            table.insert(0, "run", run)
            tables.setdefault(target / path.name, []).append(table)
    for path, parts in tables.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.concat(parts).to_csv(path, sep="\t", index=False, lineterminator="\n")
    return list(tables)
