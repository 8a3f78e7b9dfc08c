"""Tables 1, 2 and 4 as documents, with what a reader must know to compare the columns."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..common.metrics import GRID, METRICS
from ..common.params import Network
from ..common.runs import display_name
from ..common.scale import SCALE
from ..common.text import ABSENT, markdown_page, markdown_table, write_text
from ..networks.grid import VISIBLE
from .intervals import CONFIDENCE, LEAST_IMAGES, RESAMPLES, Interval, interval_text
from .tables import PERCEPTUAL, REFERENCE, TABLE2, intervals, table1, table2, table4

WRAPPED_NOTE = """\
**The paper's PSNRs are not standard ones.** All of them lie between 28.2 and 30 dB, on every test
set, while its SSIMs run from 0.48 to 0.86; published SRGANs score about 29.4 dB on Set5 and
24.4 dB on Urban100. Subtracting and squaring uint8 arrays, which wraps modulo 256, gives such
figures: noise of sigma 12 to 40 reads 30 to 28.2 dB on any image. PSNR mod 256 (`psnr_wrapped`)
is computed in that way, of RGB and the whole image, to compare with the paper on its own scale; it
says nothing about quality, for which there is the standard PSNR. That the paper did the same is
an inference from its figures, for its metric code is not public; most of ours are above them."""

NO_PI_NOTE = """\
**PI was not computed here**: `pi` is not among the metrics of this profile (`evaluate.metrics` in
params.yaml). The paper's PI stands beside the metrics that were computed; these are other scales,
on which only the order of the methods can be compared."""

METRIC_NOTES = {
    "lpips": "LPIPS (AlexNet, version 0.1) and DISTS: distances of features of SR and HR.",
    "edges": "Edge sharpness: how steep SR is where HR has its edges, over how steep HR is. 1 is "
    "as sharp as HR, less is blurred; ringing and noise are steep too.",
    "niqe": "NIQE here sees the luma of YIQ and the whole image, as its authors' code does. The "
    "NIQE inside PI is another figure: it sees the luma of BT.601 without a border of 4 px, as in "
    "the PIRM challenge that PI comes from.",
    "piqe": "PIQE rewards a grid: it says nothing of these methods by itself.",
}
"""What is said under Table 4 of a metric, where it was computed."""

GRID_NOTE = f"""\
Grid: the strongest pattern of 4 px that the generator draws into flat areas, as a standard
deviation in grey levels (0..255), the largest over a few colours. 0 is none, as in bicubic
interpolation; from about {VISIBLE} it can be seen."""

INTERVALS_NOTE = f"""\
[low, high]: {CONFIDENCE * 100:.0f} % interval of the mean over the n images of a set, by percentile
bootstrap over images ({RESAMPLES:,} resamples, fixed seed), widened for few images: by the root of
n / (n - 1), and by Student's quantile over the normal one. Fewer than {LEAST_IMAGES} images have
none. A difference is taken image by image (paired), which leaves out that one image is harder than
another. **Bold**: its interval excludes 0. All sets: every image weighs the same; in Table 2's mean
and in the claims every set does.

The paper compares all with one student, which has an adversarial phase. A strategy's **baseline**
has the same phases as the strategy and no teacher: the difference to it is what the teacher brings.

What they tell is how the mean would move with other test images of the kind, not with another
seed of the training: for that there is `srgan-distill compare`. They are not corrected for there
being many: of a hundred differences that are truly 0, about five would be bold."""

Row = Any  # of DataFrame.itertuples


def all_tables(
    networks: Mapping[str, Network],
    size: tuple[int, int],
    scores: Mapping[str, pd.DataFrame],
    baselines: Mapping[str, str],
    models: Mapping[str, Mapping[str, float]],
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Every table by the name of its file, as figures and as Markdown.

    Args:
        networks: the generators of Table 1.
        size: height and width of the SR image whose multiply-adds Table 1 counts, in px.
        scores: per-image scores by run.
        baselines: by strategy, the student of the same phases.
        models: by run, its `grid`.
    """
    sizes, fidelity = table1(networks, *size), table2(scores)
    perception = table4(scores, {run: figures["grid"] for run, figures in models.items()})
    spread2 = intervals(scores, TABLE2, baselines)
    spread4 = intervals(scores, PERCEPTUAL, baselines, by_set=False)
    return {
        "table1": (sizes, table1_markdown(sizes, *size)),
        "table2": (fidelity, table2_markdown(fidelity)),
        "table2_intervals": (spread2, intervals_markdown(spread2, "Table 2 with 95 % intervals")),
        "table4": (perception, table4_markdown(perception)),
        "table4_intervals": (spread4, intervals_markdown(spread4, "Table 4 with 95 % intervals")),
    }


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """A table to compute with, in six decimals."""
    write_text(path, table.to_csv(index=False, float_format="%.6f"))


def table1_markdown(table: pd.DataFrame, height: int, width: int) -> str:
    """Table 1, from `tables.table1`, counted for an SR image of `height` x `width` px."""
    rows = [
        {
            "Generator": row.network.capitalize(),
            "Filters": row.filters,
            "Residual blocks": row.blocks,
            "Parameters": f"{row.parameters:,}",
            "Parameters, paper": f"{row.paper_parameters_m:.2f} M",
            "Teacher / this": f"{row.ratio:.4f}",
            "Teacher / this, paper": f"{row.paper_ratio:.2f}",
            "Multiply-adds": f"{row.multiply_adds / 1e9:.2f} G",
        }
        for row in table.itertuples()
    ]
    size = f"{width - width % SCALE} x {height - height % SCALE}"
    note = f"Multiply-adds: of the convolutions, for one SR image of {size} px (width x height)."
    return markdown_page("## Table 1. The generators", markdown_table(rows), note)


def table2_markdown(table: pd.DataFrame) -> str:
    """Table 2, from `tables.table2`: the paper's columns beside ours on the sets both have."""
    measured = table["set"].isin(table.dropna(subset="images")["set"])
    here, elsewhere = table[measured], table[~measured]
    parts = [
        "## Table 2. PSNR (dB) / SSIM, higher is better",
        _by_set(here, {"": _pair, ", paper": _paper_pair}, mean=True),
        "Means over the images of a set, by the standard protocol: Y of BT.601, 4 px border "
        "cropped. Mean: over the sets. With intervals: table2_intervals.md.",
    ]
    if here["psnr_wrapped"].notna().any():
        parts += [
            f"### {METRICS['psnr_wrapped'].label}: the scale that the paper's PSNRs seem to be on",
            _by_set(here, {"": _wrapped, ", paper": _paper_psnr}),
        ]
    parts.append(WRAPPED_NOTE)
    if len(elsewhere):
        parts += [
            "### The paper's PSNR / SSIM on its other test sets: other images, not comparable",
            _by_set(elsewhere, {"": _paper_as_printed}),
        ]
    return markdown_page(*parts)


def table4_markdown(table: pd.DataFrame) -> str:
    """Table 4, from `tables.table4`: PI, the other metrics of how images look, and the grid."""
    computed = [name for name in PERCEPTUAL if name in table]
    # The paper's PI goes beside ours, or, where there is none, before the other metrics.
    columns = {"paper_pi": f"{METRICS['pi'].heading}, paper"} | {
        n: METRICS[n].heading for n in computed
    }
    columns = dict(sorted(columns.items(), key=lambda column: column[0] != "pi"))
    rows = [
        {"Method": row.method}
        | {
            name: METRICS[column.removeprefix("paper_")].text(getattr(row, column))
            for column, name in columns.items()
        }
        | {GRID.heading: GRID.text(row.grid)}
        for row in table.itertuples()
    ]
    scope = (
        f"Ours: means over all {table['images'].max()} test images; the paper's: over ten images. "
        "↓ lower is better, ↑ higher is better. With intervals: table4_intervals.md."
    )
    notes = [] if "pi" in computed else [NO_PI_NOTE]
    notes += [scope, *(METRIC_NOTES[name] for name in METRIC_NOTES if name in computed), GRID_NOTE]
    return markdown_page("## Table 4. How images look", markdown_table(rows), *notes)


def intervals_markdown(table: pd.DataFrame, title: str) -> str:
    """The figures of `tables.intervals`, and their differences to students without a teacher."""
    parts = [f"## {title}"]
    if table.empty:
        return markdown_page(*parts, "None of its metrics was computed (`evaluate.metrics`).")
    for metric, rows in table.groupby("metric", sort=False):
        heading = METRICS[metric].heading
        parts += [f"### {heading}", _with_images(rows, _mean)]
        others = rows[rows["model"] != REFERENCE]
        if len(others):
            parts += [
                f"### {heading}: difference to {display_name(REFERENCE)}",
                _with_images(others, _difference),
            ]
        distilled = rows[rows["baseline"].notna()]
        if len(distilled):
            pairs = distilled["method"] + " - " + distilled["baseline"].map(display_name)
            parts += [
                f"### {heading}: difference of each strategy to its baseline",
                _with_images(distilled.assign(method=pairs), _gain),
            ]
    return markdown_page(*parts, INTERVALS_NOTE)


def _with_images(table: pd.DataFrame, show: Callable[[Row], str]) -> str:
    """`_by_set`, with the number of images in the headings."""
    return _by_set(
        table.assign(set=table["set"] + ", n=" + table["images"].astype(str)), {"": show}
    )


def _mean(row: Row) -> str:
    return interval_text(Interval(row.mean, row.low, row.high, row.images), METRICS[row.metric])


def _difference(row: Row) -> str:
    interval = Interval(row.difference, row.difference_low, row.difference_high, row.images)
    return _bold_where_significant(interval, row.metric)


def _gain(row: Row) -> str:
    return _bold_where_significant(
        Interval(row.gain, row.gain_low, row.gain_high, row.images), row.metric
    )


def _bold_where_significant(difference: Interval, metric: str) -> str:
    text = interval_text(difference, METRICS[metric], "+")
    return f"**{text}**" if difference.significant else text


def _by_set(
    table: pd.DataFrame, figures: Mapping[str, Callable[[Row], str]], mean: bool = False
) -> str:
    """One row per method; per set one column for each of `figures`, by the heading's ending."""
    rows: dict[str, dict[str, str]] = {}
    for row in table.itertuples():
        cells = rows.setdefault(row.model, {"Method": row.method})
        cells.update({row.set + ending: show(row) for ending, show in figures.items()})
    if mean:
        means = table.groupby("model")[["psnr", "ssim"]].mean()
        for row in means.itertuples():
            rows[row.Index]["Mean"] = _pair(row)
    names = dict.fromkeys(name for cells in rows.values() for name in cells)
    shown = [
        name for name in names if any(cells.get(name, ABSENT) != ABSENT for cells in rows.values())
    ]
    return markdown_table(
        [{name: cells.get(name, ABSENT) for name in shown} for cells in rows.values()]
    )


def _pair(row: Row) -> str:
    return _two(row.psnr, row.ssim)


def _paper_pair(row: Row) -> str:
    return _two(row.paper_psnr, row.paper_ssim)


def _wrapped(row: Row) -> str:
    return METRICS["psnr_wrapped"].text(row.psnr_wrapped)


def _paper_psnr(row: Row) -> str:
    return METRICS["psnr_wrapped"].text(row.paper_psnr)


def _paper_as_printed(row: Row) -> str:
    return f"{_paper_psnr(row)} / {METRICS['ssim'].text(row.paper_ssim)}"


def _two(psnr: float, ssim: float) -> str:
    shown = (METRICS["psnr"].text(psnr), METRICS["ssim"].text(ssim))
    return ABSENT if shown == (ABSENT, ABSENT) else " / ".join(shown)
