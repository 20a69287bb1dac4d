"""The queue KPIs once more, look by look."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from metrics.recount.rows import (
    Question,
    Recounted,
    Row,
    Warehouse,
    counting_offices,
    nearest_rank,
)

_Found = tuple[float | None, int]


@dataclass(frozen=True)
class _Look:
    """What one look, or one hourly mean, says of the wait."""

    row: Row
    at: datetime
    at_least: float | None
    at_most: float | None
    waiting: int | None
    why_not: str | None = None  # where it does not count


@dataclass(frozen=True)
class _Hour:
    """One office's hour: the median of what the looks in it say."""

    at_least: float | None
    at_most: float | None
    waiting: float | None


def recount_queue(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    left_out: Counter[str] = Counter()
    looks = list(_looks_of(question, warehouse, left_out))
    value, n = _KPIS[kpi](_hours(looks))
    return Recounted(
        value=value,
        n=n,
        counted=len(looks),
        left_out=+left_out,
        delivery_ids=frozenset(look.row["delivery_id"] for look in looks),
    )


def _median_wait(hours: Sequence[_Hour]) -> _Found:
    return _wait_at(hours, 0.5)


def _p90_wait(hours: Sequence[_Hour]) -> _Found:
    return _wait_at(hours, 0.9)


def _wait_at(hours: Sequence[_Hour], p: float) -> _Found:
    """Give the wait at a rank if it is the same whatever "more than" really was."""
    lowest = [hour.at_least for hour in hours if hour.at_least is not None]
    highest = [hour.at_most for hour in hours if hour.at_most is not None]
    value = nearest_rank(lowest, p)
    return (value if value == nearest_rank(highest, p) else None), len(lowest)


def _median_people(hours: Sequence[_Hour]) -> _Found:
    people = [hour.waiting for hour in hours if hour.waiting is not None]
    return nearest_rank(people, 0.5), len(people)


def _hours_observed(hours: Sequence[_Hour]) -> _Found:
    seen = 0
    for hour in hours:
        seen += hour.at_least is not None or hour.waiting is not None
    return (float(seen) if seen else None), seen


_KPIS: Final[Mapping[str, Callable[[Sequence[_Hour]], _Found]]] = {
    "median_wait_minutes": _median_wait,
    "p90_wait_minutes": _p90_wait,
    "median_waiting_people": _median_people,
    "hours_observed": _hours_observed,
}


def _hours(looks: Sequence[_Look]) -> list[_Hour]:
    """Give each hour of each office one value, however many looks there were."""
    by_hour: dict[tuple[str, datetime], list[_Look]] = {}
    for look in looks:
        hour = look.at.replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault((look.row["office"], hour), []).append(look)
    return [_hour(those) for those in by_hour.values()]


def _hour(looks: Sequence[_Look]) -> _Hour:
    people: dict[datetime, int] = {}
    for look in looks:
        if look.waiting is not None:
            # Several queues seen at one moment are together the office's queue.
            people[look.at] = people.get(look.at, 0) + look.waiting
    return _Hour(
        nearest_rank(
            [look.at_least for look in looks if look.at_least is not None], 0.5
        ),
        nearest_rank([look.at_most for look in looks if look.at_most is not None], 0.5),
        nearest_rank(people.values(), 0.5),
    )


def _looks_of(
    question: Question, warehouse: Warehouse, left_out: Counter[str]
) -> Iterator[_Look]:
    first_day = warehouse.city.info.first_day or date.min
    by_day = warehouse.once("looks", _looks_by_day)
    for day in question.days():
        for look in by_day.get(day, ()):
            if day < first_day or not question.is_about(look.row):
                continue
            if look.why_not is not None:
                left_out[look.why_not] += 1
            else:
                yield look


def _looks_by_day(warehouse: Warehouse) -> dict[date, list[_Look]]:
    by_day: dict[date, list[_Look]] = {}
    for look in (*_samples(warehouse), *_means(warehouse)):
        day = warehouse.day(look.at)
        if day is not None and look.row["office"] in warehouse.known_offices:
            by_day.setdefault(day, []).append(look)
    return by_day


def _samples(warehouse: Warehouse) -> Iterator[_Look]:
    for row in warehouse.rows("queue_samples"):
        wait, at_least = row["wait_minutes"], row["wait_minutes_at_least"]
        why_not = None if row["state"] == "open" else row["state"]
        if why_not is None and wait is None and at_least is None:
            why_not = "nothing_said" if row["waiting"] is None else None
        lowest = at_least if wait is None else wait
        highest = math.inf if wait is None and at_least is not None else wait
        if why_not is None and _is_shut(row, warehouse):
            why_not = "outside_opening_hours"
        yield _Look(row, row["observed_at"], lowest, highest, row["waiting"], why_not)


def _is_shut(row: Row, warehouse: Warehouse) -> bool:
    """Say whether the display went on behind a closed door, if hours are stated."""
    office, at = row["office"], row["observed_at"]
    day = warehouse.day(at)
    if day is None or office not in warehouse.known_offices:
        return False
    if not warehouse.city.office(office).hours:
        return False
    open_from_to = warehouse.calendar.open_from_to(office, day)
    return not any(opens_at <= at < closes_at for opens_at, closes_at in open_from_to)


def _means(warehouse: Warehouse) -> Iterator[_Look]:
    """Hourly means tell of the queue where nobody ever said of how many people."""
    rows = warehouse.rows("queue_hours")
    counting = counting_offices(warehouse)
    for row in rows:
        mean = row["mean_wait_minutes"]
        if row["office"] not in counting and mean is not None:
            yield _Look(row, row["hour_at"], mean, mean, None)
