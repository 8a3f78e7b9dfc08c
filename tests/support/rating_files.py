"""Ratings of three raters, whose opinions can be computed by hand, and files of them."""

from pathlib import Path

import pandas as pd

from srgan_distill.results.opinion.ratings import read_ratings

IMAGES = ["Set5/a", "Set5/b"]
METHODS = ["gan2g", "g2g_al"]
CELLS = [(image, method) for method in METHODS for image in IMAGES]

# The ground truth's score minus these, in the order of CELLS. Ann's: 3, -1, -1, -1, mean 0,
# deviation sqrt(12 / 3) = 2, z = 1.5 and -0.5, so 75 and 41.67. Ben's: 0, 0, 4, 0, mean 1; Cyd's:
# 0, 4, 0, 0; both with the same deviation and the same two values. Lower is better: each finds one
# picture worse than the others.
SCORES = {"Ann": (1, 4, 5, 4), "Ben": (5, 5, 1, 5), "Cyd": (5, 1, 5, 5)}
TRUTH = {"Ann": (4, 3), "Ben": (5, 5), "Cyd": (5, 5)}
GOOD, BAD = 41 + 2 / 3, 75.0


def lines(rater: str) -> list[str]:
    """A rater's CSV: the header in line 1, then the ground truth's two images, then CELLS."""
    cells = [(image, "ground_truth") for image in IMAGES] + CELLS
    scores = TRUTH[rater] + SCORES[rater]
    rows = [f"{rater},{i},{m},{s}" for (i, m), s in zip(cells, scores, strict=True)]
    return ["rater,image,method,score", *rows]


def write(folder: Path, name: str, rows: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    return folder / f"{name}.csv"


def read(*files: Path) -> pd.DataFrame:
    return read_ratings(files, METHODS, IMAGES)
