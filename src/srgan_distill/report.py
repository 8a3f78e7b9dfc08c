"""Stage report: what a reviewer looks at, in one HTML page that opens anywhere, offline."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import UserError, exit_code
from .layout import Layout
from .page.chart import COLOURS
from .page.curves import Run, charts
from .page.document import html_page
from .page.machine import environment
from .page.pictures import QUALITY, compared, data_url
from .page.prose import markdown_html
from .page.summary import lineage, parameters_text, recipe, tiles
from .paper import display_name, model_names
from .params import load
from .quality.gains import gain_table
from .quality.results import read_scores

SECTIONS = {
    "Table 1": "tables/table1.md",
    "Efficiency": "efficiency.md",
    "Table 2": "tables/table2.md",
    "Intervals": "tables/table2_intervals.md",
    "Table 3": "opinion/table3.md",
    "Table 4": "tables/table4.md",
    "Claims": "claims/claims.md",
}
"""Markdown files in metrics/<profile>/ by their name in the page's menu, in the page's order.

What is added here is also one of stage report's deps in dvc.yaml.
"""


def run() -> None:
    """Write data/<profile>/report/report.html.

    It lies in data/, which DVC keeps: with its images it is too large for git.
    """
    params = load()
    layout = Layout(params.profile)
    profile = params.profiles[params.profile]
    strategy = params.strategies[params.strategy]
    models = model_names(params.networks, params.train, params.strategies)
    figures = json.loads(_read(layout.metrics / "headline.json"))
    pictures = compared(
        profile.download.test,
        profile.report.images_per_set,
        models,
        references=layout.references,
        results=lambda model: layout.folder("evaluate", model),
        scores={model: read_scores(layout.scores(model)) for model in models},
    )
    runs = {
        "Pre-training on the pixel loss": {"pretrain": params.networks},
        "Teachers and students (dashed: trained without a teacher)": {
            "train": params.train,
            "distill": params.strategies,
        },
    }
    parameters = {
        "seed": params.seed,
        "profile": params.profile,
        "strategy": params.strategy,
        "hardware": params.hardware,
        "scale": params.scale,
        "networks": params.networks,
        "losses": params.losses,
        "content": params.content,
        "train": params.train,
        "strategies": params.strategies,
        "distill": params.distill,
        "profiles": {params.profile: profile},
    }
    page = html_page(
        profile=params.profile,
        strategy=display_name(params.strategy),
        lineage=lineage(params.strategy, strategy.teacher),
        recipe=recipe(params.distill.phases(strategy)),
        tiles=tiles(figures),
        gain_table=markdown_html(gain_table(figures)),
        pictures=pictures,
        quality=QUALITY,
        first="bicubic",
        second=params.strategy,
        figure2=data_url("image/png", _read(layout.metrics / "tables/figure2.png")),
        sections=[
            {"title": title, "html": markdown_html(_read(layout.metrics / path).decode())}
            for title, path in SECTIONS.items()
        ],
        curves=[_group(layout, title, stages) for title, stages in runs.items()],
        colours=COLOURS,
        environment=environment(params.hardware),
        parameters=parameters_text(parameters),
    )
    path = layout.folder("report") / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8", newline="\n")
    print(f"report: {path} ({path.stat().st_size / 1e6:.1f} MB), for any browser, offline")


def _group(layout: Layout, title: str, stages: Mapping[str, Iterable[str]]) -> dict[str, object]:
    """The runs of some stages, which share their charts and a legend."""
    runs = [
        Run(
            key=f"{stage}/{name}",
            label=display_name(f"pretrain_{name}" if stage == "pretrain" else name),
            colour=index,
            dashed=stage == "train",
        )
        for index, (stage, name) in enumerate(
            (stage, name) for stage, names in stages.items() for name in names
        )
    ]
    folders = [layout.metrics / "curves" / stage for stage in stages]
    return {"title": title, "runs": runs, "charts": charts(folders, runs)}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run `dvc repro`, which writes it") from None


if __name__ == "__main__":
    sys.exit(exit_code(run))
