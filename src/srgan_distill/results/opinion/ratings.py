"""The ratings that raters handed in, read from CSV and checked to the last cell.

A problem of any file stops with one line that names it: a file that was skipped, or a cell that
was left out, would change every figure without a word.
"""

import csv
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ...common.errors import UserError
from .dmos import GROUND_TRUTH

HEADER = ["rater", "image", "method", "score"]
SCORES = ("1", "2", "3", "4", "5")


class Rating(NamedTuple):
    """One score and where it stands."""

    rater: str
    image: str
    method: str
    score: int
    file: Path
    line: int

    @property
    def where(self) -> str:
        return f"{self.file}, line {self.line}"


def rating_files(folder: Path, profile: str) -> list[Path]:
    """The CSVs of `folder` and of its subfolder of the profile's name, sorted by path.

    Raises:
        UserError: another file lies there (README.md and hidden files may).
    """
    files = [
        file
        for place in (folder, folder / profile)
        if place.is_dir()
        for file in sorted(place.iterdir())
        if file.is_file() and file.name != "README.md" and not file.name.startswith(".")
    ]
    for file in files:
        if file.suffix != ".csv":
            raise UserError(f"{file}: is no .csv; only ratings belong here, one CSV per rater")
    return files


def read_ratings(
    files: Iterable[Path], methods: Collection[str], images: Collection[str]
) -> pd.DataFrame:
    """Read all ratings.

    Args:
        files: CSVs with the columns of `HEADER`.
        methods: the models that may be rated, beside `GROUND_TRUTH`.
        images: the images that may be rated, `<set>/<image>`.

    Returns:
        One row per score: `rater`, `image`, `method`, `score` (int, 1..5). Every rater has a score
        of each image by each method and of its ground truth, and not one difference to the ground
        truth throughout. Without a file, no rows.

    Raises:
        UserError: names the file, the line and what is wrong there.
    """
    ratings = [rating for file in files for rating in _read(file)]
    _check_names(ratings, [*methods, GROUND_TRUTH], images)
    _check_once(ratings)
    _check_complete(ratings)
    _check_varied(ratings)
    return pd.DataFrame([rating[:4] for rating in ratings], columns=HEADER)


def _read(file: Path) -> list[Rating]:
    ratings = []
    try:
        # utf-8-sig: a spreadsheet's byte-order mark is no part of the first heading.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream, strict=True)
            header = next(rows, None)
            if header is None:
                raise UserError(f"{file}: is empty; save it again from the rating page")
            if header != HEADER:
                raise UserError(
                    f"{file}, line 1: the header is {','.join(header)!r}, must be "
                    f"{','.join(HEADER)!r}"
                )
            ratings = [_rating(row, file, rows.line_num) for row in rows if row]
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8 text; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise UserError(f"{file}, line {rows.line_num}: is not valid CSV ({error})") from None
    if not ratings:
        raise UserError(f"{file}: holds no score, only the header; remove it or rate again")
    return ratings


def _rating(row: Sequence[str], file: Path, line: int) -> Rating:
    if len(row) != len(HEADER):
        raise UserError(
            f"{file}, line {line}: has {len(row)} values, must have {len(HEADER)}: "
            f"{','.join(HEADER)}"
        )
    rater, image, method, score = row
    if not rater.strip():
        raise UserError(f"{file}, line {line}: names no rater")
    if score not in SCORES:
        raise UserError(f"{file}, line {line}: score {score!r}: must be 1, 2, 3, 4 or 5")
    return Rating(rater, image, method, int(score), file, line)


def _check_names(
    ratings: Iterable[Rating], methods: Collection[str], images: Collection[str]
) -> None:
    for rating in ratings:
        if rating.method not in methods:
            raise UserError(
                f"{rating.where}: method {rating.method!r}: must be one of {', '.join(methods)}"
            )
        if rating.image not in images:
            raise UserError(
                f"{rating.where}: image {rating.image!r} is none of this profile's test images, "
                f"such as {min(images)!r}; ratings of another profile belong in a folder of its "
                "name beside this file"
            )


def _check_once(ratings: Iterable[Rating]) -> None:
    """No cell twice, and no rater in two files: which of both would count?"""
    cells: dict[tuple[str, str, str], Rating] = {}
    raters: dict[str, Rating] = {}
    for rating in ratings:
        first = raters.setdefault(rating.rater.strip().casefold(), rating)
        if first.file != rating.file:
            raise UserError(
                f"{rating.where}: rater {rating.rater!r} has handed in {first.file} too; keep one "
                "of the files, or tell two people apart by their names"
            )
        cell = cells.setdefault((rating.rater, rating.image, rating.method), rating)
        if cell is not rating:
            raise UserError(
                f"{rating.where}: rater {rating.rater!r} has scored {rating.image} by "
                f"{rating.method} already in line {cell.line}; keep one of the lines"
            )


def _check_complete(ratings: Sequence[Rating]) -> None:
    """Everyone has rated all that anyone has rated, and the ground truth.

    Equation 5 relates a score to all of the rater's own, so raters who saw different pictures
    cannot be averaged.
    """
    images = {rating.image: rating for rating in reversed(ratings)}
    methods = {rating.method: rating for rating in reversed(ratings)}
    by_rater = _by_rater(ratings)
    if ratings and set(methods) == {GROUND_TRUTH}:
        raise UserError(f"{ratings[0].where}: only {GROUND_TRUTH} is rated here, no method")
    for rater, own in by_rater.items():
        rated = {(rating.image, rating.method) for rating in own}
        missing = [
            (image, method)
            for image in sorted(images)
            for method in sorted({*methods, GROUND_TRUTH})
            if (image, method) not in rated
        ]
        if missing:
            image, method = missing[0]
            more = f" (and {len(missing) - 1} more are missing)" if len(missing) > 1 else ""
            others = f"{images[image].where}, rates the image"
            if method in methods:
                others += f"; {methods[method].where}, the method"
            raise UserError(
                f"{own[0].file}: rater {rater!r} has no score of {image} by {method}{more}, but "
                f"all raters must rate the same images by the same methods ({others})"
            )


def _check_varied(ratings: Iterable[Rating]) -> None:
    """Equation 5 divides by the deviation of a rater's differences."""
    for rater, own in _by_rater(ratings).items():
        truth = {rating.image: rating.score for rating in own if rating.method == GROUND_TRUTH}
        differences = {
            truth[rating.image] - rating.score for rating in own if rating.method != GROUND_TRUTH
        }
        if len(differences) < 2:
            lines = f"{own[0].file}, lines {own[0].line} to {own[-1].line}"
            if len({rating.score for rating in own}) == 1:
                what = f"gave the score {own[0].score} to everything"
            else:
                what = f"has the same difference to the ground truth, {differences.pop()}, always"
            raise UserError(
                f"{lines}: rater {rater!r} {what}; no deviation to divide by (eq. 5): remove the "
                "file or rate again"
            )


def _by_rater(ratings: Iterable[Rating]) -> dict[str, list[Rating]]:
    groups = defaultdict(list)
    for rating in ratings:
        groups[rating.rater].append(rating)
    return groups
