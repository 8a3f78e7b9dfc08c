"""The shipped models: small, on the card, and as good as the run they come from."""

from pathlib import Path

import pytest
import torch

from srgan_distill.common.errors import UserError
from srgan_distill.common.paths import Paths
from srgan_distill.imaging.images import to_uint8
from srgan_distill.networks.grid import VISIBLE, grid
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.shipped import models
from srgan_distill.shipped.collect import collect
from srgan_distill.shipped.models import find, names


def test_every_file_is_small_and_on_the_card() -> None:
    folder = Path(models.__file__).parent
    card = (folder / "README.md").read_text()
    assert models.find(models.DEFAULT).stat().st_size < 2_000_000
    for name in models.names():
        assert models.find(name).stat().st_size < 4_000_000
        assert f"`{name}`" in card


def test_a_file_s_path_is_no_model_s_name(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"")
    assert models.find(tmp_path / "mine.safetensors") == tmp_path / "mine.safetensors"
    with pytest.raises(UserError, match="neither a file nor a shipped model"):
        models.find(tmp_path / "mine")


def test_collected_models_are_half_as_large_and_differ_by_one_grey_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = load_generator(models.find(models.DEFAULT))
    for parameter in source.parameters():
        parameter.data *= 1 + 1e-4 * torch.rand_like(parameter)  # no longer float16's values
    monkeypatch.chdir(tmp_path)
    paths = Paths("sample")
    save_generator(paths.generator("pretrain_student"), source)
    (file,) = collect(paths, ["pretrain_student"], tmp_path / "models")
    assert file.name == "pretrain_student.safetensors"
    whole = paths.generator("pretrain_student").stat().st_size
    assert file.stat().st_size < 0.6 * whole
    lr = torch.rand(1, 3, 24, 24)
    with torch.inference_mode():
        before, after = (
            to_uint8(network(lr)).astype(int) for network in (source, load_generator(file))
        )
    assert abs(after - before).max() <= 1


@pytest.mark.parametrize("name", names())
def test_nothing_that_is_offered_by_name_draws_a_grid(name: str) -> None:
    assert grid(load_generator(find(name))) <= VISIBLE
