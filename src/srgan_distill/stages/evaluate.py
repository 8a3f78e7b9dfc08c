"""Stage evaluate: upscale the test sets with one model, score the results, measure its grid."""

from functools import partial

from ..common.metrics import parameter_files
from ..common.params import load
from ..common.paths import Paths
from ..common.runs import BICUBIC
from ..common.scale import SCALE
from ..common.text import write_json
from ..imaging.pairs import pairs_of
from ..imaging.protocol import bicubic
from ..networks.cost import parameter_count
from ..networks.grid import grid
from ..networks.inference import upscaler
from ..networks.weights import load_generator
from ..scoring.evaluation import evaluate


def run(name: str) -> None:
    """Evaluate the run `name`, whichever stage trained it, or `bicubic`."""
    params = load()
    paths = Paths(params.profile)
    metrics = params.settings.evaluate.metrics
    weights = {part: paths.weights / file for part, file in parameter_files(metrics).items()}
    pairs = {name: pairs_of(paths.test(name)) for name in params.settings.download.test}
    if name == BICUBIC:
        upscale = partial(bicubic, factor=SCALE)
        figures = {"parameters": 0, "grid": 0.0}  # of a constant it makes the same constant
    else:
        generator = load_generator(paths.generator(name))
        figures = {"parameters": parameter_count(generator), "grid": round(grid(generator), 4)}
        upscale = upscaler(generator, params.hardware.device)
    evaluate(upscale, pairs, metrics, weights, paths.results(name))
    write_json(paths.model_figures(name), figures)
