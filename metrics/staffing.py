"""How many counters a queue needs: Erlang's formulas, a rule of thumb for the desk.

They suppose that people come by chance at a steady pace, that service times are spread
exponentially and that every counter serves everybody. Where service times vary less,
as they mostly do, the true wait is shorter. So this is no promise to anybody.
"""

import math
from dataclasses import dataclass
from itertools import count
from typing import Final

_NEGLIGIBLE: Final = 1e-12


@dataclass(frozen=True)
class Queue:
    """People per hour, minutes that one of them takes, and open counters."""

    arrivals_per_hour: float
    service_minutes: float
    counters: int

    def __post_init__(self) -> None:
        if self.arrivals_per_hour < 0 or self.service_minutes <= 0 or self.counters < 1:
            message = f"{self} is no queue: nobody served, or less than nobody comes"
            raise ValueError(message)

    @property
    def load(self) -> float:
        """Give how many counters would be busy if there were enough."""
        return self.arrivals_per_hour * self.service_minutes / 60

    @property
    def occupancy(self) -> float:
        return self.load / self.counters


def erlang_b(load: float, counters: int) -> float:
    """Give the share of arrivals that find every counter busy, if nobody waits."""
    blocked = 1.0
    for number in range(1, counters + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked


def erlang_c(load: float, counters: int) -> float:
    """Give the share of arrivals that must wait; all of them, if the queue grows."""
    if load >= counters:
        return 1.0
    blocked = erlang_b(load, counters)
    return blocked / (1 - load / counters * (1 - blocked))


def mean_wait_minutes(queue: Queue) -> float:
    """Give the mean wait of all, who are served at once included."""
    spare = queue.counters - queue.load
    if spare <= 0:
        return math.inf
    return erlang_c(queue.load, queue.counters) * queue.service_minutes / spare


def share_within(queue: Queue, minutes: float) -> float:
    """Give the share of arrivals that wait no longer than so many minutes."""
    spare = queue.counters - queue.load
    if spare <= 0:
        return 0.0
    late = math.exp(-spare * minutes / queue.service_minutes)
    return 1 - erlang_c(queue.load, queue.counters) * late


def counters_needed(queue: Queue, minutes: float, share: float) -> int:
    """Find the fewest counters at which this share waits no longer than so long."""
    if not 0 <= share < 1:
        message = f"a share of {share} can never be sure; expected 0 to less than 1"
        raise ValueError(message)
    fewest = math.floor(queue.load) + 1
    return next(
        counters
        for counters in count(fewest)
        if share_within(_with(queue, counters), minutes) >= share
    )


@dataclass(frozen=True)
class Impatient:
    """What becomes of a queue that people leave after a while (Erlang A)."""

    waits: float  # share of arrivals that find no free counter
    leaves: float  # share of arrivals
    mean_wait_minutes: float  # of all, until they are served or leave


def erlang_a(queue: Queue, patience_minutes: float) -> Impatient:
    """Let everybody who waits leave after `patience_minutes`, in the mean."""
    arrivals, counters = queue.arrivals_per_hour, queue.counters
    served, leaving = 60 / queue.service_minutes, 60 / patience_minutes
    # weights[k]: how likely k people are there, beside nobody.
    weights = [1.0]
    for people in range(1, counters + 1):
        weights.append(weights[-1] * arrivals / (people * served))
    is_waiting = [weights[-1]]
    for waiting in count(1):
        rate = counters * served + waiting * leaving
        is_waiting.append(is_waiting[-1] * arrivals / rate)
        if is_waiting[-1] <= _NEGLIGIBLE * is_waiting[0]:
            break
    total = sum(weights[:-1]) + sum(is_waiting)
    length = sum(number * weight for number, weight in enumerate(is_waiting)) / total
    # Little's law: who comes in an hour, times how long each stays in the queue.
    wait_hours = length / arrivals if arrivals else 0.0
    return Impatient(
        waits=sum(is_waiting) / total,
        leaves=wait_hours * leaving,
        mean_wait_minutes=wait_hours * 60,
    )


def _with(queue: Queue, counters: int) -> Queue:
    return Queue(queue.arrivals_per_hour, queue.service_minutes, counters)
