"""params.yaml as a typed model: what may stand in it, and one clear line for what may not."""

from .data_sets import DownloadSettings, Source
from .method import Content, Hardware, Losses, Network, Phase
from .profile import BatchBudget, Budget, Crop, PreprocessSettings, PretrainBudget
from .reading import FILE, Params, check_choice, load

__all__ = [
    "FILE", "BatchBudget", "Budget", "Content", "Crop", "DownloadSettings", "Hardware", "Losses",
    "Network", "Params", "Phase", "PreprocessSettings", "PretrainBudget", "Source",
    "check_choice", "load",
]  # fmt: skip
