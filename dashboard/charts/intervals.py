"""Draws figures below each other, each with the span its true value may lie in.

It stays a static picture: the table beside it says every number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from dashboard.charts.chart import axis_number, ticks_to
from dashboard.charts.plot import FONT_SIZE, LINE_HEIGHT, NARROW, WIDE, text_width
from metrics.catalogue import Language

Sign = Literal["value", "span", "earlier"]

_ROW_HEIGHT: Final = 46
_TO_LINE: Final = 17  # from a row's name to its line
_CAP: Final = 6
_LEFT: Final = 8
_CIRCLE: Final = "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
_DIAMOND: Final = "m0 -6l6 6l-6 6l-6 -6z"


@dataclass(frozen=True)
class Row:
    """One figure; `words` says it as a reader reads it, also where it is missing."""

    name: str
    words: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    earlier: float | None = None  # the one to compare with


@dataclass(frozen=True)
class Intervals:
    """All rows on one axis, in the order in which they are given."""

    unit: str
    rows: tuple[Row, ...]
    language: Language = "de"
    most: float | None = None  # the highest value that there can be

    @property
    def ticks(self) -> tuple[float, ...]:
        drawn = (
            each
            for row in self.rows
            for each in (row.value, row.upper, row.earlier)
            if each is not None
        )
        return ticks_to(max(drawn, default=0), self.most)


def draw_intervals(chart: Intervals) -> str:
    """Draw both sizes; the css shows the one that fits its container."""
    return _draw(chart, "wide", WIDE[0]) + _draw(chart, "narrow", NARROW[0])


def interval_swatch(sign: Sign) -> str:
    """Picture one sign for the key above the picture."""
    pictures = {
        "value": _marker(18, 8, "value"),
        "span": _span(4, 32, 8),
        "earlier": _marker(18, 8, "earlier"),
    }
    return (
        '<svg class="swatch" viewBox="0 0 36 16" width="36" height="16"'
        f' focusable="false" aria-hidden="true">{pictures[sign]}</svg>'
    )


def _draw(chart: Intervals, kind: str, width: int) -> str:
    right, upper = width - 20, LINE_HEIGHT + 10
    lower = upper + _ROW_HEIGHT * len(chart.rows)
    height = lower + LINE_HEIGHT + 6

    def x(value: float) -> float:
        return _LEFT + value / chart.ticks[-1] * (right - _LEFT)

    parts = [_text("unit", 0, FONT_SIZE, chart.unit), *_axis(chart, x, upper, lower)]
    for number, row in enumerate(chart.rows):
        y = upper + number * _ROW_HEIGHT + FONT_SIZE
        said = f"{row.name}: {row.words}"
        fits = text_width(said) <= right - _LEFT
        parts.append(_text("name", _LEFT + 6, y, said if fits else row.name))
        parts += _signs(row, y + _TO_LINE, x)
    return (
        f'<svg class="drawing-svg drawing-svg--{kind}" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" focusable="false" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _axis(
    chart: Intervals, x: Callable[[float], float], upper: float, lower: float
) -> Iterator[str]:
    for tick in chart.ticks:
        kind = "grid" if tick else "axis"
        yield (
            f'<line class="{kind}" x1="{x(tick):.1f}" y1="{upper}"'
            f' x2="{x(tick):.1f}" y2="{lower}"/>'
        )
        label = axis_number(tick, chart.language)
        yield _text("tick", x(tick), lower + LINE_HEIGHT, label, "middle")


def _signs(row: Row, y: float, x: Callable[[float], float]) -> Iterator[str]:
    if row.value is None:
        return
    if row.lower is not None and row.upper is not None:
        yield _span(x(row.lower), x(row.upper), y)
    if row.earlier is not None:
        yield _marker(x(row.earlier), y, "earlier")
    yield _marker(x(row.value), y, "value")


def _span(first: float, last: float, y: float) -> str:
    ends = "".join(f"M{at:.1f} {y - _CAP}V{y + _CAP}" for at in (first, last))
    line = f"M{first:.1f} {y}H{last:.1f}{ends}"
    return f'<path class="line line-1 c-1" d="{line}"/>'


def _marker(x: float, y: float, sign: Sign) -> str:
    if sign == "value":
        return f'<path class="marker c-1" d="M{x:.1f} {y}{_CIRCLE}"/>'
    return f'<path class="marker c-2 is-provisional" d="M{x:.1f} {y}{_DIAMOND}"/>'


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
