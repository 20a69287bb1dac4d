"""The digital KPIs once more: shares case by case, services one by one."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from metrics.recount.cases import recount_cases
from metrics.recount.rows import (
    Question,
    Recounted,
    Row,
    Span,
    Warehouse,
    percent,
)

_SERVICES: Final[Mapping[str, tuple[str, Callable[[Row], bool | None]]]] = {
    "services_online": ("is_online", lambda said: said["is_online"]),
    "level_4_share_model_11": ("maturity", lambda said: _level_4(said, "1.1")),
    "level_4_share_model_20": ("maturity", lambda said: _level_4(said, "2.0")),
}


def recount_digital(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    if kpi not in _SERVICES:
        return recount_cases(kpi, question, warehouse)
    told = [row for row in _told(warehouse) if question.is_about(row)]
    span = _span(told, warehouse)
    if question.period.start > span.last_on:
        return Recounted(None)
    last_day = min(question.period.end, span.last_on)
    subject, judged = _SERVICES[kpi]
    latest = {
        row["service"]: row
        for row in told
        if row["day"] <= last_day and row[subject] is not None
    }
    found = [judged(row) for row in latest.values()]
    known = [each for each in found if each is not None]
    is_share = kpi.startswith("level_4")
    value = percent(sum(known), len(known)) if is_share else float(sum(known))
    return Recounted(
        value=value if known else None,
        n=len(known),
        numerator=sum(known) if is_share else None,
        counted=len(known),
        delivery_ids=frozenset(
            row["delivery_id"] for row in latest.values() if row["delivery_id"]
        ),
    )


def _level_4(said: Row, model: str) -> bool | None:
    return said["maturity"] >= 4 if said["maturity_model"] == model else None


def _told(warehouse: Warehouse) -> list[Row]:
    """List what was said of each service, the last word last."""
    today = warehouse.now.astimezone(warehouse.city.timezone).date()
    offices = {
        service.id: warehouse.counted_with(service.office)
        for service in warehouse.city.services
    }
    looks = sorted(
        warehouse.rows("online_services"),
        key=lambda row: warehouse.told_at[row["delivery_id"]],
    )
    said: list[Row] = [*_stated(warehouse)]
    said += [{**row, "day": row["observed_on"]} for row in looks]
    rows = [
        {**row, "office": offices[row["service"]]}
        for row in said
        if row["service"] in offices
    ]
    return sorted(
        (row for row in rows if row["day"] <= today), key=lambda row: row["day"]
    )


def _stated(warehouse: Warehouse) -> Iterator[Row]:
    for service in warehouse.city.services:
        if service.online is not None:
            yield {
                "service": service.id,
                "day": service.online.on,
                "is_online": None,
                "maturity": service.online.maturity,
                "maturity_model": service.online.model,
                "delivery_id": None,
            }


def _span(told: list[Row], warehouse: Warehouse) -> Span:
    """Find the days of the population: a source's, and the city file's up to today."""
    today = warehouse.now.astimezone(warehouse.city.timezone).date()
    looks = [row for row in told if row["delivery_id"] is not None]
    spans = [*warehouse.spans(looks, lambda row: row["day"]).values()]
    stated = [row["day"] for row in told if row["delivery_id"] is None]
    if stated:
        first = max(min(stated), warehouse.city.info.first_day or date.min)
        spans.append(Span(first, today, today - timedelta(days=1)))
    return Span(
        min(span.first_on for span in spans),
        max(span.last_on for span in spans),
        min(span.complete_on for span in spans),
    )
