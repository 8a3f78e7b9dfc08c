"""Speed and load of the machine, for `dvc plots`: another on every run, so no stage's output."""

from pathlib import Path

from ..common.text import write_text

SYSTEM = ("images_per_second", "device_load", "device_memory")


def join_system(folder: Path) -> None:
    """Join these curves of all runs in `folder`, data/<profile>/system, in its `curves`.

    Each training does so when it ends: stage curves, whose outputs were the same, would not run.
    A file holds tab-separated `run`, `step` and the value, or its header alone: `dvc plots`
    complains of a file that dvc.yaml names and that is not there.
    """
    for name in SYSTEM:
        rows = [
            f"{log.relative_to(folder).parts[0]}\t{row}"
            for log in sorted(folder.glob(f"*/plots/metrics/{name}.tsv"))
            for row in log.read_text(encoding="utf-8").splitlines()[1:]
        ]
        table = "\n".join([f"run\tstep\t{name}", *rows])
        write_text(folder / "curves" / f"{name}.tsv", f"{table}\n")
