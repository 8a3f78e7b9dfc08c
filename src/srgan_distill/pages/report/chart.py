"""A line chart as SVG that takes its colours from the page's style sheet."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from matplotlib.ticker import LogLocator, MaxNLocator

from ...results.curves import Quantity

COLOURS = 10  # series-0 ... series-9 of page.css

# Drawn at about the size it is shown at, on a phone and as one of three on a laptop, so that
# text is as large as the page's.
WIDTH, HEIGHT = 380, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 364, 28, 196
MARGIN = 0.04  # of the range, between the curves and the frame
MOST_TICKS = 6


@dataclass(frozen=True)
class Series:
    """One line: `points` are (step, value), finite, in the order of steps, at least one."""

    label: str
    colour: int
    dashed: bool
    points: Sequence[tuple[float, float]]


def draw(quantity: Quantity, lines: Sequence[Series]) -> Markup:
    """An <svg> of `lines` over the training step; each names itself where the pointer rests.

    A logarithmic one has no values of 0, such as the rate of a generator that waits.
    """
    above = [
        replace(line, points=[point for point in line.points if point[1] > 0]) for line in lines
    ]
    logarithmic = quantity.logarithmic and any(line.points for line in above)
    lines = [line for line in above if line.points] if logarithmic else lines
    steps = [step for line in lines for step, _ in line.points]
    values = [value for line in lines for _, value in line.points]
    x = _scale(0, max(steps), LEFT, RIGHT)
    low, high = _room(min(values), max(values), logarithmic)
    y = _scale(low, high, BOTTOM, TOP, logarithmic)
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{} ({}) over the step">').format(
            WIDTH, HEIGHT, quantity.title, quantity.unit
        ),
        Markup('<text x="0" y="12">{}</text>').format(quantity.unit),
        *(_y_tick(y(tick), _short(tick)) for tick in _ticks(low, high, logarithmic)),
        *(_x_tick(x(tick), f"{tick:,.0f}") for tick in _ticks(0, max(steps), whole=True)),
        Markup('<path class="axis" d="M{0} {2}H{1}"/>').format(LEFT, RIGHT, BOTTOM),
        Markup('<text class="end" x="{}" y="{}">training step</text>').format(RIGHT, HEIGHT - 6),
        *(_line(line, x, y) for line in lines),
        Markup("</svg>"),
    ]
    return Markup("\n").join(parts)


def _line(line: Series, x: Callable[[float], float], y: Callable[[float], float]) -> Markup:
    path = "L".join(f"{x(step):.1f} {y(value):.1f}" for step, value in line.points)
    step, value = line.points[-1]
    return Markup(
        # h0 draws a dot where a run has one point only.
        '<path class="line series-{}{}{}" data-run="{}" d="M{}h0"><title>{}</title></path>'
    ).format(
        line.colour % COLOURS,
        " dashed" if line.dashed else "",
        " dot" if len(line.points) == 1 else "",
        line.label,
        path,
        f"{line.label}: {value:.4g} at step {step:,.0f}",
    )


def _y_tick(at: float, label: str) -> Markup:
    return Markup(
        '<path class="grid" d="M{0} {2:.1f}H{1}"/><text class="end" x="{3}" y="{4:.1f}">{5}</text>'
    ).format(LEFT, RIGHT, at, LEFT - 6, at + 4, label)


def _x_tick(at: float, label: str) -> Markup:
    return Markup(
        '<path class="axis" d="M{0:.1f} {1}v4"/><text class="middle" x="{0:.1f}" y="{2}">{3}</text>'
    ).format(at, BOTTOM, BOTTOM + 18, label)


def _scale(
    low: float, high: float, start: float, end: float, logarithmic: bool = False
) -> Callable[[float], float]:
    """A function from `low`..`high` to `start`..`end`."""
    if logarithmic:
        linear = _scale(math.log10(low), math.log10(high), start, end)
        return lambda value: linear(math.log10(value))
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def _room(low: float, high: float, logarithmic: bool) -> tuple[float, float]:
    """The range with a margin, and never empty."""
    if logarithmic:
        exponents = _room(math.log10(low), math.log10(high), False)
        return 10 ** exponents[0], 10 ** exponents[1]
    margin = (high - low) * MARGIN or abs(high) * MARGIN or 1
    return low - margin, high + margin


def _ticks(low: float, high: float, logarithmic: bool = False, whole: bool = False) -> list[float]:
    """Round values within the range."""
    if logarithmic:
        for subs in ((1, 2, 5), (1, 3), (1,)):
            ticks = _within(LogLocator(subs=subs, numticks=99).tick_values(low, high), low, high)
            if 2 <= len(ticks) <= MOST_TICKS:
                return ticks
    locator = MaxNLocator(nbins=MOST_TICKS - 1, steps=[1, 2, 2.5, 5, 10], integer=whole)
    return _within(locator.tick_values(low, high), low, high)


def _within(ticks: Sequence[float], low: float, high: float) -> list[float]:
    slack = 1e-9 * (high - low)
    return [float(tick) for tick in ticks if low - slack <= tick <= high + slack]


def _short(value: float) -> str:
    """As few characters as tell it: 1e-5, not 1e-05; 2.5e-4, not 0.00025."""
    if 1e-3 <= abs(value) < 1e6 or value == 0:
        return f"{value:.6g}"
    return re.sub(r"\.?0*e([+-])0*", r"e\1", f"{value:.3e}")
