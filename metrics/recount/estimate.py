"""The estimate KPIs once more, visit by visit and hour by hour."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from metrics.recount.rows import (
    Question,
    Recounted,
    Row,
    Warehouse,
    counting_offices,
    percent,
)
from metrics.recount.visit_rows import Visit, visits_of

_BEFORE: Final = timedelta(minutes=10)
_NEAR: Final = 5

_Found = tuple[float | None, int, int | None]
_Looks = Mapping[str, Sequence[tuple[datetime, float]]]


class _Pair(NamedTuple):
    """What was told and what came, of so many people."""

    told: float
    came: float
    people: int | None
    row: Row


def recount_estimate(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    left_out: Counter[str] = Counter()
    pairs = list(_pairs(question, warehouse, left_out))
    counted, parts = len(pairs), _KPIS[kpi]
    if not pairs or any(pair.people is None for pair in pairs):
        return Recounted(None, counted=counted, left_out=+left_out)
    value, n, numerator = parts([(p.told - p.came, p.people or 0) for p in pairs])
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=counted,
        left_out=+left_out,
        delivery_ids=frozenset(pair.row["delivery_id"] for pair in pairs),
    )


def _mean_error(errors: Sequence[tuple[float, int]]) -> _Found:
    return _mean([(abs(error), people) for error, people in errors])


def _mean(errors: Sequence[tuple[float, int]]) -> _Found:
    total, n = 0.0, 0
    for error, people in errors:
        total += error * people
        n += people
    return (total / n if n else None), n, None


def _near(errors: Sequence[tuple[float, int]]) -> _Found:
    near = sum(people for error, people in errors if abs(error) <= _NEAR)
    n = sum(people for _, people in errors)
    return percent(near, n), n, near


_KPIS: Final[Mapping[str, Callable[[Sequence[tuple[float, int]]], _Found]]] = {
    "mean_error_minutes": _mean_error,
    "bias_minutes": _mean,
    "share_within_5_minutes": _near,
}


def _pairs(
    question: Question, warehouse: Warehouse, left_out: Counter[str]
) -> Iterator[_Pair]:
    looks = warehouse.once("told", _told)
    for visit in visits_of(warehouse, question):
        if visit.is_mean:
            continue
        row, wait = visit.row, visit.wait
        if visit.has_appointment:
            left_out["with_appointment"] += 1
        elif wait is None:
            left_out["no_wait_recorded"] += 1
        elif (told := _before(looks, visit, warehouse)) is None:
            left_out["nothing_told"] += 1
        else:
            yield _Pair(told, wait, 1, row)
    yield from _hours(question, warehouse)


def _before(looks: _Looks, visit: Visit, warehouse: Warehouse) -> float | None:
    """Find what the last look before somebody came said, if it was not long ago."""
    came: datetime = visit.row["arrived_at"]
    those = looks.get(visit.row["office"], ())
    place = bisect_right(those, came, key=lambda look: look[0])
    if place == 0 or came - those[place - 1][0] > _BEFORE:
        return None
    at, told = those[place - 1]
    return told if warehouse.day(at) == visit.day else None


def _told(warehouse: Warehouse) -> _Looks:
    longest: dict[tuple[str, datetime], float] = {}
    for row in warehouse.rows("queue_samples"):
        if row["state"] == "open" and row["wait_minutes"] is not None:
            key = row["office"], row["observed_at"]
            longest[key] = max(row["wait_minutes"], longest.get(key, 0.0))
    by_office: dict[str, list[tuple[datetime, float]]] = {}
    for (office, at), wait in sorted(longest.items()):
        by_office.setdefault(office, []).append((at, wait))
    return by_office


def _hours(question: Question, warehouse: Warehouse) -> Iterator[_Pair]:
    """Hours count on days of which nothing is told visit by visit."""
    everybody = Question(
        question.figure._replace(service=None, channel=None), question.period
    )
    visits = visits_of(warehouse, everybody)
    told = {(v.row["office"], v.day) for v in visits if not v.is_mean}
    counting = warehouse.once("counting_offices", counting_offices)
    first_day = warehouse.city.info.first_day or date.min
    for row in warehouse.rows("queue_hours"):
        day = warehouse.day(row["hour_at"])
        estimate, mean = row["estimated_wait_minutes"], row["mean_wait_minutes"]
        if (
            day is not None
            and max(first_day, question.period.start) <= day <= question.period.end
            and question.is_about(row)
            and row["office"] in counting & warehouse.known_offices
            and (row["office"], day) not in told
            and estimate is not None
            and mean is not None
            and row["customers"] != 0
        ):
            yield _Pair(estimate, mean, row["customers"], row)
