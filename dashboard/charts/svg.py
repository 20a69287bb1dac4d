"""Draws a chart as static SVG: what readers see first, and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from dashboard.charts.chart import Chart, Closure, Series, Target
from dashboard.charts.plot import (
    FONT_SIZE,
    LINE_HEIGHT,
    NARROW,
    WIDE,
    Plot,
    labelled_positions,
)

_SHAPES: Final = (
    "m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",  # circle
    "m0 -6l6 6l-6 6l-6 -6z",  # diamond
    "m-4.5 -4.5h9v9h-9z",  # square
    "m0 -6l5.5 10h-11z",  # triangle
)


def draw(chart: Chart, size: tuple[int, int] = WIDE) -> str:
    """SVG whose colours come from the page's css, so that dark mode works.

    It holds no ids, no inline styles and no text alternative: its container has
    role="img" and the description.
    """
    plot = Plot.of(chart, size)
    series = list(enumerate(chart.series, 1))
    parts = [
        *(_closure(plot, closure) for closure in chart.closures),
        *_y_axis(plot),
        *_x_axis(plot),
        *(_bars(plot, each, n) for n, each in series if each.kind == "bar"),
        *(_target(plot, target) for target in chart.targets),
        *_events(plot),
        *(_line(plot, each, n) for n, each in series if each.kind == "line"),
        *(
            _text(
                f"end-label c-{label.number}", plot.right + 8, label.y + 5, label.text
            )
            for label in plot.end_labels()
        ),
    ]
    width, height = size
    kind = "wide" if size == WIDE else "narrow"
    return (
        f'<svg class="drawing-svg drawing-svg--{kind}" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" focusable="false" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def draw_both(chart: Chart) -> str:
    """Both sizes; the css shows the one that fits its container."""
    return draw(chart, WIDE) + draw(chart, NARROW)


def swatch(chart: Chart, series: Series) -> str:
    """Picture one series for the key above the chart."""
    color = chart.series.index(series) + 1
    if series.kind == "bar":
        style = f"bar bar-{chart.bars.index(series) + 1} c-{color}"
        inner = f'<rect class="{style}" x="9" y="2" width="18" height="12"/>'
    else:
        number = chart.lines.index(series)
        inner = (
            f'<polyline class="line line-{number + 1} c-{color}" points="0,8 36,8"/>'
            f'<path class="marker c-{color}" d="M18 8{_SHAPES[number]}"/>'
        )
    return (
        '<svg class="swatch" viewBox="0 0 36 16" width="36" height="16"'
        f' focusable="false" aria-hidden="true">{inner}</svg>'
    )


def _y_axis(plot: Plot) -> Iterator[str]:
    for tick in plot.chart.ticks:
        y = plot.y(tick)
        kind = "axis" if tick == 0 else "grid"
        yield _rule(kind, plot.left, y, plot.right, y)
        yield _text("tick", plot.left - 8, y + 5, plot.chart.number(tick), "end")
    yield _text("unit", 0, FONT_SIZE, plot.chart.unit)


def _x_axis(plot: Plot) -> Iterator[str]:
    periods = plot.chart.periods
    y = plot.lower + LINE_HEIGHT
    for position in labelled_positions(periods, plot.step):
        yield _text("tick", plot.x(position), y, periods[position].short, "middle")
    for first, name in plot.groups():
        x = plot.x(first - 0.5)
        if first:
            yield _rule("grid", x, plot.lower, x, y + LINE_HEIGHT + 2)
        yield _text("group", x + 4, y + LINE_HEIGHT, name)


def _bars(plot: Plot, series: Series, color: int) -> str:
    bars = plot.chart.bars
    number = bars.index(series)
    width = min(plot.step * 0.76 / len(bars), 56)
    parts = []
    for position, value in enumerate(series.values):
        if value is None:
            continue
        x = plot.x(position) + (number - len(bars) / 2) * width
        y = plot.y(value)
        parts.append(
            f'<rect class="bar bar-{number + 1} c-{color}{_later(series, position)}"'
            f' x="{x + 0.5:.1f}" y="{y:.1f}" width="{max(width - 1, 1):.1f}"'
            f' height="{plot.lower - y:.1f}"/>'
        )
    return "".join(parts)


def _line(plot: Plot, line: Series, color: int) -> str:
    """Stretches of known values, broken at gaps, and their markers."""
    number = plot.chart.lines.index(line)
    parts = []
    for run, is_provisional in line.runs():
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _points(plot, line, run))
        later = " is-provisional" if is_provisional else ""
        style = f"line line-{number + 1} c-{color}{later}"
        parts.append(f'<polyline class="{style}" points="{points}"/>')
    marked = [i for i in range(len(line.values)) if plot.has_marker(line, i)]
    for position, (x, y) in zip(marked, _points(plot, line, marked), strict=True):
        style = f"marker c-{color}{_later(line, position)}"
        parts.append(f'<path class="{style}" d="M{x:.1f} {y:.1f}{_SHAPES[number]}"/>')
    return "".join(parts)


def _points(plot: Plot, line: Series, run: list[int]) -> list[tuple[float, float]]:
    return [(plot.x(i), plot.y(line.values[i] or 0)) for i in run]


def _later(series: Series, position: int) -> str:
    return " is-provisional" if position in series.provisional else ""


def _target(plot: Plot, target: Target) -> str:
    last = len(plot.chart.periods) - 1 if target.last is None else target.last
    y = plot.y(target.value)
    return _rule("target", plot.x(target.first - 0.5), y, plot.x(last + 0.5), y)


def _events(plot: Plot) -> Iterator[str]:
    """Mark each by a line with the number that the list below the chart explains."""
    top = plot.upper - LINE_HEIGHT + 2
    flags = plot.flags()
    for event, flag in zip(plot.chart.events, flags, strict=True):
        x = plot.x(event.at)
        yield _rule("event", x, plot.upper, x, plot.lower)
        yield _rule("event", flag, top, x, plot.upper)
    for number, flag in enumerate(flags, 1):
        # As plotly draws it.
        yield (
            f'<rect class="event-flag" x="{flag - 8:.1f}" y="{top - 10:.1f}"'
            ' width="16" height="20"/>'
        )
        yield _text("event-number", flag, top + 5, str(number), "middle")


def _closure(plot: Plot, closure: Closure) -> str:
    x = plot.x(closure.first - 0.5)
    width = (closure.last - closure.first + 1) * plot.step
    return (
        f'<rect class="closure" x="{x:.1f}" y="{plot.upper:.1f}"'
        f' width="{width:.1f}" height="{plot.lower - plot.upper:.1f}"/>'
    )


def _rule(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}"'
        f' x2="{x2:.1f}" y2="{y2:.1f}"/>'
    )


def _text(kind: str, x: float, y: float, text: str, anchor: str = "") -> str:
    align = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{align}>{escape(text)}</text>'
