"""The visits of a city as the recount sees them, day by day."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from metrics.recount.rows import (
    MOMENTS,
    Question,
    Row,
    Warehouse,
    counting_offices,
)

_CHANNELS: Final = ("walk_in", "appointment", "kiosk")


@dataclass(frozen=True)
class Visit:
    """One visit, or one hour of customers with a mean wait."""

    row: Row
    day: date
    wait: float | None
    waited: int | None  # how many people the wait is of; None: not counted
    person_minutes: float | None
    served: int | None
    no_show: int | None  # None: never recorded here
    left: int | None
    is_mean: bool = False

    @property
    def has_appointment(self) -> bool:
        channel = self.row["channel"]
        return self.row["appointment_at"] is not None or channel == "appointment"


def visits_of(warehouse: Warehouse, question: Question) -> Iterator[Visit]:
    first_day = warehouse.city.info.first_day or date.min
    by_day = warehouse.once("visits", _visits_by_day)
    for day in question.days():
        for visit in by_day.get(day, ()):
            if day >= first_day and question.is_about(visit.row):
                yield visit


def without_time(warehouse: Warehouse, question: Question) -> Counter[str]:
    rows = warehouse.once(
        "without_time",
        lambda it: [row for row in _tickets(it) if _moment(row) is None],
    )
    return +Counter({"no_time": sum(question.is_about(row) for row in rows)})


def _visits_by_day(warehouse: Warehouse) -> dict[date, list[Visit]]:
    by_day: dict[date, list[Visit]] = {}
    for visit in _all_visits(warehouse):
        by_day.setdefault(visit.day, []).append(visit)
    return by_day


def _all_visits(warehouse: Warehouse) -> list[Visit]:
    found = [
        (row, day)
        for row in _tickets(warehouse)
        if (day := warehouse.day(_moment(row))) is not None
    ]
    recorded = warehouse.offices_with(
        "tickets", "outcome", f"({MOMENTS['tickets']}) IS NOT NULL"
    )
    visits = [_visit(row, day, recorded) for row, day in found]
    # An office that tells visit by visit is not counted by the hour as well.
    days = {(visit.row["office"], visit.day) for visit in visits}
    hours = [
        visit
        for visit in _from_hours(warehouse)
        if (visit.row["office"], visit.day) not in days
    ]
    return visits + hours


def _tickets(warehouse: Warehouse) -> Iterator[Row]:
    for row in warehouse.rows("tickets"):
        if row["office"] in warehouse.known_offices:
            yield _with_channel(row)


def _with_channel(row: Row) -> dict[str, Any]:
    channel = row["channel"] if row["channel"] in _CHANNELS else None
    return {**row, "channel": channel}


def _visit(row: Row, day: date, recorded: set[tuple[str, str]]) -> Visit:
    outcome, office = row["outcome"], row["office"]
    wait = _wait(row) if outcome == "served" else None
    persons = max(1, row["persons"] or 1)
    return Visit(
        row=row,
        day=day,
        wait=wait,
        waited=int(wait is not None),
        person_minutes=None if wait is None else wait * persons,
        served=int(outcome == "served"),
        no_show=int(outcome == "no_show") if (office, "no_show") in recorded else None,
        left=int(outcome == "left") if (office, "left") in recorded else None,
    )


def _moment(row: Row) -> datetime | None:
    """Find the call; of no-shows the appointment; of people who left the arrival."""
    names = {
        "served": ("called_at", "shown_at", "finished_at", "arrived_at"),
        "no_show": ("appointment_at",),
    }.get(row["outcome"], ("arrived_at", "appointment_at"))
    return next((row[name] for name in names if row[name] is not None), None)


def _wait(row: Row) -> float | None:
    times = [row[name] for name in ("appointment_at", "arrived_at") if row[name]]
    if row["called_at"] is None or not times:
        return None
    minutes: float = (row["called_at"] - max(times)).total_seconds() / 60
    return max(0.0, minutes)


def _from_hours(warehouse: Warehouse) -> Iterator[Visit]:
    """Hours count only of offices that ever say how many customers they had."""
    rows = [
        row
        for row in warehouse.rows("queue_hours")
        if row["office"] in warehouse.known_offices
    ]
    counting = counting_offices(warehouse)
    for row in rows:
        customers, mean = row["customers"], row["mean_wait_minutes"]
        if row["office"] not in counting or (customers is None and mean is None):
            continue
        day = warehouse.day(row["hour_at"])
        waited = customers if mean is not None else 0
        is_known = mean is not None and waited is not None
        if day is not None:
            yield Visit(
                row=_with_channel(row) | {"appointment_at": None, "outcome": "served"},
                day=day,
                wait=mean,
                waited=waited,
                person_minutes=mean * waited if is_known else None,
                served=customers,
                no_show=None,
                left=None,
                is_mean=True,
            )
