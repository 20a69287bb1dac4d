"""The ticket systems' monthly CSV, with its headings, its total and its dirt."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.simulator.deliveries import Edition, days_between, month_end
from data.simulator.draws import Stream, generator
from data.simulator.people import CLERKS, NAMES
from data.simulator.ticket_plan import TICKET_OFFICES, TICKET_SYSTEMS, TicketOffice
from data.simulator.tickets import Seconds, TicketDay, simulate_day

_TITLES = {"buergeraemter": "Bürgerämter", "fachaemter": "Fachämter"}
_COLUMNS = (
    "Vorgangsnummer;Amt;Dienstleistung;Kundenart;Termin gebucht am;Termin;Ankunft;"
    "Aufruf;Bedienbeginn;Bedienende;Status;Personen;Name;Sachbearbeitung;Platz"
)
_STATUS = ("bedient", "nicht erschienen", "gegangen")
_LATE_SHARE = 0.004  # of the tickets are entered by hand after the month
# A number between 0 and 1 is drawn for each row; these parts of it are dirty.
_SWAPPED = 0.0004
_NO_TIME = 0.0005
_FUTURE = 0.00056
_TWICE = 1 - 0.0006


class TicketExports:
    """All ticket systems of one seed; days are simulated when first asked for."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._days: dict[tuple[str, date], TicketDay | None] = {}

    def day(self, office_id: str, day: date) -> TicketDay | None:
        key = (office_id, day)
        if key not in self._days:
            office = TICKET_OFFICES[office_id]
            self._days[key] = simulate_day(self._seed, office, day)
        return self._days[key]

    def csv(self, edition: Edition) -> bytes:
        """Return the file; empty while the month has not had an opening day."""
        rows: list[str] = []
        persons = 0
        created = edition.month
        for day in days_between(edition.month, edition.last_on):
            before = len(rows)
            for line, count in self._day_rows(edition, day):
                rows.append(line)
                persons += count
            if len(rows) > before:
                created = day + timedelta(days=1)
        if not rows:
            return b""
        first, last = edition.month, month_end(edition.month)
        lines = [
            "Stadt Musterstadt - Aufrufsystem",
            f"Vorgangsliste {_TITLES[edition.system]}",
            f"Zeitraum: {first:%d.%m.%Y} bis {last:%d.%m.%Y}",
            f"Erstellt am: {created:%d.%m.%Y} 05:00 Uhr",
            "",
            _COLUMNS,
            *rows,
            f"Summe: {len(rows)} Vorgänge" + ";" * 11 + f"{persons};;;",
        ]
        return ("\r\n".join(lines) + "\r\n").encode("cp1252")

    def _day_rows(self, edition: Edition, day: date) -> Iterator[tuple[str, int]]:
        faults = [fault for fault in edition.faults if fault.concerns(day)]
        if any(not fault.minutes_fast for fault in faults):
            return
        fast = 60 * sum(fault.minutes_fast for fault in faults)
        for office in TICKET_SYSTEMS[edition.system]:
            visits = self.day(office.id, day)
            if visits is not None:
                random = generator(self._seed, Stream.TICKET_DIRT, office.place, day)
                dirt, late = random.random((2, len(visits.service)))
                rows = _rows(office, day, visits, fast, dirt)
                wanted = edition.with_late | (late >= _LATE_SHARE)
                yield from _sent(rows, visits.persons.tolist(), wanted, dirt)


def _sent(
    rows: list[str],
    persons: list[int],
    wanted: NDArray[np.bool_],
    dirt: NDArray[np.float64],
) -> Iterator[tuple[str, int]]:
    for index in np.flatnonzero(wanted).tolist():
        yield rows[index], persons[index]
        if dirt[index] > _TWICE:
            yield rows[index], persons[index]


def _rows(
    office: TicketOffice,
    day: date,
    visits: TicketDay,
    fast: int,
    dirt: NDArray[np.float64],
) -> list[str]:
    called = _later(visits.called, fast)
    swapped = (dirt < _SWAPPED) & (visits.appointment < 0) & (called > visits.arrived)
    words = [service.words for service in office.services]
    columns = zip(
        visits.service.tolist(),
        _booked(day, visits),
        _times(day, visits.appointment),
        _times(day, np.where(swapped, called, visits.arrived)),
        _spoilt(_times(day, np.where(swapped, visits.arrived, called)), dirt, day),
        _times(day, _later(visits.shown, fast)),
        _times(day, _later(visits.finished, fast)),
        visits.outcome.tolist(),
        visits.persons.tolist(),
        visits.name.tolist(),
        visits.clerk.tolist(),
        visits.desk.tolist(),
        strict=True,
    )
    number = f"{office.letter}{day:%Y%m%d}-"
    return [
        f"{number}{index:04d};{office.words};{words[service]};"
        f"{'Spontan' if due == '-' else 'Termin'};{booked};{due};{arrived};{call};"
        f"{shown};{finished};{_STATUS[outcome]};{persons};{NAMES[name]};"
        f"{CLERKS[clerk]};{'-' if desk < 0 else desk + 1}"
        for index, (
            service, booked, due, arrived, call, shown, finished,
            outcome, persons, name, clerk, desk,
        ) in enumerate(columns, start=1)
    ]  # fmt: skip


def _later(seconds: Seconds, fast: int) -> Seconds:
    return np.where(seconds >= 0, seconds + fast, -1)


def _spoilt(times: list[str], dirt: NDArray[np.float64], day: date) -> list[str]:
    """Put in what real systems contain: empty dates, slips of the finger."""
    for index in np.flatnonzero((dirt >= _SWAPPED) & (dirt < _FUTURE)).tolist():
        if times[index] == "-":
            continue
        if dirt[index] < _NO_TIME:
            times[index] = "00.00.0000 00:00:00"
        else:
            future = f"{day:%d.%m.}{day.year + 10}"
            times[index] = future + times[index][len(future) :]
    return times


def _times(day: date, seconds: Seconds) -> list[str]:
    clock, prefix = _clock(), f"{day:%d.%m.%Y} "
    return [prefix + clock[s] if s >= 0 else "-" for s in seconds.tolist()]


def _booked(day: date, visits: TicketDay) -> list[str]:
    clock = _clock()
    columns = (visits.appointment, visits.booked_days, visits.booked)
    return [
        "-" if due < 0 else f"{_german(day.toordinal() - days)} {clock[second]}"
        for due, days, second in zip(*(c.tolist() for c in columns), strict=True)
    ]


@cache
def _german(ordinal: int) -> str:
    return f"{date.fromordinal(ordinal):%d.%m.%Y}"


@cache
def _clock() -> tuple[str, ...]:
    """Return every second of a day as text."""
    return tuple(
        f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)
    )
