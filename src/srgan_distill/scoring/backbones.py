"""LPIPS and DISTS with all their weights from files, which pyiqa alone does not do.

It builds the network whose features they compare by torchvision, from torchvision's own download;
and a file of what they learnt it unpickles whatever is in it, and passes over what is missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

# What LPIPS learnt of each of AlexNet's five layers, and DISTS of mean and variance of each map.
_LEARNT = {
    "lpips": tuple(f"lin{layer}.model.1.weight" for layer in range(5)),
    "dists": ("alpha", "beta"),
}


def load_backbone(name: str, file: str) -> "nn.Module":
    """The convolutions of a network of torchvision.

    Args:
        name: alexnet or vgg16.
        file: torchvision's weights for ImageNet; empty: torchvision downloads them.

    Returns:
        The network. Its classifier holds no values if the weights come from a file.

    Raises:
        OSError, RuntimeError, ...: whatever torch meets in a file of any kind.
    """
    import torch
    from torchvision import models

    build = getattr(models, name)
    if not file:
        return build(weights="IMAGENET1K_V1")
    with torch.device("meta"):
        network = build()
    features = {
        key.removeprefix("features."): value.float()
        for key, value in torch.load(file, map_location="cpu", weights_only=True).items()
        if key.startswith("features.")
    }
    network.features.load_state_dict(features, assign=True)
    return network


@contextmanager
def in_place_of_torchvision(name: str, network: "nn.Module") -> Iterator[None]:
    """Whoever asks torchvision for the network `name` gets `network`."""
    from torchvision import models

    build = getattr(models, name)
    setattr(models, name, lambda **_: network)
    try:
        yield
    finally:
        setattr(models, name, build)


def load_learnt(metric: Any, name: str, file: str) -> None:
    """Load what the metric `name`, a pyiqa metric, learnt itself.

    Raises:
        KeyError: the file holds something else.
        OSError, RuntimeError, ...: whatever torch meets in a file of any kind.
    """
    import torch

    state = torch.load(file, map_location="cpu", weights_only=True)
    metric.net.load_state_dict({key: state[key] for key in _LEARNT[name]}, strict=False)
