"""The satisfaction KPIs once more, answer by answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from metrics.recount.rows import Question, Recounted, Row, Warehouse, percent

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator
_ANSWERS: Final[Mapping[str, tuple[int, ...]]] = {
    "answers": (1, 2, 3, 4, 5),
    "very_satisfied": (5,),
    "satisfied": (4,),
    "neither": (3,),
    "dissatisfied": (2,),
    "very_dissatisfied": (1,),
}


def recount_satisfaction(
    kpi: str, question: Question, warehouse: Warehouse
) -> Recounted:
    first_day = warehouse.city.info.first_day or date.min
    by_day = warehouse.once("ratings", _ratings_by_day)
    rows = [
        row
        for day in question.days()
        for row in by_day.get(day, ())
        if day >= first_day and question.is_about(row)
    ]
    left_out: Counter[str] = Counter()
    value, n, numerator = _found(kpi, rows, left_out)
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(rows) - left_out.total(),
        left_out=+left_out,
        delivery_ids=frozenset(row["delivery_id"] for row in rows),
    )


def _ratings_by_day(warehouse: Warehouse) -> dict[date, list[Row]]:
    by_day: dict[date, list[Row]] = {}
    for row in warehouse.rows("ratings"):
        if row["office"] in warehouse.known_offices:
            by_day.setdefault(row["rated_on"], []).append(row)
    return by_day


def _found(kpi: str, rows: Sequence[Row], left_out: Counter[str]) -> _Found:
    if not rows:
        return None, None, None
    if kpi == "satisfied_share":
        good, total = _given(rows, (4, 5)), _given(rows, (1, 2, 3, 4, 5))
        return percent(good, total), total, good
    if kpi == "response_share":
        return _response(rows, left_out)
    total = _given(rows, _ANSWERS[kpi])
    return float(total), total, None


def _given(rows: Sequence[Row], answers: Sequence[int]) -> int:
    total = 0
    for row in rows:
        if row["answer"] in answers:
            total += row["count"]
    return total


def _response(rows: Sequence[Row], left_out: Counter[str]) -> _Found:
    """Add up the days of each place that asked; all rows of one say how many."""
    days: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        place = (row["delivery_id"], row["told_of"], row["rated_on"])
        days.setdefault(place, []).append(row)
    asked = answered = 0
    for those in days.values():
        known = [row["asked"] for row in those if row["asked"] is not None]
        given = _given(those, (1, 2, 3, 4, 5))
        if not known:
            left_out["not_recorded"] += len(those)
        elif max(known) < given:
            left_out["contradiction"] += len(those)
        else:
            asked, answered = asked + max(known), answered + given
    return percent(answered, asked), asked, answered
