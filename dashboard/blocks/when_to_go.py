"""When to go: the quietest hours of an office as a sentence and as a table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

import polars as pl
from dash.development.base_component import Component

from dashboard.components.heat_table import HeatCell, Level, heat_table, level_of
from dashboard.i18n import Words, german
from dashboard.opening import open_part, open_parts, opens_in
from dashboard.view import View
from ingest.city import Office
from metrics.rest_forecast import OFTEN_PERCENT

# The same bounds for every office, so that the shades mean the same everywhere.
_BOUNDS: Final = (5, 15, 30)
_LEVELS: Final[tuple[tuple[Level, str], ...]] = (
    (1, german("bis 5 Minuten")),
    (2, german("über 5 bis 15 Minuten")),
    (3, german("über 15 bis 30 Minuten")),
    (4, german("über 30 Minuten")),
)
_ALIKE_MINUTES: Final = 5  # hours that differ by less are called alike
_MOST_NAMED: Final = 2
_MOST_FRAMED: Final = 4
_USUALLY: Final = 1 / 3  # of the hours: then it is the long waits that stand out


@dataclass(frozen=True)
class Hour:
    """One hour of a weekday, over the weeks of the window."""

    weekday: int
    hour: int
    n: int | None
    median_minutes: float | None
    p90_minutes: float | None
    reason: str | None
    basis: str
    sold_out_percent: float | None

    @property
    def order(self) -> tuple[int, int]:
        return self.weekday, self.hour

    @property
    def is_often_sold_out(self) -> bool:
        return (self.sold_out_percent or 0) >= OFTEN_PERCENT


@dataclass(frozen=True)
class Window:
    """All hours of one office, and the days they were measured on."""

    first: date
    last: date
    hours: tuple[Hour, ...]
    office: Office

    @property
    def is_by_appointment(self) -> bool:
        """Whether nobody comes without."""
        return self.office.appointment_only

    @property
    def is_walk_in(self) -> bool:
        """Whether only visits without an appointment are counted."""
        return not (self.is_from_queue or self.is_by_appointment)

    @property
    def measured(self) -> list[Hour]:
        return [hour for hour in self.hours if hour.median_minutes is not None]

    @property
    def advisable(self) -> list[Hour]:
        """Leave out hours in which there often are no tickets, be the wait short."""
        return [hour for hour in self.measured if not hour.is_often_sold_out]

    @property
    def is_from_queue(self) -> bool:
        return any(hour.basis == "queue" for hour in self.measured)


def window_of(view: View, office: Office) -> Window | None:
    """Read an office's opening hours; None where none of them may be shown.

    Somebody called a little early is no reason to send others to a closed door.
    """
    rows = view.snapshot.frames["wait_by_hour"].filter(pl.col("office") == office.id)
    hours = tuple(
        Hour(
            row["weekday"],
            row["hour"],
            row["n"],
            row["median_minutes"],
            row["p90_minutes"],
            row["reason"],
            row["basis"],
            row["sold_out_percent"],
        )
        for row in rows.sort("weekday", "hour").iter_rows(named=True)
        if not office.hours or opens_in(office, row["weekday"], row["hour"])
    )
    if not any(hour.median_minutes is not None for hour in hours):
        return None
    first, last = rows.row(0, named=True)["window_start"], rows["window_end"].max()
    assert isinstance(last, date)  # noqa: S101 - the column holds dates
    return Window(first, last, hours, office)


def best_time(words: Words, window: Window) -> str:
    """Say when waits are shortest and longest, or that there is no difference."""
    said = _best_time(words, window)
    return words("Ohne Termin: {said}", said=said) if window.is_walk_in else said


def _best_time(words: Words, window: Window) -> str:
    longest = max(hour.median_minutes or 0.0 for hour in window.measured)
    if not window.advisable:
        return words("Zu allen Zeiten sind die Wartenummern oft ausgegangen.")
    shortest = _shortest(window)
    if longest - shortest < _ALIKE_MINUTES:
        return words(
            "Die Wartezeit ist zu allen Zeiten ähnlich: Die Hälfte wartete {most}.",
            most=_at_most(words, longest),
        )
    best, worst = _quiet(window), _at(window.measured, longest)
    if len(best) > len(window.measured) * _USUALLY:
        return words(
            "Meist ist die Wartezeit kurz: Die Hälfte wartete {most}. Am längsten ist"
            " sie {worst}: {longest}.",
            most=_at_most(words, max(hour.median_minutes or 0.0 for hour in best)),
            worst=_named(words, worst, window.office),
            longest=words.quantity(longest, "minutes"),
        )
    return words(
        "Am kürzesten ist die Wartezeit meist {best}: Die Hälfte wartete dann {most}."
        " Am längsten ist sie {worst}: {longest}.",
        best=_named(words, _at(window.advisable, shortest), window.office),
        most=_at_most(words, shortest),
        worst=_named(words, worst, window.office),
        longest=words.quantity(longest, "minutes"),
    )


def hours_table(view: View, office: Office, window: Window) -> Component:
    """Draw the weekdays and hours of a typical week."""
    words = view.words
    name = office.name.in_language(view.language)
    by_place = {(hour.weekday, hour.hour): hour for hour in window.hours}
    weekdays = sorted({hour.weekday for hour in window.hours})
    clock = sorted({hour.hour for hour in window.hours})
    quietest = _at(window.advisable, _shortest(window))
    best = {each.order for each in quietest}
    if len(best) > _MOST_FRAMED:
        best = set()
    parts = {hour: open_parts(office, weekdays, hour) for hour in clock}
    rows = [
        (
            hour_row(words, parts[hour]),
            [
                _cell(words, office, by_place.get((day, hour)), (day, hour), best)
                for day in weekdays
            ],
        )
        for hour in clock
    ]
    name = words("{office} ohne Termin", office=name) if window.is_walk_in else name
    caption = words(
        "{office}: Die Hälfte wartete höchstens so viele Minuten, {first} bis {last}",
        office=name,
        first=words.date(window.first),
        last=words.date(window.last),
    )
    key = [(level, words(text)) for level, text in _LEVELS]
    if any(cell.text == words("k. A.") for _, cells in rows for cell in cells):
        key.append((0, words("k. A.: zu wenige Fälle")))
    if any(cell.text.endswith("*") for _, cells in rows for cell in cells):
        key.append((0, words("*: oft keine Wartenummern mehr")))
    if any(cell.text == "–" for _, cells in rows for cell in cells):
        key.append((0, words("–: geschlossen oder keine Daten")))
    if any(len(each) > 1 for each in parts.values()):
        said = words(
            "An manchen Tagen ist nur in einem Teil der Zeit geöffnet, die links steht."
        )
        key.append((0, said))
    columns = [words.short_weekday(day) for day in weekdays]
    return heat_table(caption, words("Zeit"), columns, rows, key)


def hour_row(words: Words, parts: Collection[tuple[time, time]]) -> str:
    """Name a row by the hour, or by the part of it in which the office is open."""
    opens, closes = zip(*parts, strict=True)
    return words.short_hours(min(opens), max(closes))


def _cell(
    words: Words,
    office: Office,
    hour: Hour | None,
    place: tuple[int, int],
    best: Collection[tuple[int, int]],
) -> HeatCell:
    if hour is None or hour.median_minutes is None:
        if office.hours and not opens_in(office, *place):
            return HeatCell("–", words("geschlossen"))
        if hour is not None and hour.reason in {"fewer_than_8", "too_few"}:
            return HeatCell(words("k. A."), words("zu wenige Fälle"))
        return HeatCell("–", words("keine Daten"))
    minutes = words.quantity(hour.median_minutes, "minutes")
    text = words.number(hour.median_minutes)
    if round(hour.median_minutes) == 0:
        minutes, text = words("unter {value}", value=words.quantity(1, "minutes")), "<1"
    is_best = hour.order in best
    said = (
        words("{minutes}, kürzeste Wartezeit", minutes=minutes) if is_best else minutes
    )
    if hour.is_often_sold_out:
        text = f"{text}*"
        said = words("{minutes}, oft keine Wartenummern mehr", minutes=minutes)
    return HeatCell(
        text,
        said,
        level_of(hour.median_minutes, _BOUNDS),
        is_best=is_best,
    )


def _quiet(window: Window) -> list[Hour]:
    """Give the hours of the lightest shade, if the shortest wait is one of them."""
    return [
        hour
        for hour in window.advisable
        if hour.median_minutes is not None and hour.median_minutes <= _BOUNDS[0]
    ]


def _at_most(words: Words, minutes: float) -> str:
    if round(minutes) == 0:
        return words("weniger als {value}", value=words.quantity(1, "minutes"))
    return words("höchstens {value}", value=words.quantity(minutes, "minutes"))


def _shortest(window: Window) -> float:
    waits = [hour.median_minutes or 0.0 for hour in window.advisable]
    return min(waits, default=0.0)


def _at(hours: Sequence[Hour], minutes: float) -> list[Hour]:
    return [hour for hour in hours if hour.median_minutes == minutes]


def _named(words: Words, hours: Sequence[Hour], office: Office) -> str:
    """Name hours: "dienstags von 8:30 bis 10 Uhr", adjacent ones as one stretch.

    Nobody is sent to an office before it opens.
    """
    stretches: list[list[int]] = []
    for hour in sorted(hours, key=lambda each: each.order):
        last = stretches[-1] if stretches else None
        if last is not None and last[0] == hour.weekday and last[2] == hour.hour:
            last[2] += 1
        else:
            stretches.append([hour.weekday, hour.hour, hour.hour + 1])
    named = [
        words(
            "{weekday} von {hours}",
            weekday=words.on_weekdays(weekday),
            hours=words.hours(*open_part(office, weekday, first, end)),
        )
        for weekday, first, end in stretches[:_MOST_NAMED]
    ]
    if len(stretches) > _MOST_NAMED:
        named.append(words("zu weiteren Zeiten"))
    return words.listing(named)
