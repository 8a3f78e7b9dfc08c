"""Stage curves: the training curves of all runs, a small file for each quantity, for git.

The training stages keep theirs in DVC's cache. Were they in git, DVC could not take a training that
it knows from its cache, and would run it again for every experiment and branch.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from .errors import UserError, exit_code
from .layout import Layout
from .params import load


def run() -> None:
    """Write metrics/<profile>/curves/<stage>/<quantity>.tsv: run, step, value.

    Speed and system load, which another run would measure differently, go into
    data/<profile>/system/curves/. While something trains, it may be called by hand for what there
    is so far.

    Raises:
        UserError: nothing has trained.
    """
    params = load()
    layout = Layout(params.profile)
    stages = {"pretrain": params.networks, "train": params.train, "distill": params.strategies}
    written = []
    for stage, names in stages.items():
        learning = {f"{stage}/{name}": layout.curves(stage, name) for name in names}
        system = {f"{stage}/{name}": layout.system(stage, name) for name in names}
        written += collect(learning, layout.metrics / "curves" / stage)
        collect(system, layout.folder("system", "curves") / stage)
    if not written:
        raise UserError(f"no training curves in {layout.folder('')}; run `dvc repro`, which trains")
    print("curves:", *written, sep="\n  ")


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
            tables.setdefault(target / path.relative_to(logs), []).append(table)
    for path, parts in tables.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.concat(parts).to_csv(path, sep="\t", index=False, lineterminator="\n")
    return list(tables)


if __name__ == "__main__":
    sys.exit(exit_code(run))
