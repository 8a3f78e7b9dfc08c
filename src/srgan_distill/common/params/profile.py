"""The sections of a profile: data and budgets of every stage, and nothing of the method."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from .data_sets import DownloadSettings
from .fields import Count, MultipleOfScale, Positive, Section, Size


class PreprocessSettings(Section):
    """How training photographs are cut: square HR tiles of `tile` px, every `stride` px.

    Of an image that has more, `most_per_image` evenly chosen ones are kept. An image that cannot
    be used, of whatever set, stops the stage or is named and skipped.
    """

    tile: MultipleOfScale
    stride: MultipleOfScale
    most_per_image: Count
    workers: Count
    on_bad_image: Literal["stop", "skip"]


class BatchBudget(Section):
    """The crops of every step: `batch` of `crop` x `crop` HR px, and the learning rate.

    The learning rate falls from `lr` to `lr_end` along a half cosine in each phase. With
    `permute_channels`, each crop's red, green and blue change places at random. Losses are logged
    as means over `log_every` steps.
    """

    batch: Count
    crop: Count
    lr: Positive
    lr_end: Positive
    permute_channels: bool
    log_every: Count
    validate_every: Count

    @field_validator("crop")
    @classmethod
    def _halved_four_times(cls, crop: int) -> int:
        if crop % 16:
            raise ValueError("must be a multiple of 16: the discriminator halves it four times")
        return crop

    @model_validator(mode="after")
    def _validates_when_it_logs(self) -> Self:
        if self.validate_every % self.log_every:
            raise ValueError(
                f"validates every {self.validate_every} steps but logs every {self.log_every}; "
                "make validate_every a multiple of log_every"
            )
        return self


class PretrainBudget(BatchBudget):
    """How long a network trains on the pixel loss."""

    steps: Count


class PhaseSteps(Section):
    """Steps of the generator in a phase, without the adversarial term and with it."""

    content: Count
    adversarial: Count


class Budget(BatchBudget):
    """How long every phase of stage train or distill is.

    At the start of an adversarial phase the discriminator learns alone for `discriminator_first`
    steps, in addition to `steps`. The generator's rate rises linearly over `warm_up` steps.
    What is validated, saved and scored is an exponential moving average of the generator's
    weights with the decay `ema`; 0: the weights themselves. With `keep_statistics` the generator's
    BatchNorm uses the means and variances of its pre-training, in training too.
    """

    steps: PhaseSteps
    discriminator_first: Annotated[int, Field(ge=0)]
    warm_up: Annotated[int, Field(ge=0)]
    ema: Annotated[float, Field(ge=0, lt=1)]
    keep_statistics: bool

    @model_validator(mode="after")
    def _something_to_normalise(self) -> Self:
        if (self.batch, self.crop) == (1, 16):
            raise ValueError(
                "batch 1 of crop 16 leaves the discriminator's last BatchNorm one value; make "
                "either larger"
            )
        return self


class PretrainSettings(Section):
    """The budgets of the pixel-loss start of each network."""

    teacher: PretrainBudget
    student: PretrainBudget

    def __getitem__(self, network: str) -> PretrainBudget:
        return getattr(self, network)


class EvaluateSettings(Section):
    """Metric names (see `srgan_distill.common.metrics`) and local parameter files by metric."""

    metrics: Annotated[list[str], Field(min_length=1)]
    weights: dict[str, str]


class Crop(Section):
    """A square of a test image shown in Figure 2: `size` HR px from (`top`, `left`)."""

    set: str
    image: str
    top: Annotated[int, Field(ge=0)]
    left: Annotated[int, Field(ge=0)]
    size: Count


class TablesSettings(Section):
    """The size the multiply-adds of Table 1 are counted for, and the crops of Figure 2."""

    output_width: MultipleOfScale
    output_height: MultipleOfScale
    crops: Annotated[list[Crop], Field(min_length=1)]


class EfficiencySettings(Section):
    """What is timed: `repeats` runs, after one more, on LR images of [height, width] px each."""

    inputs: Annotated[list[Size], Field(min_length=1)]
    repeats: Count


class ReportSettings(Section):
    """How many images of each test set, the first by name, the report embeds: its size."""

    images_per_set: Count


class Profile(Section):
    """How much is done with what data, and nothing of the method. One section per stage.

    `start_from`: every run goes on from the generator of its name that ships with the package, if
    there is one; from `scratch`, pre-training starts from random weights and the rest from it.
    """

    start_from: Literal["scratch", "shipped"]
    download: DownloadSettings
    preprocess: PreprocessSettings
    pretrain: PretrainSettings
    train: Budget
    distill: Budget
    evaluate: EvaluateSettings
    tables: TablesSettings
    efficiency: EfficiencySettings
    report: ReportSettings

    @model_validator(mode="after")
    def _crops_fit_tiles(self) -> Self:
        for stage, budget in self.budgets().items():
            if budget.crop > self.preprocess.tile:
                raise ValueError(
                    f"{stage}.crop = {budget.crop} is larger than preprocess.tile = "
                    f"{self.preprocess.tile}; crops are taken from tiles"
                )
        return self

    def budgets(self) -> dict[str, BatchBudget]:
        """Every training budget by its key in the profile."""
        return {
            "pretrain.teacher": self.pretrain.teacher,
            "pretrain.student": self.pretrain.student,
            "train": self.train,
            "distill": self.distill,
        }
