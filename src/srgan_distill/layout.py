"""Where each stage writes: data/<profile>/<stage>/<name> and metrics/<profile>/."""

from dataclasses import dataclass
from pathlib import Path

# Files from the network, for all profiles: no output of a stage, for DVC deletes those.
ARCHIVES = Path("data/archives")


@dataclass(frozen=True)
class Layout:
    """The folders of one profile, relative to the repository's root."""

    profile: str

    @property
    def metrics(self) -> Path:
        """Small results, in git."""
        return Path("metrics") / self.profile

    def folder(self, stage: str, name: str = "") -> Path:
        """The artefacts of one run of a stage."""
        return Path("data") / self.profile / stage / name

    def images(self, data_set: str) -> Path:
        """The images of a data set, as published."""
        return self.folder("download", "images") / data_set

    @property
    def weights(self) -> Path:
        """The parameter files of the profile's metrics."""
        return self.folder("download", "weights")

    def generator(self, stage: str, name: str) -> Path:
        """The generator that a training stage ends with."""
        return self.folder(stage, name) / "generator.safetensors"

    def curves(self, stage: str, name: str) -> Path:
        """The training curves of one run: the same on every run of the same machine."""
        return self.folder(stage, name) / "curves"

    def system(self, stage: str, name: str) -> Path:
        """Speed and system load of one run: another on every run, so no output of the stage."""
        return Path("data") / self.profile / "system" / stage / name

    def checkpoint(self, stage: str, name: str) -> Path:
        """Where a killed run goes on: beside the stage's outputs, which DVC deletes first."""
        return Path("data") / self.profile / "checkpoints" / stage / f"{name}.pt"

    def references(self, test_set: str) -> Path:
        """The HR images of a test set, cut to multiples of the scale."""
        return self.folder("preprocess", "test") / test_set / "HR"

    def inputs(self, test_set: str) -> Path:
        """The LR images of a test set."""
        return self.folder("preprocess", "test") / test_set / "LR"

    def scores(self, model: str) -> Path:
        """Per-image scores of one model: set, image, one column per metric."""
        return self.folder("evaluate", model) / "scores.csv"

    def means(self, model: str) -> Path:
        """Mean scores of one model: set -> metric -> mean."""
        return self.metrics / f"{model}.json"

    def exported(self, strategy: str, model: str) -> Path:
        """An ONNX file of a strategy: student, student_int8 or its teacher."""
        return self.folder("export", strategy) / f"{model}.onnx"
