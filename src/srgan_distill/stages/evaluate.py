"""Stage evaluate: upscale the test sets with one model and score the results."""

from functools import partial

from ..common.metrics import parameter_files
from ..common.params import load
from ..common.paths import Paths
from ..common.runs import BICUBIC
from ..common.scale import SCALE
from ..imaging.pairs import pairs_of
from ..imaging.protocol import bicubic
from ..networks.inference import upscaler
from ..scoring.evaluation import evaluate


def run(name: str) -> None:
    """Evaluate the run `name`, whichever stage trained it, or `bicubic`."""
    params = load()
    paths = Paths(params.profile)
    metrics = params.budget.evaluate.metrics
    weights = {part: paths.weights / file for part, file in parameter_files(metrics).items()}
    pairs = {name: pairs_of(paths.test(name)) for name in params.budget.download.test}
    if name == BICUBIC:
        upscale = partial(bicubic, factor=SCALE)
    else:
        upscale = upscaler(paths.generator(name), params.hardware.device)
    evaluate(upscale, pairs, metrics, weights, paths.results(name))
