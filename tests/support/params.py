"""How a test changes params.yaml."""

from collections.abc import Callable
from pathlib import Path

import yaml

from srgan_distill.common.yaml12 import parse_yaml


def change_params(folder: Path, change: Callable[[dict], object]) -> None:
    """Let `change` alter what the folder's params.yaml says."""
    file = folder / "params.yaml"
    params = parse_yaml(file.read_text(encoding="utf-8"))
    change(params)
    file.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
