"""Stage distill: a student taught by a trained teacher, by one strategy (equation 2)."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import Run
from ..networks.weights import load_generator
from ..training.setup import Training, train_generator


def run(name: str) -> None:
    """Distil by the strategy `name` (a key of `strategies`) from the pre-trained student."""
    params = load()
    paths = Paths(params.profile)
    strategy = params.strategies[name]
    train_generator(
        Training(
            run=Run(name, "distill"),
            paths=paths,
            start=load_generator(paths.generator("pretrain_student")),
            phases=params.distill.phases(strategy),
            budget=params.budget.distill,
            seed=params.seed,
            hardware=params.hardware,
            losses=params.losses,
            content=params.content,
            teacher=paths.generator(strategy.teacher),
        )
    )
