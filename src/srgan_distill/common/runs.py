"""Which runs there are: one row of the tables each, made by one stage of the pipeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["bicubic", "pretrain", "train", "distill"]

TRAINED: tuple[Stage, ...] = ("pretrain", "train", "distill")

BICUBIC = "bicubic"
STUDENT = "student"
"""The student trained without a teacher: what the paper compares every distilled one with."""

PAPER_NAMES = {
    "teacher_gan": "Teacher",
    STUDENT: "Student",
    "gan2gan": "GAN2GAN",
    "gan2g": "GAN2G",
    "gan2g_al": "GAN2G+AL",
    "g2g_al": "G2G+AL",
}
"""Our key of each method that the paper has a row for, and the paper's name of it."""

_OUR_NAMES = {
    BICUBIC: "Bicubic",
    "pretrain_teacher": "Teacher (pixel loss)",
    "pretrain_student": "Student (pixel loss)",
    "teacher_g": "Teacher (G only)",
    "student_g": "Student (G only)",
    "student_g_al": "Student (G only)+AL",
    "fakd_al": "FAKD+AL",
    "gan2g_features": "GAN2G (features)",
    "gan2gan_images": "GAN2GAN (images)",
}

# Names that mean something else where a run's name may stand: the HR image in opinion scores, the
# curves of all runs in data/<profile>/system.
RESERVED = {BICUBIC, "curves", "ground_truth"}

MODELS = {"teacher", "teacher_gan", "teacher_g", STUDENT}
"""Names by which the tables and the paper call models that are not distilled."""


@dataclass(frozen=True)
class Run:
    """One row of every table.

    Attributes:
        name: the key in params.yaml, and the name of the run's folders and files.
        stage: which stage trains it; `bicubic` is not trained.
    """

    name: str
    stage: Stage

    @property
    def title(self) -> str:
        """How it is called in tables and figures."""
        return display_name(self.name)

    @property
    def is_trained(self) -> bool:
        """Whether there is a generator, with curves of its training."""
        return self.stage in TRAINED

    @property
    def key(self) -> str:
        """`<stage>/<name>`, as the curves of all runs have it."""
        return f"{self.stage}/{self.name}"


def all_runs(pretrain: Iterable[str], train: Iterable[str], strategies: Iterable[str]) -> list[Run]:
    """All runs, in the order of the tables' rows, from three sections of params.yaml."""
    return [
        Run(BICUBIC, "bicubic"),
        *(Run(name, "pretrain") for name in pretrain),
        *(Run(name, "train") for name in train),
        *(Run(name, "distill") for name in strategies),
    ]


def names(runs: Iterable[Run], *stages: Stage) -> list[str]:
    """The names of `runs`, or of those of some stages."""
    return [run.name for run in runs if not stages or run.stage in stages]


def display_name(name: str) -> str:
    """How a run is called in tables and figures; a user's own shows under its key."""
    return PAPER_NAMES.get(name) or _OUR_NAMES.get(name, name)
