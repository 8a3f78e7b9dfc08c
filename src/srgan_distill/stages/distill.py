"""Stage distill: a student taught by a trained teacher, by one strategy (equation 2)."""

from ..common.params import load
from ..common.paths import Paths
from ..common.runs import Run
from ..networks.weights import load_generator
from ..training.schedule import build_schedule
from ..training.setup import TrainingJob, train_generator


def run(name: str) -> None:
    """Distil by the strategy `name` (a key of `strategies`) from the pre-trained student.

    Where the profile starts from what ships: from the generator of that name, if there is one.
    """
    params = load()
    paths = Paths(params.profile)
    strategy = params.strategies[name]
    phases = params.distill.phases(strategy)
    from_teacher = strategy.discriminator_from == "teacher"
    start = paths.start(name) or paths.generator("pretrain_student")
    train_generator(
        TrainingJob(
            run=Run(name, "distill"),
            paths=paths,
            start=load_generator(start),
            schedule=build_schedule(phases, params.settings.distill, params.losses),
            budget=params.settings.distill,
            seed=params.seeds.student,
            hardware=params.hardware,
            content=params.content,
            teacher=strategy.teacher,
            discriminator=strategy.teacher if from_teacher else None,
        )
    )
