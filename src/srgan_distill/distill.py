"""Stage distill: a student taught by a trained teacher, by one strategy (equation 2)."""

import sys

from .errors import exit_code
from .layout import Layout
from .networks.weights import load_generator
from .params import load
from .training.run import Run, train_generator


def run(name: str) -> None:
    """Distil by the strategy `name` (a key of `strategies`) from the pre-trained student."""
    params = load()
    layout = Layout(params.profile)
    strategy = params.strategies[name]
    train_generator(
        Run(
            layout=layout,
            stage="distill",
            name=name,
            generator=load_generator(layout.generator("pretrain", "student")),
            network=params.networks["student"],
            phases=params.distill.phases(strategy),
            budget=params.budget.distill,
            seed=params.seed,
            hardware=params.hardware,
            losses=params.losses,
            content=params.content,
            teacher=layout.generator("train", strategy.teacher),
        )
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(sys.argv[1])))
