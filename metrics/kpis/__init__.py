"""The functions that compute the KPIs; definitions/ says in words what they mean."""

from collections.abc import Callable, Mapping
from typing import Final

from metrics.kpis import (
    backlog,
    contacts,
    cost,
    processing,
    queue,
    satisfaction,
    waiting,
)
from metrics.measure import Measure

KPI_FUNCTIONS: Final[Mapping[str, Callable[[], Measure]]] = {
    "waiting.median_minutes": waiting.median_minutes,
    "waiting.p90_minutes": waiting.p90_minutes,
    "waiting.mean_minutes": waiting.mean_minutes,
    "waiting.share_within_target": waiting.share_within_target,
    "waiting.visits": waiting.visits,
    "waiting.no_show_share": waiting.no_show_share,
    "waiting.left_share": waiting.left_share,
    "waiting.hours_waited": waiting.hours_waited,
    "queue.median_wait_minutes": queue.median_wait_minutes,
    "queue.p90_wait_minutes": queue.p90_wait_minutes,
    "queue.median_waiting_people": queue.median_waiting_people,
    "queue.hours_observed": queue.hours_observed,
    "contacts.offered": contacts.offered,
    "contacts.answered_share": contacts.answered_share,
    "contacts.service_level": contacts.service_level,
    "contacts.abandoned_share": contacts.abandoned_share,
    "contacts.mean_wait_seconds": contacts.mean_wait_seconds,
    "contacts.mean_handling_seconds": contacts.mean_handling_seconds,
    "contacts.solved_first_share": contacts.solved_first_share,
    "satisfaction.answers": satisfaction.answers,
    "satisfaction.satisfied_share": satisfaction.satisfied_share,
    "satisfaction.response_share": satisfaction.response_share,
    "satisfaction.very_satisfied": satisfaction.very_satisfied,
    "satisfaction.satisfied": satisfaction.satisfied,
    "satisfaction.neither": satisfaction.neither,
    "satisfaction.dissatisfied": satisfaction.dissatisfied,
    "satisfaction.very_dissatisfied": satisfaction.very_dissatisfied,
    "cost.per_visit": cost.per_visit,
    "cost.per_case": cost.per_case,
    "processing.median_days_decided": processing.median_days_decided,
    "processing.p80_days_decided": processing.p80_days_decided,
    "processing.share_within_deadline": processing.share_within_deadline,
    "processing.expected_days": processing.expected_days,
    "backlog.received": backlog.received,
    "backlog.decided": backlog.decided,
    "backlog.open": backlog.open,
    "backlog.older_than_deadline": backlog.older_than_deadline,
    "backlog.clearance_percent": backlog.clearance_percent,
    "backlog.reach_working_days": backlog.reach_working_days,
}
