"""The whole of params.yaml, and how it is read."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ValidationError, model_validator

from ..errors import UserError
from ..paths import TAKEN
from ..runs import MODELS, RESERVED, STUDENT
from ..yaml12 import YAMLError, parse_yaml
from .fields import Name, Runs, Section
from .method import (
    Content,
    Distill,
    Export,
    Hardware,
    Losses,
    Network,
    Pretraining,
    Recipe,
    Seeds,
    Strategy,
)
from .profile import Profile

FILE = Path("params.yaml")


class Params(Section):
    """The whole of params.yaml."""

    profile: str
    strategy: str
    mirror: str | None
    seeds: Seeds
    hardware: Hardware
    scale: Literal[4]
    networks: dict[Literal["teacher", "student"], Network]
    losses: Losses
    content: Content
    pretrain: Annotated[dict[Literal["pretrain_teacher", "pretrain_student"], Pretraining], Runs]
    train: Annotated[dict[Name, Recipe], Runs]
    distill: Distill
    strategies: Annotated[dict[Name, Strategy], Runs]
    export: Export
    profiles: dict[Name, Profile]

    @property
    def settings(self) -> Profile:
        """The profile in use."""
        return self.profiles[self.profile]

    @property
    def network_of(self) -> dict[str, Network]:
        """The network of every run that is trained."""
        recipes = self.pretrain | self.train
        named = {name: self.networks[recipe.network] for name, recipe in recipes.items()}
        return named | dict.fromkeys(self.strategies, self.networks["student"])

    def sections(self, *keys: str) -> dict[str, Any]:
        """Some of the sections, by their keys."""
        return {key: getattr(self, key) for key in keys}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        _one_of("profile", self.profile, self.profiles)
        _one_of("strategy", self.strategy, self.strategies)
        for network in ("teacher", "student"):
            _require("networks", network, self.networks)
            _require("pretrain", f"pretrain_{network}", self.pretrain)
            if self.pretrain[f"pretrain_{network}"].network != network:
                raise ValueError(f"pretrain.pretrain_{network}.network: must be {network}")
        _require("train", STUDENT, self.train)
        for name in (*self.train, *self.strategies):
            if name in RESERVED or name.startswith("pretrain_"):
                raise ValueError(f"the name {name!r} is taken by another row of the tables")
        for name in TAKEN & set(self.profiles):
            raise ValueError(f"profiles.{name}: the name is taken by data/{name}; choose another")
        for name, strategy in self.strategies.items():
            if name in self.train or name in MODELS:
                raise ValueError(
                    f"strategies.{name}: the name is that of a model without a teacher; "
                    "choose another"
                )
            _one_of(f"strategies.{name}.teacher", strategy.teacher, self.train)
            _one_of(f"strategies.{name}.baseline", strategy.baseline, self.train)
            self._check_discriminator(name, strategy)
        return self

    def _check_discriminator(self, name: str, strategy: Strategy) -> None:
        """A teacher's discriminator must exist, and fit the strategy's crops."""
        if strategy.discriminator_from != "teacher":
            return
        where = f"strategies.{name}.discriminator_from"
        if not any(phase.adversarial for phase in self.train[strategy.teacher].phases):
            raise ValueError(f"{where}: {strategy.teacher} is trained without a discriminator")
        if self.train[strategy.teacher].network != "teacher":
            raise ValueError(
                f"{where}: {strategy.teacher} is a student, whose discriminator is not kept; "
                "choose a teacher's, or scratch"
            )
        train, distill = self.settings.train.crop, self.settings.distill.crop
        if train != distill:
            raise ValueError(
                f"{where}: a discriminator judges crops of one size; make profiles."
                f"{self.profile}.train.crop ({train}) and distill.crop ({distill}) equal"
            )

    @model_validator(mode="after")
    def _float_layers_exist(self) -> Self:
        blocks = range(self.networks["student"].blocks)
        layers = (
            "head.0", *(f"blocks.{block}.{part}" for block in blocks for part in (0, 2)),
            "fuse", "first.0", "last.0", "tail",
        )  # fmt: skip
        for layer in self.export.float_layers:
            _one_of("export.float_layers", layer, layers)
        return self

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        processes = self.hardware.devices * self.hardware.num_nodes
        for stage, budget in self.settings.budgets().items():
            if budget.batch % processes:
                raise ValueError(
                    f"profiles.{self.profile}.{stage}.batch = {budget.batch} cannot be divided "
                    f"among {processes} processes; change hardware.devices, hardware.num_nodes "
                    "or batch"
                )
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
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file} does not exist here; run from the repository's root") from None
    except UnicodeDecodeError:
        raise UserError(f"{file} is not in UTF-8; save it in that encoding") from None
    except YAMLError as error:
        raise UserError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from None
    if not content or not isinstance(content, dict):
        raise UserError(f"{file} has no parameters; take it from git again, or write key: value")
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(_one_line(file, error)) from None


def _one_line(file: Path, error: ValidationError) -> str:
    problems = error.errors()
    # A key that is misspelt is missing too.
    unknown = (problem for problem in problems if problem["type"] == "extra_forbidden")
    first = next(unknown, problems[0])
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
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{file}: {text}{more}"
