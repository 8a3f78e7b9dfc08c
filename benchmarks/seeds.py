"""What another seed of the students moves: means of the test sets, and strategies beside baselines.

Usage: python benchmarks/seeds.py                  print the tables
       python benchmarks/seeds.py start            lay out what students start from, and teachers
       python benchmarks/seeds.py SEED RUN...      add runs that stage evaluate has just scored

seeds.csv beside this file has the means of each test set, PSNR (dB) and NIQE, of runs of profile
bsds500 that differ in `seeds.student` alone. (A pipeline that has them all prints more with
`srgan-distill compare` and `srgan-distill claims`.) Another run, with `profile: bsds500` and the
seed in params.yaml, and without the hours that teachers take:

    dvc repro --single-item check download preprocess && python benchmarks/seeds.py start
    python src/stage.py distill gan2g && python src/stage.py evaluate gan2g
    python benchmarks/seeds.py 1 gan2g
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from srgan_distill.common import metrics
from srgan_distill.common.params import load
from srgan_distill.common.paths import Paths
from srgan_distill.common.runs import display_name
from srgan_distill.experiments.tables import with_spread
from srgan_distill.networks.weights import load_generator, save_generator
from srgan_distill.shipped.models import find

TABLE = Path(__file__).with_suffix(".csv")
KEYS = ["model", "seed", "set"]
# Two decimals: a seed moves the second one.
METRICS = {name: replace(metrics.METRICS[name], decimals=2) for name in ("psnr", "niqe")}


def lay_out(paths: Paths) -> None:
    """Put the generators that ship (kernels in float16) where stages train and distill look."""
    for run in ("pretrain_student", "teacher_gan", "teacher_g"):
        save_generator(paths.generator(run), load_generator(find(run)))


def add(table: pd.DataFrame, seed: int, runs: list[str], paths: Paths) -> pd.DataFrame:
    """With the scores of `runs`, in place of those of the same seed."""
    found = [table]
    for run in runs:
        scores = pd.read_csv(paths.scores(run))
        means = scores.groupby("set", sort=False)[[*METRICS]].mean().round(4).reset_index()
        found.append(means.assign(model=run, seed=seed))
    joined = pd.concat(found)[[*KEYS, *METRICS]].drop_duplicates(KEYS, keep="last")
    # The sort keeps the order of sets.
    return joined.sort_values(["model", "seed"], kind="stable", ignore_index=True)


def by_set(table: pd.DataFrame) -> pd.DataFrame:
    """A row for each run: `PSNR, NIQE` of each test set and of their mean."""
    rows = []
    for (model, seed), scores in table.groupby(["model", "seed"], sort=False):
        means = scores.set_index("set")[[*METRICS]]
        means.loc["mean of the sets"] = means.mean()
        texts = {name: f"{row.psnr:.2f}, {row.niqe:.2f}" for name, row in means.iterrows()}
        rows.append({"model": model, "seed": seed} | texts)
    return pd.DataFrame(rows)


def gains(table: pd.DataFrame, baselines: dict[str, str]) -> pd.DataFrame:
    """Strategy minus baseline, of the same seed: mean and deviation over the seeds of both."""
    means = table.groupby(["model", "seed"])[[*METRICS]].mean()
    rows = []
    for strategy, baseline in baselines.items():
        more = (means.loc[strategy] - means.loc[baseline]).dropna()
        names = {"strategy": display_name(strategy), "baseline": display_name(baseline)}
        figures = {
            f"more {metric.label}": with_spread(metric, more[name].mean(), more[name].std(), "+")
            for name, metric in METRICS.items()
        }
        rows.append({**names, "seeds": ", ".join(map(str, more.index)), **figures})
    return pd.DataFrame(rows)


def main(arguments: list[str]) -> None:
    params, paths = load(), Paths("bsds500")
    if arguments == ["start"]:
        lay_out(paths)
        return
    table = pd.read_csv(TABLE)
    if arguments:
        seed, *runs = arguments
        table = add(table, int(seed), runs, paths)
        table.to_csv(TABLE, index=False)
    baselines = {name: strategy.baseline for name, strategy in params.strategies.items()}
    order = [*params.train, *params.strategies]
    table = table.sort_values("model", key=lambda names: names.map(order.index), kind="stable")
    for shown in (by_set(table), gains(table, baselines)):
        print(shown.to_markdown(index=False), end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
