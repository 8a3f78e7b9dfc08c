"""The benchmark scripts still fit the code that they measure."""

import runpy
from pathlib import Path

import pandas as pd
import pytest
import torch

from srgan_distill.common.params import Budget, load
from srgan_distill.common.paths import Paths
from srgan_distill.networks.compute import Compute
from srgan_distill.networks.generator import build_generator
from srgan_distill.networks.weights import load_generator
from srgan_distill.training.losses import Batch, discriminator_loss, generator_losses

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_every_script_finds_what_it_imports(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    names = runpy.run_path(str(script), run_name="imported")
    assert names["__doc__"]


def test_every_recipe_trains_a_generator_and_a_discriminator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of each is what recipes.py runs for an hour."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import recipes

    compute = Compute(torch.device("cpu"), torch.float32)
    hr = torch.rand(2, 3, 32, 32)
    lr = hr[:, :, ::4, ::4]
    budget = load(FOLDER.parent / "params.yaml").settings.train.model_dump()
    for name, recipe in recipes.RECIPES.items():
        generator = build_generator(4, 1, seed=0).train()
        networks = recipes.loss_networks(recipe, 32, 0, compute, tmp_path)
        batch = Batch(lr, hr, generator, networks, recipe.terms)
        sum(generator_losses(batch)).backward()
        discriminator_loss(networks.discriminator, batch.sr, hr).backward()
        for network in (generator, networks.discriminator):
            assert all(value.grad.isfinite().all() for value in network.parameters()), name
        Budget.model_validate(budget | recipe.budget)


def test_a_step_of_each_phase_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """training_step.py's own parts, on tiny networks: what they count and what they run."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import engine_step
    import training_step

    monkeypatch.setattr(engine_step, "SIZES", {"teacher": (4, 1), "student": (4, 1)})
    monkeypatch.setattr(engine_step, "CROP", 16)
    monkeypatch.setattr(engine_step, "BATCH", 2)
    training_step.write_images(tmp_path)
    step = engine_step.engine_step("pretrain student", tmp_path / "hr.npy")
    step()
    # 2 crops of 4x4 LR px; the head alone has 9 x 9 x 3 x 4 multiply-adds a pixel, three passes.
    assert training_step.multiply_adds_of(step) > 3 * 2 * 16 * 9 * 9 * 3 * 4
    assert training_step.matrix_rate(size=64, rounds=1) > 0


def test_gains_over_seeds_pair_a_strategy_with_its_baseline_of_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import seeds

    columns = ["model", "seed", "set", "psnr", "niqe"]
    table = pd.DataFrame(
        [
            ("student", 0, "A", 20.0, 5.0), ("student", 0, "B", 22.0, 5.0),
            ("student", 1, "A", 10.0, 5.0), ("student", 1, "B", 12.0, 5.0),
            ("kd", 0, "A", 21.0, 4.0), ("kd", 0, "B", 23.0, 4.0),
        ],
        columns=columns,
    )  # fmt: skip
    assert seeds.gains(table, {"kd": "student"}).iloc[0].tolist()[2:] == ["0", "+1.00", "-1.00"]
    monkeypatch.chdir(tmp_path)
    scores = Paths("bsds500").scores("kd")
    scores.parent.mkdir(parents=True)
    scores.write_text("set,image,psnr,niqe\nB,x,13,1\nB,y,15,3\nA,z,14,2\n")
    for _ in range(2):  # the same runs again take the place of theirs
        table = seeds.add(table, 1, ["kd"], Paths("bsds500"))
    assert len(table) == 8
    assert table[(table["model"] == "kd") & (table["seed"] == 1)].values.tolist() == [
        ["kd", 1, "B", 14.0, 2.0], ["kd", 1, "A", 14.0, 2.0]
    ]  # fmt: skip
    (row,) = seeds.gains(table, {"kd": "student"}).to_dict("records")
    assert list(row.values())[2:] == ["0, 1", "+2.00 ± 1.41", "-2.00 ± 1.41"]


def test_students_of_another_seed_start_from_what_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import seeds

    monkeypatch.chdir(tmp_path)
    paths = Paths("bsds500")
    seeds.lay_out(paths)
    for run, filters in {"pretrain_student": 32, "teacher_gan": 64, "teacher_g": 64}.items():
        assert load_generator(paths.generator(run)).filters == filters
