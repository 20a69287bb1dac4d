"""The rules a row must satisfy, as data: a code and an expression."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import polars as pl

from ingest.city import City
from ingest.errors import SourceChanged
from ingest.rule_texts import RULES, Rule
from ingest.sources import Checks
from ingest.warehouse import columns_of

__all__ = [
    "CATEGORIES",
    "KEYS",
    "MAY_LIE_AHEAD",
    "MOMENTS",
    "RULES",
    "Rule",
    "Violation",
    "local_day",
    "moment",
    "violations",
]

CATEGORIES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "tickets": {
        "channel": ("walk_in", "appointment", "kiosk"),
        "outcome": ("served", "no_show", "left"),
    },
    "queue_hours": {"channel": ("walk_in", "appointment", "kiosk")},
    "queue_samples": {"state": ("open", "closed", "sold_out", "unknown")},
    "wait_bands": {"unit": ("minutes", "days")},
    "case_pauses": {"holder": ("applicant", "third_party")},
    "contacts": {"line": ("phone", "chat", "mail")},
    "parking": {"state": ("open", "closed", "unknown")},
}
# What makes a row the same thing again. A ticket number may begin anew each day.
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "tickets": ("office", "ticket_key", "day"),
    "queue_hours": ("office", "service", "channel", "hour_at"),
    "queue_samples": ("office", "service", "queue", "observed_at"),
    "wait_bands": (
        "office", "service", "period_from", "period_to", "unit", "band_from",
    ),
    "slots": ("office", "service", "channel", "slots_on"),
    "slot_offers": ("office", "service", "observed_at"),
    "cases": ("case_key",),
    "case_pauses": ("case_key", "from_at"),
    "case_counts": ("office", "service", "period_from", "period_to"),
    "contacts": ("office", "line", "interval_at"),
    "ratings": ("office", "service", "rated_on", "answer"),
    "online_services": ("service", "observed_on"),
    "parking": ("car_park", "observed_at"),
}  # fmt: skip
# The moment a row is about, the first that is known.
MOMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "tickets": ("called_at", "appointment_at", "arrived_at"),
    "queue_hours": ("hour_at",),
    "queue_samples": ("observed_at",),
    "slot_offers": ("observed_at",),
    "cases": ("received_at",),
    "case_pauses": ("from_at",),
    "contacts": ("interval_at",),
    "parking": ("observed_at",),
}

ORDERS: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "tickets": (
        ("booked_at", "appointment_at", "appointment_before_booked"),
        ("arrived_at", "called_at", "called_before_arrived"),
        ("called_at", "shown_at", "shown_before_called"),
        ("called_at", "finished_at", "finished_before_called"),
        ("shown_at", "finished_at", "finished_before_shown"),
    ),
    "cases": (
        ("received_at", "complete_at", "complete_before_received"),
        ("received_at", "decided_at", "decided_before_received"),
        ("received_at", "closed_at", "closed_before_received"),
    ),
    "case_pauses": (("from_at", "to_at", "ended_before_started"),),
    "parking": (("free", "capacity", "part_exceeds_whole"),),
    "slot_offers": (("observed_at", "first_free_at", "offered_before_look"),),
    "case_counts": (("period_from", "period_to", "ended_before_started"),),
    "wait_bands": (
        ("period_from", "period_to", "ended_before_started"),
        ("band_from", "band_to", "ended_before_started"),
    ),
}  # fmt: skip
# Part, whole.
PARTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "parking": (("free", "capacity"),),
    "contacts": (
        ("answered", "offered"),
        ("abandoned", "offered"),
        ("answered_in_target", "answered"),
        ("solved_first", "answered"),
    ),
    "ratings": (("count", "asked"),),
}
MAY_LIE_AHEAD: Final = ("appointment_at", "first_free_at")
_WAITS: Final = (
    "wait_minutes",
    "wait_minutes_at_least",
    "mean_wait_minutes",
    "estimated_wait_minutes",
)


@dataclass(frozen=True)
class Violation:
    """An expression that is true where a row breaks a rule."""

    broken: pl.Expr
    reason: str
    field: str | None


def violations(
    table: str,
    checks: Checks,
    city: City,
    now: datetime,
    covers: tuple[datetime, datetime] | None,
) -> Iterator[Violation]:
    """Yield what each row is tested for, the gravest first."""
    yield from _missing(table)
    yield from _unknown(table, city)
    yield from _negative(table)
    yield from _times(table, checks, city, now)
    if table == "ratings":
        yield from _ratings(city, now)
    for earlier, later, reason in ORDERS.get(table, ()):
        yield Violation(pl.col(later) < pl.col(earlier), reason, later)
    yield from _waits(table, checks)
    yield from _sums(table, checks)
    for part, whole in PARTS.get(table, ()):
        yield Violation(pl.col(part) > pl.col(whole), "part_exceeds_whole", part)
    if covers is not None and table in MOMENTS:
        yield Violation(_is_outside(table, covers), "outside_span", None)


def moment(table: str) -> pl.Expr:
    return pl.coalesce(MOMENTS[table])


def local_day(table: str, timezone: str) -> pl.Expr:
    return moment(table).dt.convert_time_zone(timezone).dt.date()


def _missing(table: str) -> Iterator[Violation]:
    for name, column in columns_of(table).items():
        if column.is_required and name != "delivery_id":
            yield Violation(pl.col(name).is_null(), "missing_value", name)


def _unknown(table: str, city: City) -> Iterator[Violation]:
    columns = columns_of(table)
    offices = [office.id for office in city.offices]
    services = [service.id for service in city.services]
    if "office" in columns:
        unknown = ~pl.col("office").is_in(offices)
        yield Violation(unknown, "unknown_office", "office")
    if "service" in columns:
        unknown = ~pl.col("service").is_in(services)
        yield Violation(unknown, "unknown_service", "service")
    for name, words in CATEGORIES.get(table, {}).items():
        yield Violation(~pl.col(name).is_in(words), "unknown_category", name)


def _negative(table: str) -> Iterator[Violation]:
    for name, column in columns_of(table).items():
        if column.dtype.is_numeric():
            yield Violation(pl.col(name) < 0, "negative_value", name)


def _times(
    table: str, checks: Checks, city: City, now: datetime
) -> Iterator[Violation]:
    latest = now + checks.future_tolerance
    first, last = _bounds(checks, city)
    for name, column in columns_of(table).items():
        if column.dtype == pl.Date:
            yield Violation(pl.col(name) < checks.not_before, "too_early", name)
        if column.dtype != pl.Datetime("us", "UTC"):
            continue
        if name not in MAY_LIE_AHEAD:
            yield Violation(pl.col(name) > latest, "future_time", name)
        yield Violation(pl.col(name) < first, "too_early", name)
        if last is not None and name not in MAY_LIE_AHEAD:
            yield Violation(pl.col(name) >= last, "too_late", name)


def _ratings(city: City, now: datetime) -> Iterator[Violation]:
    is_known = pl.col("answer").is_between(1, 5)
    yield Violation(~is_known, "unknown_category", "answer")
    today = now.astimezone(city.timezone).date()
    yield Violation(pl.col("rated_on") > today, "future_time", "rated_on")


def _bounds(checks: Checks, city: City) -> tuple[datetime, datetime | None]:
    """Return the first moment that may be, and the first that may not."""
    last = checks.not_after
    return (
        _midnight(checks.not_before, city),
        None if last is None else _midnight(last + timedelta(days=1), city),
    )


def _midnight(day: date, city: City) -> datetime:
    # Polars compares moments of the same time zone only.
    return datetime.combine(day, time(), city.timezone).astimezone(UTC)


def _waits(table: str, checks: Checks) -> Iterator[Violation]:
    for name in _WAITS:
        if name in columns_of(table):
            too_long = pl.col(name) > checks.max_wait_minutes
            yield Violation(too_long, "implausible_wait", name)
    if table == "tickets":
        begin = pl.max_horizontal("arrived_at", "appointment_at")
        longest = timedelta(minutes=checks.max_wait_minutes)
        too_long = pl.col("called_at") - begin > longest
        yield Violation(too_long, "implausible_wait", "called_at")


def _sums(table: str, checks: Checks) -> Iterator[Violation]:
    """Test identities; where the total or a part is unknown there is none to test."""
    for rule in checks.sums:
        unknown = [
            name for name in (rule.total, *rule.parts) if name not in columns_of(table)
        ]
        if unknown:
            message = f"checks.sums: {table} has no column {', '.join(unknown)}"
            raise SourceChanged(message)
        parts = pl.sum_horizontal(rule.parts, ignore_nulls=False)
        differs = (pl.col(rule.total) - parts).abs() > rule.tolerance
        yield Violation(differs, "sum_differs", rule.total)


def _is_outside(table: str, covers: tuple[datetime, datetime]) -> pl.Expr:
    # A case received in March belongs to the delivery of March and to that of May in
    # which it was decided: one of its moments within the span is enough.
    names = [
        name
        for name, column in columns_of(table).items()
        if column.dtype == pl.Datetime("us", "UTC")
    ]
    first, end = covers
    inside = [pl.col(name).is_between(first, end, closed="left") for name in names]
    return ~pl.any_horizontal(*(one.fill_null(value=False) for one in inside))
