"""One reading of the warehouse: at which moment, for which city, of which office."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Self, TypeVar

import duckdb

from ingest.city import City
from metrics.calendar import Calendar

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """What every function that counts rows is given; `now` is UTC."""

    connection: duckdb.DuckDBPyConnection
    city: City
    now: datetime
    office: str | None = None  # of one office alone, with its small ones; None: of all
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.city)

    def once(self, name: str, read: Callable[[Self], T]) -> T:
        """Read what several kinds of facts are counted from only once."""
        if name not in self._known:
            self._known[name] = read(self)
        found: T = self._known[name]
        return found
