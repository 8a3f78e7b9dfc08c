"""Stage check: refuse wrong parameters before anything is deleted or trained.

The first stage depends on this one's output, whose content never changes, and all others descend
from that one: a change of params.yaml reruns the check, and only what else it touches.
"""

from pathlib import Path

from ..common.errors import UserError
from ..common.metrics import METRICS, WEIGHT_FILES
from ..common.params import FILE, check_choice, load
from ..common.paths import CHECKED
from ..common.text import write_text
from ..sources.data_sets import DATA_SETS


def run() -> None:
    """Check params.yaml whole, every profile of it."""
    params = load()
    weights = params.content.weights
    if weights and not Path(weights).is_file():
        raise UserError(f"{FILE}: content.weights = {weights!r}: there is no such file")
    for name, profile in params.profiles.items():
        for use, data_sets in profile.download:
            for data_set in data_sets:
                check_choice(f"profiles.{name}.download.{use}", data_set, DATA_SETS)
        for metric in profile.evaluate.metrics:
            check_choice(f"profiles.{name}.evaluate.metrics", metric, METRICS)
        for metric in profile.evaluate.weights:
            check_choice(f"profiles.{name}.evaluate.weights", metric, WEIGHT_FILES)
    write_text(CHECKED, "params.yaml holds what the pipeline understands\n")
