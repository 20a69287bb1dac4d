"""What every recount shares: rows as plain dicts, local days, and how far data reach.

Nothing here may use what metrics/ computes figures with, but for the calendar: the
point is to come to the same number on another way.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeVar

import duckdb

from ingest.city import City
from ingest.warehouse import columns_of, read_frame, read_rows
from metrics.calendar import Calendar
from metrics.figures import FigureId
from metrics.periods import Period
from metrics.small_offices import merged_offices, rows_of_office

Row = Mapping[str, Any]
T = TypeVar("T")
_HANDOVER = timedelta(days=31)
_SILENT_WORKING_DAYS = 3
_MAY_LIE_AHEAD = ("appointment_at", "first_free_at")

# When something was: the call; of no-shows the appointment; of who left the arrival.
MOMENTS: Mapping[str, str] = {
    "tickets": """
        CASE outcome
            WHEN 'served' THEN coalesce(called_at, shown_at, finished_at, arrived_at)
            WHEN 'no_show' THEN appointment_at
            ELSE coalesce(arrived_at, appointment_at)
        END
    """,
    "queue_hours": "hour_at",
    "queue_samples": "observed_at",
    "contacts": "interval_at",
    "ratings": "rated_on::TIMESTAMPTZ",
    "slot_offers": "observed_at",
}


@dataclass(frozen=True)
class Recounted:
    """What the plain way comes to, and what it counted."""

    value: float | None
    n: int | None = None
    numerator: int | None = None
    counted: int = 0  # rows
    left_out: Mapping[str, int] = field(default_factory=dict)  # rows, by reason
    delivery_ids: frozenset[str] = frozenset()


class Span(NamedTuple):
    """The days that an office's data stand for."""

    first_on: date
    last_on: date
    complete_on: date


@dataclass(frozen=True)
class Warehouse:
    """A city's rows at one moment, each table read once."""

    connection: duckdb.DuckDBPyConnection
    city: City
    now: datetime
    about: "Question | None" = None  # only rows that this one needs are read
    _tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _known: dict[str, Any] = field(default_factory=dict)

    def rows(self, table: str) -> Sequence[Row]:
        """Read a table; offices and services are those that figures are made of."""
        if table not in self._tables:
            self._tables[table] = self._read(table, self.about)
        return self._tables[table]

    def _read(self, table: str, about: "Question | None") -> list[dict[str, Any]]:
        where, bound = self._narrowed(table, about) if about else ("", [])
        rows = read_rows(
            self.connection, table, where=where, parameters=bound
        ).to_dicts()
        for row in rows:
            if "office" in row:
                row["told_of"] = row["office"], row.get("service")  # as sources say
                row["office"] = self.counted_with(row["office"])
            if row.get("service") not in self._services:
                row["service"] = None
        return rows

    def counted_with(self, office: str) -> str:
        """Name the office that an office's rows count for: a small one's parent."""
        return self._merged.get(office) or office

    def _narrowed(self, table: str, about: "Question") -> tuple[str, list[Any]]:
        """Say which rows of a table a question needs; of cases their whole past."""
        if "office" not in columns_of(table):
            return "", []
        where, bound = rows_of_office(self.city, about.figure.office)
        at = MOMENTS.get(table)
        if at is None:
            return where, [*bound]
        first = datetime.combine(about.reads_from, time(), UTC) - timedelta(days=2)
        end = datetime.combine(about.period.end, time(), UTC) + timedelta(days=3)
        when = f"{at} IS NULL OR {at} >= ? AND {at} < ?"
        return f"{where} AND ({when})", [*bound, first, end]

    def offices_with(self, table: str, column: str, where: str) -> set[Any]:
        """Tell what offices ever said in a column, in rows that meet a condition."""
        rows = read_rows(
            self.connection, table, columns=("office", column), where=where
        )
        pairs = rows.select("office", column).unique().rows()
        return {(self.counted_with(office), said) for office, said in pairs}

    def once(self, name: str, read: Callable[[Self], T]) -> T:
        """Read rows as facts only once, however many figures are recounted."""
        if name not in self._known:
            self._known[name] = read(self)
        found: T = self._known[name]
        return found

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.city)

    @cached_property
    def known_offices(self) -> frozenset[str]:
        return frozenset(office.id for office in self.city.offices)

    @cached_property
    def told_at(self) -> Mapping[str, datetime]:
        return {row["delivery_id"]: row["received_at"] for row in self._deliveries}

    def day(self, moment: datetime | None) -> date | None:
        """Give the day that people in the city call it."""
        return moment and moment.astimezone(self.city.timezone).date()

    def spans(
        self, rows: Iterable[Row], day_of: Callable[[Row], date | None]
    ) -> dict[str, Span]:
        """Find how far each office's data reach, source by source."""
        days: dict[tuple[str, str], list[date]] = {}
        for row in rows:
            source = self._reach[row["delivery_id"]][0]
            those = days.setdefault((row["office"], source), [])
            if (day := day_of(row)) is not None:
                those.append(day)
        by_office: dict[str, dict[str, list[date]]] = {}
        for (office, source), those in days.items():
            if those:
                by_office.setdefault(office, {})[source] = those
        spans = {office: self._span(sources) for office, sources in by_office.items()}
        return {
            office: span
            for office, span in spans.items()
            if span.first_on <= span.last_on
        }

    def _span(self, days: Mapping[str, Sequence[date]]) -> Span:
        reach = {
            source: (reaches, full) for source, reaches, full in self._reach.values()
        }
        complete = [
            reach[source][1]
            for source in days
            if not any(
                min(days[other]) > max(days[source]) - _HANDOVER
                and reach[other][1] > reach[source][1]
                for other in days
            )
        ]
        first_on = min(min(those) for those in days.values())
        return Span(
            max(first_on, self.city.info.first_day or first_on),
            max(max(max(days[source]), reach[source][0]) for source in days),
            min(complete),
        )

    @cached_property
    def _reach(self) -> Mapping[str, tuple[str, date, date]]:
        """Give each delivery's source, and the last day that reaches, also in full."""
        until: dict[str, datetime] = {}
        for row in self._deliveries:
            end = row["covers_to"] or self._told_until(row)
            end = min(end, row["received_at"], self.now)
            until[row["source"]] = max(end, until.get(row["source"], end))
        return {
            row["delivery_id"]: (
                row["source"],
                self._local(until[row["source"]] - timedelta(microseconds=1)),
                self._local(until[row["source"]]) - timedelta(days=1),
            )
            for row in self._deliveries
        }

    def _told_until(self, delivery: Row) -> datetime:
        """Say how far an export of everything reaches: to its last event, if old."""
        table: str = delivery["table_name"]
        told = [
            moment
            for row in self._read(table, None)
            if row["delivery_id"] == delivery["delivery_id"]
            for name, moment in row.items()
            if isinstance(moment, datetime) and name not in _MAY_LIE_AHEAD
        ]
        received_at: datetime = delivery["received_at"]
        last = max(told, default=received_at)
        day, silent = self._local(last) + timedelta(days=1), 0
        while day < self._local(received_at):
            silent += self.calendar.is_working_day(day)
            day += timedelta(days=1)
        is_old = silent >= _SILENT_WORKING_DAYS
        return last + timedelta(microseconds=1) if is_old else received_at

    def _local(self, moment: datetime) -> date:
        return moment.astimezone(self.city.timezone).date()

    @cached_property
    def _deliveries(self) -> Sequence[Row]:
        statement = "SELECT * FROM deliveries WHERE superseded_at IS NULL"
        return read_frame(self.connection, statement).to_dicts()

    @cached_property
    def _merged(self) -> Mapping[str, str | None]:
        return merged_offices(self.city)

    @cached_property
    def _services(self) -> frozenset[str]:
        return frozenset(service.id for service in self.city.services)


@dataclass(frozen=True)
class Question:
    """Which figure is to be recounted."""

    figure: FigureId
    period: Period

    def is_about(self, row: Row) -> bool:
        """Whether a row belongs to the figure's population."""
        _, office, service, channel, _, _ = self.figure
        if office is not None and row["office"] != office:
            return False
        if service is not None and row["service"] != service:
            return False
        return channel is None or row.get("channel") == channel

    @property
    def a_year_before(self) -> Self | None:
        before = self.period.year_before
        return before and replace(self, period=before)

    @property
    def reads_from(self) -> date:
        """Give the first day of the rows that are needed."""
        before = self.period.year_before
        compares = self.figure.kpi == "waiting.hours_saved" and before is not None
        return before.start if compares and before else self.period.start

    def days(self) -> Iterator[date]:
        for number in range((self.period.end - self.period.start).days + 1):
            yield self.period.start + timedelta(days=number)

    def is_in_period(self, day: date | None) -> bool:
        return day is not None and self.period.start <= day <= self.period.end


def counting_offices(warehouse: Warehouse) -> set[str]:
    """Find the offices that ever said how many people an hourly mean is of."""
    found = warehouse.offices_with("queue_hours", "channel", "customers IS NOT NULL")
    return {office for office, _ in found}


def nearest_rank(values: Iterable[float], p: float) -> float | None:
    """Give the value at rank ceil(p * n); of nothing there is none."""
    ordered = sorted(values)
    if not ordered:
        return None
    # Decimal fractions are not exact in binary: 0.9 * 10 must not become rank 10.
    rank = max(1, math.ceil(round(p * len(ordered), 9)))
    return ordered[rank - 1]


def percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole > 0 else None
