"""The content networks by name: their layers, and the files that their weights come from."""

from dataclasses import dataclass

# Layers by torchvision's numbering of VGG: the ReLU behind convolution 3 of group 3.
LAYERS = {
    "vgg16": ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"),
    "vgg19": ("relu2_2", "relu5_4"),
    "vgg19_random": ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4"),
    "efficientnet_lite0": ("stage1", "stage2", "stage3"),
}
"""The layers whose features `srgan_distill.networks.content` can give, by network."""

SHIPPED = {"vgg16": ("relu1_2", "relu2_2", "relu3_3")}
"""Layers of VGG16 whose weights come with this package."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights: its name in a mirror, its addresses, and how its SHA-256 begins."""

    name: str
    urls: tuple[str, ...]
    sha256: str


_FILES = {
    "vgg16": WeightsFile(
        "vgg16_imagenet.safetensors",
        (),
        "9787b3559a2fdb7b7cc1bf3dadbd07d1f80b6f210b7194358657c111759de5c0",
    ),
    "vgg19": WeightsFile(
        "vgg19-dcbb9e9d.pth",
        ("https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",),
        "dcbb9e9d",
    ),
}


def weights_file(network: str, layer: str) -> WeightsFile | None:
    """The file that a content network needs; None where its weights come with a package."""
    return None if layer in SHIPPED.get(network, ()) else _FILES.get(network)
