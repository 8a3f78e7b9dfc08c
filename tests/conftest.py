"""What all tests share."""

import os
from pathlib import Path

import pytest
from small_project import small_project  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with the public test sets and weights, which are too large for the repository."""
    beside = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("SRGAN_DISTILL_SHARED", beside))
    if not (folder / "datasets").is_dir():
        pytest.skip("no shared data: set SRGAN_DISTILL_SHARED to a folder that holds datasets/")
    return folder
