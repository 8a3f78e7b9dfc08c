"""Speed and load of the machine, for `dvc plots`: another on every run, so no stage's output."""

from ..common.paths import Paths
from ..common.text import write_text

SYSTEM = ("images_per_second", "device_load", "device_memory")


def join_system(paths: Paths) -> None:
    """Join these curves of all runs in data/<profile>/system/curves.

    But for runs without the other curves: params.yaml names them no longer. Each training does so
    when it ends: stage curves, whose outputs were the same, would not run.
    A file holds tab-separated `run`, `step` and the value, or its header alone: `dvc plots`
    complains of a file that dvc.yaml names and that is not there.
    """
    folder = paths.data("system")
    runs = sorted(run.name for run in folder.glob("*") if paths.curves(run.name).is_dir())
    for name in SYSTEM:
        logs = {run: folder / run / "plots" / "metrics" / f"{name}.tsv" for run in runs}
        rows = [
            f"{run}\t{row}"
            for run, log in logs.items()
            if log.is_file()
            for row in log.read_text(encoding="utf-8").splitlines()[1:]
        ]
        table = "\n".join([f"run\tstep\t{name}", *rows])
        write_text(folder / "curves" / f"{name}.tsv", f"{table}\n")
