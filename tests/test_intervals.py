"""95 % intervals over images, and the tables that carry them."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from srgan_distill.common.errors import UserError
from srgan_distill.results.documents import intervals_markdown
from srgan_distill.results.intervals import (
    LEAST_IMAGES,
    difference_interval,
    difference_over_sets,
    mean_interval,
)
from srgan_distill.results.tables import ALL_SETS, TABLE2, intervals


def frame(psnr: list[float], sets: list[str] | None = None) -> pd.DataFrame:
    images = [f"{number:03}" for number in range(len(psnr))]
    return pd.DataFrame({"set": sets or "Set5", "image": images, "psnr": psnr})


def test_interval_by_hand() -> None:
    """A resample of three has its largest value alone in 1/27 of cases: more than 2.5 %, cut off.

    Around 27 it is 3 on either side, times the root of 3 / 2 and 4.303 / 1.960 (Student's quantile
    at 2 degrees of freedom over the normal one).
    """
    interval = mean_interval(np.array([24.0, 27.0, 30.0]))
    assert (interval.mean, interval.images) == (27.0, 3)
    half = 3 * 1.5**0.5 * 4.30265 / 1.95996
    assert (interval.low, interval.high) == pytest.approx((27 - half, 27 + half))


def test_intervals_of_few_images_are_students() -> None:
    values = np.array([24.0, 26.0, 28.0, 30.0, 32.0])
    interval = mean_interval(values)
    half = 2.776 * values.std(ddof=1) / math.sqrt(5)
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.05)


def test_interval_is_the_normal_one_where_there_are_many_images() -> None:
    values = np.random.default_rng(1).normal(28, 2, 400)
    half = 1.96 * values.std() / math.sqrt(400)
    interval = mean_interval(values)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=half / 8)
    assert interval.high == pytest.approx(values.mean() + half, abs=half / 8)


def test_interval_reaches_further_to_the_side_of_rare_values() -> None:
    interval = mean_interval(np.array([0.0] * 18 + [10.0] * 2))
    assert interval.high - interval.mean > 1.2 * (interval.mean - interval.low)


def test_interval_shrinks_with_images_and_repeats() -> None:
    values = np.random.default_rng(2).normal(28, 2, 400)
    widths = []
    for images in (10, 100, 400):
        interval = mean_interval(values[:images])
        assert interval.low < interval.mean < interval.high
        assert interval == mean_interval(values[:images])
        widths.append(interval.high - interval.low)
    assert widths[0] > 2 * widths[1] > 3 * widths[2]


def test_constant_difference_is_exact_and_pairing_takes_out_the_images() -> None:
    student = frame([20.0, 25.0, 30.0, 35.0, 28.0, 22.0])
    better = student.assign(psnr=student["psnr"] + 0.25)
    interval = difference_interval(better.sample(frac=1, random_state=0), student, "psnr")
    assert (interval.low, interval.mean, interval.high) == (0.25, 0.25, 0.25)
    assert interval.significant
    # Unpaired, the images' own spread would hide it.
    assert mean_interval(better["psnr"]).low < mean_interval(student["psnr"]).mean


def test_one_image_and_infinite_values_have_no_interval() -> None:
    single = mean_interval(np.array([28.0]))
    assert (single.mean, single.images, single.known, single.significant) == (28.0, 1, False, False)
    infinite = mean_interval(np.array([28.0, math.inf]))
    assert infinite.mean == math.inf
    assert not infinite.known
    perfect = frame([math.inf] * 6)
    assert math.isnan(difference_interval(perfect, perfect, "psnr").mean)


def test_three_images_of_each_set_are_needed() -> None:
    assert not mean_interval(np.full(LEAST_IMAGES - 1, 0.5)).known
    assert mean_interval(np.full(LEAST_IMAGES, 0.5)).significant
    assert not over_sets([0.5] * (LEAST_IMAGES - 1), [0.5] * 100).known
    assert over_sets([0.5] * LEAST_IMAGES, [0.5] * 100).significant


@pytest.mark.parametrize("sizes", [(3,), (5,), (5, 100), (5, 14, 100, 100)])
def test_chance_tells_as_often_as_it_should(sizes: tuple[int, ...]) -> None:
    """Of differences that are 0 but for chance, 5 % have an interval without 0; 400 show 2 to 9."""
    random = np.random.default_rng(0)
    cases = [over_sets(*(random.normal(size=size).tolist() for size in sizes)) for _ in range(400)]
    assert 0.02 <= np.mean([case.significant for case in cases]) <= 0.09


def test_different_images_cannot_be_paired() -> None:
    with pytest.raises(UserError, match="different images"):
        difference_interval(frame([1.0, 2.0]), frame([1.0, 2.0, 3.0]), "psnr")


def over_sets(*differences: list[float]):
    """The interval over sets of two models with these differences, a list for each set."""
    values = [value for own in differences for value in own]
    sets = [f"Set{index}" for index, own in enumerate(differences) for _ in own]
    model = frame([28 + value for value in values], sets)
    return difference_over_sets(model.sample(frac=1, random_state=0), model.assign(psnr=28), "psnr")


def test_interval_over_sets_by_hand() -> None:
    """The first set's mean is within 1 of 1, as above, and the second's 10: half of it is left.

    All that varies is of the first, so that the degrees of freedom are its own, 2.
    """
    interval = over_sets([0.0, 1.0, 2.0], [10.0] * 6)
    assert (interval.mean, interval.images) == (5.5, 9)  # over the images together 63 / 9
    half = 1.5**0.5 * 4.30265 / 1.95996 / 2
    assert (interval.low, interval.high) == pytest.approx((5.5 - half, 5.5 + half))


def test_interval_over_sets_is_the_normal_one_where_there_are_many_images() -> None:
    """The variance of a mean over k sets is the sum of their own, divided by k squared."""
    draw = np.random.default_rng(3)
    small, large = draw.normal(1, 0.5, 100), draw.normal(-0.4, 2, 300)
    half = 1.96 * math.sqrt(small.var() / 100 + large.var() / 300) / 2
    interval = over_sets(list(small), list(large))
    assert interval.mean == pytest.approx((small.mean() + large.mean()) / 2)
    assert interval.low == pytest.approx(interval.mean - half, abs=half / 8)
    assert interval.high == pytest.approx(interval.mean + half, abs=half / 8)
    assert interval == over_sets(list(small), list(large))


def test_interval_over_one_set_is_the_one_over_its_images() -> None:
    values = [0.5, -0.25, 0.75, 1.0, 0.0, 0.25]
    assert over_sets(values) == mean_interval(np.array(values))


def test_a_set_of_one_image_or_an_infinite_score_leaves_no_interval_over_sets() -> None:
    single = over_sets([1.0] * 8, [2.0])
    assert (single.mean, single.images, single.known, single.significant) == (1.5, 9, False, False)
    infinite = over_sets([1.0] * 8, [2.0, math.inf])
    assert infinite.mean == math.inf
    assert not infinite.known


def test_table_of_intervals() -> None:
    sets = ["Set5"] * 6 + ["Home"]
    student = frame([24.0, 30.0, 26.0, 28.0, 25.0, 29.0, 20.0], sets)
    scores = {
        "student": student,
        "student_g": student.assign(psnr=student["psnr"] + 0.25),
        "gan2g": student.assign(psnr=student["psnr"] + 0.5),
    }
    baselines = {"gan2g": "student_g"}
    table = intervals(scores, [*TABLE2, "pi"], baselines)
    assert list(dict.fromkeys(table["metric"])) == ["psnr"]
    rows = table.set_index(["model", "set"])
    assert rows.loc[("gan2g", ALL_SETS), "mean"] == pytest.approx(26.5)
    assert rows.loc[("gan2g", "Set5"), ["difference_low", "difference_high"]].tolist() == [0.5] * 2
    assert math.isnan(rows.loc[("student", "Set5"), "difference"])
    together = intervals(scores, TABLE2, baselines, by_set=False)
    assert list(dict.fromkeys(together["set"])) == [ALL_SETS]
    gain = rows.loc[("gan2g", "Set5"), ["baseline", "gain", "gain_low", "gain_high"]].tolist()
    assert gain == ["student_g", 0.25, 0.25, 0.25]
    assert rows.loc[["student", "student_g"], ["baseline", "gain"]].isna().all(axis=None)

    text = intervals_markdown(table, "Table 2")
    means, differences, gains = [part for part in text.split("\n\n") if part.startswith("|")]
    assert " Set5, n=6 |" in means
    low, high = rows.loc[("student", "Set5"), ["low", "high"]]
    assert f"27.00 [{low:.2f}, {high:.2f}]" in means
    assert "20.00 (n=1)" in means
    assert "**+0.50 [+0.50, +0.50]**" in differences
    assert " +0.50 (n=1) " in differences
    # The undistilled student itself has none; of the other rows only strategies have a baseline.
    assert "| Student  " not in differences
    assert len(gains.splitlines()) == 3
    assert gains.splitlines()[2].startswith("| GAN2G - Student (G only)")
    assert "**+0.25 [+0.25, +0.25]**" in gains


def test_table_without_any_of_its_metrics() -> None:
    table = intervals({"student": frame([1.0, 2.0])}, ["pi"], {})
    assert "None of its metrics was computed" in intervals_markdown(table, "Table 4")


def test_ten_models_on_four_sets_of_a_hundred_images_are_quick() -> None:
    """Against the bare bootstraps on the same machine, for processors differ in seconds.

    The tables take 1.6 to 2.9 times as long, and would take 8 times if they became 5 times slower.
    """
    draw = np.random.default_rng(0)
    names = [name for name in ("Set5", "Set14", "Urban100", "General100") for _ in range(100)]
    scores = {
        model: frame(list(draw.normal(28, 3, 400)), names).assign(ssim=draw.random(400))
        for model in ("student", *map(str, range(9)))
    }
    start = time.process_time()
    table = intervals(scores, TABLE2, dict.fromkeys("3456", "1"))
    whole = time.process_time() - start

    lows = table[["low", "difference_low", "gain_low"]]
    start = time.process_time()
    for images in table["images"].repeat(lows.notna().sum(axis=1)):
        # Figures, not the module's constants: it is to be noticed if those grow.
        bootstrap((draw.random(images),), np.mean, n_resamples=2000, batch=500, method="percentile")
    assert whole < 5 * (time.process_time() - start)
