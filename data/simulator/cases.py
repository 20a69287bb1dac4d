"""The life of applications: received, completed, paused, worked on, decided.

An office is simulated day by day. What a day draws depends on that day alone, and what
a clerk takes up next on the past alone; so a later day never changes an earlier one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from heapq import heappop, heappush
from itertools import count
from math import exp
from typing import NamedTuple

import numpy as np

from data.simulator.case_plan import CaseOffice, Procedure
from data.simulator.draws import Stream, generator
from data.simulator.opening import is_working_day

DAY = 86_400
NEVER = 2**62
_MORNING = 8 * 3600
_WORK = 7.5 * 3600  # seconds of a working day in which decisions fall
# What a weekday brings on paper or at the counter, and online.
_OFFICE_DAYS = np.array([1.25, 1.1, 1.05, 1.05, 0.85, 0.0, 0.0]) * 7 / 5.3
_ONLINE_DAYS = np.array([1.15, 1.1, 1.05, 1.05, 0.95, 0.75, 0.95])


@dataclass(slots=True)
class Case:
    """Times are seconds of local time since 1970; NEVER is not (yet)."""

    number: int  # within the year of receipt
    procedure: int
    channel: int  # 0 online, 1 paper, 2 counter, 3 mail
    received: int
    complete: int
    ready: int  # could be decided, were nobody busy
    hours: float
    fate: int  # 0 granted, 1 refused, 2 withdrawn, 3 duplicate
    fated_at: int  # when it is withdrawn or found to be a duplicate
    order: float
    person: int
    is_repeat: bool
    decided: int = NEVER
    closed: int = NEVER
    closing_days: int = 0
    pauses: tuple[tuple[int, int, str], ...] = ()  # from, to, who is waited for


@dataclass
class CaseSystem:
    """The cases of one office; `advance` simulates up to a day."""

    seed: int
    office: CaseOffice
    cases: list[Case] = field(default_factory=list)
    _next: date | None = None
    _numbers: dict[int, int] = field(default_factory=dict)
    _returns: dict[date, list[Case]] = field(default_factory=dict)
    _arriving: list[tuple[int, int, Case]] = field(default_factory=list)
    _leaving: list[tuple[int, int, Case]] = field(default_factory=list)
    _desk: list[tuple[float, int, Case]] = field(default_factory=list)
    _ties: Iterator[int] = field(default_factory=count)
    _overtime: float = 0.0

    def advance(self, last: date) -> None:
        """Simulate every day up to and including this one."""
        day = self._next or self.office.begins
        while day <= last:
            random = generator(self.seed, Stream.CASES, self.office.place, day)
            self._receive(random, day)
            self._leave(random, day)
            self._work(random, day)
            day += timedelta(days=1)
        self._next = day

    def _receive(self, random: np.random.Generator, day: date) -> None:
        new = self._returns.pop(day, [])
        for index, procedure in enumerate(self.office.procedures):
            new.extend(_applications(random, self.office, index, procedure, day))
        for case in sorted(new, key=lambda case: case.received):
            self._numbers[day.year] = case.number = self._numbers.get(day.year, 0) + 1
            self.cases.append(case)
            heappush(self._arriving, (case.ready, next(self._ties), case))
            if case.fate >= 2:
                heappush(self._leaving, (case.fated_at, next(self._ties), case))

    def _leave(self, random: np.random.Generator, day: date) -> None:
        """Close what is withdrawn or a duplicate, if it is still open."""
        end = seconds_of(day) + DAY
        while self._leaving and self._leaving[0][0] < end:
            at, _, case = heappop(self._leaving)
            if case.decided == NEVER:
                self._close(random, case, at, day)

    def _work(self, random: np.random.Generator, day: date) -> None:
        start = seconds_of(day)
        while self._arriving and self._arriving[0][0] <= start + _MORNING:
            ready, _, case = heappop(self._arriving)
            heappush(self._desk, (ready + case.order, next(self._ties), case))
        if not is_working_day(self.office.id, day):
            return
        hours = (
            self.office.hours_per_day
            * _staff(self.office, day)
            * _presence(random, day)
        )
        done = self._overtime
        while self._desk and done < hours:
            _, _, case = heappop(self._desk)
            if case.decided != NEVER:
                continue
            done += case.hours
            at = start + _MORNING + int(min(1.0, done / hours) * _WORK)
            self._close(random, case, at, day)
        self._overtime = max(0.0, done - hours)

    def _close(
        self, random: np.random.Generator, case: Case, at: int, day: date
    ) -> None:
        case.decided = at
        case.closed = at + case.closing_days * DAY
        if case.fate in (1, 2) and random.random() < self.office.repeats:
            again = day + timedelta(days=int(random.integers(15, 90)))
            repeat = next(
                _draw(random, self.office, case.procedure, again, [case.channel])
            )
            repeat.person, repeat.is_repeat = case.person, True
            self._returns.setdefault(again, []).append(repeat)


def _applications(
    random: np.random.Generator,
    office: CaseOffice,
    index: int,
    procedure: Procedure,
    day: date,
) -> Iterator[Case]:
    online = _online_share(procedure, day)
    years = max(0.0, (day - date(2024, 7, 1)).days / 365)
    rate = procedure.per_year / 365 * (1 + procedure.growth) ** years
    rate *= procedure.months[day.month - 1]
    weekday = day.weekday()
    at_office = rate * (1 - online) * _OFFICE_DAYS[weekday]
    by_office = random.poisson(at_office if is_working_day(office.id, day) else 0.0)
    by_web = random.poisson(rate * online * _ONLINE_DAYS[weekday])
    others = random.choice([1, 2, 3], by_office, p=[0.6, 0.25, 0.15]).tolist()
    return _draw(random, office, index, day, [0] * by_web + others)


class _Luck(NamedTuple):
    """What is drawn for a case: six shares of 1, three normal, three gamma numbers."""

    received: float
    papers: float
    asked: float
    consulted: float
    fate: float
    closing: float
    least: float
    hours: float
    order: float
    papers_days: float
    consulted_days: float
    fate_days: float


def _draw(
    random: np.random.Generator,
    office: CaseOffice,
    index: int,
    day: date,
    channels: list[int],
) -> Iterator[Case]:
    if not channels:
        return
    size = len(channels)
    drawn = np.concatenate(
        [
            random.random((6, size)),
            random.standard_normal((3, size)),
            random.standard_gamma(1.6, (3, size)) / 1.6,
        ]
    )
    people = random.integers(0, 1_000_000, size).tolist()
    for channel, person, numbers in zip(
        channels, people, drawn.T.tolist(), strict=True
    ):
        yield _case(office, index, day, channel, person, _Luck(*numbers))


def _case(
    office: CaseOffice, index: int, day: date, channel: int, person: int, luck: _Luck
) -> Case:
    procedure = office.procedures[index]
    received = seconds_of(day) + _received_second(office, channel, luck.received)
    complete, pauses = received, list[tuple[int, int, str]]()
    if luck.papers < procedure.incomplete:
        asked = _by_day(received + int((2 + 8 * luck.asked) * DAY))
        days = luck.papers_days * procedure.papers_days
        complete = max(asked, _by_day(asked + int(days * DAY)))
        pauses.append((asked, complete, "Antragsteller"))
    least = procedure.least_days * exp(0.35 * luck.least)
    ready = max(complete, received + int(least * DAY))
    if luck.consulted < procedure.consulted:
        asked = max(complete, _by_day(complete + int(4 * DAY * luck.asked)))
        days = luck.consulted_days * procedure.consulted_days
        answered = max(asked, _by_day(asked + int(days * DAY)))
        pauses.append((asked, answered, "Dritte"))
        ready = max(ready, answered)
    fate, fated_at = _fate(office, procedure, received, luck)
    return Case(
        number=0,
        procedure=index,
        channel=channel,
        received=received,
        complete=complete,
        ready=ready,
        hours=procedure.hours * exp(0.5 * luck.hours),
        fate=fate,
        fated_at=fated_at,
        order=luck.order * office.order_days * DAY,
        person=person,
        is_repeat=False,
        closing_days=int(luck.closing * 4),
        pauses=tuple(pauses),
    )


def _fate(
    office: CaseOffice, procedure: Procedure, received: int, luck: _Luck
) -> tuple[int, int]:
    """Return how the case ends, and when if that is not for a clerk to say."""
    if luck.fate < procedure.refused:
        return 1, NEVER
    if luck.fate < procedure.refused + procedure.withdrawn:
        days = 2 + luck.fate_days * 1.6 * procedure.least_days
        return 2, _by_day(received + int(days * DAY))
    if luck.fate > 1 - office.duplicates:
        found = received + int(luck.fate_days * 0.8 * DAY)
        return 3, max(received + 900, _by_day(found))
    return 0, NEVER


def _by_day(at: int) -> int:
    """Move a moment into the working hours of its day: nobody writes at night."""
    return at // DAY * DAY + _MORNING + int(at % DAY / DAY * _WORK)


def _received_second(office: CaseOffice, channel: int, share: float) -> int:
    first, last = office.late_hours if channel == 0 else (8, 16)
    return int((first + share * (last - first)) * 3600)


def _online_share(procedure: Procedure, day: date) -> float:
    """Return the share on a day: it grows between 2024 and the end of 2026."""
    passed = (day - date(2024, 1, 1)).days / 1095
    first, last = procedure.online
    return first + (last - first) * min(1.0, max(0.0, passed))


def _staff(office: CaseOffice, day: date) -> float:
    return next((share for first, share in reversed(office.staff) if first <= day), 1.0)


def _presence(random: np.random.Generator, day: date) -> float:
    """Return how many are at work: holidays in summer, flu in winter."""
    usual = {2: 0.95, 3: 0.97, 7: 0.93, 8: 0.92, 12: 0.93}.get(day.month, 1.03)
    return float(usual * random.uniform(0.9, 1.1))


def seconds_of(day: date) -> int:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY
