"""The sold-out KPIs once more, look by look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from ingest.warehouse import read_frame
from metrics.recount.rows import Question, Recounted, Row, Warehouse, nearest_rank

_LARGEST_GAP: Final = timedelta(minutes=30)

_Found = tuple[float | None, int]


@dataclass(frozen=True)
class _Look:
    row: Row
    day: date
    opens_at: datetime | None  # None: nobody states the office's hours

    @property
    def at(self) -> datetime:
        at: datetime = self.row["observed_at"]
        return at

    @property
    def is_sold_out(self) -> bool:
        return bool(self.row["state"] == "sold_out")


def recount_sold_out(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    first_day = warehouse.city.info.first_day or date.min
    mine = [
        look
        for look in warehouse.once("ticket_looks", _looks)
        if question.is_about(look.row)
        and question.is_in_period(look.day)
        and look.day >= first_day
    ]
    value, n = _KPIS[kpi](mine)
    return Recounted(
        value=value,
        n=n,
        counted=len(mine),
        delivery_ids=frozenset(look.row["delivery_id"] for look in mine),
    )


def _looks(warehouse: Warehouse) -> list[_Look]:
    """Read the looks while tickets were, or could have been, given out."""
    saying = warehouse.offices_with("queue_samples", "state", "state = 'sold_out'")
    offices = {office for office, _ in saying} | _said_once(warehouse)
    offices &= warehouse.known_offices
    looks = []
    for row in warehouse.rows("queue_samples"):
        day = warehouse.day(row["observed_at"])
        is_either = row["state"] in ("open", "sold_out")
        if day is None or not is_either or row["office"] not in offices:
            continue
        if not warehouse.city.office(row["office"]).hours:
            looks.append(_Look(row, day, None))
            continue
        for opens_at, closes_at in warehouse.calendar.open_from_to(row["office"], day):
            if opens_at <= row["observed_at"] < closes_at:
                looks.append(_Look(row, day, opens_at))
    return looks


def _said_once(warehouse: Warehouse) -> set[str]:
    """Find offices whose looks that said so were deleted since."""
    statement = "SELECT DISTINCT office FROM closed_days WHERE says = 'sold_out'"
    said = read_frame(warehouse.connection, statement)
    return {warehouse.counted_with(office) for office in said["office"]}


def _share_of_hours(looks: Sequence[_Look]) -> _Found:
    hours: dict[tuple[str, datetime], list[bool]] = {}
    for look in looks:
        hour = look.at.replace(minute=0, second=0, microsecond=0)
        hours.setdefault((look.row["office"], hour), []).append(look.is_sold_out)
    shares = [sum(gone) / len(gone) for gone in hours.values()]
    return (100 * sum(shares) / len(shares) if shares else None), len(shares)


def _minutes_after_opening(looks: Sequence[_Look]) -> _Found:
    minutes = [
        since.total_seconds() / 60
        for day in _days_sold_out(looks)
        if (since := _since_opening(day)) is not None
    ]
    return nearest_rank(minutes, 0.5), len(minutes)


def _since_opening(looks: Sequence[_Look]) -> timedelta | None:
    """Say how long after opening tickets ran out, if the looks are close enough."""
    gone = min((look for look in looks if look.is_sold_out), key=lambda look: look.at)
    if gone.opens_at is None:
        return None
    before = [
        look.at
        for look in looks
        if look.at < gone.at and look.opens_at == gone.opens_at
    ]
    if gone.at - max([gone.opens_at, *before]) > _LARGEST_GAP:
        return None
    return gone.at - gone.opens_at


def _days(looks: Sequence[_Look]) -> _Found:
    happened = len(_days_sold_out(looks))
    return (float(happened) if looks else None), happened


def _days_sold_out(looks: Sequence[_Look]) -> list[list[_Look]]:
    by_day: dict[tuple[str, date], list[_Look]] = {}
    for look in looks:
        by_day.setdefault((look.row["office"], look.day), []).append(look)
    return [
        those for those in by_day.values() if any(look.is_sold_out for look in those)
    ]


_KPIS: Final[Mapping[str, Callable[[Sequence[_Look]], _Found]]] = {
    "share_of_hours": _share_of_hours,
    "median_minutes_after_opening": _minutes_after_opening,
    "days": _days,
}
