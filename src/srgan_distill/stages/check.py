"""Stage check: refuse wrong parameters before anything is deleted or trained.

The first stage depends on this one's output, whose content never changes, and all others descend
from that one: a change of params.yaml reruns the check, and only what else it touches.
"""

from ..common.errors import UserError
from ..common.metrics import METRICS, WEIGHT_FILES
from ..common.params import FILE, check_choice, load
from ..common.paths import CHECKED, Paths, in_repository, prune
from ..common.runs import all_runs, names
from ..common.text import write_text
from ..sources.checking import check_crops, check_folders, check_sets, check_start


def run() -> None:
    """Check params.yaml whole, every profile of it; remove what it no longer names."""
    params = load()
    check_folders(params.settings.download)
    start_from = f"profiles.{params.profile}.start_from"
    check_start(params.network_of, params.settings.start_from, start_from)
    weights = {"content.weights": params.content.weights}
    for name, profile in params.profiles.items():
        key, here = f"profiles.{name}", name == params.profile
        check_sets(f"{key}.download", profile.download)
        check_crops(f"{key}.tables.crops", profile.tables.crops, profile.download, here)
        for metric in profile.evaluate.metrics:
            check_choice(f"{key}.evaluate.metrics", metric, METRICS)
        for metric, file in profile.evaluate.weights.items():
            check_choice(f"{key}.evaluate.weights", metric, WEIGHT_FILES)
            weights |= {f"{key}.evaluate.weights.{metric}": file} if here else {}
    for key, file in weights.items():
        if file and not in_repository(file).is_file():
            raise UserError(f"{FILE}: {key} = {file!r}: there is no such file")
    runs = names(all_runs(params.pretrain, params.train, params.strategies))
    for name in params.profiles:
        prune(Paths(name), runs, in_use=name == params.profile)
    write_text(CHECKED, "params.yaml holds what the pipeline understands\n")
