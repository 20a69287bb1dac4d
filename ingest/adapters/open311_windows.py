"""Asking an Open311 server window by window, since it tells of 90 days at most."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from ingest.adapters.base import Download, Http, Seen, Span
from ingest.adapters.open311_requests import (
    Request,
    as_content,
    newest,
    read_requests,
)
from ingest.adapters.windows import is_due
from ingest.city import City
from ingest.errors import SourceChanged
from ingest.mappings import Open311Mapping

_GRID_BEGINS: Final = date(2000, 1, 1)
_MOST_PAGES: Final = 2_000
_SMALLEST: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Server:
    url: str
    mapping: Open311Mapping
    city: City
    http: Http
    seen: Seen
    now: datetime

    def windows(self) -> Iterator[Download]:
        """Yield one delivery per window that is due, the newest window first."""
        for covers in reversed(list(self._grid())):
            name = self._address({}, covers)
            known = self.seen.deliveries.get(name)
            if not is_due(known, covers, self.now):
                continue
            requests = newest(self._ask(covers), self.city.timezone)
            if requests or known:  # before the first report there is nothing to load
                yield Download(name, as_content(requests), self.now, covers)

    def _grid(self) -> Iterator[Span]:
        """Cut time at fixed days, so that a window is the same at every run."""
        step = timedelta(days=self.mapping.window_days)
        today = self.now.astimezone(self.city.timezone).date()
        first = self.mapping.first_day or today - step
        anchor = self.mapping.first_day or _GRID_BEGINS
        start = anchor + (first - anchor) // step * step
        while start <= today:
            yield self._midnight(start), self._midnight(start + step)
            start += step

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.city.timezone).astimezone(UTC)

    def _ask(self, covers: Span) -> Iterator[Request]:
        if self.mapping.paging == "none":
            yield from self._halved(covers)
        else:
            yield from self._paged(covers)

    def _paged(self, covers: Span) -> Iterator[Request]:
        """Turn pages until one brings nothing new: servers cap sizes as they like."""
        known: set[object] = set()
        taken = 0
        for number in range(_MOST_PAGES):
            page = self._page(self._parameters(number, taken), covers)
            fresh = [one for one in page if one["service_request_id"] not in known]
            if not fresh:
                return
            yield from fresh
            known.update(one["service_request_id"] for one in fresh)
            taken += len(page)
        message = f"{self.url} has more than {_MOST_PAGES} pages; is paging set right?"
        raise SourceChanged(message)

    def _parameters(self, number: int, taken: int) -> dict[str, object]:
        if self.mapping.paging == "offset":
            return {"limit": self.mapping.page_size, "offset": taken}
        return {"page": number + 1, "page_size": self.mapping.page_size}

    def _halved(self, covers: Span) -> Iterator[Request]:
        """Ask for shorter spans as long as the answer is as long as answers can be."""
        page = self._page({}, covers)
        first, end = covers
        if len(page) < self.mapping.page_size or end - first <= _SMALLEST:
            yield from page
            return
        middle = first + (end - first) / 2
        yield from self._halved((first, middle))
        yield from self._halved((middle, end))

    def _page(self, parameters: dict[str, object], covers: Span) -> list[Request]:
        address = self._address(parameters, covers)
        return read_requests(address, self.http.get(address).content)

    def _address(self, parameters: dict[str, object], covers: Span) -> str:
        first, end = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in covers)
        asked = urlencode({"start_date": first, "end_date": end, **parameters})
        return f"{self.url}{'&' if '?' in self.url else '?'}{asked}"
