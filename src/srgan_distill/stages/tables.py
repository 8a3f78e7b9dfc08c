"""Stage tables: the paper's Tables 1, 2 and 4 and Figure 2, our figures beside the paper's."""

from ..common.params import load
from ..common.paths import Paths, prune
from ..common.runs import all_runs, names
from ..common.text import write_json, write_text
from ..imaging.images import write_png
from ..results.documents import all_tables, write_csv
from ..results.figure import figure2
from ..results.reading import joined, read_all_scores, read_json, set_means


def run() -> None:
    """Write metrics/<profile>/tables/ (.md to read, .csv to compute with) and print the tables."""
    params = load()
    paths = Paths(params.profile)
    settings, strategies = params.settings.tables, params.strategies
    runs = all_runs(params.pretrain, params.train, strategies)
    prune(paths, names(runs))
    scores = read_all_scores(names(runs), paths.scores)
    models = {name: read_json(paths.model_figures(name)) for name in names(runs)}
    baselines = {name: strategy.baseline for name, strategy in strategies.items()}
    size = settings.output_height, settings.output_width
    folder = paths.metrics("tables")
    tables = all_tables(params.networks, size, scores, baselines, models)
    for name, (table, text) in tables.items():
        write_text(folder / f"{name}.md", text)
        write_csv(folder / f"{name}.csv", table)
        print(text)
    write_csv(folder / "scores.csv", joined(scores))
    write_json(folder / "means.json", set_means(scores, models))
    exported = {name: read_json(paths.export_figures(name)) for name in strategies}
    write_json(folder / "export.json", exported)
    key = f"profiles.{params.profile}.tables.crops"
    figure = figure2(settings.crops, names(runs), paths.test, paths.results, key)
    write_png(folder / "figure2.png", figure)
    print("written:", *sorted(folder.iterdir()), sep="\n  ")
