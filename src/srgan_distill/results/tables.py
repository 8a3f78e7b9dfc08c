"""The paper's Tables 1, 2 and 4 as data frames, our figures and the paper's in one row."""

import math
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
import torch

from ..common.metrics import METRICS
from ..common.params import Network
from ..common.runs import PAPER_NAMES, STUDENT, display_name
from ..networks.cost import multiply_adds, parameter_count
from ..networks.generator import PlainGenerator
from . import paper
from .intervals import Interval, difference_interval, mean_interval

TABLE2 = ["psnr", "ssim"]
WRAPPED = "psnr_wrapped"
PERCEPTUAL = [name for name in METRICS if name not in (*TABLE2, WRAPPED)]
"""The metrics of Table 4: the paper's PI, and others of how an image looks."""

REFERENCE = STUDENT
"""What every model's difference is taken to, as in the paper; strategies have a baseline too."""

ALL_SETS = "All sets"
"""In place of a set's name: all test images together, each with the same weight."""

_INTERVAL_COLUMNS = [
    "metric", "model", "method", "set", "images", "mean", "low", "high",
    "difference", "difference_low", "difference_high",
    "baseline", "gain", "gain_low", "gain_high",
]  # fmt: skip


def table1(networks: Mapping[str, Network], height: int, width: int) -> pd.DataFrame:
    """Table 1: size and work of each generator.

    Returns:
        One row per network: `network`, `filters`, `blocks`, `parameters`, `ratio` (the teacher's
        parameters over this network's), `multiply_adds` (for an SR image of `height` x `width`
        px), `paper_parameters_m` (in millions) and `paper_ratio`.
    """
    rows = []
    for name, network in networks.items():
        with torch.device("meta"):
            generator = PlainGenerator(network.filters, network.blocks)
        rows.append(
            {
                "network": name,
                "filters": network.filters,
                "blocks": network.blocks,
                "parameters": parameter_count(generator),
                "multiply_adds": multiply_adds(generator, height, width),
                "paper_parameters_m": paper.PARAMETERS_M[name],
            }
        )
    table = pd.DataFrame(rows)
    teacher = table.loc[table["network"] == "teacher", "parameters"].item()
    table.insert(4, "ratio", teacher / table["parameters"])
    table["paper_ratio"] = table["network"].map({"teacher": 1.0, "student": paper.RATIO})
    return table


def table2(scores: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Table 2: means over each test set, and the paper's where it has the method or the set.

    Args:
        scores: per-image scores by model, in the order of the rows: `set`, `image`, one column
            per metric.

    Returns:
        One row per model and set: `model` (our key), `method` (display name), `set`, `images`,
        `psnr` in dB, `ssim`, `psnr_wrapped` in dB, `paper_psnr` in the paper's own dB,
        `paper_ssim`. A figure that one side does not have is NaN.
    """
    ours = pd.concat([_set_means(model, frame) for model, frame in scores.items()])
    theirs = paper.table2().rename(columns={"psnr": "paper_psnr", "ssim": "paper_ssim"})
    keys = {method: model for model, method in PAPER_NAMES.items()}
    theirs["model"] = theirs.pop("method").map(keys)
    # Ours first, so that an outer merge's extra rows, the paper's own sets, come after them.
    both = ours.merge(theirs, on=["model", "set"], how="outer", sort=False)
    both.insert(1, "method", both["model"].map(display_name))
    both["images"] = both["images"].astype("Int64")
    return _in_order(both, "set", [*ours["set"], *theirs["set"]]).pipe(
        _in_order, "model", [*scores, *theirs["model"]]
    )


def table4(scores: Mapping[str, pd.DataFrame], grids: Mapping[str, float]) -> pd.DataFrame:
    """Table 4: the mean of each metric of how images look over all test images.

    Args:
        scores: per-image scores by model, in the order of the rows.
        grids: each model's grid, in grey levels.

    Returns:
        One row per model: `model`, `method`, `images`, the metrics of `PERCEPTUAL` that `scores`
        has, `grid`, and `paper_pi` (the paper's mean over ten images, NaN where it has none).
    """
    theirs = paper.table4().set_index("method")["pi"]
    rows = []
    for model, frame in scores.items():
        means = frame.filter(items=PERCEPTUAL).mean()
        row = {"model": model, "method": display_name(model), "images": len(frame)}
        row |= means.to_dict() | {"grid": grids[model]}
        rows.append(row | {"paper_pi": theirs.get(PAPER_NAMES.get(model))})
    return pd.DataFrame(rows).astype({"paper_pi": float})


def intervals(
    scores: Mapping[str, pd.DataFrame],
    metrics: Sequence[str],
    baselines: Mapping[str, str],
    by_set: bool = True,
) -> pd.DataFrame:
    """Means with their 95 % intervals over images, and differences to students without a teacher.

    Args:
        scores: per-image scores by model, REFERENCE among them; all of the same images.
        metrics: names; those that were not computed are left out.
        baselines: by strategy, the student of the same phases.
        by_set: each set too, not only ALL_SETS.

    Returns:
        One row per metric, model and set, ALL_SETS last: `metric`, `model`, `method`, `set`,
        `images`, `mean`, `low`, `high`; of the paired difference to REFERENCE `difference`,
        `difference_low`, `difference_high`, NaN for REFERENCE itself; of a strategy its
        `baseline`, and of the paired difference to that `gain`, `gain_low`, `gain_high`. An end is
        NaN where one image has no interval.

    Raises:
        UserError: models were scored on different images.
    """
    reference = scores[REFERENCE]
    sets = [*(dict.fromkeys(reference["set"]) if by_set else ()), ALL_SETS]
    rows = []
    for metric in [name for name in metrics if name in reference]:
        for model, test_set in product(scores, sets):
            own = _of_set(scores[model], test_set)
            mean = mean_interval(own[metric])
            baseline = baselines.get(model)
            differences = [
                difference_interval(own, _of_set(scores[other], test_set), metric)
                if other and other != model
                else Interval(math.nan, math.nan, math.nan, mean.images)
                for other in (REFERENCE, baseline)
            ]
            reference_ends, baseline_ends = ((d.mean, d.low, d.high) for d in differences)
            labels = metric, model, display_name(model), test_set, mean.images
            means = mean.mean, mean.low, mean.high
            rows.append((*labels, *means, *reference_ends, baseline, *baseline_ends))
    return pd.DataFrame(rows, columns=_INTERVAL_COLUMNS)


def _of_set(frame: pd.DataFrame, test_set: str) -> pd.DataFrame:
    return frame if test_set == ALL_SETS else frame[frame["set"] == test_set]


def _set_means(model: str, frame: pd.DataFrame) -> pd.DataFrame:
    groups = frame.groupby("set", sort=False)
    means = groups.mean(numeric_only=True).reindex(columns=[*TABLE2, WRAPPED])
    means.insert(0, "images", groups.size())
    return means.reset_index().assign(model=model)[["model", "set", *means.columns]]


def _in_order(table: pd.DataFrame, column: str, order: Sequence[str]) -> pd.DataFrame:
    """Rows sorted (stably) by where their value of `column` first stands in `order`."""
    ranks = {value: rank for rank, value in enumerate(dict.fromkeys(order))}
    rows = table.sort_values(column, key=lambda values: values.map(ranks), kind="stable")
    return rows.reset_index(drop=True)
