"""Stage headline: the figures of the strategy under study, for `dvc metrics diff`."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import display_name
from ..common.text import write_json
from ..results.gains import gain_table, headline
from ..results.reading import read_json


def run() -> None:
    """Write metrics/<profile>/headline.json: a page of figures that a comparison needs.

    Its keys do not name the strategy, so that the diff of two commits that differ in `strategy`
    compares the two. A share of the teacher's lead is there where the teacher leads.
    """
    params = load()
    paths = Paths(params.profile)
    gains = read_json(paths.metrics("gain", f"{params.strategy}.json"))
    write_json(paths.headline, headline(gains))
    print(f"Headline: {display_name(params.strategy)}: {paths.headline}\n")
    print(gain_table(gains))
