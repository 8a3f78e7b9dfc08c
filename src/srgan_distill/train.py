"""Stage train: the teachers, with and without a discriminator, and the undistilled student."""

import sys

from .errors import exit_code
from .layout import Layout
from .networks.weights import load_generator
from .params import load
from .training.run import Run, train_generator


def run(name: str) -> None:
    """Train the recipe `name` (a key of `train`) from its network's pre-trained weights."""
    params = load()
    layout = Layout(params.profile)
    recipe = params.train[name]
    train_generator(
        Run(
            layout=layout,
            stage="train",
            name=name,
            generator=load_generator(layout.generator("pretrain", recipe.network)),
            network=params.networks[recipe.network],
            phases=recipe.phases,
            budget=params.budget.train,
            seed=params.seed,
            hardware=params.hardware,
            losses=params.losses,
            content=params.content,
        )
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(sys.argv[1])))
