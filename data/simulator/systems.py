"""The sample city's systems behind one front: an address in, what they answer out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from threading import Lock
from time import sleep

from data.simulator import live, online_list, open311, trade_office
from data.simulator.appointments import Appointments
from data.simulator.case_export import CaseExports, cut_at
from data.simulator.case_plan import BUILDING, CASE_OFFICES, REPORTS
from data.simulator.deliveries import (
    days_between,
    edition_at,
    last_written,
    month_end,
)
from data.simulator.service_centre import call_csv, chat_csv
from data.simulator.survey import survey_csv
from data.simulator.ticket_export import TicketExports
from data.simulator.ticket_plan import FIRST_ON, TICKET_OFFICES, TICKET_SYSTEMS

_TICKETS = re.compile(r"/aufrufsystem/(\w+)/vorgaenge-(\d{4})-(\d{1,2})\.csv")
_NIGHTLY = re.compile(
    r"/(terminsystem/kapazitaet|terminsystem/suchen|aufrufsystem/anzeigen)"
    r"-(\d{4})-(\d{1,2})\.(?:csv|json)"
)
_CASES = re.compile(r"/fachverfahren/([\w-]+)/vorgaenge-(\d{4})(?:-Q([1-4]))?\.csv")
_BUILDING = re.compile(r"/fachverfahren/bauordnung/bauantraege-(\d{4})\.xlsx")
_CALLS = re.compile(r"/telefonanlage/intervalle-(\d{4})-(\d{1,2})\.csv")
_CHATS = re.compile(r"/chat/statistik-(\d{4})-Q([1-4])\.csv")
_SURVEY = re.compile(r"/umfrage/bewertungen-(\d{4})-(\d{1,2})\.csv")
_SUMS = re.compile(r"/gewerbeamt/monatszahlen-(\d{4})-(\d{2})\.xlsx")
_ONLINE = re.compile(r"/digitalisierung/onlinedienste-(\d{4})-(\d{2})\.csv")
_REQUEST = re.compile(r"/open311/v2/requests/(\d+-\d{4})\.json")
# Between two parts, so that whoever asks meanwhile gets the lock.
_GIVE_WAY = 0.002
_CSV = "text/csv; charset=windows-1252"
_CSV_UTF_8 = "text/csv; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Answer:
    body: bytes
    media_type: str
    status: int = 200
    etag: str | None = None  # files have one, live answers have none


NOT_FOUND = Answer(b"Diese Adresse gibt es nicht.\n", "text/plain; charset=utf-8", 404)


class Systems:
    """All of them, for one seed."""

    def __init__(self, seed: int) -> None:
        self.tickets = TicketExports(seed)
        self.appointments = Appointments(seed, self.tickets)
        self.cases = CaseExports(seed)
        self._lock = Lock()
        self._seed = seed
        self._etags: dict[object, str] = {}

    def warm_up(self, now: datetime) -> Iterator[str]:
        """Simulate everything up to now; yield the name of each part that is done."""
        for office_id in CASE_OFFICES:
            with self._lock:
                self.cases.known(office_id, now.date())
            sleep(_GIVE_WAY)
            yield office_id
        months = {day.replace(day=1) for day in days_between(FIRST_ON, now.date())}
        for month in sorted(months):
            with self._lock:
                for day in days_between(month, min(month_end(month), now.date())):
                    for office_id in TICKET_OFFICES:
                        self.tickets.day(office_id, day)
            sleep(_GIVE_WAY)
            yield f"{month:%Y-%m}"

    @staticmethod
    def parts(now: datetime) -> int:
        """Return how many parts warm_up will yield."""
        months = (now.year - FIRST_ON.year) * 12 + now.month - FIRST_ON.month + 1
        return len(CASE_OFFICES) + max(0, months)

    def answer(
        self, path: str, query: Mapping[str, str], now: datetime, known: str = ""
    ) -> Answer:
        """Answer one request; `now` is aware, `known` the ETags the client has."""
        local = now.astimezone(open311.ZONE).replace(tzinfo=None)
        with self._lock:
            if path.startswith("/open311/v2/"):
                return self._open311(path, query, now)
            if path == "/live/wartezeiten.json":
                return _json(live.feed(self.tickets, local))
            if path == "/":
                return Answer(_index().encode(), "text/html; charset=utf-8")
            return self._file(path, local, known)

    def _file(self, path: str, local: datetime, known: str) -> Answer:
        found = (
            self._ticket_file(path, local)
            or self._nightly_file(path, local)
            or self._case_file(path, local)
            or self._counted_file(path, local)
            or self._monthly_file(path, local)
        )
        if found is None:
            return NOT_FOUND
        version, media_type, write = found
        etag = self._etags.get(version)
        if etag is not None and etag in known:
            return Answer(b"", media_type, 304, etag)
        body = write()
        if not body:  # the period has begun, but nothing is in the file yet
            return NOT_FOUND
        etag = self._etags[version] = f'"{sha256(body).hexdigest()[:32]}"'
        if etag in known:
            return Answer(b"", media_type, 304, etag)
        return Answer(body, media_type, 200, etag)

    def _ticket_file(self, path: str, local: datetime) -> "_File | None":
        match = _TICKETS.fullmatch(path)
        if match is None or not 1 <= int(match[3]) <= 12:
            return None
        edition = edition_at(match[1], date(int(match[2]), int(match[3]), 1), local)
        if edition is None:
            return None
        return edition, _CSV, partial(self.tickets.csv, edition)

    def _nightly_file(self, path: str, local: datetime) -> "_File | None":
        """Find a month's file that every night writes anew."""
        match = _NIGHTLY.fullmatch(path)
        if match is None or not 1 <= int(match[3]) <= 12:
            return None
        month, written_on = date(int(match[2]), int(match[3]), 1), last_written(local)
        if not FIRST_ON <= month <= written_on:
            return None
        files: dict[str, tuple[str, Callable[[date, date], bytes]]] = {
            "terminsystem/kapazitaet": (_CSV_UTF_8, self.appointments.capacity),
            "terminsystem/suchen": (_JSON, self.appointments.searches),
            "aufrufsystem/anzeigen": (_CSV_UTF_8, partial(live.log, self.tickets)),
        }
        media_type, write = files[match[1]]
        version = path, min(written_on, month_end(month))
        return version, media_type, partial(write, month, written_on)

    def _case_file(self, path: str, local: datetime) -> "_File | None":
        cut = cut_at(local)
        if match := _BUILDING.fullmatch(path):
            first, end = _year(int(match[1]))
            write = partial(self.cases.xlsx, BUILDING.id, first, end, cut)
            return (path, cut), _XLSX, write
        match = _CASES.fullmatch(path)
        office = CASE_OFFICES.get(match[1]) if match else None
        if match is None or office is None or office in (BUILDING, REPORTS):
            return None
        if (office.per_file == "year") != (match[3] is None):
            return None
        first, end = _year(int(match[2]))
        if match[3] is not None:
            first, end = _quarter(first.year, int(match[3]))
        return (path, cut), _CSV, partial(self.cases.csv, office.id, first, end, cut)

    def _counted_file(self, path: str, local: datetime) -> "_File | None":
        """Find a file of what is counted by the interval or the day."""
        for pattern, write, media_type in _COUNTED:
            match = pattern.fullmatch(path)
            if match is None:
                continue
            year, number = int(match[1]), int(match[2])
            if pattern is _CHATS:
                first, end = _quarter(year, number)
            elif 1 <= number <= 12:
                first = date(year, number, 1)
                end = month_end(first) + timedelta(days=1)
            else:
                return None
            last = min(end - timedelta(days=1), last_written(local))
            if first < FIRST_ON or last < first:
                return None
            return (path, last), media_type, partial(write, self._seed, first, last)
        return None

    def _monthly_file(self, path: str, local: datetime) -> "_File | None":
        """Find what is written once a month: sums after it, the list at its start."""
        written = last_written(local)
        month = _month(_SUMS.fullmatch(path))
        if month and trade_office.BEGINS <= month <= month_end(month) <= written:
            return path, _XLSX, partial(trade_office.workbook, self._seed, month)
        month = _month(_ONLINE.fullmatch(path))
        if month and online_list.BEGINS <= month <= written:
            return path, _CSV, partial(online_list.csv, month)
        return None

    def _open311(self, path: str, query: Mapping[str, str], now: datetime) -> Answer:
        try:
            if path == "/open311/v2/requests.json":
                return _json(open311.requests(self.cases, query, now))
            if path == "/open311/v2/services.json":
                return _json(open311.services())
        except open311.BadRequestError as error:
            return _json([{"code": 400, "description": str(error)}], 400)
        match = _REQUEST.fullmatch(path)
        found = open311.request(self.cases, match[1], now) if match else []
        return _json(found) if found else NOT_FOUND


_COUNTED = (
    (_CALLS, call_csv, _CSV),
    (_CHATS, chat_csv, "text/csv; charset=utf-8"),
    (_SURVEY, survey_csv, _CSV),
)
_File = tuple[object, str, Callable[[], bytes]]


def _json(content: object, status: int = 200) -> Answer:
    text = json.dumps(content, ensure_ascii=False)
    return Answer(text.encode(), _JSON, status)


def _month(match: re.Match[str] | None) -> date | None:
    if match is None or not 1 <= int(match[2]) <= 12 or match[1] == "0000":
        return None
    return date(int(match[1]), int(match[2]), 1)


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year + 1, 1, 1)


def _quarter(year: int, quarter: int) -> tuple[date, date]:
    first = date(year, quarter * 3 - 2, 1)
    return first, month_end(first.replace(month=quarter * 3)) + timedelta(days=1)


def _index() -> str:
    """Return a page that says what is here, for whoever opens the address."""
    addresses = [
        "/live/wartezeiten.json",
        "/open311/v2/requests.json?page_size=20",
        "/open311/v2/services.json",
        *(f"/aufrufsystem/{system}/vorgaenge-2026-09.csv" for system in TICKET_SYSTEMS),
        "/terminsystem/kapazitaet-2026-09.csv",
        "/terminsystem/suchen-2026-09.json",
        "/aufrufsystem/anzeigen-2026-09.csv",
        "/telefonanlage/intervalle-2026-09.csv",
        "/chat/statistik-2026-Q3.csv",
        "/umfrage/bewertungen-2026-09.csv",
        "/fachverfahren/bauordnung/bauantraege-2025.xlsx",
        "/gewerbeamt/monatszahlen-2026-09.xlsx",
        "/digitalisierung/onlinedienste-2026-09.csv",
        *(
            f"/fachverfahren/{office.id}/vorgaenge-2025"
            f"{'-Q4' if office.per_file == 'quarter' else ''}.csv"
            for office in CASE_OFFICES.values()
            if office not in (BUILDING, REPORTS)
        ),
    ]
    links = "".join(f'<li><a href="{a}">{a}</a></li>' for a in addresses)
    return (
        '<!doctype html><html lang="de"><title>Systeme der Stadt Musterstadt</title>'
        "<h1>Systeme der Stadt Musterstadt</h1><p>Beispieldaten: Stadt, Menschen und "
        f"Zahlen sind erfunden.</p><ul>{links}</ul></html>"
    )
