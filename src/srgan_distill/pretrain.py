"""Stage pretrain: a network's start, trained on the pixel loss alone, as SRGAN's authors do."""

import sys

from .errors import exit_code
from .layout import Layout
from .networks.generator import build_generator
from .params import Phase, load
from .training.run import Run, train_generator


def run(name: str) -> None:
    """Train the network `name` (a key of `networks`) from random weights."""
    params = load()
    network = params.networks[name]
    train_generator(
        Run(
            layout=Layout(params.profile),
            stage="pretrain",
            name=name,
            generator=build_generator(network.filters, network.blocks, params.seed),
            network=network,
            phases=[Phase(terms=["pixel"])],
            budget=params.budget.pretrain[name],
            seed=params.seed,
            hardware=params.hardware,
        )
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(sys.argv[1])))
