"""The section `download` of a profile: known data sets, parts of them, folders of one's own."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_serializer, model_validator

from ..paths import expanded
from .fields import Count, Section

SetName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
USES = ("train", "validation", "test")
# Beside the sets' names, keys of gain/<strategy>.json and means.json and columns of tables.
_TAKEN = {
    "mean", "model", "Claim", "Difference", "Mean", "Method", "Metric", "Paper", "Parameters",
    "Verdict", "Why",
}  # fmt: skip


class Source(Section):
    """Where a data set that is not taken whole and as published comes from.

    Attributes:
        set: a known data set (see `srgan_distill.sources`), or
        folder: one of the user's own: images, or two folders HR and LR of the same names.
        first: take this many images, the first in natural order of their names; None: all.
    """

    set: str | None = None
    folder: str | None = None
    first: Count | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.set is None) == (self.folder is None):
            raise ValueError("must name either a `set` or a `folder`")
        return self


class DownloadSettings(Section):
    """The data sets for each use, by name.

    In params.yaml, an entry of the three lists is the name of a known data set, the path of a
    folder (which has a /), or a mapping with the keys of `Source` and, if it likes, a `name`. A
    folder is called as its last part, the first 100 images of DIV2KTrain DIV2KTrain_100.

    Attributes:
        sources: where the sets come from that are not known by their names, filled from the lists.
    """

    train: Annotated[list[str], Field(min_length=1)]
    validation: Annotated[list[str], Field(min_length=1)]
    test: Annotated[list[str], Field(min_length=1)]
    sources: Annotated[dict[str, Source], Field(default_factory=dict)]

    @property
    def names(self) -> list[str]:
        """Every set once: one may serve two uses."""
        return list(dict.fromkeys((*self.train, *self.validation, *self.test)))

    def source(self, name: str) -> Source:
        """Where a set of the lists comes from."""
        return self.sources.get(name) or Source(set=name)

    @model_validator(mode="before")
    @classmethod
    def _name_every_entry(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if "sources" in given:
            raise ValueError("sources: unknown key; name folders and parts in the lists")
        sources: dict[str, Source] = {}
        named: dict[str, Any] = {"sources": sources}
        plain = {
            entry
            for use in USES
            for entry in (given.get(use) if isinstance(given.get(use), list) else ())
            if isinstance(entry, str) and "/" not in entry
        }
        for use, entries in given.items():
            named[use] = entries
            if use in USES and isinstance(entries, list):
                named[use] = [
                    _named(entry, f"{use}[{place}]", sources, plain)
                    for place, entry in enumerate(entries)
                ]
        return named

    @model_validator(mode="after")
    def _sets_have_one_use(self) -> Self:
        for use in USES:
            names = getattr(self, use)
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{use} names {', '.join(sorted(twice))} twice")
        if taken := _TAKEN & set(self.test):
            names = ", ".join(sorted(taken))
            raise ValueError(
                f"test: {names}: a column of the tables or a key of figures is called so; choose "
                "another name"
            )
        origins = {name: self._origin(name) for name in self.names}
        for tested in self.test:
            for trained in self.train:
                if origins[tested] == origins[trained]:
                    raise ValueError(
                        f"test names {tested}, which is trained on ({trained}): its figures would "
                        "say nothing; test on other images"
                    )
        return self

    @model_serializer
    def _lists_as_given(self) -> dict[str, list[str | dict[str, Any]]]:
        return {use: [self._entry(name) for name in getattr(self, use)] for use in USES}

    def _entry(self, name: str) -> str | dict[str, Any]:
        """What params.yaml may say for a set."""
        source = self.sources.get(name)
        if source is None:
            return name
        entry = source.model_dump(exclude_none=True)
        return entry if name == _default_name(source) else entry | {"name": name}

    def _origin(self, name: str) -> str:
        """The known set or the folder that a set is, or is a part of."""
        source = self.sources.get(name)
        if source is None:
            return name
        if source.set:
            return source.set
        folder = expanded(str(source.folder)).resolve()
        hr = folder / "HR"  # whose images are then the folder's (sources/folders.py)
        return str(hr if hr.is_dir() else folder)


def _named(entry: Any, where: str, sources: dict[str, Source], plain: Collection[str]) -> Any:
    """The name of an entry, its source noted in `sources`; `plain` are the entries that are names.

    Raises:
        ValueError: it is not what an entry may be, or has the name of another one.
    """
    if isinstance(entry, str) and "/" in entry:
        entry = {"folder": entry}
    if not isinstance(entry, Mapping):
        return entry  # a name, or what the field's own type refuses
    try:
        source = Source.model_validate({key: entry[key] for key in entry if key != "name"})
        name = entry.get("name") or _default_name(source)
        TypeAdapter(SetName).validate_python(name)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "string_pattern_mismatch":
            raise ValueError(
                f"{where}: {first['input']!r} does not do as a name; add `name:` with letters, "
                "digits, _ and -, a letter first"
            ) from None
        key = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise ValueError(": ".join(filter(None, (where, key, message)))) from None
    taken = Source(set=name) if name in plain else sources.setdefault(name, source)
    if taken != source:
        raise ValueError(f"{where}: another entry is called {name!r} too; give one a `name`")
    return name


def _default_name(source: Source) -> str:
    name = source.set or expanded(str(source.folder)).name
    return f"{name}_{source.first}" if source.first else name
