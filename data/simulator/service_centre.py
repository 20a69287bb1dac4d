"""The service centre: calls by the half hour, chats by the hour, as its systems export.

Who sits at a phone shapes every figure and is in every export; the ingest drops it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from data.simulator.deliveries import days_between
from data.simulator.draws import Stream, generator
from data.simulator.opening import intervals
from data.simulator.people import CLERKS

OFFICE = "servicecenter"
CHAT_FROM = date(2024, 10, 1)
_HALF_HOUR, _HOUR = 1800, 3600
_CALLS_A_DAY = 1650
_CHATS_A_DAY = 75
# How much of a day's calls come in each half hour from 8 to 18.
_SHAPE = (
    1.1, 1.4, 1.6, 1.6, 1.5, 1.4, 1.2, 1.1, 0.9, 0.8,
    0.8, 0.9, 1.0, 1.0, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3,
)  # fmt: skip
_WEEKDAYS = (1.22, 1.08, 0.97, 1.05, 0.76)
_MONTHS = (1.15, 1.06, 1.04, 1.0, 0.98, 0.97, 0.9, 0.92, 1.05, 1.02, 0.99, 0.84)
# Share of calls answered in 30 seconds on a usual half hour, from a day on: posts were
# vacant, then people could ask to be called back instead of holding the line.
_STAFFING = ((date.min, 0.72), (date(2025, 5, 1), 0.63), (date(2026, 2, 2), 0.8))
# The exchange was replaced; and for a month nobody could note what was solved.
_NO_EXPORT = (date(2025, 5, 13), date(2025, 5, 14))
_NOT_NOTED = (2025, 6)
# A number between 0 and 1 is drawn for each row; these parts of it are dirty.
_MISCOUNTED = 0.0008
_TWICE = 1 - 0.0015

_CALL_COLUMNS = (
    "Datum;Von;Gruppe;Angeboten;Angenommen;Angenommen bis 30 s;Aufgelegt;Überlauf;"
    "Wartezeit;Gesprächszeit;Gelöst;Angemeldet"
)
_CHAT_COLUMNS = "started,requests,answered,missed,wait_seconds,chat_seconds,agents"


@dataclass(frozen=True)
class Interval:
    """What happened on one line from one moment on."""

    second: int  # of the local day
    offered: int
    answered: int
    in_target: int
    abandoned: int
    wait: int  # seconds, of all answered
    handling: int
    solved: int
    dirt: float
    agents: tuple[str, ...]


def calls(seed: int, day: date) -> list[Interval]:
    """Return the half hours of a day, none where nobody answers the phone."""
    hours = intervals(OFFICE, day)
    if not hours or day in _NO_EXPORT:
        return []
    random = generator(seed, Stream.CALLS, 1, day)
    expected = _expected(day)
    rush = random.gamma(60, 1 / 60)  # some days are harder than others
    found = []
    for second in range(hours[0][0], hours[-1][1], _HALF_HOUR):
        usual = expected * _SHAPE[(second - 8 * _HOUR) // _HALF_HOUR] / sum(_SHAPE)
        offered = int(random.poisson(usual * rush))
        load = offered / max(usual, 1)
        in_time = float(np.clip(_staffing(day) - 0.35 * (load - 1), 0.2, 0.97))
        lost = int(random.binomial(offered, np.clip(0.35 * (1 - in_time), 0, 0.5)))
        sent_on = int(random.binomial(offered - lost, 0.012))
        answered = offered - lost - sent_on
        # The share in time is of all who were answered or gave up.
        share = min(1.0, in_time * (answered + lost) / max(answered, 1))
        in_target = int(random.binomial(answered, share))
        found.append(
            Interval(
                second,
                offered,
                answered,
                in_target,
                lost,
                in_target * 11 + int((answered - in_target) * random.normal(112, 6)),
                int(answered * random.normal(196, 5)),
                int(random.binomial(answered, 0.64)),
                float(random.random()),
                tuple(random.choice(CLERKS, size=int(random.integers(9, 15)))),
            )
        )
    return found


def chats(seed: int, day: date) -> list[Interval]:
    """Return the hours of a day, from the day on which the chat was opened."""
    hours = intervals(OFFICE, day)
    if not hours or day < CHAT_FROM:
        return []
    random = generator(seed, Stream.CHATS, 2, day)
    years = (day - CHAT_FROM).days / 365
    usual = _CHATS_A_DAY * (1 + 0.45 * years) * _WEEKDAYS[day.weekday()] / 10
    found = []
    for second in range(hours[0][0], hours[-1][1], _HOUR):
        offered = int(random.poisson(usual))
        missed = int(random.binomial(offered, 0.07))
        answered = offered - missed
        found.append(
            Interval(
                second,
                offered,
                answered,
                0,
                missed,
                int(answered * max(15, random.normal(58 - 6 * years, 9))),
                int(answered * random.normal(540, 40)),
                0,
                float(random.random()),
                tuple(random.choice(CLERKS, size=2)),
            )
        )
    return found


def call_csv(seed: int, first: date, last: date) -> bytes:
    """Return the exchange's file of some days; empty where there were no calls."""
    rows = [
        line
        for day in days_between(first, last)
        for interval in calls(seed, day)
        for line in _call_rows(day, interval)
    ]
    if not rows:
        return b""
    offered = sum(int(row.split(";")[3]) for row in rows)
    lines = [
        "Telefonanlage Stadt Musterstadt;Intervallbericht",
        f"Zeitraum;{first:%d.%m.%Y} bis {last:%d.%m.%Y}",
        _CALL_COLUMNS,
        *rows,
        f"Gesamt;;;{offered};;;;;;;;",
    ]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def chat_csv(seed: int, first: date, last: date) -> bytes:
    """Return the chat's file of some days; empty where there were none."""
    rows = [
        f"{day} {_clock(hour.second)},{hour.offered},{hour.answered},{hour.abandoned},"
        f'{hour.wait},{hour.handling},"{", ".join(hour.agents)}"'
        for day in days_between(first, last)
        for hour in chats(seed, day)
    ]
    if not rows:
        return b""
    return ("\n".join([_CHAT_COLUMNS, *rows]) + "\n").encode("utf-8-sig")


def _call_rows(day: date, interval: Interval) -> Iterator[str]:
    one = interval
    # A counter that was not set back, as a new exchange has it at times.
    answered = one.answered + one.offered * (one.dirt < _MISCOUNTED)
    is_noted = (day.year, day.month) != _NOT_NOTED
    row = (
        f"{day:%d.%m.%Y};{_clock(one.second)};ServiceCenter;{one.offered};{answered};"
        f"{one.in_target};{one.abandoned};{one.offered - one.answered - one.abandoned};"
        f"{_duration(one.wait, one.answered)};{_duration(one.handling, one.answered)};"
        f"{one.solved if is_noted else '-'};{' / '.join(one.agents)}"
    )
    yield row
    if one.dirt > _TWICE:
        yield row


def _expected(day: date) -> float:
    years = (day - date(2024, 4, 1)).days / 365
    return (
        _CALLS_A_DAY
        * _WEEKDAYS[day.weekday()]
        * _MONTHS[day.month - 1]
        * (1 - 0.03 * years)  # more is done online
    )


def _staffing(day: date) -> float:
    ends = [*(begin for begin, _ in _STAFFING[1:]), date.max]
    return next(
        share for (_, share), end in zip(_STAFFING, ends, strict=True) if day < end
    )


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def _duration(seconds: int, answered: int) -> str:
    if not answered:
        return "-"  # nobody to wait or to speak
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
