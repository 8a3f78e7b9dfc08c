"""What stage evaluate wrote, read back."""

from pathlib import Path

import pandas as pd

from ..errors import UserError


def read_scores(path: Path) -> pd.DataFrame:
    """Per-image scores of one model: `set`, `image`, one float column per metric.

    Raises:
        UserError: the file is missing.
    """
    try:
        # Sets and images keep their names, be they 001 or null.
        return pd.read_csv(path, dtype={"set": str, "image": str}, na_filter=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; run `dvc repro`, which evaluates") from None
