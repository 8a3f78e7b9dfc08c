"""Stage pretrain: a network's start, trained on the pixel loss alone, as SRGAN's authors do."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import Run
from ..networks.generator import build_generator
from ..networks.weights import load_generator
from ..training.schedule import pretraining_schedule
from ..training.setup import TrainingJob, train_generator


def run(name: str) -> None:
    """Train `name` (a key of `pretrain`) from random weights, or go on from a shipped generator."""
    params = load()
    paths = Paths(params.profile)
    recipe = params.pretrain[name]
    network, budget = params.networks[recipe.network], params.settings.pretrain[recipe.network]
    if shipped := paths.start(name):
        start = load_generator(shipped)
    else:
        start = build_generator(
            network.filters, network.blocks, params.seeds.pretrain, network.checkerboard_free
        )
    train_generator(
        TrainingJob(
            run=Run(name, "pretrain"),
            paths=paths,
            start=start,
            schedule=pretraining_schedule(budget),
            budget=budget,
            seed=params.seeds.pretrain,
            hardware=params.hardware,
        )
    )
