"""Stage gain: what one strategy brings over the undistilled student, as metrics."""

import json
import sys

from .errors import UserError, exit_code
from .layout import Layout
from .paper import display_name
from .params import load
from .quality.gains import gain_table, gains
from .quality.results import read_scores


def run(strategy: str) -> None:
    """Write metrics/<profile>/gain/<strategy>.json: set -> figure -> value (see `gains`)."""
    params = load()
    layout = Layout(params.profile)
    try:
        teacher = params.strategies[strategy].teacher
    except KeyError:
        raise UserError(
            f"params.yaml has no strategy {strategy!r}; add strategies.{strategy}"
        ) from None
    figures = gains(
        *(read_scores(layout.scores(model)) for model in (strategy, "student", teacher))
    )
    path = layout.metrics / "gain" / f"{strategy}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n")
    print(f"{display_name(strategy)}, distilled from {display_name(teacher)}: {path}\n")
    print(gain_table(figures))


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(sys.argv[1])))
