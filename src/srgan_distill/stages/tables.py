"""Stage tables: the paper's Tables 1, 2 and 4 and Figure 2, our figures beside the paper's."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_json, write_text
from ..imaging.images import write_png
from ..results.documents import all_tables
from ..results.figure import figure2
from ..results.reading import joined, read_all_scores, read_json, set_means


def run() -> None:
    """Write metrics/<profile>/tables/ (.md to read, .csv to compute with) and print the tables."""
    params = load()
    paths = Paths(params.profile)
    runs = all_runs(params.pretrain, params.train, params.strategies)
    prune(paths, names(runs))
    scores = read_all_scores(names(runs), paths.scores)
    size = params.budget.tables.output_height, params.budget.tables.output_width
    folder = paths.metrics("tables")
    tables = all_tables(params.networks, *size, scores)
    for name, (_, text) in tables.items():
        write_text(folder / f"{name}.md", text)
        print(text)
    csv = {name: table for name, (table, _) in tables.items()} | {"scores": joined(scores)}
    for name, table in csv.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False, float_format="%.6f"))
    write_json(folder / "means.json", set_means(scores))
    exported = {name: read_json(paths.export_figures(name)) for name in params.strategies}
    write_json(folder / "export.json", exported)
    figure = figure2(
        params.budget.tables.crops,
        names(runs, "train", "distill"),
        paths.test,
        paths.results,
        key=f"profiles.{params.profile}.tables.crops",
    )
    write_png(folder / "figure2.png", figure)
    print("written:", *sorted(folder.iterdir()), sep="\n  ")
