"""Draw the curves that recipes.py wrote: the *.tsv of a folder to curves.png beside them.

Usage: python benchmarks/recipe_curves.py FOLDER, one of benchmarks/recipes
"""

import re
import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from srgan_distill.networks.grid import VISIBLE

PANELS = {
    "psnr": "PSNR of the held-out images (dB, Y)",
    "niqe": "NIQE of the held-out images (lower is better)",
    "grid": "grid: pattern in flat areas (grey levels)",
}


def draw(curves: dict[str, pd.DataFrame], target: Path) -> None:
    """A panel for each figure, a line for each run, by its title."""
    figure = Figure(figsize=(15, 5.5), layout="constrained")
    panels = figure.subplots(1, len(PANELS), sharex=True)
    for panel, (column, label) in zip(panels, PANELS.items(), strict=True):
        for name, table in curves.items():
            panel.plot(table["step"], table[column], marker=".", label=name)
        panel.set(xlabel="steps of the generator", ylabel=label)
        panel.grid(alpha=0.3)
    panels[-1].axhline(
        VISIBLE, color="grey", linestyle="--", label="most in a model that upscale offers"
    )
    figure.legend(*panels[-1].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(target, dpi=80, metadata={"Software": None})


def title(file: Path) -> str:
    """Of <recipe>_of_<steps>-<seed>.tsv, in words."""
    recipe, steps, seed = re.fullmatch(r"(\w+)_of_(\d+)-(\d+)", file.stem).groups()
    return f"{recipe}, {int(steps):,} steps, seed {seed}"


def main(folder: Path) -> None:
    files = sorted(folder.glob("*.tsv"))
    draw({title(file): pd.read_csv(file, sep="\t") for file in files}, folder / "curves.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
