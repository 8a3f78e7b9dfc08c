"""Stage tables: the paper's Tables 1, 2 and 4 and Figure 2, our figures beside the paper's."""

import sys

import pandas as pd

from .errors import exit_code
from .images import write_png
from .layout import Layout
from .paper import model_names
from .params import load
from .quality.figure import figure2
from .quality.markdown import (
    intervals_markdown,
    table1_markdown,
    table2_markdown,
    table4_markdown,
)
from .quality.results import read_scores
from .quality.tables import NO_REFERENCE, TABLE2, intervals, table1, table2, table4


def run() -> None:
    """Write metrics/<profile>/tables/ (.md to read, .csv to compute with) and print the tables."""
    params = load()
    layout = Layout(params.profile)
    models = model_names(params.networks, params.train, params.strategies)
    scores = {model: read_scores(layout.scores(model)) for model in models}
    size = params.budget.tables.output_height, params.budget.tables.output_width
    tables = {
        "table1": table1(params.networks, *size),
        "table2": table2(scores),
        "table2_intervals": intervals(scores, TABLE2),
        "table4": table4(scores),
        "table4_intervals": intervals(scores, NO_REFERENCE, by_set=False),
    }
    texts = {
        "table1": table1_markdown(tables["table1"], *size),
        "table2": table2_markdown(tables["table2"]),
        "table2_intervals": intervals_markdown(
            tables["table2_intervals"], "Table 2 with 95 % intervals"
        ),
        "table4": table4_markdown(tables["table4"]),
        "table4_intervals": intervals_markdown(
            tables["table4_intervals"], "Table 4 with 95 % intervals"
        ),
    }
    figure = figure2(
        params.budget.tables.crops,
        model_names((), params.train, params.strategies),
        references=layout.references,
        results=lambda model: layout.folder("evaluate", model),
        key=f"profiles.{params.profile}.tables.crops",
    )

    folder = layout.metrics / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        tables[name].to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        print(text)
    images = pd.concat(scores, names=["model"]).reset_index("model")
    images.to_csv(folder / "scores.csv", index=False, float_format="%.6f")
    write_png(folder / "figure2.png", figure)
    print("written:", *sorted(folder.iterdir()), sep="\n  ")


if __name__ == "__main__":
    sys.exit(exit_code(run))
