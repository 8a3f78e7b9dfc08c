"""The figures of the model card, from a profile's record.

Usage, where `dvc repro` has run: python -m srgan_distill.shipped.card PROFILE
"""

import re
import sys
from pathlib import Path

from ..common.errors import exit_code
from ..common.runs import BICUBIC
from ..common.text import write_text
from ..results.readme import chosen, filled, models_table, recorded
from .models import names

CARD = Path(__file__).parent / "README.md"


def card_table(profile: str, root: Path = Path()) -> str:
    """One row for bicubic interpolation and for each model that ships, under its key."""
    scores, figures = recorded(profile, root)
    return models_table(chosen(scores, {BICUBIC, *names()}), figures, lambda key: f"`{key}`")


def with_profile(text: str, profile: str) -> str:
    """The card with its marker set to another profile: the one that its models come from."""
    return re.sub(r"<!-- table:\w+ -->", f"<!-- table:{profile} -->", text)


def run(profile: str) -> None:
    text = with_profile(CARD.read_text(encoding="utf-8"), profile)
    write_text(CARD, filled(text, card_table))
    print(f"written: {CARD}")


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(*sys.argv[1:])))
