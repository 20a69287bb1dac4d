"""One reading of the warehouse: at which moment, for which city, of which rows."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from threading import RLock
from typing import Any, Self, TypeVar

import duckdb

from ingest.city import City
from metrics.calendar import Calendar
from metrics.shelf import Shelf
from metrics.small_offices import rows_of_office

T = TypeVar("T")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    """What every function that counts rows is given; `now` is UTC."""

    connection: duckdb.DuckDBPyConnection
    city: City
    now: datetime
    office: str | None = None  # of one office alone, with its small ones; None: of all
    days: tuple[date, date] | None = None  # first and last local day; None: all
    shelf: Shelf | None = None  # what was made before, and may hold still
    _known: dict[str, Any] = field(default_factory=dict, repr=False)
    _reads: dict[str, RLock] = field(default_factory=dict, repr=False)
    _whole: Self | None = field(default=None, repr=False)

    @property
    def whole(self) -> Self:
        """The reading of all days that this one is a part of."""
        return self._whole or self

    @property
    def calendar(self) -> Calendar:
        return self.whole.once("calendar", lambda reading: Calendar(reading.city))

    def of_days(self, first: date, last: date) -> Self:
        return replace(
            self, days=(first, last), _known={}, _reads={}, _whole=self.whole
        )

    def without_rows(self) -> Self:
        """Ask only how far rows reach, not for the rows."""
        return self.of_days(date.max - _ONE_DAY, date.min)

    def once(self, name: str, read: Callable[[Self], T]) -> T:
        """Read what several kinds of facts are counted from only once.

        Whoever else asks for it waits until it is there.
        """
        with self._reads.setdefault(name, RLock()):
            if name not in self._known:
                self._known[name] = read(self)
        found: T = self._known[name]
        return found

    def where(self, moment: str) -> tuple[str, list[object]]:
        """Give the condition for this reading's rows, by the moment that counts."""
        offices, bound = rows_of_office(self.city, self.office)
        if self.days is None:
            return offices, [*bound]
        first, last = self.days
        if first > last:
            return "FALSE", []
        bounds = [self._midnight(first), self._midnight(last + _ONE_DAY)]
        return f"{offices} AND {moment} >= ? AND {moment} < ?", [*bound, *bounds]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.city.timezone).astimezone(UTC)
