"""Stage train: the teachers, with and without a discriminator, and the undistilled students."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import Run
from ..networks.weights import load_generator
from ..training.schedule import build_schedule
from ..training.setup import TrainingJob, train_generator


def run(name: str) -> None:
    """Train the recipe `name` (a key of `train`) from its network's pre-trained weights.

    Where the profile starts from what ships: from the generator of that name, if there is one.
    """
    params = load()
    paths = Paths(params.profile)
    recipe = params.train[name]
    start = paths.start(name) or paths.generator(f"pretrain_{recipe.network}")
    train_generator(
        TrainingJob(
            run=Run(name, "train"),
            paths=paths,
            start=load_generator(start),
            schedule=build_schedule(recipe.phases, params.settings.train, params.losses),
            budget=params.settings.train,
            seed=params.seeds.of(recipe.network),
            hardware=params.hardware,
            content=params.content,
            keep_discriminator=recipe.network == "teacher",
        )
    )
