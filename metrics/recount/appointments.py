"""The appointment KPIs once more: booking by booking, search by search, day by day."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from metrics.recount.rows import (
    Question,
    Recounted,
    Row,
    Warehouse,
    nearest_rank,
    percent,
)
from metrics.recount.visit_rows import visits_of, without_time

_WITHIN: Final = 14
_OF_VISITS: Final = (
    "median_lead_days",
    "p90_lead_days",
    "share_booked_within_14_days",
)

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator


class _Counted(NamedTuple):
    """What one KPI's rows say, and the rows."""

    found: _Found
    rows: Sequence[Row]
    left_out: Counter[str]


def recount_appointments(
    kpi: str, question: Question, warehouse: Warehouse
) -> Recounted:
    (value, n, numerator), rows, left_out = _KPIS[kpi](question, warehouse)
    counted = len(rows) - left_out.total()
    if kpi in _OF_VISITS:
        left_out = left_out + without_time(warehouse, question)
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=counted,
        left_out=left_out,
        delivery_ids=frozenset(row["delivery_id"] for row in rows),
    )


def _median_lead(question: Question, warehouse: Warehouse) -> _Counted:
    leads, rows, left_out = _leads(question, warehouse)
    return _Counted((nearest_rank(leads, 0.5), len(leads), None), rows, left_out)


def _long_lead(question: Question, warehouse: Warehouse) -> _Counted:
    leads, rows, left_out = _leads(question, warehouse)
    return _Counted((nearest_rank(leads, 0.9), len(leads), None), rows, left_out)


def _soon(question: Question, warehouse: Warehouse) -> _Counted:
    leads, rows, left_out = _leads(question, warehouse)
    soon = sum(lead <= _WITHIN for lead in leads)
    return _Counted((percent(soon, len(leads)), len(leads), soon), rows, left_out)


def _leads(
    question: Question, warehouse: Warehouse
) -> tuple[list[int], list[Row], Counter[str]]:
    """Count the calendar days that each appointment had been booked before."""
    leads, rows = list[int](), list[Row]()
    left_out: Counter[str] = Counter()
    for visit in visits_of(warehouse, question):
        rows.append(visit.row)
        if visit.is_mean:
            left_out["only_means"] += 1
            continue
        booked_on = warehouse.day(visit.row["booked_at"])
        due_on = warehouse.day(visit.row["appointment_at"])
        if booked_on is not None and due_on is not None:
            leads.append((due_on - booked_on).days)
        else:
            has_one = visit.has_appointment
            left_out["not_recorded" if has_one else "without_appointment"] += 1
    return leads, rows, left_out


def _next_free(question: Question, warehouse: Warehouse) -> _Counted:
    searches = list(_searches(question, warehouse))
    found = [days for _, days in searches if days is not None]
    rows = [row for row, _ in searches]
    left_out = Counter({"nothing_offered": len(rows) - len(found)})
    return _Counted((nearest_rank(found, 0.5), len(found), None), rows, +left_out)


def _offered_soon(question: Question, warehouse: Warehouse) -> _Counted:
    return _share(question, warehouse, lambda days: days <= _WITHIN)


def _success(question: Question, warehouse: Warehouse) -> _Counted:
    return _share(question, warehouse, lambda _: True)


def _share(
    question: Question, warehouse: Warehouse, meets: Callable[[int], bool]
) -> _Counted:
    searches = list(_searches(question, warehouse))
    met = sum(days is not None and meets(days) for _, days in searches)
    found = percent(met, len(searches)), len(searches), met
    return _Counted(found, [row for row, _ in searches], Counter())


def _searches(
    question: Question, warehouse: Warehouse
) -> Iterator[tuple[Row, int | None]]:
    """Give each search with the days to the first free appointment, if any."""
    first_day = warehouse.city.info.first_day or date.min
    for row in warehouse.rows("slot_offers"):
        day = warehouse.day(row["observed_at"])
        is_known = row["office"] in warehouse.known_offices
        if day is None or day < first_day or not is_known:
            continue
        if question.is_in_period(day) and question.is_about(row):
            free_on = warehouse.day(row["first_free_at"])
            yield row, None if free_on is None else (free_on - day).days


def _capacity(question: Question, warehouse: Warehouse) -> _Counted:
    planned = booked = 0.0
    rows, known = list[Row](), 0
    left_out: Counter[str] = Counter()
    for row in _slots(question, warehouse):
        rows.append(row)
        if row["planned_minutes"] is None or row["booked_minutes"] is None:
            left_out["not_recorded"] += 1
        else:
            known += 1
            planned += row["planned_minutes"]
            booked += row["booked_minutes"]
    value = 100 * booked / planned if planned > 0 else None
    return _Counted((value, known, None), rows, left_out)


def _slots(question: Question, warehouse: Warehouse) -> Iterator[Row]:
    """Give the days that were over when the source told of them."""
    first_day = warehouse.city.info.first_day or date.min
    for row in warehouse.rows("slots"):
        day = row["slots_on"]
        told_on = warehouse.day(warehouse.told_at[row["delivery_id"]])
        is_known = row["office"] in warehouse.known_offices
        if told_on is None or not first_day <= day < told_on or not is_known:
            continue
        if question.is_in_period(day) and question.is_about(row):
            yield row


_KPIS: Final[Mapping[str, Callable[[Question, Warehouse], _Counted]]] = {
    "median_lead_days": _median_lead,
    "p90_lead_days": _long_lead,
    "share_booked_within_14_days": _soon,
    "median_days_to_next_free": _next_free,
    "share_offered_within_14_days": _offered_soon,
    "search_success_share": _success,
    "capacity_used_percent": _capacity,
}
