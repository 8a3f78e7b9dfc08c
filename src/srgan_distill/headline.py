"""Stage headline: the figures of the strategy under study, for `dvc metrics diff`."""

import json
import sys

from .errors import exit_code
from .layout import Layout
from .paper import display_name
from .params import load
from .quality.gains import gain_table


def run() -> None:
    """Copy the strategy's gain to metrics/<profile>/headline.json.

    The file has the same keys whatever the strategy, so that the diff of two commits that differ
    in `strategy` compares the two.
    """
    params = load()
    layout = Layout(params.profile)
    figures = (layout.metrics / "gain" / f"{params.strategy}.json").read_text()
    path = layout.metrics / "headline.json"
    path.write_text(figures)
    print(f"Headline: {display_name(params.strategy)}: {path}\n")
    print(gain_table(json.loads(figures)))


if __name__ == "__main__":
    sys.exit(exit_code(run))
