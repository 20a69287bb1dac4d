"""What is going on at an office right now, in words."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from dashboard.components.badge import Kind
from dashboard.i18n import Words
from dashboard.opening import Opening, opening
from ingest.city import City, Office
from metrics.published import Live, LiveQueue

_OLD: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Now:
    """What one live card says."""

    state: str  # "Geöffnet"
    kind: Kind
    value: str  # "etwa 15 Minuten", "Öffnet morgen um 8 Uhr"
    details: str | None
    observed: str
    is_stale: bool = False
    is_known: bool = True  # whether it is open


def now_at(
    words: Words,
    city: City,
    office: Office,
    live: Live | None,
    holidays: Collection[date],
    now: datetime,
) -> Now:
    """Say how an office stands: by its queue if that is fresh, else by its hours."""
    hours = opening(city, office, holidays, now)
    queue = live.of(office.id) if live is not None else None
    if queue is None or queue.observed_at is None:
        return _by_hours(words, city, office, hours, now)
    is_shut = hours is not None and not hours.is_open
    # A feed that says nothing new since the doors opened has not noticed that; and
    # nobody says of what was written an hour ago that it is stale by now.
    is_old = now - _seen_at(queue) > _OLD and not (is_shut and queue.state == "closed")
    if queue.is_stale or queue.state == "unknown" or is_old:
        return _unknown(words, city, hours, queue, now)
    observed = _observed(words, queue, now)
    if queue.state == "closed":
        # How long ago somebody looked at a closed door helps nobody.
        by_hours = words("Nach den Öffnungszeiten") if is_shut else observed
        return _closed(words, city, hours, now, by_hours)
    if queue.state == "sold_out":
        # Whether the afternoon brings new tickets is not known; the next day does.
        tonight = now.astimezone(city.timezone).replace(hour=23, minute=59)
        later = opening(city, office, holidays, tonight)
        return Now(
            words("Keine Wartemarken mehr"),
            "warning",
            words("Heute keine Wartemarken mehr"),
            _next_words(words, later, _today(city, now)),
            observed,
        )
    said = _open(words, city, office, hours, queue, observed)
    if not is_shut:
        return said
    # A display that goes on, or a door that is open out of turn: nobody can tell.
    shut = words("Laut Öffnungszeiten geschlossen")
    opens = _next_words(words, hours, _today(city, now))
    return replace(
        said,
        state=words("Laut Anzeige geöffnet"),
        kind="warning",
        details=" · ".join(part for part in (shut, opens) if part),
        is_known=False,
    )


def _open(
    words: Words,
    city: City,
    office: Office,
    hours: Opening | None,
    queue: LiveQueue,
    observed: str,
) -> Now:
    details = [
        words("Nur mit Termin") if office.appointment_only else None,
        _people(words, queue),
    ]
    said = " · ".join(part for part in details if part)
    value = _wait(words, queue, city.publish.live_wait_base_minutes)
    return Now(
        _until(words, hours),
        "success",
        value or words("Wartezeit nicht gemeldet"),
        said or None,
        observed,
    )


def _until(words: Words, hours: Opening | None) -> str:
    if hours is None or hours.closes is None:
        return words("Geöffnet")
    return words("Geöffnet bis {time}", time=words.clock(hours.closes))


def _closed(
    words: Words, city: City, hours: Opening | None, now: datetime, observed: str
) -> Now:
    state = words("Geschlossen")
    if hours is not None and hours.is_open and hours.closes is not None:
        until = words.clock(hours.closes)
        details = words("Laut Öffnungszeiten wäre bis {time} geöffnet.", time=until)
        return Now(state, "neutral", words("Zurzeit geschlossen"), details, observed)
    soon = _next_words(words, hours, _today(city, now))
    return Now(state, "neutral", soon or state, _closure(words, hours), observed)


def _unknown(
    words: Words, city: City, hours: Opening | None, queue: LiveQueue, now: datetime
) -> Now:
    # The age is the message.
    ago = words.ago(max(now - _seen_at(queue), timedelta()))
    observed = words("Veraltet: letzte Meldung {ago}", ago=ago)
    if hours is not None and not hours.is_open:
        return _closed(words, city, hours, now, words("Nach den Öffnungszeiten"))
    details = None
    if hours is not None and hours.closes is not None:
        until = words.clock(hours.closes)
        details = words("Laut Öffnungszeiten bis {time} geöffnet", time=until)
    return Now(
        words("Unbekannt"),
        "info",
        words("Keine aktuellen Angaben"),
        details,
        observed,
        is_stale=True,
        is_known=False,
    )


def _by_hours(
    words: Words, city: City, office: Office, hours: Opening | None, now: datetime
) -> Now:
    observed = words("Nach den Öffnungszeiten")
    if hours is None:
        observed = words("Hierzu meldet das Amt nichts.")
        unknown = words("Keine Angabe")
        return Now(unknown, "neutral", unknown, None, observed, is_known=False)
    if not hours.is_open:
        return _closed(words, city, hours, now, observed)
    details = [words("Die Wartezeit wird hier nicht gemeldet.")]
    if office.appointment_only:
        details.insert(0, words("Nur mit Termin") + ".")
    assert hours.closes is not None  # noqa: S101 - open offices close
    value = words("Geöffnet bis {time}", time=words.clock(hours.closes))
    return Now(words("Geöffnet"), "success", value, " ".join(details), observed)


def _wait(words: Words, queue: LiveQueue, base: int) -> str | None:
    if queue.wait_minutes_at_least is not None:
        least = words.quantity(queue.wait_minutes_at_least, "minutes")
        return words("mehr als {wait}", wait=least)
    if queue.wait_minutes is None:
        return None
    if queue.wait_minutes == 0:
        return words("unter {wait}", wait=words.quantity(base, "minutes"))
    return words("etwa {wait}", wait=words.quantity(queue.wait_minutes, "minutes"))


def _people(words: Words, queue: LiveQueue) -> str | None:
    if queue.waiting_fewer_than is not None:
        most = words.quantity(queue.waiting_fewer_than, "people")
        return words("Weniger als {people} warten", people=most)
    if queue.waiting is None:
        return None
    return words("Etwa {people} warten", people=words.quantity(queue.waiting, "people"))


def _seen_at(queue: LiveQueue) -> datetime:
    """When the source itself said so: a feed can repeat one answer for weeks."""
    moments = [at for at in (queue.source_time_at, queue.observed_at) if at is not None]
    return min(moments)


def _observed(words: Words, queue: LiveQueue, now: datetime) -> str:
    at = _seen_at(queue)
    ago = words.ago(max(now - at, timedelta()))
    local = at.astimezone(words.timezone)
    return words("Stand {time} Uhr, {ago}", time=f"{local:%H:%M}", ago=ago)


def _closure(words: Words, hours: Opening | None) -> str | None:
    if hours is None or hours.closure is None:
        return None
    return hours.closure.reason.in_language(words.language)


def _next_words(words: Words, hours: Opening | None, today: date) -> str | None:
    if hours is None or hours.next_on is None or hours.next_opens is None:
        return None
    time = words.clock(hours.next_opens)
    days = (hours.next_on - today).days
    if days == 0:
        return words("Öffnet heute um {time}", time=time)
    if days == 1:
        return words("Öffnet morgen um {time}", time=time)
    if days < 7:
        day = words.weekday(hours.next_on.isoweekday())
        return words("Öffnet am {day} um {time}", day=day, time=time)
    day = words.date(hours.next_on)
    return words("Öffnet wieder am {day} um {time}", day=day, time=time)


def _today(city: City, now: datetime) -> date:
    return now.astimezone(city.timezone).date()
