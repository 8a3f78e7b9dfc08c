"""The training loop: what each step may and may not move, and that it is repeatable."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from srgan_distill.training.tiles import Tiles
from torch import nn
from torch.nn import functional as F

from srgan_distill.common.errors import UserError
from srgan_distill.common.params import Budget, Phase, load
from srgan_distill.networks.compute import Compute, make_deterministic
from srgan_distill.networks.content import build_content
from srgan_distill.networks.discriminator import build_discriminator
from srgan_distill.networks.generator import Generator, build_generator
from srgan_distill.training import loop as engine
from srgan_distill.training.batches import Feed
from srgan_distill.training.checkpoint import Checkpoint
from srgan_distill.training.curves import Curves
from srgan_distill.training.distributed import ALONE, Team
from srgan_distill.training.loop import Trainer, plan
from srgan_distill.training.losses import TERMS, Batch, Judges, discriminator_loss, freeze

CPU = Compute(torch.device("cpu"), torch.float32)
WEIGHTS = dict.fromkeys(TERMS, 1.0)


@pytest.fixture
def tiles() -> Tiles:
    coarse = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * 255
    hr = F.interpolate(coarse, scale_factor=8, mode="bilinear").round()
    return Tiles(hr.byte(), F.avg_pool2d(hr, 4).round().byte())


@pytest.fixture
def judges() -> Judges:
    return Judges(
        content=build_content("efficientnet_lite0", None),
        teacher=freeze(build_generator(8, 2, seed=9)),
        discriminator=build_discriminator(16, seed=0),
    )


@pytest.fixture
def make_trainer(tiles: Tiles, judges: Judges, tmp_path: Path) -> Callable[..., Trainer]:
    def make(**changes: object) -> Trainer:
        make_deterministic()
        budget = Budget(
            steps=4, batch=2, crop=16, lr=1e-3, lr_end=1e-4, permute_channels=False,
            log_every=2, validate_every=2,
        )  # fmt: skip
        parts = {
            "compute": CPU, "feed": feed(tiles, budget), "judges": judges, "weights": WEIGHTS,
            "budget": budget, "validate": lambda generator: 20.0,
            "curves": Curves(tmp_path / "learning", tmp_path / "system"),
            "checkpoint": Checkpoint(tmp_path / "run.pt", "test"),
        }  # fmt: skip
        return Trainer(**{**parts, **changes})

    return make


def feed(tiles: Tiles, budget: Budget, seed: int = 0, team: Team = ALONE) -> Feed:
    return Feed(tiles, CPU, budget, seed, team)


def crops(tiles: Tiles, step: int = 0, **options: object) -> tuple[torch.Tensor, torch.Tensor]:
    """LR and HR, in [0, 1]."""
    lr, hr = tiles.cut(step, **{"seed": 0, "size": 2, "crop": 16, **options})
    return lr / 255, hr / 255


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def moved(network: nn.Module, before: dict[str, torch.Tensor]) -> bool:
    return any(not torch.equal(value, before[name]) for name, value in state(network).items())


def run(trainer: Trainer, generator: Generator, *phases: Phase) -> Generator:
    with trainer.curves:
        trainer.train(generator, list(phases), "test")
    return generator


@pytest.mark.parametrize("term", TERMS)
def test_every_term_sends_a_gradient_into_the_generator(
    term: str, tiles: Tiles, judges: Judges
) -> None:
    """SRGAN-PyTorch's best-known content loss does not: it is rebuilt from numbers."""
    generator = build_generator(4, 1, seed=0)
    lr, hr = crops(tiles)
    TERMS[term](Batch(lr, hr, generator(lr), judges)).backward()
    gradients = [parameter.grad for parameter in generator.parameters()]
    assert all(gradient is not None for gradient in gradients)
    assert generator.head[0].weight.grad.abs().sum() > 0


def test_terms_by_hand(tiles: Tiles) -> None:
    """MSE over [0, 1], -log D for a discriminator of known logits, cross entropy for L_D."""
    lr, hr = crops(tiles)
    judges = Judges(
        content=lambda image: 2 * image,
        teacher=lambda lr: torch.full_like(hr, 0.25),
        discriminator=lambda image: torch.tensor([0.0, 2.0]),
    )
    batch = Batch(lr, torch.full_like(hr, 0.5), torch.full_like(hr, 1.0), judges)
    assert TERMS["pixel"](batch).item() == pytest.approx(0.25)
    assert TERMS["content"](batch).item() == pytest.approx(1.0)
    assert TERMS["distillation"](batch).item() == pytest.approx(0.5625)
    assert TERMS["feature_distillation"](batch).item() == pytest.approx(2.25)
    # (-log sigmoid(0) - log sigmoid(2)) / 2
    assert TERMS["adversarial"](batch).item() == pytest.approx((0.693147 + 0.126928) / 2, abs=1e-5)
    # real: as above; fake: (-log(1 - sigmoid(0)) - log(1 - sigmoid(2))) / 2
    loss = discriminator_loss(judges.discriminator, hr, hr)
    assert loss.item() == pytest.approx((0.693147 * 2 + 0.126928 + 2.126928) / 2, abs=1e-5)


def test_the_teacher_never_moves(make_trainer: Callable[..., Trainer], judges: Judges) -> None:
    before = state(judges.teacher)
    student = build_generator(4, 1, seed=0)
    terms = ["content", "adversarial", "distillation", "feature_distillation"]
    run(make_trainer(), student, Phase(terms=terms))
    assert not moved(judges.teacher, before)
    assert not any(module.training for module in judges.teacher.modules())


def test_generator_and_discriminator_step_apart(
    make_trainer: Callable[..., Trainer], judges: Judges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither weights nor statistics of the one move in the other's step."""
    generator = build_generator(4, 1, seed=0)
    networks = {"generator": generator, "discriminator": judges.discriminator}
    update = engine._update
    log = []

    def watched(optimizer: torch.optim.Optimizer, *rest: object) -> None:
        before = {name: state(network) for name, network in networks.items()}
        update(optimizer, *rest)
        log.append({name for name, network in networks.items() if moved(network, before[name])})

    monkeypatch.setattr(engine, "_update", watched)
    run(make_trainer(), generator, Phase(terms=["adversarial"]))
    assert log == [{"generator"}, {"discriminator"}] * 4


def test_discriminator_step_leaves_no_gradient_in_the_generator(
    tiles: Tiles, judges: Judges
) -> None:
    generator = build_generator(4, 1, seed=0)
    lr, hr = crops(tiles)
    discriminator_loss(judges.discriminator, generator(lr), hr).backward()
    assert all(parameter.grad is None for parameter in generator.parameters())


SECTION_2 = {
    "teacher_gan": [{"content", "adversarial", "discriminator"}],
    "teacher_g": [{"content"}],
    "student": [{"content", "adversarial", "discriminator"}],
    "gan2gan": [{"content", "adversarial", "distillation", "discriminator"}],
    "gan2g": [{"content", "distillation"}],
    "gan2g_al": [{"content", "distillation"}, {"content", "adversarial", "discriminator"}],
    "g2g_al": [{"content", "distillation"}, {"content", "adversarial", "discriminator"}],
}
TEACHERS = {
    "gan2gan": "teacher_gan", "gan2g": "teacher_gan", "gan2g_al": "teacher_gan",
    "g2g_al": "teacher_g",
}  # fmt: skip


@pytest.mark.parametrize("name", SECTION_2)
def test_phases_minimise_exactly_the_papers_terms(
    name: str, make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reaches an optimiser, not what params.yaml says: terms are swapped for markers."""
    params = load(Path(__file__).parents[1] / "params.yaml")
    if name in params.strategies:
        assert params.strategies[name].teacher == TEACHERS[name]
        phases = params.distill.phases(params.strategies[name])
    else:
        phases = params.train[name].phases
    called: set[str] = set()

    def marked(term: str) -> Callable[[Batch], torch.Tensor]:
        def loss(batch: Batch) -> torch.Tensor:
            called.add(term)
            return batch.sr.mean()

        return loss

    def marked_discriminator(discriminator: nn.Module, sr: torch.Tensor, hr: torch.Tensor):
        called.add("discriminator")
        return discriminator(hr).mean()

    monkeypatch.setattr(engine, "TERMS", {term: marked(term) for term in TERMS})
    monkeypatch.setattr(engine, "discriminator_loss", marked_discriminator)
    trainer, generator = make_trainer(), build_generator(4, 1, seed=0)
    seen = []
    for span in plan(phases, trainer.budget.steps):
        called.clear()
        trainer._step(generator, span, span.first, trainer._optimizers(generator, span))
        seen.append(set(called))
    assert seen == SECTION_2[name]


def test_total_is_the_weighted_sum(make_trainer: Callable[..., Trainer]) -> None:
    """A weight of 0 takes a term out: the weights that result are those without it."""
    both = run(
        make_trainer(weights={**WEIGHTS, "distillation": 0.0}),
        build_generator(4, 1, seed=0),
        Phase(terms=["content", "distillation"]),
    )
    alone = run(make_trainer(), build_generator(4, 1, seed=0), Phase(terms=["content"]))
    assert not moved(both, state(alone))
    heavy = run(
        make_trainer(weights={**WEIGHTS, "distillation": 9.0}),
        build_generator(4, 1, seed=0),
        Phase(terms=["content", "distillation"]),
    )
    assert moved(heavy, state(alone))


def test_shares_become_whole_steps_that_add_up() -> None:
    thirds = [Phase(terms=["content"], share=1 / 3) for _ in range(3)]
    spans = plan(thirds, 100)
    assert [(span.first, span.end) for span in spans] == [(0, 33), (33, 67), (67, 100)]


def test_same_seed_same_weights(make_trainer: Callable[..., Trainer], tiles: Tiles) -> None:
    phase = Phase(terms=["pixel"])
    first = run(make_trainer(), build_generator(4, 1, seed=0), phase)
    torch.rand(7)
    again = run(make_trainer(), build_generator(4, 1, seed=0), phase)
    other = run(
        make_trainer(feed=feed(tiles, make_trainer().budget, seed=1)),
        build_generator(4, 1, seed=0),
        phase,
    )
    assert not moved(again, state(first))
    assert moved(other, state(first))


def test_learning_lowers_the_loss(
    make_trainer: Callable[..., Trainer], tiles: Tiles, tmp_path: Path
) -> None:
    budget = make_trainer().budget.model_copy(update={"steps": 80, "log_every": 20})
    trainer = make_trainer(budget=budget, feed=feed(tiles, budget))
    run(trainer, build_generator(8, 1, seed=0), Phase(terms=["pixel"]))
    lines = (tmp_path / "learning/plots/metrics/loss/pixel.tsv").read_text().split("\n")[1:-1]
    losses = [float(line.split("\t")[1]) for line in lines]
    assert len(losses) == 4
    assert losses[-1] < losses[0] / 2


def test_a_loss_that_is_not_finite_names_step_and_term(
    make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter([1.0, 1.0, float("nan"), 1.0])
    bad = {**TERMS, "content": lambda batch: batch.sr.mean() * next(calls)}
    monkeypatch.setattr(engine, "TERMS", bad)
    trainer = make_trainer(checkpoint_seconds=0)
    with pytest.raises(UserError, match="the content loss is nan at step 2"):
        run(trainer, build_generator(4, 1, seed=0), Phase(terms=["pixel", "content"]))
    last_good = trainer.checkpoint.load()
    assert last_good["step"] == 2
    assert all(value.isfinite().all() for value in last_good["generator"].values())


def test_crops_of_lr_and_hr_show_the_same_place(tiles: Tiles) -> None:
    """Through cropping, flips, transposition and channel permutation; LR is an average here."""
    for step in range(20):
        lr, hr = crops(tiles, step, seed=3, size=8, permute_channels=True)
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


def test_all_eight_symmetries_occur() -> None:
    corner = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    corner[:, :, 0, 1] = 255
    _, hr = crops(Tiles(corner, corner[:, :, ::4, ::4]), size=200)
    places = {tuple(place) for place in hr[:, 0].nonzero()[:, 1:].tolist()}
    assert places == {(0, 1), (0, 14), (15, 1), (15, 14), (1, 0), (14, 0), (1, 15), (14, 15)}
