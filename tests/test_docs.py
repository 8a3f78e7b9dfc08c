"""What the docs show works as it stands there."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from support.code_reading import SOURCE

from srgan_distill.common.params import load
from srgan_distill.common.yaml12 import parse_yaml
from srgan_distill.sources.packages import copy_photographs
from srgan_distill.stages import check

DOCS = SOURCE.parent / "docs"


def test_the_worked_example_of_own_photographs_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With such folders in the user's home, as the only addition to params.yaml."""
    text = (DOCS / "own_photographs.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)
    params = parse_yaml((SOURCE.parent / "params.yaml").read_text(encoding="utf-8"))
    params["profiles"] |= parse_yaml(shown)["profiles"]
    params["profile"] = "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("holiday", "family", "garden"):
        copy_photographs("Things", Path("photographs") / name)
    shutil.move("photographs/garden/coffee.png", "photographs/garden/rose.png")
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    check.run()
    sets = load().budget.download
    assert sets.train == ["holiday", "DIV2KTrain_100"]
    assert sets.test == ["garden", "Set5"]
