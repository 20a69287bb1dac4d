"""The ticket systems' live feed: every value text, naive local time, one a minute.

After closing it keeps its last values, as such feeds do; only the status tells. What
it showed is kept in a log of its own, a line every quarter of an hour.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

import numpy as np

from data.simulator.deliveries import days_between, month_end
from data.simulator.opening import intervals
from data.simulator.ticket_export import TicketExports
from data.simulator.ticket_plan import TICKET_OFFICES
from data.simulator.tickets import NO_SHOW, TicketDay

_QUEUES = (
    (1, "einwohnermeldeamt"), (2, "kfz-zulassung"), (3, "auslaenderbehoerde"),
    (4, "standesamt"), (5, "wohngeld"),
)  # fmt: skip
_OPEN, _CLOSED, _SOLD_OUT = "1", "2", "3"
_RECENT = 20 * 60
_LOGGED = ("einwohnermeldeamt", "kfz-zulassung", "wohngeld")
_LOG_COLUMNS = "Zeit;Anzeige;Zustand;Wartende;Wartezeit"
_EVERY = 15 * 60


def feed(exports: TicketExports, moment: datetime) -> dict[str, object]:
    """Return the feed at a local moment."""
    queues = [_queue(exports, number, office, moment) for number, office in _QUEUES]
    queues.append(
        {
            "queueId": "90",
            "displayName": "Infothek ",
            "status": _OPEN if queues[0]["status"] == _OPEN else _CLOSED,
            "customersWaiting": "0",
            "waitingTimeMinutes": "0",
            "countersOpen": "1",
            "lastUpdated": queues[0]["lastUpdated"],
        }
    )
    return {"message": "", "errorCode": "0", "queues": queues}


def log(exports: TicketExports, month: date, written_on: date) -> bytes:
    """Return what the displays showed in a month, up to the end of a day."""
    last = min(written_on, month_end(month))
    rows = [
        row
        for day in days_between(month, last)
        for office_id in _LOGGED
        if (visits := exports.day(office_id, day)) is not None
        for row in _log_rows(office_id, day, visits)
    ]
    if not rows:
        return b""
    return ("\r\n".join([_LOG_COLUMNS, *rows]) + "\r\n").encode("utf-8-sig")


def _log_rows(office_id: str, day: date, visits: TicketDay) -> Iterator[str]:
    words = TICKET_OFFICES[office_id].words
    for opens, closes in intervals(office_id, day):
        for second in range(opens + _EVERY // 3, closes, _EVERY):
            waiting, minutes, _ = _state(visits, second)
            is_out = _is_sold_out(visits, second)
            said = "keine Wartenummern" if is_out else "offen"
            at = datetime.combine(day, time()) + timedelta(seconds=second)
            yield f"{at:%d.%m.%Y %H:%M};{words};{said};{waiting};{minutes}"


def _queue(
    exports: TicketExports, number: int, office_id: str, moment: datetime
) -> Mapping[str, str]:
    day, second, status = _last_look(office_id, moment)
    visits = exports.day(office_id, day)
    waiting, minutes, counters = _state(visits, second) if visits else (0, 0, 0)
    if status == _OPEN and visits and _is_sold_out(visits, second):
        status = _SOLD_OUT
    updated = datetime.combine(day, time()) + timedelta(seconds=second)
    return {
        "queueId": str(number),
        "displayName": TICKET_OFFICES[office_id].words,
        "status": status,
        "customersWaiting": str(waiting),
        "waitingTimeMinutes": str(minutes),
        "countersOpen": str(counters),
        "lastUpdated": f"{updated:%Y-%m-%d %H:%M:%S}",
    }


def _last_look(office_id: str, moment: datetime) -> tuple[date, int, str]:
    """Return the day and second of the last minute in which the office was open."""
    minute = (moment.hour * 60 + moment.minute) * 60
    for back in range(30):
        day = moment.date() - timedelta(days=back)
        now = minute if back == 0 else 86_400
        for opens, closes in reversed(intervals(office_id, day)):
            if opens <= now < closes:
                return day, now, _OPEN
            if closes <= now:
                return day, closes - 60, _CLOSED
    message = f"{office_id} was not open in the 30 days before {moment}"
    raise LookupError(message)


def _state(visits: TicketDay, second: int) -> tuple[int, int, int]:
    """Return people waiting, minutes that the last called waited, desks at work."""
    came = (visits.outcome != NO_SHOW) & (visits.arrived <= second)
    is_called = (visits.called >= 0) & (visits.called <= second)
    has_left = (visits.left >= 0) & (visits.left <= second)
    waiting = int(np.count_nonzero(came & ~is_called & ~has_left))
    recent = is_called & (visits.called > second - _RECENT)
    since = np.maximum(visits.arrived, visits.appointment)[recent]
    waits = np.maximum(0, visits.called[recent] - since)
    minutes = round(float(waits.mean()) / 60) if len(waits) else 0
    counters = sum(
        any(starts <= second < ends for starts, ends in shift)
        for shift in visits.desk_shifts
    )
    return waiting, minutes, counters


def _is_sold_out(visits: TicketDay, second: int) -> bool:
    return any(starts <= second < ends for starts, ends in visits.sold_out)
