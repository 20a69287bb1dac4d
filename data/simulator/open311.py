"""The service centre's defect reports as Open311 GeoReport v2."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from data.simulator.case_export import CaseExports
from data.simulator.case_plan import REPORTS
from data.simulator.cases import Case, seconds_of
from data.simulator.people import LAST_NAMES, STREETS

Json = dict[str, object]

ZONE = ZoneInfo("Europe/Berlin")
_CODES = ("010", "020", "030")
_WINDOW = timedelta(days=90)  # the standard's default and greatest span
_PAGE, _GREATEST_PAGE = 50, 500
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local, gets its zone below


class BadRequestError(Exception):
    """The query cannot be understood; the text says why."""


def services() -> list[Json]:
    return [
        {
            "service_code": code,
            "service_name": procedure.words,
            "description": "",
            "metadata": False,
            "type": "realtime",
            "keywords": "",
            "group": "Mängelmelder",
        }
        for code, procedure in zip(_CODES, REPORTS.procedures, strict=True)
    ]


def requests(
    exports: CaseExports, query: Mapping[str, str], now: datetime
) -> list[Json]:
    """Answer /requests.json, newest first; `now` is aware."""
    first, last = _window(query, now)
    cut = _local_seconds(now) + 1
    known = exports.known(REPORTS.id, now.astimezone(ZONE).date())
    begin = bisect_left(known, _local_seconds(first), key=_received)
    end = bisect_left(known, min(cut, _local_seconds(last) + 1), key=_received)
    reports = [known[n] for n in range(end - 1, begin - 1, -1)]
    reports = [report for report in reports if _fits(report, query, cut)]
    start, size = _page(query)
    return [_request(report, cut) for report in reports[start : start + size]]


def request(exports: CaseExports, number: str, now: datetime) -> list[Json]:
    """Answer /requests/<id>.json; empty when there is none."""
    cut = _local_seconds(now) + 1
    return [
        _request(report, cut)
        for report in exports.known(REPORTS.id, now.astimezone(ZONE).date())
        if report.received < cut and _number(report) == number
    ]


def _window(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    last = _time(query, "end_date") or now
    first = _time(query, "start_date") or last - _WINDOW
    if "end_date" not in query and "start_date" in query:
        last = min(now, first + _WINDOW)
    return max(first, last - _WINDOW), last


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name])
    except ValueError as error:
        message = f"{name} is {query[name]!r}; expected such as 2026-11-20T08:00:00Z"
        raise BadRequestError(message) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    """Return where the answer starts and its length; both common ways of paging."""
    try:
        size = int(query.get("page_size") or query.get("limit") or _PAGE)
        size = min(_GREATEST_PAGE, max(1, size))
        start = int(query.get("offset") or (int(query.get("page") or 1) - 1) * size)
    except ValueError as error:
        message = "page, page_size, limit and offset must be whole numbers"
        raise BadRequestError(message) from error
    return max(0, start), size


def _fits(report: Case, query: Mapping[str, str], cut: int) -> bool:
    codes, status = query.get("service_code"), query.get("status")
    if codes and _CODES[report.procedure] not in codes.split(","):
        return False
    numbers = query.get("service_request_id")
    if numbers and _number(report) not in numbers.split(","):
        return False
    return not status or _status(report, cut) in status.split(",")


def _status(report: Case, cut: int) -> str:
    return "closed" if report.decided < cut else "open"


def _number(report: Case) -> str:
    year = (_EPOCH + timedelta(seconds=report.received)).year
    return f"{report.number}-{year}"


def _request(report: Case, cut: int) -> Json:
    is_closed = report.decided < cut
    updated = report.decided if is_closed else min(cut - 1, report.received + 2400)
    street = f"{STREETS[report.person % len(STREETS)]} {report.person % 117 + 1}"
    name = LAST_NAMES[report.person % len(LAST_NAMES)]
    answer: Json = {
        "service_request_id": _number(report),
        "status": "closed" if is_closed else "open",
        "service_code": _CODES[report.procedure],
        "service_name": REPORTS.procedures[report.procedure].words,
        "description": f"Bitte ansehen. {name}, Tel. 0170 {report.person:06d}",
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": _moment(report.received).isoformat(),
        "updated_datetime": _moment(updated).isoformat(),
        "address": f"{street}, 99999 Musterstadt",
        "address_id": None,
        "zipcode": "99999",
        "lat": round(50.5 + report.person % 997 / 20_000, 6),
        "long": round(9.0 + report.person % 991 / 15_000, 6),
    }
    if report.person % 9 == 0:
        answer["media_url"] = (
            f"https://www.musterstadt.example/bild/{report.person}.jpg"
        )
    if is_closed:
        answer["status_notes"] = "Duplikat" if report.fate == 3 else "Erledigt"
    return answer


def _received(report: Case) -> int:
    return report.received


def _moment(local: int) -> datetime:
    return (_EPOCH + timedelta(seconds=local)).replace(tzinfo=ZONE)


def _local_seconds(now: datetime) -> int:
    local = now.astimezone(ZONE)
    return seconds_of(local.date()) + (
        local.hour * 3600 + local.minute * 60 + local.second
    )
