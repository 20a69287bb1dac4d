"""Where things lie on a chart's picture; both drawings ask here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from dashboard.charts.chart import Chart, Period, Series

WIDE: Final = (720, 320)
NARROW: Final = (360, 300)  # for phones: the same font size in half the width
FONT_SIZE: Final = 14
LINE_HEIGHT: Final = 18
FLAG_WIDTH: Final = 22  # of the number of an event
_LABEL_SPACE: Final = 200  # at most, for the names at the ends of lines
_SLIM: Final = frozenset(" .,:;iljtfI1'()-")


class EndLabel(NamedTuple):
    """What stands at the right end of a line."""

    y: float
    text: str
    number: int  # of the series; 0 is a target


@dataclass(frozen=True)
class Plot:
    """The rectangle inside the axes, in the picture's own units."""

    chart: Chart
    size: tuple[int, int]
    left: float
    right: float
    upper: float
    lower: float
    has_end_labels: bool

    @classmethod
    def of(cls, chart: Chart, size: tuple[int, int]) -> Plot:
        width, height = size
        names = [line.name for line in chart.lines]
        fits = max(map(text_width, names), default=0) <= _LABEL_SPACE
        labelled = size == WIDE and fits and len(names) > 1 and not chart.bars
        shown = [*(names if labelled else []), *(t.short for t in chart.targets)]
        widest = max(map(text_width, shown), default=-6)
        grouped = any(period.group for period in chart.periods)
        return cls(
            chart=chart,
            size=size,
            left=max(text_width(chart.number(tick)) for tick in chart.ticks) + 10,
            right=width - (widest + 16),
            # One line for the unit and, where there are any, one for events' numbers.
            upper=(2 if chart.events else 1) * LINE_HEIGHT + 10,
            lower=height - LINE_HEIGHT * (2 if grouped else 1) - 8,
            has_end_labels=labelled,
        )

    @property
    def step(self) -> float:
        return (self.right - self.left) / max(len(self.chart.periods), 1)

    def x(self, position: float) -> float:
        return self.left + (position + 0.5) * self.step

    def y(self, value: float) -> float:
        return self.lower - value / self.chart.top * (self.lower - self.upper)

    def value_at(self, y: float) -> float:
        return (self.lower - y) / (self.lower - self.upper) * self.chart.top

    def has_marker(self, line: Series, position: int) -> bool:
        """Wherever there is room, and where a value would not be seen without."""
        known = [i for i, value in enumerate(line.values) if value is not None]
        if position not in known:
            return False
        is_alone = not {position - 1, position + 1} & set(known)
        is_special = position in line.provisional or position == known[-1]
        return is_alone or is_special or self.step >= 16

    def end_labels(self) -> list[EndLabel]:
        """Names of lines and targets at the right, moved apart."""
        wanted = [
            EndLabel(self.y(target.value), target.short, 0)
            for target in self.chart.targets
        ]
        for number, line in enumerate(self.chart.series, 1):
            known = [value for value in line.values if value is not None]
            if known and self.has_end_labels:
                wanted.append(EndLabel(self.y(known[-1]), line.name, number))
        wanted.sort()
        heights = spread([label.y for label in wanted], self.upper, self.lower)
        return [label._replace(y=y) for label, y in zip(wanted, heights, strict=True)]

    def flags(self) -> list[float]:
        """Where the numbers of the events stand: over their lines, but not touching."""
        wanted = [self.x(event.at) for event in self.chart.events]
        return spread(wanted, self.left, self.right, FLAG_WIDTH)

    def groups(self) -> list[tuple[int, str]]:
        """First position and name of every group of periods that has room for it."""
        periods = self.chart.periods
        firsts = [
            i
            for i, period in enumerate(periods)
            if period.group and (i == 0 or periods[i - 1].group != period.group)
        ]
        shown = []
        for first, following in zip(firsts, [*firsts[1:], None], strict=False):
            # The last group may run on below the names at the lines' ends.
            end = self.size[0] if following is None else self.x(following - 0.5)
            if self.x(first - 0.5) + text_width(periods[first].group) + 8 <= end:
                shown.append((first, periods[first].group))
        return shown


def text_width(text: str) -> float:
    """Generous width of a text in Fira Sans at the chart's font size."""
    return sum(FONT_SIZE * (0.36 if c in _SLIM else 0.6) for c in text)


def labelled_positions(periods: tuple[Period, ...], step: float) -> list[int]:
    """Every n-th position, so that no two labels touch; the last is always one."""
    widest = max((text_width(period.short) for period in periods), default=1)
    every = 1
    while every * step < widest + 6 and every < len(periods):
        every += 1
    return [i for i in range(len(periods)) if (len(periods) - 1 - i) % every == 0]


def spread(
    places: list[float], first: float, last: float, apart: float = LINE_HEIGHT
) -> list[float]:
    """Move sorted places apart by at least one line, within the two bounds."""
    placed: list[float] = []
    for place in places:
        placed.append(max(place, placed[-1] + apart if placed else first))
    limit = last
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - apart
    return placed
