"""The sections of params.yaml that say what is done: networks, losses, recipes, hardware."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ..content import LAYERS
from .fields import Count, Name, Positive, Section, Seed, Weight

Term = Literal[
    "pixel", "content", "distillation", "feature_distillation", "hint", "attention", "affinity",
    "adversarial",
]  # fmt: skip
TEACHER_TERMS = {"distillation", "feature_distillation", "hint", "attention", "affinity"}


class Seeds(Section):
    """Of random weights and crops: of pre-training, of the teachers, and of all students."""

    pretrain: Seed
    teacher: Seed
    student: Seed

    def of(self, network: Literal["teacher", "student"]) -> int:
        """That of a recipe of `train`, by its network."""
        return {"teacher": self.teacher, "student": self.student}[network]


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
    cuda_graphs: bool
    compile: bool
    tiles: Literal["auto", "device", "host"]
    checkpoint_seconds: Annotated[float, Field(ge=0)]


class Network(Section):
    """A generator of Table 1; what `checkerboard_free` is: networks/generator.py."""

    filters: Count
    blocks: Count
    checkerboard_free: bool


class Losses(Section):
    """The weight of each loss term (equations 1 and 2); what each is: training/losses.py."""

    pixel: Weight
    content: Weight
    distillation: Weight
    feature_distillation: Weight
    hint: Weight
    attention: Weight
    affinity: Weight
    adversarial: Weight


class Content(Section):
    """The network whose features the content loss compares, and behind which of its layers.

    `weights` is a local file for a network whose weights neither ship nor were downloaded.
    """

    network: Literal["vgg16", "vgg19", "vgg19_random", "efficientnet_lite0"]
    layer: str
    weights: str | None

    @model_validator(mode="after")
    def _layer_exists(self) -> Self:
        if self.layer not in (layers := LAYERS[self.network]):
            raise ValueError(
                f"{self.network} has no layer {self.layer!r}; choose one of {', '.join(layers)}"
            )
        return self


def _summands(terms: Any) -> Any:
    """`content + adversarial`, as the equations have it, is a list of two."""
    return [term.strip() for term in terms.split("+")] if isinstance(terms, str) else terms


class Phase(Section):
    """A part of a stage in which one sum of terms is minimised.

    Its number of steps is the profile's `steps.content`, or, with the adversarial term,
    `steps.adversarial`. `weights` replaces `losses` for the terms that it names. `real` is what the
    discriminator learns to tell SR from: HR, or the teacher's images.
    """

    terms: Annotated[list[Term], Field(min_length=1), BeforeValidator(_summands)]
    weights: Annotated[dict[Term, Weight], Field(default_factory=dict)]
    real: Literal["hr", "teacher"] = "hr"

    @field_validator("terms")
    @classmethod
    def _no_term_twice(cls, terms: list[Term]) -> list[Term]:
        if len(set(terms)) != len(terms):
            raise ValueError("names a term twice; name each term once")
        return terms

    @model_validator(mode="after")
    def _weights_of_its_terms(self) -> Self:
        if others := sorted(set(self.weights) - set(self.terms)):
            raise ValueError(f"has a weight of {', '.join(others)}, which its terms do not name")
        return self

    @model_validator(mode="after")
    def _real_for_a_discriminator(self) -> Self:
        if "real" in self.model_fields_set and not self.adversarial:
            raise ValueError("says what is real, but has no adversarial term to use it")
        return self

    @property
    def adversarial(self) -> bool:
        """Whether a discriminator learns beside the generator."""
        return "adversarial" in self.terms


Phases = Annotated[list[Phase], Field(min_length=1)]


class Pretraining(Section):
    """A network that is trained from random weights, on the pixel loss alone."""

    network: Literal["teacher", "student"]


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
                    "use other terms here, or make it a strategy"
                )
            if phase.real == "teacher":
                raise ValueError("has no teacher whose images were real; make it a strategy")
        return phases


class Strategy(Section):
    """How a teacher is distilled into the student.

    `baseline` is the recipe of `train` that has the same phases but no teacher: what the strategy
    brings is told by it. `discriminator_from` says whether the discriminator of the first
    adversarial phase starts anew or as the teacher's ended.
    """

    teacher: Name
    baseline: Name
    phases: Phases
    discriminator_from: Literal["scratch", "teacher"] = "scratch"

    @model_validator(mode="after")
    def _needs_a_discriminator(self) -> Self:
        if self.discriminator_from == "teacher" and not any(p.adversarial for p in self.phases):
            raise ValueError("takes the teacher's discriminator, but no phase is adversarial")
        return self


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
        weights = {term: first.weights[term] for term in kept if term in first.weights}
        return [
            phase.model_copy(
                update={
                    "terms": list(dict.fromkeys([*phase.terms, *kept])),
                    "weights": weights | phase.weights,
                }
            )
            for phase in strategy.phases
        ]


class Export(Section):
    """How the student becomes INT8 (see `srgan_distill.deploy.quantise`).

    A layer's INT8 range is that of its values on `calibration_tiles` training tiles. The
    convolutions `float_layers` stay in float. The stage says so where INT8 costs more than
    `most_psnr_loss` dB on a test set.
    """

    calibration_tiles: Count
    float_layers: list[str]
    most_psnr_loss: Positive
