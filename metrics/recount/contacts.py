"""The contact KPIs once more, interval by interval."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from metrics.recount.rows import Question, Recounted, Row, Warehouse, percent

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator
_SHARES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {  # part, parts of whole
    "answered_share": ("answered", ("offered",)),
    "service_level": ("answered_in_target", ("answered", "abandoned")),
    "abandoned_share": ("abandoned", ("offered",)),
    "solved_first_share": ("solved_first", ("answered",)),
}
# What it adds up, and whether of one line only.
_MEANS: Final[Mapping[str, tuple[str, bool]]] = {
    "mean_wait_seconds": ("wait_seconds", True),
    "mean_handling_seconds": ("handling_seconds", False),
}


def recount_contacts(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    first_day = warehouse.city.info.first_day or date.min
    by_day = warehouse.once("contacts", _contacts_by_day)
    rows = [
        row
        for day in question.days()
        for row in by_day.get(day, ())
        if day >= first_day and question.is_about(row)
    ]
    value, n, numerator = _found(kpi, rows)
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(rows),
        delivery_ids=frozenset(row["delivery_id"] for row in rows),
    )


def _contacts_by_day(warehouse: Warehouse) -> dict[date, list[Row]]:
    by_day: dict[date, list[Row]] = {}
    for row in warehouse.rows("contacts"):
        day = warehouse.day(row["interval_at"])
        if day is not None and row["office"] in warehouse.known_offices:
            by_day.setdefault(day, []).append({**row, "channel": row["line"]})
    return by_day


def _found(kpi: str, rows: Sequence[Row]) -> _Found:
    if not rows:
        return None, None, None
    if kpi == "offered":
        total = sum(row["offered"] for row in rows)
        return float(total), total, None
    is_one_line = len({row["line"] for row in rows}) == 1
    if kpi in _SHARES:
        name, parts = _SHARES[kpi]
        counts = [_total(rows, part) for part in parts]
        part, whole = _total(rows, name), _sum_of(counts)
        if part is None or whole is None or not is_one_line:
            return None, None, None
        return percent(int(part), int(whole)), int(whole), int(part)
    name, needs_one_line = _MEANS[kpi]
    seconds, answered = _total(rows, name), _total(rows, "answered")
    if seconds is None or not answered or (needs_one_line and not is_one_line):
        return None, None, None
    return seconds / answered, int(answered), None


def _total(rows: Sequence[Row], name: str) -> float | None:
    """Add a column up; None as soon as one interval does not say it."""
    total = 0.0
    for row in rows:
        said = row[name]
        if said is None and name != "offered":
            is_none = row["offered"] == 0 or (
                name != "abandoned" and row["answered"] == 0
            )
            said = 0 if is_none else None
        if said is None:
            return None
        total += said
    return total


def _sum_of(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
