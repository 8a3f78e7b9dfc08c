"""Stage opinion: DMOS from the ratings that were handed in, and Table 3."""

from ..common.params import load
from ..common.paths import RATINGS, Paths
from ..common.runs import all_runs, names
from ..common.text import write_json, write_text
from ..imaging.images import list_images
from ..imaging.pairs import HR
from ..results.opinion.dmos import dmos_figures, opinions
from ..results.opinion.ratings import rating_files, read_ratings
from ..results.opinion.table3 import table3, table3_markdown


def run() -> None:
    """Write metrics/<profile>/opinion/: opinions.csv, dmos.json, table3.md and table3.csv."""
    params = load()
    paths = Paths(params.profile)
    models = names(all_runs(params.pretrain, params.train, params.strategies))
    images = {
        f"{test_set}/{image.stem}"
        for test_set in params.settings.download.test
        for image in list_images(paths.test(test_set) / HR)
    }
    files = rating_files(RATINGS, params.profile)
    ratings = read_ratings(files, models, images)
    given = opinions(ratings)
    table = table3(given, models)
    text = table3_markdown(table, ratings["rater"].nunique())
    folder = paths.metrics("opinion")
    write_text(folder / "opinions.csv", given.to_csv(index=False, float_format="%.6f"))
    write_text(folder / "table3.md", text)
    write_text(folder / "table3.csv", table.to_csv(index=False, float_format="%.6f"))
    write_json(folder / "dmos.json", dmos_figures(given, models))
    print(text)
    print("read:", *files or [f"no ratings in {RATINGS}"], sep="\n  ")
