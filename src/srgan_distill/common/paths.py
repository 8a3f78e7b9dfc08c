"""Where everything lies: data/<profile>/<stage>/<name> and metrics/<profile>/<stage>/."""

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError

# Files from the network, for all profiles: no output of a stage, for DVC deletes those.
ARCHIVES = Path("data/archives")
RATINGS = Path("data/ratings")
CHECKED = Path("data/params_ok.txt")
TAKEN = {ARCHIVES.name, RATINGS.name}
"""Folders of data/ that are of no profile."""


def expanded(path: Path | str) -> Path:
    """A user's path with ~ and ~name replaced.

    Raises:
        UserError: there is no such user on this machine.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(f"{path}: no such user is known here; name the folder in full") from None


def in_repository(path: Path | str) -> Path:
    """A user's path, as it is from the repository that they work in.

    DVC's queue and `dvc exp run --temp` run stages in a copy, below .dvc/tmp of the repository
    that DVC_ROOT names. What git and DVC do not track is not in there.
    """
    root = Path(os.environ.get("DVC_ROOT", "."))
    copied = root.resolve() / ".dvc" / "tmp" in Path.cwd().parents
    return (root if copied else Path()) / expanded(path)


@dataclass(frozen=True)
class Paths:
    """The folders of one profile, relative to the repository's root."""

    profile: str

    def data(self, stage: str, name: str = "") -> Path:
        """A folder or a file of data/, which git ignores: what a stage keeps there."""
        return Path("data") / self.profile / stage / name

    def metrics(self, stage: str, name: str = "") -> Path:
        """A stage's small results, in git."""
        return Path("metrics") / self.profile / stage / name

    @property
    def headline(self) -> Path:
        """The figures of the strategy under study, for `dvc metrics diff`."""
        return self.metrics("headline.json")

    def images(self, data_set: str) -> Path:
        """The images of a data set, as published."""
        return self.data("download", "images") / data_set

    @property
    def weights(self) -> Path:
        """Parameter files of the profile's metrics."""
        return self.data("download", "weights")

    @property
    def content_weights(self) -> Path:
        """Weights of the content network, where they do not ship with the package.

        A folder of its own, so that another metric's file leaves all trainings as they are.
        """
        return self.data("download", "content")

    @property
    def starts(self) -> Path:
        """The generators that training starts from, where they are not made here."""
        return self.data("download", "generators")

    def start(self, run: str) -> Path | None:
        """The generator of `starts` that a run goes on from, if there is one of its name."""
        path = self.starts / f"{run}.safetensors"
        return path if path.is_file() else None

    @property
    def tiles(self) -> Path:
        """The training tiles: hr.npy and lr.npy."""
        return self.data("preprocess", "train")

    @property
    def validation(self) -> Path:
        """Pairs that training is validated on: HR/ and LR/."""
        return self.data("preprocess", "validation")

    def test(self, data_set: str) -> Path:
        """Pairs of a test set: HR/, cut to multiples of the scale, and LR/."""
        return self.data("preprocess", "test") / data_set

    def generator(self, run: str) -> Path:
        """The generator that a run ended with, whichever stage trained it."""
        return self.data("models", run) / "generator.safetensors"

    def discriminator(self, run: str) -> Path:
        """The discriminator that a run of stage train ended with."""
        return self.data("models", run) / "discriminator.safetensors"

    def curves(self, run: str) -> Path:
        """The training curves of one run: the same on every run of the same machine.

        Not beside its networks, whose readers need not run again for another logging interval.
        """
        return self.data("curves", run)

    def system(self, run: str) -> Path:
        """Speed and system load of one run: another on every run, so no output of its stage."""
        return self.data("system", run)

    def checkpoint(self, run: str) -> Path:
        """Where a killed run goes on: beside the stage's outputs, which DVC deletes first."""
        return self.data("checkpoints") / f"{run}.pt"

    def results(self, run: str) -> Path:
        """What one run makes of the test sets: a folder of PNGs each, and scores.csv."""
        return self.data("evaluate", run)

    def scores(self, run: str) -> Path:
        """Per-image scores of one run: set, image, one column per metric."""
        return self.results(run) / "scores.csv"

    def model_figures(self, run: str) -> Path:
        """What is measured of a run's generator itself: its parameters and its grid."""
        return self.results(run) / "model.json"

    def exported(self, strategy: str, network: str) -> Path:
        """An ONNX file of a strategy: student, student_int8 or its teacher."""
        return self.data("export", strategy) / f"{network}.onnx"

    def export_figures(self, strategy: str) -> Path:
        """How far an exported student is from the network it was made of."""
        return self.data("export", strategy) / "figures.json"

    @property
    def origins(self) -> Path:
        """The user's own file of each copied image: another on every machine, so no output."""
        return self.data("origins.json")


_BY_RUN = ("models", "curves", "evaluate", "export")
"""Folders of data/<profile>/ that hold one folder a run."""


def prune(paths: Paths, runs: Collection[str], in_use: bool = True) -> None:
    """Remove what other runs than `runs` left in the folders that stages depend on as a whole.

    Else a strategy that params.yaml no longer has would count in dvc.lock, which then differs from
    that of a clean clone. DVC's cache keeps what it has of them. Prints a line for each.

    Args:
        in_use: whether the profile is; gains of another are its record, which no run brings back.
    """
    found = [path for stage in _BY_RUN for path in paths.data(stage).glob("[!.]*")]
    found += paths.metrics("gain").glob("*.json") if in_use else ()
    for path in sorted(found):
        if path.stem in runs:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
        print(f"removed {path}: params.yaml names no run {path.stem}")
