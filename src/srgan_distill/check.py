"""Stage check: refuse wrong parameters before anything is deleted or trained.

Every stage depends on this one's output, whose content never changes: a change of params.yaml
reruns the check, and only what else it touches.
"""

import sys
from pathlib import Path

from .errors import UserError, exit_code
from .params import FILE, check_choice, load
from .quality.metrics import METRICS, WEIGHT_FILES
from .sources import DATA_SETS

OUTPUT = Path("data/params_ok.txt")


def run() -> None:
    """Check params.yaml whole, every profile of it."""
    params = load()
    weights = params.content.weights
    if params.content.network == "vgg19" and weights and not Path(weights).is_file():
        raise UserError(f"{FILE}: content.weights = {weights!r}: there is no such file")
    for name, profile in params.profiles.items():
        for use, data_sets in profile.download:
            for data_set in data_sets:
                check_choice(f"profiles.{name}.download.{use}", data_set, DATA_SETS)
        for metric in profile.evaluate.metrics:
            check_choice(f"profiles.{name}.evaluate.metrics", metric, METRICS)
        for metric in profile.evaluate.weights:
            check_choice(f"profiles.{name}.evaluate.weights", metric, WEIGHT_FILES)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text("params.yaml holds what the pipeline understands\n")


if __name__ == "__main__":
    sys.exit(exit_code(run))
