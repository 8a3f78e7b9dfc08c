"""Training crops: LR and HR of one place, in every symmetry, other ones in every stage."""

from itertools import combinations

import pytest
import torch
from support.training_parts import crops
from torch.nn import functional as F

from srgan_distill.training.batches import Prefetcher, Tiles, crop_seed


def test_crops_of_lr_and_hr_show_the_same_place(tiles: Tiles) -> None:
    """Through cropping, flips, transposition and channel permutation; LR is an average here."""
    for step in range(20):
        lr, hr = crops(tiles, step, seed=(3,), batch=8, permute_channels=True)
        assert lr.shape == (8, 3, 4, 4)
        assert hr.shape == (8, 3, 16, 16)
        assert (F.avg_pool2d(hr, 4) - lr).abs().max() <= 0.5 / 255 + 1e-6


def test_crops_are_in_zero_to_one_and_keep_their_colours() -> None:
    red = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    red[:, 0] = 255
    tiles = Tiles(red, red[:, :, ::4, ::4])
    for part in crops(tiles, batch=4):
        assert part[:, 0].eq(1).all()
        assert part[:, 1:].eq(0).all()
    _, hr = crops(tiles, batch=32, permute_channels=True)
    assert hr.amax((2, 3)).sum(1).eq(1).all()
    assert hr.amax((0, 2, 3)).eq(1).all()


def test_another_stage_and_another_seed_have_other_crops(tiles: Tiles) -> None:
    runs = [(0, "pretrain"), (0, "train"), (0, "distill"), (1, "pretrain")]
    found = [crops(tiles, seed=crop_seed(*run))[1] for run in runs]
    assert not any(torch.equal(one, other) for one, other in combinations(found, 2))


def test_what_is_cut_ahead_is_the_step_that_is_asked_for() -> None:
    find = Prefetcher(
        lambda step: (torch.tensor(step), torch.tensor(-step)), torch.contiguous_format
    )
    steps = [0, 1, 2, 7, 8, 8, 3]
    assert [tuple(part.item() for part in find(step)) for step in steps] == [
        (step, -step) for step in steps
    ]


def test_what_is_cut_ahead_is_pinned_as_it_will_lie_on_the_gpu(
    tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that changes strides on its way would go through memory that is not pinned."""
    pinned: list[torch.Tensor] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self) or self)
    found = Prefetcher(lambda step: tiles.cut(step, (0,), 2, 16), torch.channels_last)(0)
    assert all(part.is_contiguous(memory_format=torch.channels_last) for part in found)
    assert all(any(part is own for own in pinned) for part in found)
    assert all(map(torch.equal, found, tiles.cut(0, (0,), 2, 16)))


def test_all_eight_symmetries_occur() -> None:
    corner = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    corner[:, :, 0, 1] = 255
    _, hr = crops(Tiles(corner, corner[:, :, ::4, ::4]), batch=200)
    places = {tuple(place) for place in hr[:, 0].nonzero()[:, 1:].tolist()}
    assert places == {(0, 1), (0, 14), (15, 1), (15, 14), (1, 0), (14, 0), (1, 15), (14, 15)}
