"""The networks: Table 1's sizes, x4 for any size, weights on disk, the grid."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from srgan_distill.common.errors import UserError
from srgan_distill.networks.cost import parameter_count
from srgan_distill.networks.discriminator import Discriminator, build_discriminator
from srgan_distill.networks.generator import Generator, build_generator, prelu
from srgan_distill.networks.grid import COLOURS, grid
from srgan_distill.networks.inference import super_resolve
from srgan_distill.networks.polyphase import shuffled_convolution
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.shipped.models import find


@pytest.mark.parametrize(("filters", "blocks", "count"), [(64, 16, 1_550_659), (32, 8, 248_227)])
def test_parameter_counts_of_table_1(filters: int, blocks: int, count: int) -> None:
    assert parameter_count(Generator(filters, blocks)) == count


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 13), (16, 24)])
def test_output_is_exactly_four_times_the_input(height: int, width: int) -> None:
    sr = Generator(4, 1).eval()(torch.rand(2, 3, height, width))
    assert sr.shape == (2, 3, 4 * height, 4 * width)


@pytest.mark.parametrize("learning", [True, False])
def test_the_fast_forms_are_the_networks_function(learning: bool) -> None:
    network = Generator(4, 2).eval()
    for slopes in (network.head[1].weight, network.upsample[1][2].weight):
        torch.nn.init.uniform_(slopes, -1, 1)
    lr = torch.rand(2, 3, 5, 7)
    with torch.set_grad_enabled(learning):
        features = F.prelu(network.head[0](lr), network.head[1].weight)
        features = features + network.fuse(network.blocks(features))
        for convolution, shuffle, activation in network.upsample:
            features = F.prelu(shuffle(convolution(features)), activation.weight)
        expected = F.conv2d(features, network.tail.weight, network.tail.bias, padding=4)
        torch.testing.assert_close(network(lr), expected, rtol=0, atol=1e-6)


def test_the_fast_forms_have_the_networks_gradients() -> None:
    features, kernel, bias = torch.randn(2, 8, 5, 7), torch.randn(3, 2, 9, 9), torch.randn(3)
    slopes = torch.rand(2)
    inputs = [part.double().requires_grad_() for part in (features, kernel, bias, slopes)]

    def plain(features, kernel, bias, slopes):
        return F.conv2d(F.prelu(F.pixel_shuffle(features, 2), slopes), kernel, bias, padding=4)

    def fast(features, kernel, bias, slopes):
        activated = prelu(features, slopes.repeat_interleave(4))
        return shuffled_convolution(activated, kernel, bias)

    weight = torch.randn(2, 3, 10, 14, dtype=torch.double)
    expected, got = (
        torch.autograd.grad((weight * function(*inputs)).sum(), inputs)
        for function in (plain, fast)
    )
    for part, (one, other) in enumerate(zip(expected, got, strict=True)):
        torch.testing.assert_close(one, other, msg=lambda text, part=part: f"{part}: {text}")


def test_initial_weights_depend_on_the_seed_alone() -> None:
    first = build_generator(4, 1, seed=1)
    torch.rand(5)
    again, other = build_generator(4, 1, seed=1), build_generator(4, 1, seed=2)
    same = [torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(first.tail.weight, other.tail.weight)


def test_at_the_start_blocks_add_nothing_and_neighbours_are_alike() -> None:
    """Residual branches of zero, and ICNR: a PixelShuffle makes every four channels neighbours."""
    generator = build_generator(4, 2, seed=0).eval()
    features = torch.rand(1, 4, 5, 6)
    assert all(torch.equal(block(features), features) for block in generator.blocks)
    assert not generator.fuse(features).any()
    for step in generator.upsample:
        for values in step[0].parameters():
            neighbours = values.unflatten(0, (-1, 4))
            assert neighbours.eq(neighbours[:, :1]).all()
            assert not neighbours[0].eq(neighbours[1]).all()


def test_discriminator_judges_crops_of_its_size() -> None:
    assert Discriminator(48)(torch.rand(3, 3, 48, 48)).shape == (3,)
    # SRGAN's, at 96 px: 4.69M convolution and normalisation values, 18.88M and 1,025 dense ones.
    network = Discriminator(96)
    assert parameter_count(network.features) == 4_689_088
    assert network.features(torch.rand(1, 3, 96, 96)).shape == (1, 512, 6, 6)
    dense = 512 * 6 * 6 * 1024 + 1024 + 1024 + 1
    assert parameter_count(network.classify) == dense
    slopes = [part.negative_slope for part in network.modules() if isinstance(part, nn.LeakyReLU)]
    assert slopes == [0.2] * 9


def test_discriminator_has_no_state_besides_its_weights() -> None:
    network = build_discriminator(16, seed=0)
    assert set(network.state_dict()) == {name for name, _ in network.named_parameters()}


def test_generator_survives_the_disk(tmp_path: Path) -> None:
    generator = build_generator(4, 2, seed=0, checkerboard_free=True).eval()
    file = tmp_path / "folder" / "generator.safetensors"
    save_generator(file, generator)
    lr = torch.rand(1, 3, 5, 6)
    loaded = load_generator(file)
    assert torch.equal(loaded(lr), generator(lr))
    assert loaded.checkerboard_free
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", [b"", b"no weights at all", None])
def test_damaged_weights_are_named(tmp_path: Path, damage: bytes | None) -> None:
    file = tmp_path / "generator.safetensors"
    if damage is None:
        save_generator(file, Generator(4, 1))
        damage = file.read_bytes()[:-100]
    file.write_bytes(damage)
    with pytest.raises(UserError, match=r"generator\.safetensors"):
        load_generator(file)
    with pytest.raises(UserError, match="does not exist"):
        load_generator(tmp_path / "none.safetensors")


def test_grid_is_the_deviation_of_the_cell_that_repeats() -> None:
    """A generator that adds a known pattern: a column of 4 is brighter by 2 of 255."""

    class Patterned(Generator):
        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            sr = F.interpolate(lr, scale_factor=4)
            sr[:, 0, :, ::4] += 2 / 255
            return sr

    patterned = Patterned(4, 1)
    # One column of four: deviations 1.5 and -0.5 of the mean, 0.866 in all.
    assert grid(patterned) == pytest.approx(2 * (3 / 16) ** 0.5, abs=1e-3)
    assert not patterned.training


def test_the_grid_of_a_network_is_the_same_on_a_larger_image() -> None:
    generator = load_generator(find("pretrain_student"))
    cells = []
    for side in (32, 64):
        lr = torch.tensor(COLOURS)[:, :, None, None].expand(-1, -1, side, side)
        with torch.no_grad():
            cells.append(generator(lr)[:, :, 2 * side : 2 * side + 4, 2 * side : 2 * side + 4])
    small, large = cells
    assert small.shape == (len(COLOURS), 3, 4, 4)
    torch.testing.assert_close(small, large, atol=0.02 / 255, rtol=0)
    strongest = small.flatten(2).std(2, correction=0).max().item()
    assert grid(generator) == pytest.approx(255 * strongest)


def shaken_generator() -> Generator:
    """Every layer has its say, and no four kernels of a PixelShuffle are alike."""
    generator = build_generator(4, 2, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter += 0.1 * torch.randn(parameter.shape)
    return generator.eval()


def test_without_a_checkerboard_a_flat_image_stays_flat() -> None:
    generator = shaken_generator()
    assert grid(generator) > 1
    generator.remove_checkerboard()
    assert grid(generator) < 1e-3


def test_a_checkerboard_is_removed_by_the_nearest_weights() -> None:
    """By hand: kernel sums 1, 2, 3 and 6 of four phases all become their mean, 3.

    The difference is spread evenly over the nine taps, which is the least change; what makes no
    checkerboard stays, and once it is gone, nothing changes any more.
    """
    generator = shaken_generator()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    conv = generator.upsample[0][0]
    with torch.no_grad():
        conv.weight[:4, 0] = torch.tensor([1.0, 2.0, 3.0, 6.0])[:, None, None] / 9
        conv.weight[:4, 0, 1, 1] += torch.tensor([1.0, 2.0, 3.0, 6.0])
        conv.weight[:4, 0, 0, 0] -= torch.tensor([1.0, 2.0, 3.0, 6.0])
        conv.bias[:4] = torch.tensor([0.0, 0.0, 0.0, 4.0])
    kernels = conv.weight[:4, 0].clone()
    generator.remove_checkerboard()
    torch.testing.assert_close(conv.weight[:4, 0].sum((1, 2)), torch.full((4,), 3.0))
    moved = torch.tensor([2.0, 1.0, 0.0, -3.0])[:, None, None] / 9
    torch.testing.assert_close(conv.weight[:4, 0], kernels + moved)
    assert conv.bias[:4].tolist() == [1.0] * 4
    after = generator.state_dict()
    changed = {name for name, value in after.items() if (value != before[name]).any()}
    upsampling = ("upsample.0.0", "upsample.1.0")
    assert changed == {f"{layer}.{part}" for layer in upsampling for part in ("weight", "bias")}
    once = [parameter.clone() for parameter in generator.parameters()]
    generator.remove_checkerboard()
    for parameter, same in zip(generator.parameters(), once, strict=True):
        torch.testing.assert_close(parameter, same)


@pytest.mark.parametrize(("height", "width"), [(70, 20), (3, 90), (41, 1)])
def test_a_large_image_is_super_resolved_in_bands(height: int, width: int) -> None:
    """Of whose places none shows: of zeros beyond the border neither."""
    generator = Generator(4, 2).eval().double()
    lr = torch.rand(1, 3, height, width, dtype=torch.double)
    seen = []
    generator.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[-2]))
    with torch.no_grad():
        whole = generator(lr)
        found = super_resolve(generator, lr, generator.receptive_radius, most=40 * width)
    torch.testing.assert_close(found, whole, rtol=0, atol=1e-12)
    assert seen[0] == height
    assert max(seen[1:]) <= 40
    assert (len(seen) > 2) == (height > 40)


def test_an_sr_pixel_depends_on_the_receptive_radius_and_no_more() -> None:
    generator = build_generator(4, 2, seed=0).eval()
    for part in generator.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.ones_(part.weight)  # zero at the start: the blocks would reach nowhere
    lr = torch.rand(1, 3, 64, 64, requires_grad=True)
    generator(lr)[0, 0, 128:132, 128:132].sum().backward()
    rows = lr.grad.abs().amax((0, 1, 3)).nonzero().flatten()
    assert (rows.min().item(), rows.max().item()) == (
        32 - generator.receptive_radius,
        32 + generator.receptive_radius,
    )


def test_block_outputs_come_with_the_same_sr() -> None:
    generator = build_generator(4, 3, seed=0).eval()
    lr = torch.rand(2, 3, 8, 8)
    sr, outputs = generator(lr, with_blocks=True)
    assert torch.equal(sr, generator(lr))
    assert [output.shape for output in outputs] == [(2, 4, 8, 8)] * 3


def test_weights_have_the_mode_of_any_new_file(tmp_path: Path) -> None:
    """Others of a group may read them, where the umask lets them read what one writes."""
    (tmp_path / "other").touch()
    save_generator(tmp_path / "generator.safetensors", Generator(4, 1))
    modes = {(tmp_path / name).stat().st_mode for name in ("other", "generator.safetensors")}
    assert len(modes) == 1
