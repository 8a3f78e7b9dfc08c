"""Stage gain: what one strategy brings over the undistilled student, as metrics."""

from ..common.errors import UserError
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
    try:
        teacher = params.strategies[name].teacher
    except KeyError:
        raise UserError(f"params.yaml has no strategy {name!r}; add strategies.{name}") from None
    figures = gains(*(read_scores(paths.scores(run)) for run in (name, STUDENT, teacher)))
    path = paths.metrics("gain", f"{name}.json")
    write_json(path, figures)
    print(f"{display_name(name)}, distilled from {display_name(teacher)}: {path}\n")
    print(gain_table(figures))
