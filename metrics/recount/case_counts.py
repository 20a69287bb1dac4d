"""The sums of offices that report no single cases, as the recount sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ingest.warehouse import read_frame
from metrics.recount.rows import Row, Span, Warehouse

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Series:
    """What one office reports of one service, period after period."""

    row: Row  # its office and service
    periods: Sequence[Row]  # in order, none overlapping another
    told_until: date  # the last day that the office reports anything of

    def sum_of(self, name: str, first: date, last: date) -> int | None:
        """Add up the periods that end in a span; None where one is missing or cut."""
        begins = _first(self.periods[0])
        day = max(first, begins)
        while day <= min(last, self.told_until):
            period = self._of(day)
            if period is None or _first(period) < first or _last(period) > last:
                return None
            day += _ONE_DAY
        sums = [each[name] for each in self.ending_within(first, last)]
        return None if None in sums else sum(sums)

    def ending_within(self, first: date, last: date) -> list[Row]:
        return [each for each in self.periods if first <= _last(each) <= last]

    def open_on(self, day: date, first_on: date) -> int | None:
        """Give what was open on a day; None where that was not told of this day."""
        if day < _first(self.periods[0]):
            return 0
        if first_on <= day <= self.told_until:
            period = self._of(day)
            is_told = period is not None and _last(period) == day
            return period["open_at_end"] if period is not None and is_told else None
        known = [
            each["open_at_end"]
            for each in self.periods
            if _last(each) <= day and each["open_at_end"] is not None
        ]
        return known[-1] if known else 0

    def _of(self, day: date) -> Row | None:
        for each in self.periods:
            if _first(each) <= day <= _last(each):
                return each
        return None


def series_and_spans(warehouse: Warehouse) -> tuple[list[Series], dict[str, Span]]:
    """Read the sums of offices of which no single case is known."""
    found: dict[tuple[str, str | None], list[Row]] = {}
    for row in _told_last(warehouse):
        found.setdefault((row["told_of"][0], row["service"]), []).append(row)
    chosen = {key: _without_overlaps(rows) for key, rows in found.items()}
    until: dict[str, date] = {}
    for (told_by, _), periods in chosen.items():
        until[told_by] = max(_last(periods[-1]), until.get(told_by, date.min))
    series = [
        Series(periods[0], periods, until[told_by])
        for (told_by, _), periods in chosen.items()
    ]
    ends = [
        {**period, "day": day}
        for each in series
        for period in each.periods
        for day in (_first(period), _last(period))
    ]
    return series, warehouse.spans(ends, lambda row: row["day"])


def _told_last(warehouse: Warehouse) -> Iterator[Row]:
    statement = "SELECT delivery_id, office FROM cases"
    with_cases = {
        office
        for delivery, office in read_frame(warehouse.connection, statement).iter_rows()
        if delivery in warehouse.told_at
    }
    latest: dict[tuple[object, ...], Row] = {}
    told = warehouse.told_at
    for row in sorted(
        warehouse.rows("case_counts"),
        key=lambda row: (told[row["delivery_id"]], row["delivery_id"]),
    ):
        is_ours = row["office"] in warehouse.known_offices
        if is_ours and row["told_of"][0] not in with_cases:
            key = (
                row["told_of"][0],
                row["service"],
                row["period_from"],
                row["period_to"],
            )
            latest[key] = row
    yield from latest.values()


def _without_overlaps(rows: Sequence[Row]) -> list[Row]:
    """Keep the shorter of two periods that overlap."""
    kept: list[Row] = []
    for row in sorted(rows, key=lambda row: (_last(row) - _first(row), _first(row))):
        if all(_last(row) < _first(one) or _last(one) < _first(row) for one in kept):
            kept.append(row)
    return sorted(kept, key=_first)


def _first(period: Row) -> date:
    day: date = period["period_from"]
    return day


def _last(period: Row) -> date:
    day: date = period["period_to"]
    return day - _ONE_DAY
