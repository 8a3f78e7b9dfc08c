"""params.yaml as a typed model: what may stand in it, and one clear line for what may not."""

from .method import Content, Hardware, Losses, Network, Phase
from .scale import Budget, Crop, PreprocessScale
from .whole import FILE, Params, check_choice, load

__all__ = [
    "FILE", "Budget", "Content", "Crop", "Hardware", "Losses", "Network", "Params", "Phase",
    "PreprocessScale", "check_choice", "load",
]  # fmt: skip
