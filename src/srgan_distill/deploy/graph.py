"""A trained generator as an ONNX file: BatchNorm folded, nothing left to be computed but layers."""

from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from onnxscript import ir
from onnxscript.ir.passes.common import ClearMetadataAndDocStringPass
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..common.scale import SCALE
from ..networks.generator import Generator, ResidualBlock
from ..networks.polyphase import polyphase_kernel

INPUT, OUTPUT = "lr", "sr"
OPSET = 20  # written down: another default of torch's would be another file

METADATA = {
    "task": f"x{SCALE} super-resolution",
    "input": f"{INPUT}: float32 [batch, 3, height, width], RGB in [0, 1] (uint8 / 255), "
    "batch, height and width of any size",
    "output": f"{OUTPUT}: float32 [batch, 3, {SCALE} height, {SCALE} width], RGB in [0, 1] but not "
    "clipped: clip, then round(255 x) for uint8",
    "layout": "NCHW",
}
"""What the files say of themselves (ONNX's `metadata_props`)."""

# Colours of the tail with an empty fourth one: ONNX Runtime's INT8 convolution takes its fast
# path for multiples of 16 channels alone, and 4 phases of 3 colours, 12, took seven times as long.
_COLOURS, _PADDED_COLOURS = 3, 4


class Rectifier(nn.Module):
    """PReLU as a x + (1 - a) relu(x), a slope `a` per channel: the same function of simple parts.

    ONNX Runtime's PRelu is one to two orders slower than they are, and no layer of the blocked
    layout (NCHWc) that its convolutions are fast in, to which these parts need no change.
    """

    def __init__(self, slopes: Tensor) -> None:
        super().__init__()
        slopes = slopes.detach()[:, None, None].clone()
        self.register_buffer("slope", slopes)
        self.register_buffer("rest", 1 - slopes)

    def forward(self, features: Tensor) -> Tensor:
        return self.slope * features + self.rest * F.relu(features)


class DeployedGenerator(nn.Module):
    """The function of a `Generator` in eval mode, up to rounding, in the form that is shipped.

    BatchNorm is folded into the convolutions. The tail is in polyphase form (networks/polyphase.py)
    with its kernel as a constant. Takes and gives what `Generator` does.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        first, last = generator.upsample
        self.head = nn.Sequential(generator.head[0], Rectifier(generator.head[1].weight))
        self.blocks = nn.ModuleList(_folded(block) for block in generator.blocks)
        self.fuse = fuse_conv_bn_eval(*generator.fuse)
        self.first = nn.Sequential(first[0], nn.PixelShuffle(2), Rectifier(first[2].weight))
        # Before the shuffle, the four channels that become neighbours share a slope.
        self.last = nn.Sequential(last[0], Rectifier(last[2].weight.repeat_interleave(4)))
        self.tail = _polyphase(generator.tail)

    def forward(self, lr: Tensor) -> Tensor:
        head = features = self.head(lr)
        for block in self.blocks:
            features = features + block(features)
        features = self.last(self.first(head + self.fuse(features)))
        return F.pixel_shuffle(self.tail(features)[:, : 4 * _COLOURS], 2)


def _folded(block: ResidualBlock) -> nn.Sequential:
    conv1, norm1, activation, conv2, norm2 = block.body
    return nn.Sequential(
        fuse_conv_bn_eval(conv1, norm1),
        Rectifier(activation.weight),
        fuse_conv_bn_eval(conv2, norm2),
    )


def _polyphase(tail: nn.Conv2d) -> nn.Conv2d:
    """The 5x5 convolution before the shuffle that stands for the 9x9 one behind it."""
    padding = 4 * (_PADDED_COLOURS - _COLOURS)
    kernel = F.pad(polyphase_kernel(tail.weight.detach()), (0, 0) * 3 + (0, padding))
    conv = nn.Conv2d(*kernel.shape[1::-1], kernel.shape[2:], padding=2)
    conv.weight = nn.Parameter(kernel)
    conv.bias = nn.Parameter(F.pad(tail.bias.detach().repeat_interleave(4), (0, padding)))
    return conv


def export_onnx(generator: Generator, path: Path) -> None:
    """Write `generator`, which is in eval mode, as ONNX with dynamic batch, height and width.

    The same weights give the same bytes. Each convolution is called by its place in
    `DeployedGenerator`: head.0, blocks.3.2, tail. The file is checked by onnx.
    """
    sizes = {0: "batch", 2: "height", 3: "width"}
    network = DeployedGenerator(generator).eval()
    program = torch.onnx.export(
        network,
        (torch.zeros(2, 3, 8, 12),),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({axis: torch.export.Dim(name) for axis, name in sizes.items()},),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    # The exporter notes where each node's code stands: paths of this machine.
    model = ClearMetadataAndDocStringPass()(program.model).model
    places = [name for name, part in network.named_modules() if isinstance(part, nn.Conv2d)]
    convolutions = [node for node in model.graph if node.op_type == "Conv"]
    for node, place in zip(convolutions, places, strict=True):
        node.name = place
    write_model(ir.to_proto(model), path)


def layers_of(path: Path) -> list[str]:
    """The names of a model's convolutions, in their order, as `export_onnx` gives them."""
    return [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"]


def write_model(model: onnx.ModelProto, path: Path, **metadata: str) -> None:
    """Check a model, say in it what goes in and comes out, and write it."""
    onnx.helper.set_model_props(model, METADATA | metadata)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
