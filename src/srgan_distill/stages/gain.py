"""Stage gain: what one strategy brings over the same student without a teacher, as metrics."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import STUDENT, display_name
from ..common.text import write_json
from ..results.gains import gain_table, gains
from ..results.reading import read_scores


def run(name: str) -> None:
    """Write metrics/<profile>/gain/<strategy>.json: set -> figure -> value (see `gains`)."""
    params = load()
    paths = Paths(params.profile)
    teacher, baseline = params.strategies[name].teacher, params.strategies[name].baseline
    runs = name, baseline, teacher, STUDENT
    figures = gains(*(read_scores(paths.scores(run)) for run in runs))
    path = paths.metrics("gain", f"{name}.json")
    write_json(path, figures)
    print(f"{display_name(name)}, distilled from {display_name(teacher)}: {path}")
    print(f"Baseline, of the same phases without a teacher: {display_name(baseline)}\n")
    print(gain_table(figures))
