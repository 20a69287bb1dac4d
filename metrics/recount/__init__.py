"""The second way to every figure: plain loops over rows, to check the first one."""

from collections.abc import Callable, Mapping
from typing import Final

from metrics.figures import FigureId
from metrics.periods import parse_period
from metrics.recount.appointments import recount_appointments
from metrics.recount.bands import recount_bands
from metrics.recount.book import recount_book
from metrics.recount.cases import recount_cases
from metrics.recount.contacts import recount_contacts
from metrics.recount.cost import recount_cost
from metrics.recount.digital import recount_digital
from metrics.recount.estimate import recount_estimate
from metrics.recount.queue import recount_queue
from metrics.recount.rows import Question, Recounted, Warehouse
from metrics.recount.satisfaction import recount_satisfaction
from metrics.recount.sold_out import recount_sold_out
from metrics.recount.visit import recount_visit
from metrics.recount.waiting import recount_waiting

_FAMILIES: Final[Mapping[str, Callable[[str, Question, Warehouse], Recounted]]] = {
    "waiting": recount_waiting,
    "appointments": recount_appointments,
    "visit": recount_visit,
    "queue": recount_queue,
    "contacts": recount_contacts,
    "satisfaction": recount_satisfaction,
    "cost": recount_cost,
    "bands": recount_bands,
    "estimate": recount_estimate,
    "sold_out": recount_sold_out,
    "processing": recount_cases,
    "backlog": recount_book,
    "digital": recount_digital,
}


def recount(figure: FigureId, warehouse: Warehouse) -> Recounted:
    """Count one figure's rows by hand, so to speak."""
    family, _, name = figure.kpi.partition(".")
    question = Question(figure, parse_period(figure.period))
    if name.startswith("expected_days"):  # a time, but computed from what is open
        family = "backlog"
    return _FAMILIES[family](name, question, warehouse)
