"""The cost KPIs once more: a stated amount, and what was done one by one."""

from datetime import date, timedelta
from typing import Final

from ingest.city import Cost
from metrics.recount.case_rows import cases_and_spans
from metrics.recount.rows import Question, Recounted, Warehouse
from metrics.recount.visit_rows import visits_of

_ONE_DAY: Final = timedelta(days=1)


def recount_cost(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    per = "visits" if kpi == "per_visit" else "cases"
    cost = _stated(per, question, warehouse)
    if cost is None:
        return Recounted(None)
    count = _visits if per == "visits" else _cases
    done, days_with_data, complete_on, delivery_ids = count(question, warehouse)
    is_whole = complete_on >= question.period.end and all(
        day in days_with_data
        for day in question.days()
        if warehouse.calendar.is_open(question.figure.office or "", day)
    )
    value = cost.amount_eur / done if done and is_whole else None
    return Recounted(value, done, counted=done or 0, delivery_ids=delivery_ids)


_Done = tuple[int | None, set[date], date, frozenset[str]]


def _stated(per: str, question: Question, warehouse: Warehouse) -> Cost | None:
    figure, year = question.figure, question.period.start.year
    for cost in warehouse.city.costs:
        is_meant = (cost.per, cost.year, cost.service) == (per, year, figure.service)
        if is_meant and (cost.office or figure.office) == figure.office:
            return cost
    return None


def _visits(question: Question, warehouse: Warehouse) -> _Done:
    whole_office = Question(
        question.figure._replace(service=None, channel=None), question.period
    )
    seen = list(visits_of(warehouse, whole_office))
    mine = [visit for visit in seen if question.is_about(visit.row)]
    served = [visit.served for visit in mine]
    days_of = {id(visit.row): visit.day for visit in seen}
    spans = warehouse.spans([visit.row for visit in seen], lambda row: days_of[id(row)])
    span = spans.get(question.figure.office or "")
    return (
        None if None in served else sum(count or 0 for count in served),
        {visit.day for visit in seen},
        span.complete_on if span else date.min,
        frozenset(visit.row["delivery_id"] for visit in mine),
    )


def _cases(question: Question, warehouse: Warehouse) -> _Done:
    cases, spans = warehouse.once("cases", cases_and_spans)
    span = spans.get(question.figure.office or "")
    if span is None:
        return None, set(), date.min, frozenset()
    mine = [
        case
        for case in cases
        if question.is_about(case.row)
        and question.is_in_period(case.decided)
        and case.decided is not None
        and case.decided >= case.book_from
    ]
    known, day = set(), span.first_on
    while day <= span.last_on:
        known.add(day)
        day += _ONE_DAY
    delivery_ids = frozenset(case.row["delivery_id"] for case in mine)
    return len(mine), known, span.complete_on, delivery_ids
