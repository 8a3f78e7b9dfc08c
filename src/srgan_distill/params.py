"""params.yaml as a typed model: what may stand in it, and one clear line for what may not."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import UserError

FILE = Path("params.yaml")

Term = Literal["pixel", "content", "distillation", "feature_distillation", "adversarial"]
TEACHER_TERMS = {"distillation", "feature_distillation"}

# Files in metrics/<profile>/, and the HR image in opinion scores: no model may be named like these.
RESERVED = {"bicubic", "dmos", "efficiency", "ground_truth", "headline", "times"}

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(ge=1)]
MultipleOfScale = Annotated[int, Field(ge=4, multiple_of=4)]
Size = Annotated[list[Count], Field(min_length=2, max_length=2)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A mapping of params.yaml that refuses unknown keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Network(Section):
    """A generator of Table 1."""

    filters: Count
    blocks: Count


class Losses(Section):
    """The weight of each loss term (equations 1 and 2)."""

    pixel: Weight
    content: Weight
    distillation: Weight
    feature_distillation: Weight
    adversarial: Weight


class Content(Section):
    """The network whose features the content loss compares."""

    network: Literal["vgg19", "vgg19_random", "efficientnet_lite0"]
    weights: str | None


class Phase(Section):
    """A part of a stage's steps in which one sum of terms is minimised."""

    terms: Annotated[list[Term], Field(min_length=1)]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0

    @field_validator("terms")
    @classmethod
    def _no_term_twice(cls, terms: list[Term]) -> list[Term]:
        if len(set(terms)) != len(terms):
            raise ValueError("names a term twice; name each term once")
        return terms


def _check_shares(phases: list[Phase]) -> list[Phase]:
    total = sum(phase.share for phase in phases)
    if abs(total - 1) > 1e-6:
        raise ValueError(f"has shares that add up to {total:g}; they must add up to 1")
    return phases


Phases = Annotated[list[Phase], Field(min_length=1)]


class Recipe(Section):
    """How a network is trained without a teacher."""

    network: Literal["teacher", "student"]
    phases: Phases

    @field_validator("phases")
    @classmethod
    def _phases(cls, phases: list[Phase]) -> list[Phase]:
        for phase in phases:
            if taught := TEACHER_TERMS & set(phase.terms):
                raise ValueError(
                    f"uses {' and '.join(sorted(taught))}, which need a teacher; "
                    "use pixel, content or adversarial here, or make it a strategy"
                )
        return _check_shares(phases)


class Strategy(Section):
    """How a teacher is distilled into the student."""

    teacher: Name
    phases: Phases

    @field_validator("phases")
    @classmethod
    def _phases(cls, phases: list[Phase]) -> list[Phase]:
        return _check_shares(phases)


class Distill(Section):
    """What holds for every strategy."""

    keep_teacher_terms: bool

    def phases(self, strategy: Strategy) -> list[Phase]:
        """The strategy's phases; with `keep_teacher_terms`, each keeps the first one's.

        The paper drops the teacher in phase 2; the authors' public code keeps it.
        """
        first = strategy.phases[0]
        kept = [term for term in first.terms if term in TEACHER_TERMS]
        if not self.keep_teacher_terms or not kept:
            return strategy.phases
        return [
            phase.model_copy(update={"terms": list(dict.fromkeys([*phase.terms, *kept]))})
            for phase in strategy.phases
        ]


class Export(Section):
    """How the student becomes INT8 (see `srgan_distill.deploy.quantise`).

    Of `calibration_tiles` training tiles, a half calibrates and a half judges. `percentile` of a
    layer's values are within its INT8 range. Layers stay in float until the loss of PSNR on the
    judging tiles is at most `most_psnr_loss` dB.
    """

    calibration_tiles: Annotated[int, Field(ge=2)]
    percentile: Annotated[float, Field(gt=50, le=100)]
    most_psnr_loss: Positive


class DownloadScale(Section):
    """Names of the data sets to fetch (see `srgan_distill.sources`)."""

    train: Annotated[list[str], Field(min_length=1)]
    validation: Annotated[list[str], Field(min_length=1)]
    test: Annotated[list[str], Field(min_length=1)]


class PreprocessScale(Section):
    """How training photographs are cut: square HR tiles of `tile` px, every `stride` px.

    Of an image that has more, `most_per_image` evenly chosen ones are kept. An image that cannot
    be used, of whatever set, stops the stage or is named and skipped.
    """

    tile: MultipleOfScale
    stride: MultipleOfScale
    most_per_image: Count
    workers: Count
    on_bad_image: Literal["stop", "skip"]


class Hardware(Section):
    """What the networks run on, and by which means; all but `device` concern training alone.

    What each brings is in benchmarks/README.md. `devices` are GPUs (or, on a CPU, processes) of
    each of `num_nodes` machines; every batch is divided among them.
    """

    device: Literal["auto", "cpu", "cuda"]
    devices: Count
    num_nodes: Count
    precision: Literal["auto", "float32", "bfloat16"]
    channels_last: bool
    fused_adam: bool
    compile: bool
    tiles: Literal["auto", "device", "host"]
    checkpoint_seconds: Annotated[float, Field(ge=0)]


class Budget(Section):
    """How long a network trains: steps of `batch` HR crops of `crop` x `crop` px.

    The learning rate falls from `lr` to `lr_end` along a half cosine in each phase. With
    `permute_channels`, each crop's red, green and blue change places at random.
    """

    steps: Count
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


class PretrainScale(Section):
    """The budgets of the pixel-loss start of each network."""

    teacher: Budget
    student: Budget

    def __getitem__(self, network: str) -> Budget:
        return getattr(self, network)


class EvaluateScale(Section):
    """Metric names (see `srgan_distill.quality.metrics`) and local parameter files by metric."""

    metrics: Annotated[list[str], Field(min_length=1)]
    weights: dict[str, str]


class Crop(Section):
    """A square of a test image shown in Figure 2: `size` HR px from (`top`, `left`)."""

    set: str
    image: str
    top: Annotated[int, Field(ge=0)]
    left: Annotated[int, Field(ge=0)]
    size: Count


class TablesScale(Section):
    """The size the multiply-adds of Table 1 are counted for, and the crops of Figure 2."""

    output_width: MultipleOfScale
    output_height: MultipleOfScale
    crops: Annotated[list[Crop], Field(min_length=1)]


class EfficiencyScale(Section):
    """What is timed: `repeats` runs, after one more, on LR images of [height, width] px each."""

    inputs: Annotated[list[Size], Field(min_length=1)]
    repeats: Count


class ReportScale(Section):
    """How many images of each test set, the first by name, the report embeds: its size."""

    images_per_set: Count


class Profile(Section):
    """A budget: everything that is scale, nothing that is method. One section per stage."""

    download: DownloadScale
    preprocess: PreprocessScale
    pretrain: PretrainScale
    train: Budget
    distill: Budget
    evaluate: EvaluateScale
    tables: TablesScale
    efficiency: EfficiencyScale
    report: ReportScale

    @model_validator(mode="after")
    def _crops_fit_tiles(self) -> Self:
        for stage, budget in self.budgets().items():
            if budget.crop > self.preprocess.tile:
                raise ValueError(
                    f"{stage}.crop = {budget.crop} is larger than preprocess.tile = "
                    f"{self.preprocess.tile}; crops are taken from tiles"
                )
        return self

    def budgets(self) -> dict[str, Budget]:
        """Every training budget by its key in the profile."""
        return {
            "pretrain.teacher": self.pretrain.teacher,
            "pretrain.student": self.pretrain.student,
            "train": self.train,
            "distill": self.distill,
        }


class Params(Section):
    """The whole of params.yaml."""

    seed: Annotated[int, Field(ge=0, lt=2**31)]
    profile: str
    strategy: str
    mirror: str | None
    hardware: Hardware
    scale: Literal[4]
    networks: dict[Literal["teacher", "student"], Network]
    losses: Losses
    content: Content
    train: dict[Name, Recipe]
    distill: Distill
    strategies: dict[Name, Strategy]
    export: Export
    profiles: dict[str, Profile]

    @property
    def budget(self) -> Profile:
        """The profile in use."""
        return self.profiles[self.profile]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        _one_of("profile", self.profile, self.profiles)
        _one_of("strategy", self.strategy, self.strategies)
        for network in ("teacher", "student"):
            _require("networks", network, self.networks)
        _require("train", "student", self.train)
        for name in (*self.train, *self.strategies):
            if name in RESERVED or name.startswith("pretrain_"):
                raise ValueError(f"the name {name!r} is taken by a row or file of the pipeline")
        for name, strategy in self.strategies.items():
            if name in self.train:
                raise ValueError(
                    f"strategies.{name}: the name stands in `train` too; choose another"
                )
            _one_of(f"strategies.{name}.teacher", strategy.teacher, self.train)
        return self


def _one_of(key: str, value: str, allowed: Collection[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{key} = {value!r}: must be one of {', '.join(allowed)}")


def check_choice(key: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a value that is not among those allowed.

    Raises:
        UserError: names the key, the value and what is allowed.
    """
    try:
        _one_of(key, value, allowed)
    except ValueError as error:
        raise UserError(f"{FILE}: {error}") from None


def _require(key: str, name: str, mapping: Collection[str]) -> None:
    if name not in mapping:
        raise ValueError(f"{key}.{name}: is missing; the pipeline compares against it")


def load(file: Path = FILE) -> Params:
    """Read and check params.yaml.

    Raises:
        UserError: one line that names the key, its value and what is allowed.
    """
    try:
        content = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        raise UserError(f"{file} does not exist here; run from the repository's root") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(_one_line(file, error)) from None


def _one_line(file: Path, error: ValidationError) -> str:
    problems = error.errors()
    first = problems[0]
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    match first["type"]:
        case "extra_forbidden":
            text = f"{where}: unknown key; remove it or correct its name"
        case "missing":
            text = f"{where}: is missing"
        case "value_error" if not where:
            text = message
        case "string_pattern_mismatch":
            text = f"{where}: a name must be lower-case letters, digits and _, letter first"
        case _:
            shown = repr(first["input"])
            text = f"{where} = {shown}: {message}" if len(shown) <= 80 else f"{where}: {message}"
    more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
    return f"{file}: {text}{more}"
