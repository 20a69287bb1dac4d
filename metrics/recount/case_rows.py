"""The cases of a city as the recount sees them: local days, and the day each is due."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from ingest.city import Deadline
from metrics.recount.rows import Row, Span, Warehouse

_GIVEN_UP: Final = ("withdrawn", "duplicate")
_LEFT_OVER: Final = timedelta(days=365)
_ONE_DAY: Final = timedelta(days=1)


class Case(NamedTuple):
    """One case, in local days, with the first day of its office's book."""

    row: Row
    book_from: date
    complete_until: date  # deliveries cover all days up to this one
    received: date
    ended: date | None
    decided: date | None
    due: date | None
    complete: date | None  # as recorded
    waits: Mapping[date, str]  # for whom, on the days on which the office waited
    is_traced: bool  # its office records for whom it waits
    told_waits: frozenset[str]  # deliveries that tell of its stops

    def is_open(self, day: date) -> bool:
        in_time = self.received <= day and self.book_from <= day
        return in_time and (self.ended is None or self.ended > day)

    def is_overdue(self, day: date) -> bool:
        return self.is_open(day) and self.due is not None and self.due < day

    def is_old(self, day: date) -> bool:
        return self.is_open(day) and _months_later(self.received, 3) < day

    def net_days(self) -> int | None:
        """Count the days from complete to decided on which nobody else was waited for.

        None where nobody says when it was complete.
        """
        if self.decided is None or self.complete is None:
            return None
        if self.complete > self.decided:
            return None
        day, count = max(self.received, self.complete), 0
        while day < self.decided:
            count += day not in self.waits
            day += _ONE_DAY
        return count


def cases_and_spans(warehouse: Warehouse) -> tuple[list[Case], dict[str, Span]]:
    """Read each case once; the spans are the days of each office's book."""
    rows = _told_last(warehouse)
    ended = {
        id(row): warehouse.day(row["decided_at"] or row["closed_at"]) for row in rows
    }
    received = {id(row): warehouse.day(row["received_at"]) or date.max for row in rows}
    begins = {
        office: _begin_of_book(
            [received[id(row)] for row in rows if row["office"] == office]
        )
        for office in {row["office"] for row in rows}
    }
    in_book = [row for row in rows if received[id(row)] >= begins[row["office"]]]
    spans = warehouse.spans(in_book, lambda row: received[id(row)])
    recorded = warehouse.offices_with("cases", "service", "complete_at IS NOT NULL")
    recording = {service for _, service in recorded}
    stops = _stops(warehouse)
    waits = _days_of_waiting(rows, ended, stops, warehouse)
    told_by: dict[str, frozenset[str]] = {}
    for stop in stops:
        key = stop["case_key"]
        told_by[key] = told_by.get(key, frozenset()) | {stop["delivery_id"]}
    traced = {row["office"] for row in rows if waits.get(row["case_key"])}
    cases = [
        _case(
            row,
            ended[id(row)],
            spans[row["office"]],
            recording,
            warehouse,
        )._replace(
            waits=waits.get(row["case_key"], {}),
            is_traced=row["office"] in traced,
            told_waits=told_by.get(row["case_key"], frozenset()),
        )
        for row in rows
        if row["office"] in spans
    ]
    return cases, spans


def _stops(warehouse: Warehouse) -> list[Row]:
    """Keep what was told last of each stop."""
    told = warehouse.told_at
    latest: dict[tuple[str, object], Row] = {}
    for pause in sorted(
        warehouse.rows("case_pauses"),
        key=lambda row: (told[row["delivery_id"]], row["delivery_id"]),
    ):
        latest[pause["case_key"], pause["from_at"]] = pause
    return list(latest.values())


def _days_of_waiting(
    rows: Sequence[Row],
    ended: Mapping[int, date | None],
    stops: Sequence[Row],
    warehouse: Warehouse,
) -> dict[str, dict[date, str]]:
    """Name, day by day, for whom a case waited while it was open."""
    of_key: dict[str, list[Row]] = {}
    for row in rows:
        of_key.setdefault(row["case_key"], []).append(row)
    waits: dict[str, dict[date, str]] = {}
    for pause in stops:
        key = pause["case_key"]
        if len(of_key.get(key, [])) != 1:
            continue  # no such case, or one of each of several offices
        case = of_key[key][0]
        end = ended[id(case)] or warehouse.now.date() + timedelta(days=400)
        last = min(warehouse.day(pause["to_at"]) or end, end)
        received = warehouse.day(case["received_at"]) or date.max
        day = max(warehouse.day(pause["from_at"]) or date.max, received)
        days = waits.setdefault(key, {})
        while day < last:
            if days.get(day) != "applicant":
                days[day] = pause["holder"]
            day += _ONE_DAY
    return waits


def _told_last(warehouse: Warehouse) -> list[Row]:
    """Keep what was told last of each case."""
    latest: dict[tuple[str, str], Row] = {}
    told = warehouse.told_at
    for row in sorted(
        warehouse.rows("cases"),
        key=lambda row: (told[row["delivery_id"]], row["delivery_id"]),
    ):
        if row["office"] in warehouse.known_offices:
            latest[row["office"], row["case_key"]] = row
    return list(latest.values())


def _begin_of_book(received: Sequence[date]) -> date:
    """Skip old left-overs: the book begins after the last year without a receipt."""
    days = sorted(received)
    begin = days[0]
    for day, next_day in pairwise(days):
        if next_day - day > _LEFT_OVER:
            begin = next_day
    return begin


def _case(
    row: Row,
    ended: date | None,
    span: Span,
    recording: set[str | None],
    warehouse: Warehouse,
) -> Case:
    received = warehouse.day(row["received_at"]) or date.max
    complete = warehouse.day(row["complete_at"])
    if complete is None and (ended is not None or row["service"] not in recording):
        complete = received  # nobody knows better: it runs from receipt
    due = [
        day
        for deadline in warehouse.city.deadlines
        if deadline.service == row["service"]
        and (day := _due(deadline, received, complete, warehouse)) is not None
    ]
    return Case(
        row=row,
        book_from=span.first_on,
        complete_until=span.complete_on,
        received=received,
        ended=ended,
        decided=None if row["outcome"] in _GIVEN_UP else ended,
        due=min(due, default=None),
        complete=warehouse.day(row["complete_at"]),
        waits={},
        is_traced=False,
        told_waits=frozenset(),
    )


def _due(
    deadline: Deadline, received: date, complete: date | None, warehouse: Warehouse
) -> date | None:
    start = received if deadline.starts_at == "received" else complete
    if start is None or not (
        deadline.valid_from <= start <= (deadline.valid_to or date.max)
    ):
        return None
    if deadline.unit == "days":
        return start + timedelta(days=deadline.duration)
    if deadline.unit == "months":
        return _months_later(start, deadline.duration)
    return _working_days_later(start, deadline.duration, warehouse)


def _months_later(start: date, months: int) -> date:
    """Give the same day of a later month, or that month's last day."""
    years, month = divmod(start.month - 1 + months, 12)
    for day in range(start.day, 0, -1):
        try:
            return date(start.year + years, month + 1, day)
        except ValueError:
            continue
    raise AssertionError


def _working_days_later(start: date, count: int, warehouse: Warehouse) -> date:
    day = start
    while not warehouse.calendar.is_working_day(day):
        day -= _ONE_DAY
    while count:
        day += _ONE_DAY
        count -= warehouse.calendar.is_working_day(day)
    return day
