"""Tables 1, 2 and 4 as documents, with what a reader must know to compare the columns."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ..common.metrics import METRICS
from ..common.params import Network
from ..common.runs import display_name
from ..common.scale import SCALE
from ..common.text import ABSENT, markdown_table
from .intervals import CONFIDENCE, LEAST_TO_TELL, RESAMPLES, Interval, interval_text
from .tables import NO_REFERENCE, REFERENCE, TABLE2, intervals, table1, table2, table4

WRAPPED_NOTE = """\
**The paper's PSNRs are not standard ones.** All of them lie between 28.2 and 30 dB, on every test
set, while its SSIMs run from 0.48 to 0.86; published SRGANs score about 29.4 dB on Set5 and
24.4 dB on Urban100. Subtracting and squaring uint8 arrays, which wraps modulo 256, gives such
figures: noise of sigma 12 to 40 reads 30 to 28.2 dB on any image. PSNR mod 256 (`psnr_wrapped`)
is computed in that way, to compare with the paper on its own scale; it says nothing about quality,
for which there is the standard PSNR. That the paper did the same is an inference from its figures,
for its metric code is not public."""

NO_PI_NOTE = """\
**PI was not computed here**: `pi` is not among the metrics of this profile (`evaluate.metrics` in
params.yaml). The paper's PI stands beside the no-reference metrics that were computed; these are
other scales, on which only the order of the methods can be compared."""

INTERVALS_NOTE = f"""\
[low, high]: {CONFIDENCE * 100:.0f} % interval of the mean over the n images of a set, by percentile
bootstrap over images ({RESAMPLES:,} resamples, fixed seed). n=1: one image has no interval. A
difference is taken image by image (paired), which leaves out that one image is harder than
another. **Bold**: its interval excludes 0, with at least {LEAST_TO_TELL} images.

What they tell is how the mean would move with other test images of the kind, not with another
seed of the training: for that there is `srgan-distill compare`. Of few images they are too narrow:
for normal values they cover the true mean in 83 % of cases with 5 images, 91 % with 14 and 94 %
with 100. They are not corrected for there being many: of a hundred differences that are truly 0,
about five would be bold."""

Row = Any  # of DataFrame.itertuples


def all_tables(
    networks: Mapping[str, Network], height: int, width: int, scores: Mapping[str, pd.DataFrame]
) -> dict[str, tuple[pd.DataFrame, str]]:
    """Every table by the name of its file, as figures and as Markdown.

    Args:
        networks: the generators of Table 1.
        height, width: of the SR image whose multiply-adds Table 1 counts, in px.
        scores: per-image scores by run.
    """
    sizes, fidelity, perception = table1(networks, height, width), table2(scores), table4(scores)
    spread2 = intervals(scores, TABLE2)
    spread4 = intervals(scores, NO_REFERENCE, by_set=False)
    return {
        "table1": (sizes, table1_markdown(sizes, height, width)),
        "table2": (fidelity, table2_markdown(fidelity)),
        "table2_intervals": (spread2, intervals_markdown(spread2, "Table 2 with 95 % intervals")),
        "table4": (perception, table4_markdown(perception)),
        "table4_intervals": (spread4, intervals_markdown(spread4, "Table 4 with 95 % intervals")),
    }


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
    return _document("## Table 1. The generators", markdown_table(rows), note)


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
    return _document(*parts)


def table4_markdown(table: pd.DataFrame) -> str:
    """Table 4, from `tables.table4`: PI and the other no-reference metrics, with directions."""
    computed = [name for name in NO_REFERENCE if name in table]
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
        for row in table.itertuples()
    ]
    scope = (
        f"Ours: means over all {table['images'].max()} test images; the paper's: over ten images. "
        "↓ lower is better, ↑ higher is better. With intervals: table4_intervals.md."
    )
    notes = [scope] if "pi" in computed else [NO_PI_NOTE, scope]
    return _document("## Table 4. No-reference quality", markdown_table(rows), *notes)


def intervals_markdown(table: pd.DataFrame, title: str) -> str:
    """The figures of `tables.intervals`, and their differences to the undistilled student."""
    parts = [f"## {title}"]
    if table.empty:
        return _document(*parts, "None of its metrics was computed (`evaluate.metrics`).")
    for metric, rows in table.groupby("metric", sort=False):
        others = rows[rows["model"] != REFERENCE]
        parts += [f"### {METRICS[metric].heading}", _with_images(rows, _mean)]
        if len(others):
            parts += [
                f"### {METRICS[metric].heading}: difference to {display_name(REFERENCE)}",
                _with_images(others, _difference),
            ]
    return _document(*parts, INTERVALS_NOTE)


def _with_images(table: pd.DataFrame, show: Callable[[Row], str]) -> str:
    """`_by_set`, with the number of images in the headings."""
    return _by_set(
        table.assign(set=table["set"] + ", n=" + table["images"].astype(str)), {"": show}
    )


def _mean(row: Row) -> str:
    return interval_text(Interval(row.mean, row.low, row.high, row.images), row.metric)


def _difference(row: Row) -> str:
    interval = Interval(row.difference, row.difference_low, row.difference_high, row.images)
    text = interval_text(interval, row.metric, "+")
    return f"**{text}**" if interval.tells else text


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


def _document(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"
