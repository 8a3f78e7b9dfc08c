"""Files of ratings: what may be wrong with one, and what is no error."""

import re
from pathlib import Path

import pytest
from support.rating_files import CELLS, IMAGES, lines, read, write

from srgan_distill.common.errors import UserError
from srgan_distill.results.opinion.ratings import rating_files


def replaced(line: int, text: str) -> list[str]:
    """Ann's CSV with another text in a line, counted from 1."""
    rows = lines("Ann")
    rows[line - 1] = text
    return rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            replaced(4, "Ann,Set5/a,gan3,1"),
            "line 4: method 'gan3': must be one of gan2g, g2g_al",
        ),
        (replaced(4, "Ann,Set5/c,gan2g,1"), "line 4: image 'Set5/c' is none of this profile's"),
        (replaced(4, "Ann,Set5/a,gan2g,6"), "line 4: score '6': must be 1, 2, 3, 4 or 5"),
        (replaced(4, "Ann,Set5/a,gan2g,0"), "line 4: score '0': must be"),
        (replaced(4, "Ann,Set5/a,gan2g,4.0"), "line 4: score '4.0': must be"),
        (replaced(4, "Ann,Set5/a,gan2g,"), "line 4: score '': must be"),
        (replaced(4, "Ann,Set5/a,gan2g"), "line 4: has 3 values, must have 4"),
        (replaced(4, "Ann,Set5/a,gan2g,1,2"), "line 4: has 5 values, must have 4"),
        (replaced(4, " ,Set5/a,gan2g,1"), "line 4: names no rater"),
        (replaced(4, '"Ann,Set5/a,gan2g,1'), "is not valid CSV"),
        (replaced(1, "rater;image;method;score"), "line 1: the header is 'rater;image;method;s"),
        (replaced(1, "image,rater,method,score"), "line 1: the header is"),
        ([*lines("Ann"), "Ann,Set5/a,gan2g,1"], "line 8: rater 'Ann' has scored Set5/a by gan2g a"),
        (lines("Ann")[:6], "'Ann' has no score of Set5/b by g2g_al, but all raters must rate the"),
        (lines("Ann")[:1] + lines("Ann")[2:], "no score of Set5/a by ground_truth, but"),
        (lines("Ann")[:3], "line 2: only ground_truth is rated here"),
        (lines("Ann")[:1], "holds no score, only the header"),
        (
            ["rater,image,method,score", *(f"Ann,{i},{m},4" for i, m in CELLS)]
            + [f"Ann,{image},ground_truth,4" for image in IMAGES],
            "lines 2 to 7: rater 'Ann' gave the score 4 to everything",
        ),
        (
            ["rater,image,method,score", *(f"Ann,{i},{m},4" for i, m in CELLS)]
            + [f"Ann,{image},ground_truth,5" for image in IMAGES],
            "lines 2 to 7: rater 'Ann' has the same difference to the ground truth, 1, always",
        ),
    ],
)
def test_wrong_ratings_are_named(tmp_path: Path, rows: list[str], message: str) -> None:
    file = write(tmp_path, "ann", rows)
    with pytest.raises(UserError, match=re.escape(message)) as error:
        read(file)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)


def test_an_empty_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "ann.csv"
    file.write_bytes(b"")
    with pytest.raises(UserError, match=r"ann\.csv: is empty"):
        read(file)
    file.write_bytes("rater,image,method,score\nJörg,".encode("latin-1"))
    with pytest.raises(UserError, match=r"ann\.csv: is not UTF-8"):
        read(file)


def test_a_spreadsheets_mark_and_line_ends_are_no_error(tmp_path: Path) -> None:
    file = tmp_path / "ann.csv"
    file.write_bytes(("\ufeff" + "\r\n".join(lines("Ann")) + "\r\n\r\n").encode())
    assert len(read(file)) == 6


def test_a_study_may_have_one_method(tmp_path: Path) -> None:
    assert len(read(write(tmp_path, "ann", lines("Ann")[:5]))) == 4


def test_a_rater_hands_in_once(tmp_path: Path) -> None:
    first = write(tmp_path, "ann", lines("Ann"))
    again = write(tmp_path, "ann2", [row.replace("Ann", "ann") for row in lines("Ann")])
    with pytest.raises(UserError, match=re.escape(f"{again}, line 2: rater 'ann' has handed in")):
        read(first, again)


def test_all_raters_rate_the_same(tmp_path: Path) -> None:
    """Ben left out an image that Ann rated; where she did so is said."""
    ann = write(tmp_path, "ann", lines("Ann"))
    ben = write(tmp_path, "ben", [row for row in lines("Ben") if "Set5/b" not in row])
    with pytest.raises(UserError) as error:
        read(ann, ben)
    assert str(error.value) == (
        f"{ben}: rater 'Ben' has no score of Set5/b by g2g_al (and 2 more are missing), but all "
        "raters must rate the same images by the same methods "
        f"({ann}, line 3, rates the image; {ann}, line 6, the method)"
    )


def test_other_files_are_not_passed_over(tmp_path: Path) -> None:
    ann = write(tmp_path, "ann", lines("Ann"))
    ben = write(tmp_path / "sample", "ben", lines("Ben"))
    write(tmp_path / "div2k", "cyd", lines("Cyd"))
    (tmp_path / "README.md").touch()
    (tmp_path / ".gitkeep").touch()
    assert rating_files(tmp_path, "sample") == [ann, ben]
    (tmp_path / "dan.xlsx").touch()
    with pytest.raises(UserError, match=r"dan\.xlsx: is no \.csv"):
        rating_files(tmp_path, "sample")
