"""What sections of params.yaml are made of."""

from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from ..errors import UserError
from ..scale import SCALE

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(ge=1)]
MultipleOfScale = Annotated[int, Field(ge=SCALE, multiple_of=SCALE)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Size = Annotated[list[Count], Field(min_length=2, max_length=2)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A mapping of params.yaml that refuses unknown keys and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Runs(dict[str, Any]):
    """Entries of a section by name; a stage that is run by hand may be given one there is not."""

    def __init__(self, entries: dict[str, Any], section: str) -> None:
        super().__init__(entries)
        self._section = section

    def __missing__(self, name: str) -> NoReturn:
        raise UserError(
            f"params.yaml has no {self._section}.{name}; {self._section} has {', '.join(self)}"
        )


def _runs(entries: dict[str, Any], info: ValidationInfo) -> _Runs:
    return _Runs(entries, info.field_name)


Runs = AfterValidator(_runs)
