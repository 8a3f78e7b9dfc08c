"""What the report was made with."""

import platform
from importlib.metadata import version

from ...common.params import Hardware
from ...networks.compute import choose_compute


def environment(hardware: Hardware) -> dict[str, str]:
    """Versions, and the device and precision that `hardware` means on this machine."""
    return {
        "srgan-distill": version("srgan-distill"),
        "Python": platform.python_version(),
        "PyTorch": version("torch"),
        "DVC": version("dvc"),
        "System": f"{platform.system()}, {platform.machine()}",
        "Device": str(choose_compute(hardware.device, hardware.precision)),
    }
