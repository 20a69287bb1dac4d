"""One day of a ticket office: who comes, for what, and what becomes of them."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.simulator.desks import Crowd, serve
from data.simulator.draws import Stream, generator
from data.simulator.opening import Interval, intervals
from data.simulator.people import CLERKS, NAMES
from data.simulator.ticket_plan import Era, TicketOffice

Seconds = NDArray[np.int64]
Random = np.random.Generator

SERVED: Final = 0
NO_SHOW: Final = 1
LEFT: Final = 2

_GRID = 300  # appointments begin every five minutes
_EARLY = 3 * 60  # how long before their time people with an appointment are called
_LAST_CALL = 15 * 60  # no appointments and no tickets in the last quarter of an hour
_WALK = 55  # mean seconds from the call to the desk
_NOTES = 40  # seconds that a clerk needs before the next call
# How walk-ins spread over a session: many at the door, fewer at noon.
_HOURS = np.array([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]) * 3600
_RUSH = np.array([1.5, 1.5, 1.25, 1.15, 1.0, 0.75, 0.8, 1.1, 0.95, 1.05, 0.8, 0.5])
_WEEKDAYS = (1.12, 1.0, 0.98, 0.96, 0.95, 0.0, 0.0)


@dataclass(frozen=True)
class TicketDay:
    """The visits of one office and day, by number; seconds of the day, -1 none."""

    service: Seconds
    appointment: Seconds
    booked_days: Seconds  # before the day
    booked: Seconds  # second of that day
    arrived: Seconds
    called: Seconds
    shown: Seconds
    finished: Seconds
    left: Seconds
    outcome: Seconds
    persons: Seconds
    name: Seconds
    clerk: Seconds
    desk: Seconds
    desk_shifts: tuple[tuple[Interval, ...], ...]
    sold_out: tuple[Interval, ...]


def simulate_day(seed: int, office: TicketOffice, day: date) -> TicketDay | None:
    """Return None on days on which the office is closed."""
    sessions = intervals(office.id, day)
    if not sessions:
        return None
    random = generator(seed, Stream.TICKETS, office.place, day)
    busyness = (
        _WEEKDAYS[day.weekday()]
        * office.months[day.month - 1]
        * random.lognormal(0, 0.06)
    )
    desks = _staffed(random, office.era(day), day)
    parts = [
        _Session(random, office, office.era(day), session, busyness, desks).run()
        for session in sessions
    ]
    columns = {
        name: np.concatenate([part.columns[name] for part in parts])
        for name in parts[0].columns
    }
    return TicketDay(
        **columns,
        desk_shifts=tuple(shift for part in parts for shift in part.shifts),
        sold_out=tuple(
            (part.sold_out_from, closes)
            for part, (_, closes) in zip(parts, sessions, strict=True)
            if part.sold_out_from >= 0
        ),
    )


def _staffed(random: Random, era: Era, day: date) -> int:
    """Return how many desks are staffed: flu in winter, holidays in summer."""
    present = {1: 0.91, 2: 0.9, 3: 0.92, 7: 0.92, 8: 0.91, 12: 0.92}.get(
        day.month, 0.95
    )
    staffed = int(random.binomial(era.desks, present)) + era.rota[day.weekday()]
    return max(1, era.desks // 2, staffed)


@dataclass(frozen=True)
class _Part:
    columns: dict[str, Seconds]
    shifts: tuple[tuple[Interval, ...], ...]
    sold_out_from: int  # -1: never


@dataclass(frozen=True)
class _Session:
    random: Random
    office: TicketOffice
    era: Era
    session: Interval
    busyness: float
    desks: int

    def run(self) -> _Part:
        opens, closes = self.session
        expected = self.office.visits_per_hour * self.busyness * (closes - opens) / 3600
        appointment = self._appointments(expected * self.era.appointment_share)
        walk_in = self._walk_ins(expected * (1 - self.era.appointment_share))
        random, booked = self.random, len(appointment)
        count = booked + len(walk_in)
        no_show = np.zeros(count, dtype=bool)
        no_show[:booked] = random.random(booked) < self.era.no_show
        early = np.clip(random.normal(7 * 60, 6 * 60, booked), -25 * 60, 40 * 60)
        came = np.maximum(appointment - early.astype(np.int64), opens - 20 * 60)
        arrived = np.concatenate([came, walk_in])
        due = np.concatenate([appointment, np.full(len(walk_in), -1)])
        arrived[no_show] = -1
        # Nobody is called in the second of coming in: tickets are drawn, files opened.
        ready = np.maximum(arrived + random.integers(30, 200, count), due - _EARLY)
        ready = np.where(no_show, due, ready + random.integers(0, 200, count))
        order = np.argsort(ready, kind="stable")
        return self._serve(due[order], arrived[order], ready[order], no_show[order])

    def _appointments(self, expected: float) -> Seconds:
        opens, closes = self.session
        # Booked beforehand, so nearly as many as there are slots, evenly spread.
        count = self.random.binomial(int(expected * 1.06) + 1, 0.94)
        spread = np.sort(self.random.random(count))
        return (
            opens
            + (spread * (closes - _LAST_CALL - opens) // _GRID).astype(np.int64) * _GRID
        )

    def _walk_ins(self, expected: float) -> Seconds:
        opens, closes = self.session
        count = self.random.poisson(expected)
        last = closes - _LAST_CALL
        edges = np.linspace(opens, last, 49)
        weights = np.interp((edges[1:] + edges[:-1]) / 2, _HOURS, _RUSH)
        reached = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
        arrived = np.interp(self.random.random(count), reached, edges)
        # Some stand before the door when it opens.
        first = arrived < opens + 600
        arrived[first] -= self.random.random(int(first.sum())) * 900
        return np.sort(arrived.astype(np.int64))

    def _serve(
        self,
        due: Seconds,
        arrived: Seconds,
        ready: Seconds,
        no_show: NDArray[np.bool_],
    ) -> _Part:
        random, office, count = self.random, self.office, len(due)
        shares = [service.share for service in office.services]
        service = random.choice(len(shares), count, p=shares)
        at_desk = self._at_desk(service)
        way = np.clip(random.exponential(_WALK, count), 8, 400).astype(np.int64)
        came = np.flatnonzero(~no_show)
        shifts = _shifts(self.desks, self.session)
        crowd = self._crowd(ready[came], due[came], (way + at_desk + _NOTES)[came])
        served = serve(crowd, shifts, self.session[1])
        called, left, desk = (np.full(count, -1) for _ in range(3))
        called[came], left[came], desk[came] = served.called, served.left, served.desk
        is_called = called >= 0
        # Who was still there when everybody went home counts as having left.
        left[~is_called & ~no_show & (left < 0)] = self.session[1] + 3600
        shown = np.where(is_called, called + way, -1)
        columns = {
            "service": service,
            "appointment": due,
            "arrived": arrived,
            "called": called,
            "shown": shown,
            "finished": np.where(is_called, shown + at_desk, -1),
            "left": left,
            "outcome": np.where(no_show, NO_SHOW, np.where(is_called, SERVED, LEFT)),
            "desk": desk,
            **self._particulars(service),
        }
        kept = np.ones(count, dtype=bool)
        kept[came[sorted(served.turned_away)]] = False
        return _Part(
            {name: column[kept] for name, column in columns.items()},
            shifts,
            served.sold_out_from,
        )

    def _crowd(self, ready: Seconds, due: Seconds, seconds: Seconds) -> Crowd:
        mean = self.office.patience_minutes * 60
        patience = self.random.exponential(mean, len(ready)) + 600
        return Crowd(
            ready.tolist(),
            due.tolist(),
            patience.astype(np.int64).tolist(),
            seconds.tolist(),
        )

    def _at_desk(self, service: Seconds) -> Seconds:
        median = np.array([s.minutes for s in self.office.services])[service] * 60
        spread = self.random.lognormal(0, 0.45, len(service))
        seconds = np.clip(median * self.era.pace * spread, 45, 3 * 3600)
        return seconds.astype(np.int64)

    def _particulars(self, service: Seconds) -> dict[str, Seconds]:
        """Return what the queue does not depend on."""
        random, count = self.random, len(service)
        lead = random.gamma(1.4, self.era.lead_days / 1.4, count)
        others = np.array([s.persons for s in self.office.services])[service] - 1
        return {
            "booked_days": np.ceil(lead).astype(np.int64),
            "booked": (random.beta(2.2, 2.0, count) * 57_000).astype(np.int64) + 23_000,
            "persons": 1 + random.poisson(others),
            "name": random.integers(0, len(NAMES), count),
            "clerk": random.integers(0, len(CLERKS), count),
        }


@cache
def _shifts(desks: int, session: Interval) -> tuple[tuple[Interval, ...], ...]:
    """Return who sits where: breaks in turn in long sessions, fewer desks late."""
    opens, closes = session
    if closes - opens < 6 * 3600:
        return (((opens, closes),),) * desks
    late = 16 * 3600 + 1800
    shifts = []
    for desk in range(desks):
        lunch = 11 * 3600 + 1800 + desk % 4 * 1800
        ends = late if closes > late and desk % 3 == 2 else closes
        shifts.append(((opens, lunch), (lunch + 1800, ends)))
    return tuple(shifts)
