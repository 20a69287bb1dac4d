"""What is said of an office's queue now: rounded, of the whole office, with its age."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import floor
from typing import Any, Final

import polars as pl

from ingest.city import City
from metrics.moments import iso

_DEFAULT_MAX_AGE: Final = timedelta(minutes=15)
_NOT_LIVE_ANY_MORE: Final = timedelta(hours=12)
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
