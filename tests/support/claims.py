"""Made-up scores for claims, and how a claim is judged on them."""

from itertools import cycle, islice

import pandas as pd

from srgan_distill.common.params import load
from srgan_distill.results.claims.rated import Ratings
from srgan_distill.results.claims.statements import Claim, Statement
from srgan_distill.results.claims.verdicts import Evidence, Finding
from support.code_reading import SOURCE

PARAMS = load(SOURCE.parent / "params.yaml")
STRATEGIES = PARAMS.strategies
BASE = [24.0, 30.0, 26.0, 28.0, 25.0, 29.0, 31.0, 27.0]
MIXED = [1.0, -1.0] * 4
STUDENTS = {"gan2gan": 0.3, "gan2g": 0.2, "gan2g_al": 0.1, "g2g_al": 1.2}
TEACHERS = {"teacher_gan": 2.0, "teacher_g": 2.0, "student_g": 0.0, "student_g_al": 0.0}

Differences = float | list[float]


def scores(
    metric: str = "psnr",
    images: int | None = None,
    sets: list[str] | None = None,
    **models: Differences,
) -> dict[str, pd.DataFrame]:
    """Scores of `student` (BASE), of teachers 2 better, and of models that differ as given.

    Of so many of the images, or of as many as `sets` are (BASE over and over); else of BASE's.
    """
    base = list(islice(cycle(BASE), len(sets or BASE)))
    labels = {"set": sets or "Set5", "image": [str(number) for number in range(len(base))]}
    student = pd.DataFrame(labels | {metric: base})
    better = -1 if metric in ("pi", "niqe", "lpips") else 1
    made = {name: better * lead for name, lead in TEACHERS.items()} | models
    found = {name: student.assign(**{metric: student[metric] + d}) for name, d in made.items()}
    return {name: frame.head(images) for name, frame in ({"student": student} | found).items()}


def judge(claim: Claim, found: dict[str, pd.DataFrame], ratings: Ratings | None = None) -> Finding:
    """What is found of a claim on these scores."""
    return Evidence(found, ratings or Ratings(), STRATEGIES).judge(claim)


def opinions(raters: int = 6, **dmos: list[float]) -> pd.DataFrame:
    """What stage opinion would write where so many raters agree on each image's DMOS."""
    return pd.DataFrame(
        [
            {
                "rater": f"R{rater}",
                "image": f"Set5/{number}",
                "method": model,
                "differential": value,
            }
            for rater in range(raters)
            for model, values in dmos.items()
            for number, value in enumerate(values)
        ]
    )


def verdict(finding: Finding) -> tuple[str, str]:
    """The verdict and its reason."""
    return finding.verdict, finding.reason


def claim(*pairs: tuple[str, str], metric: str = "psnr", **options: object) -> Claim:
    """A claim that the first of each pair is better."""
    return Claim("", "Table 2", (Statement(pairs, (metric,), **options),))


def both(sets: list[str] | None = None, **models: Differences) -> dict[str, pd.DataFrame]:
    """PSNR, and SSIM that differs by a hundredth as much."""
    psnr = scores(sets=sets, **models)
    base = psnr["student"]["psnr"]
    return {
        name: frame.assign(ssim=0.7 + (frame["psnr"] - base) / 100) for name, frame in psnr.items()
    }
