"""The parts of the report, put together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ...common.params import Params
from ...common.paths import Paths
from ...common.runs import BICUBIC, TRAINED, Run, all_runs, display_name, names
from ...results.gains import Figures, gain_table
from ...results.reading import required
from ..template import fill
from .chart import COLOURS
from .curves import charts, lines_of
from .machine import environment
from .pictures import MOST_SIDE, QUALITY, compared, data_url
from .prose import markdown_html
from .summary import cards, lineage, parameters_text, recipe

SECTIONS = {
    "Table 1": "tables/table1.md",
    "Efficiency": "efficiency/costs.md",
    "Table 2": "tables/table2.md",
    "Intervals": "tables/table2_intervals.md",
    "Table 3": "opinion/table3.md",
    "Table 4": "tables/table4.md",
    "Claims": "claims/claims.md",
}
"""Markdown files in metrics/<profile>/ by their name in the page's menu, in the page's order.

What is added here is also one of stage report's deps in dvc.yaml.
"""

CURVES = {
    "Pre-training on the pixel loss": TRAINED[:1],
    "Teachers and students (dashed: trained without a teacher)": TRAINED[1:],
}
"""Groups of runs that share charts and a legend, by their heading: the stages they come from."""


PRINTED = (
    "profile", "strategy", "seeds", "hardware", "scale", "networks", "losses", "content",
    "pretrain", "train", "strategies", "distill",
)  # fmt: skip
"""Sections of params.yaml that stand on the page, before the profile in use."""


def report_page(params: Params, scores: Mapping[str, pd.DataFrame], figures: Figures) -> str:
    """The whole page as HTML; the same arguments and files give the same text.

    Args:
        params: the whole of params.yaml; `strategy` is under study.
        scores: per-image scores by run.
        figures: the strategy's `gains`.

    Raises:
        UserError: a file that an earlier stage writes is missing.
    """
    paths, profile = Paths(params.profile), params.profiles[params.profile]
    runs = all_runs(params.pretrain, params.train, params.strategies)
    strategy = params.strategies[params.strategy]
    return fill(
        __package__,
        profile=params.profile,
        strategy=display_name(params.strategy),
        lineage=lineage(params.strategy, strategy.teacher),
        recipe=recipe(params.distill.phases(strategy), profile.distill.steps),
        from_shipped=profile.start_from == "shipped",
        without_start=", ".join(
            run.title for run in runs if run.is_trained and not paths.start(run.name)
        ),
        cards=cards(figures, scores[params.strategy], scores[strategy.baseline]),
        gain_table=markdown_html(gain_table(figures)),
        pictures=compared(
            profile.download.test, profile.report.images_per_set, names(runs),
            paths.test, paths.results, scores,
        ),
        quality=QUALITY,
        most_side=MOST_SIDE,
        first=BICUBIC,
        second=params.strategy,
        figure2=data_url("image/png", _read(paths.metrics("tables", "figure2.png"))),
        sections=[
            {"title": title, "html": markdown_html(_read(paths.metrics(file)).decode())}
            for title, file in SECTIONS.items()
        ],
        curves=[
            _group(paths, title, [run for run in runs if run.stage in stages])
            for title, stages in CURVES.items()
        ],
        colours=COLOURS,
        environment=environment(params.hardware),
        parameters=parameters_text(
            params.sections(*PRINTED) | {"profiles": {params.profile: profile}}
        ),
    )  # fmt: skip


def _group(paths: Paths, title: str, runs: Sequence[Run]) -> dict[str, object]:
    lines = lines_of(runs)
    stages = {run.stage for run in runs}
    folder = paths.metrics("curves", TRAINED[0] if stages == {TRAINED[0]} else "")
    drawn, without = charts(folder, lines)
    return {
        "title": title,
        "runs": [line for line in lines if line not in without],
        "without": ", ".join(line.label for line in without),
        "charts": drawn,
    }


def _read(path: Path) -> bytes:
    with required(path):
        return path.read_bytes()
