"""The appointment system: minutes planned and booked, and what searches for one find.

Booked is what the ticket systems will see. The file of a month holds its days to come
as well, as far as they are booked by now.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np

from data.simulator.deliveries import days_between, month_end
from data.simulator.draws import Stream, generator
from data.simulator.opening import intervals
from data.simulator.ticket_export import TicketExports
from data.simulator.ticket_plan import TICKET_OFFICES, TicketOffice

_CHANNELS: Final = ("Internet", "Telefon", "Schalter")
_CHANNEL_SHARES: Final = (0.72, 0.2, 0.08)
_CAPACITY_COLUMNS: Final = "Behörde;Tag;Buchungsweg;Geplante Minuten;Gebuchte Minuten"
_NOT_NOTED: Final = 0.012  # of the days have no planned minutes
_SEARCH_HOURS: Final = range(1, 24, 3)
_FAILED: Final = 0.015  # of the searches got no answer
_EMPTY: Final = 0.02  # of the answers are empty, for no reason that can be seen
_CANCELLED: Final = 0.07  # somebody has just cancelled: an appointment at short notice
# The searching program was down.
_OUTAGES: Final = ((date(2025, 10, 6), date(2025, 10, 9)), (date(2026, 5, 18),) * 2)
_EVEN: Final = (1.0,) * 12


@dataclass(frozen=True)
class _Calendar:
    """How an office's appointments are booked."""

    slot_minutes: int
    fill: float  # share of the planned minutes that is booked in the end
    ahead_days: int  # how far ahead one can book
    searched: tuple[tuple[str, float], ...] = (("", 1.0),)  # service, on its days
    months: tuple[float, ...] = _EVEN  # on the days, January to December


_CALENDARS: Final = {
    "einwohnermeldeamt": _Calendar(
        10, 0.95, 42,
        (
            ("Personalausweis beantragen", 1.0), ("Reisepass beantragen", 1.15),
            ("Wohnsitz anmelden", 0.9),
        ),
        # Before the holidays everybody finds that a passport has run out.
        (1.0, 1.0, 1.1, 1.2, 1.6, 2.4, 3.2, 2.6, 1.4, 1.0, 0.9, 0.8),
    ),
    "kfz-zulassung": _Calendar(
        15, 0.92, 28,
        months=(0.8, 0.9, 1.4, 1.5, 1.3, 1.2, 1.2, 1.0, 1.0, 0.9, 0.8, 0.7),
    ),
    "auslaenderbehoerde": _Calendar(
        20, 0.97, 56, (("Aufenthaltstitel", 1.0), ("Einbürgerung", 1.5))
    ),
    "standesamt": _Calendar(
        30, 0.86, 90, (("", 1.0), ("Eheschließung anmelden", 1.6))
    ),
    "wohngeld": _Calendar(20, 0.84, 42),
    "bauordnung": _Calendar(30, 0.78, 60, (("Bauberatung", 1.0),)),
}  # fmt: skip


class Appointments:
    """The appointment system of one seed."""

    def __init__(self, seed: int, tickets: TicketExports) -> None:
        self._seed = seed
        self._tickets = tickets

    def capacity(self, month: date, written_on: date) -> bytes:
        """Return the month's minutes as they stood at the end of a day."""
        rows = [
            row
            for day in days_between(month, month_end(month))
            for office in TICKET_OFFICES.values()
            for row in self._capacity_rows(office, day, written_on)
        ]
        if not rows:
            return b""
        text = "\r\n".join([_CAPACITY_COLUMNS, *rows]) + "\r\n"
        return text.encode("utf-8-sig")

    def searches(self, month: date, written_on: date) -> bytes:
        """Return what every search of the month found, up to the end of a day."""
        last = min(written_on, month_end(month))
        found = [
            search
            for day in days_between(month, last)
            if not any(a <= day <= b for a, b in _OUTAGES)
            for office in TICKET_OFFICES.values()
            for search in self._day_searches(office, day)
        ]
        return json.dumps(found, ensure_ascii=False).encode() if found else b""

    def _capacity_rows(
        self, office: TicketOffice, day: date, written_on: date
    ) -> Iterator[str]:
        visits = self._tickets.day(office.id, day)
        if visits is None:
            return
        calendar = _CALENDARS[office.id]
        random = generator(self._seed, Stream.SLOTS, office.place, day)
        fill = float(np.clip(random.normal(calendar.fill, 0.03), 0.5, 1))
        is_noted = random.random() >= _NOT_NOTED
        is_due = visits.appointment >= 0
        channel = random.choice(len(_CHANNELS), len(is_due), p=_CHANNEL_SHARES)
        is_booked = is_due & (visits.booked_days >= (day - written_on).days)
        for number, words in enumerate(_CHANNELS):
            due, booked = (
                int(np.count_nonzero(those & (channel == number)))
                for those in (is_due, is_booked)
            )
            planned = int(np.ceil(due / fill)) * calendar.slot_minutes
            yield (
                f"{office.words};{day:%d.%m.%Y};{words};"
                f"{planned if is_noted else '-'};{booked * calendar.slot_minutes}"
            )

    def _day_searches(
        self, office: TicketOffice, day: date
    ) -> Iterator[dict[str, str | None]]:
        calendar = _CALENDARS[office.id]
        random = generator(self._seed, Stream.SEARCHES, office.place, day)
        lead = office.era(day).lead_days * calendar.months[day.month - 1]
        lead *= 0.7 * random.lognormal(0, 0.2)  # many choose a later one than the first
        for service, factor in calendar.searched:
            for hour in _SEARCH_HOURS:
                luck, noise = random.random(3), random.lognormal(0, 0.25)
                if luck[0] < _FAILED:
                    continue
                moment = datetime.combine(day, time(hour))
                days = 1 if luck[1] < _CANCELLED else round(lead * factor * noise)
                is_empty = days > calendar.ahead_days or luck[1] > 1 - _EMPTY
                slot = _first_slot(office.id, moment, days, luck[2])
                yield {
                    "Zeit": f"{moment:%Y-%m-%dT%H:%M:%S}",
                    "Behörde": office.words,
                    "Anliegen": service or None,
                    "Erster freier Termin": None
                    if slot is None or is_empty
                    else f"{slot:%Y-%m-%dT%H:%M:%S}",
                }


def _first_slot(
    office: str, searched: datetime, days: int, luck: float
) -> datetime | None:
    """Return a time at which the office is open, on that day or the next one."""
    for later in range(days, days + 21):
        day = searched.date() + timedelta(days=later)
        for opens, closes in intervals(office, day):
            tenths = int((closes - opens) // 600 * luck)
            at = datetime.combine(day, time()) + timedelta(seconds=opens + 600 * tenths)
            if at > searched:
                return at
    return None
