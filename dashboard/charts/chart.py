"""One chart, described once; svg.py and plotly_figure.py draw the same description."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from metrics.catalogue import Language

SeriesKind = Literal["line", "bar"]

MOST_SERIES: Final = 4  # more cannot be told apart by dash and marker
MOST_BARS: Final = 2


@dataclass(frozen=True)
class Period:
    """One place on the x axis: in full for hover and words, short for the axis.

    `group` (the year, mostly) is written once below the first period of each group.
    """

    label: str  # "September 2026"
    short: str  # "Sep"
    group: str = ""  # "2026"


@dataclass(frozen=True)
class Series:
    """One line or one set of bars; None is a gap and is drawn as one.

    `words` says each value as a reader reads it, unit included ("14 Minuten",
    "zu wenige Fälle"); `provisional` holds the positions that may still change.
    """

    name: str
    values: tuple[float | None, ...]
    words: tuple[str, ...]
    kind: SeriesKind = "line"
    provisional: frozenset[int] = frozenset()

    def runs(self) -> list[tuple[list[int], bool]]:
        """Positions to join, and whether the stretch leads to a provisional value."""
        found: list[tuple[list[int], bool]] = []
        for position in range(1, len(self.values)):
            before = position - 1
            if self.values[position] is None or self.values[before] is None:
                continue
            later = bool({before, position} & self.provisional)
            if found and found[-1][0][-1] == before and found[-1][1] == later:
                found[-1][0].append(position)
            else:
                found.append(([before, position], later))
        return found


@dataclass(frozen=True)
class Target:
    """A level to be reached, from the position `first` to `last` (None: the end).

    `short` is written at the line, `label` with everything else (who decided it, since
    when) below the picture.
    """

    value: float
    label: str  # "Ziel: höchstens 15 Minuten (Stadtrat, seit Januar 2025)"
    short: str  # "Ziel 15"
    first: int = 0
    last: int | None = None


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened at a position on the x axis (0.5: between two)."""

    at: float
    label: str  # with its date: "4. Mai 2026: neues Terminsystem"


@dataclass(frozen=True)
class Closure:
    """Positions at which the office was closed, both ends included."""

    first: int
    last: int
    label: str


@dataclass(frozen=True)
class Chart:
    """Everything that a drawing of one chart shows.

    `description` is what a screen reader says instead of the picture: what is drawn,
    from when to when, lowest, highest and latest value, gaps, target. Compute it from
    the same values. `unit` stands at the y axis ("Minuten").
    """

    id: str  # unique on its page, kebab-case
    title: str
    description: str
    unit: str
    periods: tuple[Period, ...]
    series: tuple[Series, ...]
    language: Language = "de"
    targets: tuple[Target, ...] = ()
    events: tuple[Event, ...] = ()
    closures: tuple[Closure, ...] = ()
    provisional_label: str = ""  # "vorläufig"; needed where a series has such values
    most: float | None = None  # the highest value that there can be: 100 of shares

    def __post_init__(self) -> None:
        for series in self.series:
            if not len(series.values) == len(series.words) == len(self.periods):
                message = (
                    f"{self.id}: {series.name!r} needs one value and one wording for"
                    f" each of the {len(self.periods)} periods"
                )
                raise ValueError(message)
        if len(self.series) > MOST_SERIES or len(self.bars) > MOST_BARS:
            message = f"{self.id}: at most {MOST_SERIES} series, {MOST_BARS} of bars"
            raise ValueError(message)
        # Numbered as they are read, from left to right.
        object.__setattr__(self, "events", tuple(sorted(self.events)))
        if any(series.provisional for series in self.series) and (
            not self.provisional_label
        ):
            message = f"{self.id}: provisional values need a provisional_label"
            raise ValueError(message)

    @property
    def lines(self) -> tuple[Series, ...]:
        return tuple(series for series in self.series if series.kind == "line")

    @property
    def bars(self) -> tuple[Series, ...]:
        return tuple(series for series in self.series if series.kind == "bar")

    @property
    def is_empty(self) -> bool:
        return all(value is None for each in self.series for value in each.values)

    @property
    def top(self) -> float:
        """Where the y axis ends: at a tick at or above everything that is drawn."""
        return self.ticks[-1]

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers from 0 upwards, at most six of them."""
        drawn = [v for each in self.series for v in each.values if v is not None]
        highest = max([*drawn, *(target.value for target in self.targets), 0])
        return ticks_to(highest, self.most)

    def number(self, value: float) -> str:
        """Write a number for the y axis."""
        return axis_number(value, self.language)


def ticks_to(highest: float, most: float | None = None) -> tuple[float, ...]:
    """Give round numbers from 0 to above the highest value, at most six of them.

    They end where nothing can lie beyond: there are no 120 percent of all cases.
    """
    if highest <= 0:
        return (0.0, 1.0)
    step = _round_step(highest / 5)
    # A value that touches the frame cannot be told from one that leaves it.
    count = math.ceil(highest * 1.04 / step)
    if most is not None and highest <= most:
        count = min(count, math.ceil(most / step))
    return tuple(step * number for number in range(count + 1))


def axis_number(value: float, language: str) -> str:
    text = f"{value:,.1f}" if value != round(value) else f"{value:,.0f}"
    if language == "en":
        return text
    return text.translate(str.maketrans(",.", ".,"))


def _round_step(least: float) -> float:
    """Smallest of 1, 2, 2.5, 5 times a power of ten that is at least `least`."""
    power = float(10.0 ** math.floor(math.log10(least)))
    factors = (1, 2, 2.5, 5, 10) if power > 1 else (1, 2, 5, 10)
    return next(f * power for f in factors if f * power >= least * 0.999)
