"""What the report was made with."""

import platform
from importlib.metadata import version

from ..networks.compute import choose_compute


def environment(device: str, precision: str) -> dict[str, str]:
    """Versions and the device that `device` and `precision` of params.yaml mean on this machine."""
    return {
        "srgan-distill": version("srgan-distill"),
        "Python": platform.python_version(),
        "PyTorch": version("torch"),
        "DVC": version("dvc"),
        "System": f"{platform.system()}, {platform.machine()}",
        "Device": str(choose_compute(device, precision)),
    }
