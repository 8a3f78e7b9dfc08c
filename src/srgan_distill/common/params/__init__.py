"""params.yaml as a typed model: what may stand in it, and one clear line for what may not."""

from .method import Content, Export, Hardware, Losses, Network, Phase
from .profile import Budget, Crop, PreprocessScale
from .reading import FILE, Params, check_choice, load

__all__ = [
    "FILE", "Budget", "Content", "Crop", "Export", "Hardware", "Losses", "Network", "Params", "Phase",
    "PreprocessScale", "check_choice", "load",
]  # fmt: skip
