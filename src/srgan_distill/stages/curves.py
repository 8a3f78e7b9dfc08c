"""Stage curves: the training curves of all runs, a small file for each quantity, for git.

The training stages keep theirs in DVC's cache. Were they in git, DVC could not take a training that
it knows from its cache, and would run it again for every experiment and branch.
"""

from ..common.errors import UserError
from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import TRAINED, all_runs, names
from ..results.curves import collect, quantities


def run() -> None:
    """Write metrics/<profile>/curves/<quantity>.tsv: run, step, value; pretrain/ apart.

    Every quantity that dvc.yaml plots gets a file there. While something trains, it may be called
    by hand for what there is so far.
    """
    params = load()
    paths = Paths(params.profile)
    rows = all_runs(params.pretrain, params.train, params.strategies)
    prune(paths, names(rows))
    runs = [run for run in rows if run.is_trained]
    if not any(paths.curves(run.name).is_dir() for run in runs):
        raise UserError(f"no training curves in {paths.data('curves')}; run `dvc repro`")
    written = []
    for stages, folder, named in (
        (TRAINED[:1], TRAINED[0], ("pixel", "validation_psnr")),
        (TRAINED[1:], "", quantities()),
    ):
        own = {run.key: paths.curves(run.name) for run in runs if run.stage in stages}
        written += collect(own, paths.metrics("curves", folder), named)
    print("curves:", *written, sep="\n  ")
