"""Which edition of a ticket file is served when: late entries and corrected faults."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from data.simulator.ticket_plan import FIRST_ON, TICKET_SYSTEMS

_WRITTEN_AT = time(5)  # every night, with all of the days before
_LATE_DAYS = 11  # tickets entered by hand are in the file this long after the month


@dataclass(frozen=True)
class Fault:
    """A delivery that was wrong at first; from `until` on the file is right."""

    system: str
    first_on: date
    last_on: date
    until: date
    minutes_fast: int = 0  # of the clock that stamped calls; 0: the days are missing

    def concerns(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on


FAULTS = (
    Fault("buergeraemter", date(2024, 9, 9), date(2024, 9, 10), date(2024, 10, 2), 12),
    Fault("fachaemter", date(2025, 3, 20), date(2025, 3, 31), date(2025, 4, 22)),
    Fault("buergeraemter", date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 11)),
    Fault("fachaemter", date(2026, 8, 21), date(2026, 8, 31), date(2026, 9, 18)),
    Fault("buergeraemter", date(2026, 9, 7), date(2026, 9, 8), date(2026, 10, 9), 12),
)


@dataclass(frozen=True)
class Edition:
    """What decides the bytes of a month's file at a moment."""

    system: str
    month: date  # its first day
    last_on: date  # the last day in it
    with_late: bool
    faults: tuple[Fault, ...]  # not yet corrected


def edition_at(system: str, month: date, moment: datetime) -> Edition | None:
    """Return what the month's file is at a local moment; None: there is none yet."""
    if system not in TICKET_SYSTEMS or month < FIRST_ON:
        return None
    written = last_written(moment)
    last_on = min(written, month_end(month))
    if last_on < month:
        return None
    faults = tuple(
        fault
        for fault in (*FAULTS, _december(month.year))
        if fault.system == system
        and fault.first_on.replace(day=1) == month
        and moment.date() < fault.until
    )
    with_late = written >= month_end(month) + timedelta(days=_LATE_DAYS)
    return Edition(system, month, last_on, with_late, faults)


def last_written(moment: datetime) -> date:
    """Return the last day that the files of a local moment hold."""
    return moment.date() - timedelta(days=1 if moment.time() >= _WRITTEN_AT else 2)


def _december(year: int) -> Fault:
    """Return every December's: the last days are delivered after the holidays."""
    return Fault(
        "fachaemter", date(year, 12, 18), date(year, 12, 31), date(year + 1, 1, 9)
    )


def days_between(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def month_end(month: date) -> date:
    after = month.replace(day=28) + timedelta(days=4)
    return after.replace(day=1) - timedelta(days=1)
