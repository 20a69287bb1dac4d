"""What is said of an office's queue now: rounded, of the whole office, with its age."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import Any, Final

import polars as pl

from ingest.city import City
from metrics.calendar import Calendar
from metrics.moments import iso, parse_moment
from metrics.rest_forecast import as_shown, expected
from metrics.small_numbers import IS_SHOWN

_DEFAULT_MAX_AGE: Final = timedelta(minutes=15)
_NOT_LIVE_ANY_MORE: Final = timedelta(hours=12)
_NOT_USUAL_ANY_MORE: Final = timedelta(weeks=4)  # of which no week is newer
_NOTHING: Final = {
    "wait_minutes": None,
    "wait_minutes_at_least": None,
    "waiting": None,
    "waiting_fewer_than": None,
}
_Look = Mapping[str, Any]


def live_queue(
    office: str, newest: pl.DataFrame, city: City, now: datetime
) -> dict[str, Any]:
    """Put the newest looks at the queues of one office together, oldest first.

    Several queues of an office are told as one: everybody waiting in any of them, and
    the longest of their waits, so that nobody is promised less than may await them.
    """
    looks = _still_told_of(newest.to_dicts(), city)
    last = max(looks, key=lambda look: look["observed_at"])
    state = _state(looks)
    # A closed queue has nothing new to say, however often it is asked.
    said_at = last["observed_at"] if state == "closed" else _said_at(last)
    age = now - said_at
    if age > _NOT_LIVE_ANY_MORE:
        state = "unknown"
    still_open = [look for look in looks if look["state"] == "open"]
    source_time_at = last["source_time_at"]
    return {
        "office": office,
        "state": state,
        "observed_at": iso(last["observed_at"]),
        "source_time_at": source_time_at and iso(source_time_at),
        "is_stale": age > _max_age(last, city),
        **(_content(still_open, city) if state == "open" else _NOTHING),
    }


def newest_looks(samples: pl.DataFrame) -> pl.DataFrame:
    """Give the newest look at each queue; an office may have several, named or not."""
    queue = ("office", "service", "queue")
    newest = samples.sort("observed_at").unique(queue, keep="last")
    return newest.sort("observed_at", *queue)


def rest_of_today(
    queues: Sequence[_Look], rest: pl.DataFrame | None, city: City, now: datetime
) -> Mapping[str, list[dict[str, int]]]:
    """Say how long the wait will be in the open hours to come, where that is known.

    What was told of the queue goes on from there, rounded as it is: so it tells no
    more of who waits now than was told.
    """
    if rest is None or rest.is_empty():
        return {queue["office"]: [] for queue in queues}
    local, calendar = now.astimezone(city.timezone), Calendar(city)
    newest = pl.col("window_end") >= local.date() - _NOT_USUAL_ANY_MORE
    known = rest.filter(IS_SHOWN, newest, pl.col("weekday") == local.isoweekday())
    told = {}
    for queue in queues:
        office, seen_at = queue["office"], parse_moment(queue["observed_at"])
        seen = seen_at.astimezone(city.timezone)
        is_known = queue["wait_minutes"] is not None and not queue["is_stale"]
        if is_known and seen.date() == local.date():
            hours = _hours_to_come(calendar, office, local)
            from_now = pl.col("hours_ahead") == pl.col("hour") - seen.hour
            rows = known.filter(office=office).filter(
                from_now, pl.col("hour").is_in(hours)
            )
            told[office] = _forecasts(rows, queue["wait_minutes"], city)
        else:
            told[office] = []
    return told


def _hours_to_come(calendar: Calendar, office: str, local: datetime) -> list[int]:
    if not calendar.is_open(office, local.date()):
        return []
    hours = calendar.opening_hours(office, local.isoweekday())
    return [hour for hour in hours if hour > local.hour]


def _forecasts(rows: pl.DataFrame, wait: int, city: City) -> list[dict[str, int]]:
    made = rows.with_columns(now=pl.lit(float(wait))).with_columns(expected=expected())
    shown = as_shown(made, city.publish.live_wait_base_minutes).sort("hour")
    return [
        {
            "hour": row["hour"],
            "wait_minutes": int(row["wait"]),
            "low_minutes": int(row["low"]),
            "high_minutes": int(row["high"]),
        }
        for row in shown.iter_rows(named=True)
    ]


def _still_told_of(newest: Sequence[_Look], city: City) -> Sequence[_Look]:
    """Leave out queues that the newest answer no longer names."""
    last = newest[-1]
    span = _max_age(last, city)
    recent = [
        look for look in newest if last["observed_at"] - look["observed_at"] <= span
    ]
    # A queue of the whole office already holds those of its services.
    of_the_office = [
        look for look in recent if look["service"] is None and look["queue"] is None
    ]
    return of_the_office or recent


def _state(looks: Sequence[_Look]) -> str:
    states = {look["state"] for look in looks}
    for state in ("open", "sold_out", "unknown"):
        if state in states:
            return state
    return "closed"


def _said_at(look: _Look) -> datetime:
    """When the source itself last said so; a feed can repeat one answer for weeks."""
    observed_at: datetime = look["observed_at"]
    return min(observed_at, look["source_time_at"] or observed_at)


def _max_age(look: _Look, city: City) -> timedelta:
    known = {source.id: source.max_age for source in city.sources}
    return known.get(look.get("source") or "", _DEFAULT_MAX_AGE)


def _content(looks: Sequence[_Look], city: City) -> dict[str, Any]:
    return _wait(looks, city.publish.live_wait_base_minutes) | _waiting(
        looks, city.publish.rounding_base
    )


def _wait(looks: Sequence[_Look], base: int) -> dict[str, int | None]:
    longest = _largest(looks, "wait_minutes")
    at_least = _largest(looks, "wait_minutes_at_least")
    if at_least is not None and at_least >= (longest or 0):
        return {
            "wait_minutes": None,
            "wait_minutes_at_least": floor(at_least / base) * base,
        }
    return {
        "wait_minutes": None if longest is None else _nearest(longest, base),
        "wait_minutes_at_least": None,
    }


def _waiting(looks: Sequence[_Look], base: int) -> dict[str, int | None]:
    counts = [look["waiting"] for look in looks]
    if not counts or None in counts:
        return {"waiting": None, "waiting_fewer_than": None}
    if sum(counts) < base:
        return {"waiting": None, "waiting_fewer_than": base}
    return {"waiting": _nearest(sum(counts), base), "waiting_fewer_than": None}


def _largest(looks: Sequence[_Look], name: str) -> float | None:
    known = [float(look[name]) for look in looks if look[name] is not None]
    return max(known, default=None)


def _nearest(value: float, base: int) -> int:
    return floor(value / base + 0.5) * base
