"""How many people usually come to an office, by weekday and hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard.blocks.when_to_go import hour_row
from dashboard.components.heat_table import HeatCell, Level, heat_table, level_of
from dashboard.i18n import Words
from dashboard.opening import open_parts
from dashboard.view import View
from ingest.city import WEEKDAYS, Office

_ALIKE: Final = 1.25  # times the quietest hour: then hours are called alike


@dataclass(frozen=True)
class _Hour:
    weekday: int
    hour: int
    low: float | None
    median: float | None
    high: float | None
    is_whole: bool  # open from its first to its last minute


def crowd_parts(view: View, office: Office) -> list[Component]:
    """Say when most and fewest come, and show every hour; none where too few come."""
    rows = view.snapshot.frames["crowd"].filter(pl.col("office") == office.id)
    hours = [_hour(office, row) for row in rows.iter_rows(named=True)]
    if not any(hour.median is not None for hour in hours):
        return []
    first, last = rows.row(0, named=True)["window_start"], rows["window_end"].max()
    assert isinstance(last, date)  # noqa: S101 - the column holds dates
    words = view.words
    note = words(
        "Gezählt sind alle, die kamen, mit und ohne Termin. Geschlossene Tage zählen"
        " nicht. Die Zahlen sind auf 5 gerundet."
    )
    if any(hour.median is not None and not hour.is_whole for hour in hours):
        part = words(
            "Öffnet oder schließt das Amt mitten in der Stunde, zählt der Rest."
        )
        note = f"{note} {part}"
    said = _said(words, [hour for hour in hours if hour.is_whole])
    return [
        *([] if said is None else [html.P(said, className="best-time")]),
        _table(view, office, hours, (first, last)),
        html.P(note, className="chart-source"),
    ]


def _hour(office: Office, row: Mapping[str, Any]) -> _Hour:
    weekday, hour = row["weekday"], row["hour"]
    return _Hour(
        weekday,
        hour,
        row["low_visits"],
        row["median_visits"],
        row["high_visits"],
        _is_whole(office, weekday, hour),
    )


def _is_whole(office: Office, weekday: int, hour: int) -> bool:
    intervals = office.hours.get(WEEKDAYS[weekday - 1], ())  # type: ignore[call-overload]
    return any(
        each.opens <= time(hour) and (each.closes.hour > hour) for each in intervals
    )


def _said(words: Words, hours: Sequence[_Hour]) -> str | None:
    """Name the fullest and the emptiest hour, if they differ enough to matter."""
    known = [(hour.median, hour) for hour in hours if hour.median is not None]
    if not known:
        return None
    fewest, most = (pick(n for n, _ in known) for pick in (min, max))
    if most < fewest * _ALIKE:
        return words(
            "Es kommen zu allen Zeiten etwa gleich viele: rund {visits} in der Stunde.",
            visits=words.quantity(most, "visits"),
        )
    fullest = next(hour for n, hour in known if n == most)
    emptiest = next(hour for n, hour in known if n == fewest)
    return words(
        "Am meisten Andrang ist meist {fullest}: rund {most} in der Stunde."
        " Am wenigsten {emptiest}: rund {fewest}.",
        fullest=_named(words, fullest),
        most=words.quantity(most, "visits"),
        emptiest=_named(words, emptiest),
        fewest=words.number(fewest),
    )


def _named(words: Words, hour: _Hour) -> str:
    return words(
        "{weekday} von {hours}",
        weekday=words.on_weekdays(hour.weekday),
        hours=words.hours(time(hour.hour), time((hour.hour + 1) % 24)),
    )


def _table(
    view: View, office: Office, hours: Sequence[_Hour], window: tuple[date, date]
) -> Component:
    words = view.words
    by_place = {(hour.weekday, hour.hour): hour for hour in hours}
    weekdays = sorted({hour.weekday for hour in hours})
    bounds = _bounds(hours)
    rows = [
        (
            hour_row(words, open_parts(office, weekdays, clock)),
            [_cell(words, by_place.get((day, clock)), bounds) for day in weekdays],
        )
        for clock in sorted({hour.hour for hour in hours})
    ]
    caption = words(
        "{office}: So viele Besuche beginnen meist in der Stunde, {first} bis {last}",
        office=office.name.in_language(view.language),
        first=words.date(window[0]),
        last=words.date(window[1]),
    )
    columns = [words.short_weekday(day) for day in weekdays]
    return heat_table(caption, words("Zeit"), columns, rows, _key(words, hours, bounds))


def _bounds(hours: Sequence[_Hour]) -> tuple[float, float, float]:
    """Divide the office's own range: a full hour of a small office is full, too."""
    most = max(hour.median or 0.0 for hour in hours)
    low, middle, high = (5 * round(most * part / 5) for part in (0.4, 0.6, 0.8))
    return low, middle, high


def _key(
    words: Words, hours: Sequence[_Hour], bounds: Sequence[float]
) -> list[tuple[Level, str]]:
    low, middle, high = (words.quantity(each, "visits") for each in bounds)
    key: list[tuple[Level, str]] = [
        (1, words("bis {most}", most=low)),
        (2, words("bis {most}", most=middle)),
        (3, words("bis {most}", most=high)),
        (4, words("über {value}", value=high)),
    ]
    used = {level_of(hour.median, bounds) for hour in hours if hour.median is not None}
    key = [(level, text) for level, text in key if level in used]
    if any(hour.median is None for hour in hours):
        key.append((0, words("k. A.: zu wenige Fälle")))
    return key


def _cell(words: Words, hour: _Hour | None, bounds: Sequence[float]) -> HeatCell:
    if hour is None:
        return HeatCell("–", words("geschlossen"))
    if hour.median is None:
        return HeatCell(words("k. A."), words("zu wenige Fälle"))
    said = words("rund {value}", value=words.quantity(hour.median, "visits"))
    if hour.low is not None and hour.high is not None and hour.low < hour.high:
        said = words(
            "{about}, meist {low} bis {high}",
            about=said,
            low=words.number(hour.low),
            high=words.number(hour.high),
        )
    return HeatCell(words.number(hour.median), said, level_of(hour.median, bounds))
