"""Stage curves: the training curves of all runs, a small file for each quantity, for git.

The training stages keep theirs in DVC's cache. Were they in git, DVC could not take a training that
it knows from its cache, and would run it again for every experiment and branch.
"""

from ..common.errors import UserError
from ..common.params import load
from ..common.paths import Paths
from ..common.runs import TRAINED, all_runs
from ..results.curves import collect


def run() -> None:
    """Write metrics/<profile>/curves/<quantity>.tsv: run, step, value; pretrain/ apart.

    Speed and system load, which another run would measure differently, go into
    data/<profile>/system/curves/. While something trains, it may be called by hand for what there
    is so far.
    """
    params = load()
    paths = Paths(params.profile)
    runs = [r for r in all_runs(params.pretrain, params.train, params.strategies) if r.is_trained]
    written = []
    for own, folder in (
        ([run for run in runs if run.stage == TRAINED[0]], paths.metrics("curves", TRAINED[0])),
        ([run for run in runs if run.stage != TRAINED[0]], paths.metrics("curves")),
    ):
        written += collect({run.key: paths.curves(run.name) for run in own}, folder)
    collect({run.key: paths.system(run.name) for run in runs}, paths.data("system", "curves"))
    if not written:
        raise UserError(f"no training curves in {paths.data('models')}; run `dvc repro`")
    print("curves:", *written, sep="\n  ")
