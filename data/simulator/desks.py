"""The event loop of one session: people queue, desks open, call, pause and close."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from data.simulator.opening import Interval

_LATE = 15 * 60  # who comes later than this has lost the priority of an appointment
_FAIR = (
    60 * 60
)  # a walk-in who waited this long is taken before every third appointment
_OVERTIME = 60 * 60  # walk-ins get tickets while they can be served this long after
_NEVER = 10**9


@dataclass(frozen=True)
class Crowd:
    """Everybody who comes, by the second from which they may be called; -1 is none."""

    ready: Sequence[int]
    appointment: Sequence[int]
    patience: Sequence[int]
    seconds: Sequence[int]  # from the call to the next call


@dataclass
class Served:
    """What became of them, in the same order."""

    called: list[int]  # -1: never
    left: list[int]  # -1: stayed
    desk: list[int]
    turned_away: set[int] = field(default_factory=set)
    sold_out_from: int = -1  # since then no tickets were given out


def serve(crowd: Crowd, desks: Sequence[Sequence[Interval]], closes: int) -> Served:
    """Serve a session; a desk is the list of intervals in which somebody sits there."""
    queue = _Queue(crowd, len(desks), closes)
    served = queue.served
    shifts = [deque(intervals) for intervals in desks]
    busy = [(shift[0][0], desk) for desk, shift in enumerate(shifts) if shift]
    heapify(busy)
    idle: list[int] = []
    at = 0
    while True:
        if idle and queue.is_waiting():
            desk = idle.pop()
            returns = _returns_at(shifts[desk], at, closes)
            if returns > at:
                if returns < _NEVER:
                    heappush(busy, (returns, desk))
            elif (person := queue.call(at)) >= 0:
                served.called[person] = at
                served.desk[person] = desk
                heappush(busy, (at + crowd.seconds[person], desk))
            else:
                idle.append(desk)
            continue
        freed = busy[0][0] if busy else _NEVER
        arrival = queue.next_arrival() if idle else _NEVER
        if freed == arrival == _NEVER:
            return served
        at = min(freed, arrival)
        if freed <= arrival:
            idle.append(heappop(busy)[1])
        queue.admit(at)


def _returns_at(shift: deque[Interval], at: int, closes: int) -> int:
    """Return when somebody sits at the desk again: now, after a break, or never."""
    while shift:
        starts, ends = shift[0]
        # Who works until closing time stays until the last ticket is called.
        if at < ends or ends >= closes:
            return max(at, starts)
        shift.popleft()
    return _NEVER


class _Queue:
    def __init__(self, crowd: Crowd, desks: int, closes: int) -> None:
        count = len(crowd.ready)
        self.served = Served([-1] * count, [-1] * count, [-1] * count)
        self._crowd = crowd
        self._count = count
        self._closes = closes
        self._pace = sum(crowd.seconds) / max(1, count) / max(1, desks)
        self._admitted = 0
        self._walk_ins: deque[int] = deque()
        self._appointments: list[tuple[int, int]] = []
        self._calls = 0

    def is_waiting(self) -> bool:
        return bool(self._walk_ins or self._appointments)

    def next_arrival(self) -> int:
        return (
            self._crowd.ready[self._admitted]
            if self._admitted < self._count
            else _NEVER
        )

    def admit(self, at: int) -> None:
        """Let everybody in who has arrived by now."""
        arrivals, appointments = self._crowd.ready, self._crowd.appointment
        while self._admitted < self._count and arrivals[self._admitted] <= at:
            person = self._admitted
            self._admitted += 1
            arrived, due = arrivals[person], appointments[person]
            if due >= 0 and arrived <= due + _LATE:
                heappush(self._appointments, (due, person))
            elif due >= 0 or self._gets_ticket(arrived):
                self._walk_ins.append(person)
            else:
                self.served.turned_away.add(person)

    def call(self, at: int) -> int:
        """Return who is next, or -1 when all who waited have left."""
        crowd = self._crowd
        while self._walk_ins or self._appointments:
            person = self._pick(at)
            if at - crowd.ready[person] <= crowd.patience[person]:
                self._calls += 1
                return person
            self.served.left[person] = crowd.ready[person] + crowd.patience[person]
        return -1

    def _gets_ticket(self, arrived: int) -> bool:
        if arrived + len(self._walk_ins) * self._pace <= self._closes + _OVERTIME:
            return True
        if self.served.sold_out_from < 0:
            self.served.sold_out_from = arrived
        return False

    def _pick(self, at: int) -> int:
        """Appointments that are due, then walk-ins, then who came early."""
        if not self._walk_ins:
            return heappop(self._appointments)[1]
        is_due = bool(self._appointments) and self._appointments[0][0] <= at
        waited = at - self._crowd.ready[self._walk_ins[0]]
        if is_due and not (waited > _FAIR and self._calls % 3 == 0):
            return heappop(self._appointments)[1]
        return self._walk_ins.popleft()
