"""The networks whose features the content loss compares: their weights, layers and scales."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Content
from srgan_distill.imaging.images import read_rgb, to_tensor
from srgan_distill.imaging.protocol import bicubic
from srgan_distill.networks import content
from srgan_distill.sources.packages import copy_photographs


def test_efficientnet_knows_the_cat_and_the_coffee(tmp_path: Path) -> None:
    """Weights, layer order and preprocessing are right: ImageNet's classes come out."""
    copy_photographs("Nature", tmp_path)
    copy_photographs("Things", tmp_path)
    network, mean, std = content.load_efficientnet_lite0()
    for file, classes in (("chelsea.png", {281, 282, 285}), ("coffee.png", {967, 968})):
        image = to_tensor(read_rgb(tmp_path / file))
        image = F.interpolate(image, (224, 224), mode="bicubic", antialias=True)
        with torch.no_grad():
            logits = network.eval()((image - mean) / std)
        assert logits.argmax().item() in classes


def build(network: str, layer: str, weights: Path | None = None) -> content.ContentNetwork:
    """With a file of the user's own, which stage download has put beside its like."""
    chosen = Content(network=network, layer=layer, weights=str(weights) if weights else None)
    return content.build_content(chosen, weights.parent if weights else Path("not there"))


NEED_NO_FILE = [
    ("vgg16", "relu2_2"), ("vgg16", "relu3_3"), ("vgg19_random", "relu1_2"),
    ("efficientnet_lite0", "stage1"),
]  # fmt: skip


@pytest.mark.parametrize(("network", "layer"), NEED_NO_FILE)
def test_content_network_is_frozen_and_the_same_every_time(network: str, layer: str) -> None:
    first, second = (build(network, layer) for _ in range(2))
    first.train()
    assert not any(module.training for module in first.modules())
    assert not any(parameter.requires_grad for parameter in first.parameters())
    image = torch.rand(1, 3, 32, 32)
    kept = image.clone()
    assert torch.equal(first(image), second(image))
    assert torch.equal(image, kept)


@pytest.mark.parametrize(("network", "layer"), NEED_NO_FILE)
def test_squared_differences_of_features_are_of_the_size_of_the_pixels(
    network: str, layer: str, coffee: np.ndarray
) -> None:
    """Over [-1, 1], on bicubic: what the scales were measured for; other images, a factor of 3."""
    hr = to_tensor(coffee[:384, :576])
    bicubic_sr = to_tensor(bicubic(bicubic(coffee[:384, :576], 1 / 4), 4))
    features = build(network, layer)
    ratio = F.mse_loss(features(bicubic_sr), features(hr)) / (4 * F.mse_loss(bicubic_sr, hr))
    assert 1 / 3 < ratio.item() < 3


def test_shipped_vgg16_sees_what_vgg16_saw(coffee: np.ndarray) -> None:
    """Mean and share of active features, measured with the file of all thirteen convolutions."""
    features = build("vgg16", "relu3_3")(to_tensor(coffee)) / content.SCALES["vgg16"]["relu3_3"]
    assert features.shape == (1, 256, 100, 150)
    assert features.mean().item() == pytest.approx(142.8467, rel=1e-3)
    assert (features > 0).float().mean().item() == pytest.approx(0.259585, rel=1e-3)


def test_shipped_vgg16_is_the_whole_one_s_beginning(shared: Path, coffee: np.ndarray) -> None:
    whole = build("vgg16", "relu3_3", shared / "weights" / "vgg16_imagenet.safetensors")
    image = to_tensor(coffee)
    assert torch.equal(whole(image), build("vgg16", "relu3_3")(image))
    deep = build("vgg16", "relu5_3", shared / "weights" / "vgg16_imagenet.safetensors")(image)
    assert deep.shape == (1, 512, 25, 37)


def last_of(layers: nn.Sequential) -> str:
    """reluB_N, where the last layer is the ReLU of the Nth convolution behind B - 1 poolings."""
    kinds = [type(layer).__name__ for layer in layers]
    block = kinds[max((n for n, kind in enumerate(kinds) if kind == "MaxPool2d"), default=0) :]
    assert kinds[-1] == "ReLU"
    return f"relu{kinds.count('MaxPool2d') + 1}_{block.count('Conv2d')}"


def test_a_layer_has_the_name_that_srgan_and_torchvision_give_it() -> None:
    for network, places in (("vgg16", content._VGG16_INDEX), ("vgg19", content._VGG19_INDEX)):
        assert set(content.SCALES[network]) <= set(places)
        for layer, place in places.items():
            assert last_of(content._without_values(network, place)) == layer
    assert last_of(build("vgg19_random", "relu2_2").layers) == "relu2_2"


def test_weights_that_are_missing_or_damaged_are_one_clear_error(tmp_path: Path) -> None:
    missing, nonsense = tmp_path / "none.pth", Path(__file__)
    for network, layer in (("vgg19", "relu5_4"), ("vgg16", "relu4_3")):
        for weights in (missing, nonsense):
            with pytest.raises(UserError, match=r"content\.weights") as error:
                build(network, layer, weights)
            assert "\n" not in str(error.value)
        with pytest.raises(UserError, match="dvc repro download"):
            build(network, layer)  # stage download has not fetched them


def test_vgg19_takes_a_local_file(tmp_path: Path) -> None:
    from torchvision.models import vgg19

    torch.save(vgg19(weights=None).state_dict(), tmp_path / "vgg19.pth")
    network = build("vgg19", "relu5_4", tmp_path / "vgg19.pth")
    features = network(torch.rand(1, 3, 64, 64))
    assert features.shape == (1, 512, 4, 4)  # conv5_4 comes before the fifth pooling
    assert features.min() >= 0
    assert network.scale == pytest.approx(1 / 12.75)
