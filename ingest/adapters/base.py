"""What an adapter is: it says what to fetch, and turns bytes into rows of a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import polars as pl

from ingest.city import City
from ingest.errors import SourceUnavailable
from ingest.sources import Source

REFUSED = pl.Schema(
    {
        "row_number": pl.Int64,  # in the source's file, header included; 1-based
        "field": pl.String,  # column of the warehouse; null: the whole row is meant
        "reason": pl.String,  # code of a rule, e.g. "unreadable_time"
        "row_json": pl.String,  # only columns the mapping uses, keys already hashed
    }
)

Span = tuple[datetime, datetime]  # from, inclusive, to, exclusive
Pseudonym = Callable[[pl.Series], pl.Series]  # texts -> keyed hashes; null stays null


@dataclass(frozen=True)
class Answer:
    """What an address answered. 304 has no content."""

    content: bytes
    status: int
    etag: str | None = None
    last_modified: str | None = None


class Http(Protocol):
    """The session of one source: it has its secrets, limits and retries in itself."""

    def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Answer:
        """Raise SourceUnavailable unless the answer is 2xx, or 304 where asked for."""
        ...


@dataclass(frozen=True)
class Loaded:
    """What is known of the delivery that counts under one name."""

    received_at: datetime
    covers: Span | None
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True)
class Seen:
    """What earlier runs brought: the deliveries that count, by Download.name."""

    deliveries: Mapping[str, Loaded] = field(default_factory=dict)


@dataclass(frozen=True)
class Download:
    """One delivery as it came: bytes of an address, or a file in its place.

    Bytes of an address stay in memory, so nothing personal reaches the disk raw. It is
    the same delivery again when name, bytes and `covers` are those of one that counts:
    two looks at a live queue may well have the same bytes.
    """

    name: str  # file name or address, without secrets
    content: bytes | Path
    fetched_at: datetime
    covers: Span | None = None  # where it is known before reading: periods and looks
    http_status: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    is_unchanged: bool = False  # the address answered 304: there is nothing to read

    def read(self) -> bytes:
        if isinstance(self.content, bytes):
            return self.content
        try:
            return self.content.read_bytes()
        except OSError as error:
            message = f"{self.name} cannot be read: {error.strerror}"
            raise SourceUnavailable(message) from error


@dataclass(frozen=True)
class Parsed:
    """The rows of a delivery, and those that could not be read."""

    table: str
    rows: pl.DataFrame  # the table's columns without delivery_id, and row_number
    refused: pl.DataFrame  # REFUSED
    rows_read: int  # rows + refused + total rows are never more than this
    covers: Span | None  # None: everything the source ever said


class Adapter(Protocol):
    """One source format. Modules are adapters; ADAPTERS lists them."""

    def downloads(
        self,
        source: Source,
        city: City,
        http: Http,
        seen: Seen,
        now: datetime,
        data_dir: Path,
    ) -> Iterator[Download]:
        """Yield what is due, one delivery after the other; raise IngestError.

        A source's `folder` is relative to data_dir. What can be had is yielded before
        an error is raised about what cannot.
        """
        ...

    def handed_in(
        self, files: Sequence[Path], source: Source, city: City, now: datetime
    ) -> Iterator[Download]:
        """Yield the deliveries that files given by command make up."""
        ...

    def parse(
        self, download: Download, source: Source, city: City, pseudonym: Pseudonym
    ) -> Parsed:
        """Read one delivery; raise IngestError when it must be refused as a whole."""
        ...
