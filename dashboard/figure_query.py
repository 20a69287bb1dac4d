"""What somebody asks of the figures: parameters read, checked and applied."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Final, Literal, cast

import polars as pl
from werkzeug.datastructures import MultiDict

from dashboard.i18n import Words, german
from metrics.figures import ALL

Format = Literal["json", "csv"]
DIMENSIONS: Final = ("kpi", "office", "service", "channel", "grain")
FORMATS: Final = ("json", "csv")
# By format: how many figures one answer holds unless asked otherwise, and at most.
USUAL: Final = {"json": 1_000, "csv": 100_000}
MOST: Final = {"json": 10_000, "csv": 100_000}
MOST_SENTENCES: Final = 1_000  # they take ten times as long as the figures
TRUTHS: Final = ("true", "false")
PARAMETERS: Final = (
    *DIMENSIONS, "from", "to", "lang", "format", "sentences", "limit", "offset",
)  # fmt: skip

_PERIODS: Final = german(
    "ein Tag, eine Woche, ein Monat, ein Quartal oder ein Jahr, zum Beispiel"
    " 2026-09-30, 2026-W38, 2026-09, 2026-Q3 oder 2026"
)
_SHOWN_VALUES: Final = 12
_LONGEST_ECHO: Final = 100


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a question."""

    parameter: str
    value: str | None
    expected: str
    sentence: str


class QuestionRefused(Exception):  # noqa: N818 - said as people would
    """The parameters make no sense; every fault is listed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(" ".join(fault.sentence for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class FigureQuery:
    """A question to the figures that makes sense."""

    values: Mapping[str, tuple[str, ...]]  # dimension -> values; absent: any
    first_on: date | None
    last_on: date | None
    format: Format
    limit: int
    offset: int
    sentences: bool  # whether each figure is said in words, too

    def select(self, figures: pl.DataFrame) -> pl.DataFrame:
        """Return all figures asked for, in the order of the published file."""
        conditions = [_is_among(name, values) for name, values in self.values.items()]
        if self.first_on is not None:
            conditions.append(pl.col("period_start") >= self.first_on)
        if self.last_on is not None:
            conditions.append(pl.col("period_end") <= self.last_on)
        return figures.filter(*conditions) if conditions else figures


def _is_among(dimension: str, values: tuple[str, ...]) -> pl.Expr:
    named = pl.col(dimension).cast(pl.String).is_in([v for v in values if v != ALL])
    return named | pl.col(dimension).is_null() if ALL in values else named


def read_query(
    arguments: MultiDict[str, str], known: Mapping[str, Sequence[str]], words: Words
) -> FigureQuery:
    """Read the parameters; `known` names the values that each dimension can have."""
    reader = _Reader(arguments, words)
    reader.refuse_unknown(PARAMETERS)
    values = {
        name: chosen
        for name in DIMENSIONS
        if (chosen := reader.chosen(name, known[name]))
    }
    reader.one_of("lang", known["lang"])
    form = cast("Format", reader.one_of("format", FORMATS) or "json")
    first = reader.period("from")
    last = reader.period("to")
    if first and last and first[0] > last[1]:
        reader.refuse_backwards()
    sentences = reader.one_of("sentences", TRUTHS) == "true"
    most = MOST_SENTENCES if sentences else MOST[form]
    limit = reader.whole_number("limit", 1, most)
    offset = reader.whole_number("offset", 0, 10**9)
    if reader.faults:
        raise QuestionRefused(reader.faults)
    return FigureQuery(
        values=values,
        first_on=first[0] if first else None,
        last_on=last[1] if last else None,
        format=form,
        limit=min(USUAL[form], most) if limit is None else limit,
        offset=offset or 0,
        sentences=sentences,
    )


def refuse_parameters(
    arguments: MultiDict[str, str], languages: Sequence[str], words: Words
) -> None:
    """Check the question to an address that takes a language only."""
    reader = _Reader(arguments, words)
    reader.refuse_unknown(("lang",))
    reader.one_of("lang", languages)
    if reader.faults:
        raise QuestionRefused(reader.faults)


class _Reader:
    """Reads one parameter after the other and collects what is wrong."""

    def __init__(self, arguments: MultiDict[str, str], words: Words) -> None:
        self._arguments = arguments
        self._words = words
        self.faults: list[Fault] = []

    def refuse_unknown(self, known: Sequence[str]) -> None:
        for name in self._arguments:
            if name in known:
                continue
            expected = ", ".join(known)
            sentence = self._words(
                "Den Parameter „{parameter}“ gibt es hier nicht. Es gibt: {expected}.",
                parameter=name[:_LONGEST_ECHO],
                expected=expected,
            )
            self.faults.append(Fault(name[:_LONGEST_ECHO], None, expected, sentence))

    def chosen(self, name: str, known: Sequence[str]) -> tuple[str, ...]:
        """Read several values, separated by commas or given repeatedly."""
        values = self._values(name)
        for value in values:
            if value not in known:
                self._refuse(name, value, self._one_among(known, value))
        return values

    def one_of(self, name: str, known: Sequence[str]) -> str | None:
        value = self._only_value(name)
        if value is not None and value not in known:
            self._refuse(name, value, self._one_among(known, value))
            return None
        return value

    def whole_number(self, name: str, least: int, most: int) -> int | None:
        value = self._only_value(name)
        if value is None:
            return None
        if re.fullmatch(r"[0-9]{1,10}", value) and least <= int(value) <= most:
            return int(value)
        expected = self._words(
            "eine ganze Zahl von {least} bis {most}", least=least, most=most
        )
        self._refuse(name, value, expected)
        return None

    def period(self, name: str) -> tuple[date, date] | None:
        """Read a day or a longer period: its first and its last day."""
        value = self._only_value(name)
        if value is None:
            return None
        days = first_and_last_day(value)
        if days is None:
            self._refuse(name, value, self._words(_PERIODS))
        return days

    def refuse_backwards(self) -> None:
        expected = self._words("ein Zeitraum, der nicht vor „from“ endet")
        self._refuse("to", self._arguments["to"], expected)

    def _values(self, name: str) -> tuple[str, ...]:
        given = ",".join(self._arguments.getlist(name)).split(",")
        return tuple(dict.fromkeys(value.strip() for value in given if value.strip()))

    def _only_value(self, name: str) -> str | None:
        values = self._values(name)
        if len(values) > 1:
            self._refuse(name, ",".join(values), self._words("ein einziger Wert"))
        return values[0] if len(values) == 1 else None

    def _one_among(self, known: Sequence[str], value: str) -> str:
        if len(known) <= _SHOWN_VALUES:
            return self._words("einer von: {values}", values=", ".join(known))
        similar = get_close_matches(value[:_LONGEST_ECHO], known, n=3)
        return self._words(
            "einer von {count} Werten, zum Beispiel {values}; alle stehen in"
            " /api/v1/openapi.json",
            count=len(known),
            values=", ".join(similar or known[:3]),
        )

    def _refuse(self, name: str, value: str, expected: str) -> None:
        value = value[:_LONGEST_ECHO]
        sentence = self._words(
            "Der Parameter „{parameter}“ hat den Wert „{value}“. Erwartet wird"
            " {expected}.",
            parameter=name,
            value=value,
            expected=expected,
        )
        self.faults.append(Fault(name, value, expected, sentence))


def first_and_last_day(period: str) -> tuple[date, date] | None:
    """Read 2026-09-30, 2026-W38, 2026-09, 2026-Q3 or 2026; None: it is none of them."""
    shape = re.fullmatch(
        r"(?P<year>[12][0-9]{3})"
        r"(?:-W(?P<week>[0-9]{2})|-Q(?P<quarter>[1-4])"
        r"|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?",
        period,
        re.ASCII,
    )
    if shape is None:
        return None
    parts = {name: int(text) for name, text in shape.groupdict().items() if text}
    try:
        return _days_of(**parts)
    except ValueError:  # no such day, month or week
        return None


def _days_of(
    year: int,
    week: int | None = None,
    quarter: int | None = None,
    month: int | None = None,
    day: int | None = None,
) -> tuple[date, date]:
    if week is not None:
        monday = date.fromisocalendar(year, week, 1)
        return monday, monday + timedelta(days=6)
    if day is not None and month is not None:
        return date(year, month, day), date(year, month, day)
    if month is not None:
        return date(year, month, 1), _last_day(year, month)
    if quarter is not None:
        return date(year, 3 * quarter - 2, 1), _last_day(year, 3 * quarter)
    return date(year, 1, 1), date(year, 12, 31)


def _last_day(year: int, month: int) -> date:
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return first_of_next - timedelta(days=1)


def known_values(
    figures: pl.DataFrame, named: Mapping[str, Iterable[str]]
) -> dict[str, list[str]]:
    """List what each dimension can be: what the city names and what is published."""
    known = {}
    for name in DIMENSIONS:
        column = figures.get_column(name).cast(pl.String).unique().drop_nulls()
        values = sorted({*named.get(name, ()), *column.to_list()})
        known[name] = values if name in ("kpi", "grain") else [ALL, *values]
    return known
