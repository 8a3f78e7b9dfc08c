"""params.yaml as a typed model: what may stand in it, and one clear line for what may not."""

from .data_sets import DownloadScale, Source
from .method import Content, Hardware, Losses, Network, Phase
from .profile import BatchBudget, Budget, Crop, PreprocessScale, PretrainBudget
from .reading import FILE, Params, check_choice, load

__all__ = [
    "FILE", "BatchBudget", "Budget", "Content", "Crop", "DownloadScale", "Hardware", "Losses",
    "Network", "Params", "Phase", "PreprocessScale", "PretrainBudget", "Source",
    "check_choice", "load",
]  # fmt: skip
