"""Training crops: LR and HR of one place, in every symmetry, other ones in every stage."""

import torch
from support.training_parts import crops
from torch.nn import functional as F

from srgan_distill.training.batches import Tiles


def test_crops_of_lr_and_hr_show_the_same_place(tiles: Tiles) -> None:
    """Through cropping, flips, transposition and channel permutation; LR is an average here."""
    for step in range(20):
        lr, hr = crops(tiles, step, seed=(3,), size=8, permute_channels=True)
        assert lr.shape == (8, 3, 4, 4)
        assert hr.shape == (8, 3, 16, 16)
        assert (F.avg_pool2d(hr, 4) - lr).abs().max() <= 0.5 / 255 + 1e-6


def test_crops_are_in_zero_to_one_and_keep_their_colours() -> None:
    red = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    red[:, 0] = 255
    tiles = Tiles(red, red[:, :, ::4, ::4])
    _, hr = crops(tiles, size=4)
    assert hr[:, 0].eq(1).all()
    assert hr[:, 1:].eq(0).all()
    _, hr = crops(tiles, size=32, permute_channels=True)
    assert hr.amax((2, 3)).sum(1).eq(1).all()
    assert hr.amax((0, 2, 3)).eq(1).all()


def test_another_stage_has_other_crops(tiles: Tiles) -> None:
    pretrain, train = (crops(tiles, seed=(0, stage))[1] for stage in (1, 2))
    assert not torch.equal(pretrain, train)


def test_all_eight_symmetries_occur() -> None:
    corner = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    corner[:, :, 0, 1] = 255
    _, hr = crops(Tiles(corner, corner[:, :, ::4, ::4]), size=200)
    places = {tuple(place) for place in hr[:, 0].nonzero()[:, 1:].tolist()}
    assert places == {(0, 1), (0, 14), (15, 1), (15, 14), (1, 0), (14, 0), (1, 15), (14, 15)}
