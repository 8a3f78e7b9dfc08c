"""Stage report: what a reviewer looks at, in one HTML page that opens anywhere, offline."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_text
from ..pages.report.report import report_page
from ..results.reading import read_all_scores, read_json

SHOWN = (
    "profile", "strategy", "seeds", "hardware", "scale", "networks", "losses", "content",
    "pretrain", "train", "strategies", "distill",
)  # fmt: skip


def run() -> None:
    """Write data/<profile>/report/report.html, in DVC's cache: it is too large for git."""
    params = load()
    paths = Paths(params.profile)
    strategy, profile = params.strategies[params.strategy], params.profiles[params.profile]
    runs = all_runs(params.pretrain, params.train, params.strategies)
    prune(paths, names(runs))
    page = report_page(
        paths,
        runs,
        params.strategy,
        strategy.teacher,
        strategy.baseline,
        params.distill.phases(strategy),
        read_all_scores(names(runs), paths.scores),
        read_json(paths.metrics("gain", f"{params.strategy}.json")),
        profile,
        params.hardware,
        params.sections(*SHOWN) | {"profiles": {params.profile: profile}},
    )
    path = paths.data("report") / "report.html"
    write_text(path, page)
    print(f"report: {path} ({path.stat().st_size / 1e6:.1f} MB), for any browser, offline")
