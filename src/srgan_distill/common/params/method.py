"""The sections of params.yaml that say what is done: networks, losses, recipes, hardware."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from .fields import Count, Name, Positive, Section, Weight

Term = Literal["pixel", "content", "distillation", "feature_distillation", "adversarial"]
TEACHER_TERMS = {"distillation", "feature_distillation"}


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
