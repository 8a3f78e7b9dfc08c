"""Which SR image belongs to which HR image, by the names that people give them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..common.errors import UserError

# What public SR code puts behind the name of the HR image.
_SUFFIX = re.compile(r"[_-]?x4|[_-]sr|_SRF_4(_.+)?", re.IGNORECASE)
# What public test sets put behind the names of their HR images: img_001_SRF_4_HR, baby_HR_x4.
_HR_MARKS = re.compile(r"([_-](HR|GT|x4|SRF_4|orig|original))+$", re.IGNORECASE)
_SEPARATORS = "_-. "


def pair_names(
    srs: list[Path], hrs: list[Path], sr_suffix: str = "", hr_suffix: str = ""
) -> list[tuple[Path, Path]]:
    """The SR image of each HR image, in the order of `hrs`.

    Names are compared without `sr_suffix` and `hr_suffix`. What has the same name belongs
    together, then what SR code adds behind a name (x4, _x4, _SR, -sr, _SRF_4_...). Of the rest,
    the common part of the names decides, if what else the SR names hold is the same in all:
    baby_RCAN_x4 and bird_RCAN_x4 belong to baby_HR_x4 and bird_HR_x4, or to baby and bird.

    Raises:
        UserError: images without a partner or with several, or without the suffix; names them.
    """
    sr_names, hr_names = _without(srs, sr_suffix, "SR"), _without(hrs, hr_suffix, "HR")
    _refuse("several HR images of one name", _repeated(hr_names))
    found = _by_suffix(sr_names, hr_names)
    matched = {sr for candidates in found.values() for sr in candidates}
    left_srs = {sr: name for sr, name in sr_names.items() if sr not in matched}
    left_hrs = {hr: name for hr, name in hr_names.items() if not found[hr]}
    if left_srs and left_hrs:
        for sr, hr in _by_common_part(left_srs, left_hrs).items():
            found[hr].append(sr)
            matched.add(sr)
    _refuse("no SR image for HR", (hr for hr in hrs if not found[hr]))
    _refuse("no HR image for SR", (sr for sr in srs if sr not in matched))
    _refuse("several SR images for one HR", (sr for c in found.values() if len(c) > 1 for sr in c))
    return [(found[hr][0], hr) for hr in hrs]


def _without(paths: list[Path], suffix: str, side: str) -> dict[Path, str]:
    _refuse(f"no {suffix!r} behind the name of {side}",
            (path for path in paths if not path.stem.endswith(suffix)))  # fmt: skip
    return {path: path.stem.removesuffix(suffix) for path in paths}


def _repeated(names: Mapping[Path, str]) -> Iterable[Path]:
    counts = Counter(names.values())
    return (path for path, name in names.items() if counts[name] > 1)


def _refuse(problem: str, paths: Iterable[Path]) -> None:
    if listed := ", ".join(path.name for path in paths):
        raise UserError(f"{problem}: {listed}")


def _by_suffix(srs: Mapping[Path, str], hrs: Mapping[Path, str]) -> dict[Path, list[Path]]:
    """The SR images of each HR image with its name, or else with a known suffix behind it."""
    known = set(hrs.values())
    return {
        hr: [sr for sr, name in srs.items() if name == hr_name]
        or [sr for sr, name in srs.items() if name not in known and _is_suffixed(name, hr_name)]
        for hr, hr_name in hrs.items()
    }


def _is_suffixed(name: str, hr_name: str) -> bool:
    base = re.sub(r"(_SRF_4)?[_-]HR$", "", hr_name)
    return name.startswith(base) and _SUFFIX.fullmatch(name[len(base) :]) is not None


def _by_common_part(srs: Mapping[Path, str], hrs: Mapping[Path, str]) -> dict[Path, Path]:
    """The HR image of each SR image whose name holds the HR image's own; none if they disagree."""
    bases = {hr: _HR_MARKS.sub("", name) for hr, name in hrs.items()}
    tail = _common_tail(list(bases.values()))
    bases = {hr: base.removesuffix(tail) for hr, base in bases.items()}
    if len(set(bases.values())) < len(bases):
        return {}
    found: dict[Path, Path] = {}
    others: set[tuple[str, str]] = set()
    for sr, name in srs.items():
        holding = [hr for hr, base in bases.items() if _others(name, base)]
        if holding:
            found[sr] = max(holding, key=lambda hr: len(bases[hr]))
            others.add(_others(name, bases[found[sr]]) or ("", ""))
    return found if len(others) == 1 else {}


def _others(name: str, base: str) -> tuple[str, str] | None:
    """What stands before and behind `base` in a name whose first or last words it is."""
    ends: tuple[tuple[Callable[[str], bool], tuple[str, str]], ...] = (
        (name.startswith, ("", name[len(base) :])),
        (name.endswith, (name[: len(name) - len(base)], "")),
    )
    for has, (before, behind) in ends:
        is_whole = before[-1:] in (*_SEPARATORS, "") and behind[:1] in (*_SEPARATORS, "")
        if base and has(base) and is_whole:
            return before, behind
    return None


def _common_tail(names: list[str]) -> str:
    """The words that all of several names end with, with the separator before them."""
    if len(names) < 2:
        return ""
    tail = names[0]
    while not all(name.endswith(tail) for name in names):
        tail = tail[1:]
    starts = [place for place, letter in enumerate(tail) if letter in _SEPARATORS]
    return tail[starts[0] :] if starts else ""
