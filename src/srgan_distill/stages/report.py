"""Stage report: what a reviewer looks at, in one HTML page that opens anywhere, offline."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_text
from ..pages.report.report import report_page
from ..results.reading import read_all_scores, read_json


def run() -> None:
    """Write data/<profile>/report/report.html, in DVC's cache: it is too large for git."""
    params = load()
    paths = Paths(params.profile)
    runs = names(all_runs(params.pretrain, params.train, params.strategies))
    prune(paths, runs)
    scores = read_all_scores(runs, paths.scores)
    figures = read_json(paths.metrics("gain", f"{params.strategy}.json"))
    path = paths.data("report") / "report.html"
    write_text(path, report_page(params, scores, figures))
    print(f"report: {path} ({path.stat().st_size / 1e6:.1f} MB), for any browser, offline")
