"""The queue_log of Asterisk, event by event, to calls per interval at the door.

Nothing of an agent, a number or a single call leaves this module.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Final

import polars as pl

from ingest.adapters import places, spans
from ingest.adapters.base import REFUSED, Download, Parsed, Pseudonym
from ingest.adapters.calls import CALLS, intervals
from ingest.adapters.queue_log_calls import Event, Finished, LogCalls
from ingest.adapters.raw_table import cut_off
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.sources import AsteriskQueueLogSource, Source

_TABLE: Final = "contacts"
_FEWEST_FIELDS: Final = 5  # epoch|callid|queue|agent|event
_CHUNK: Final = 20_000  # calls held as Python objects
_LATEST: Final = 2**36  # seconds since 1970: far away, but a time that can be written
downloads = places.downloads
handed_in = places.handed_in


def parse(
    download: Download,
    source: Source,
    city: City,
    pseudonym: Pseudonym,  # noqa: ARG001 - nothing is kept that would need one
) -> Parsed:
    """Count the calls that began and ended within the file."""
    if not isinstance(source, AsteriskQueueLogSource):
        message = f"{source.id} is no asterisk_queue_log source"
        raise SourceChanged(message)
    log = _Log(download, source)
    calls = log.calls()
    counted = intervals(calls, source.mapping.calls)
    refused = pl.concat([log.refused(), counted.refused])
    moments = counted.rows if counted.rows.height else log.moments()
    return Parsed(
        table=_TABLE,
        rows=counted.rows,
        refused=refused.sort("row_number"),
        rows_read=calls.height + log.refused().height,
        covers=spans.covers_of(download, moments, source, city, source.mapping.covers),
    )


class _Log:
    """One file, read line by line from its first to its last."""

    def __init__(self, download: Download, source: AsteriskQueueLogSource) -> None:
        self._name = download.name
        self._mapping = source.mapping
        self._refused: list[tuple[int, str | None, str, str]] = []
        self._first: float | None = None
        self._last: float | None = None
        self._whole: list[pl.DataFrame] = []
        calls = LogCalls(self._mapping)
        with _lines(download) as lines:
            self._read(lines, calls)
        self._put_by([*calls.finished, *calls.unfinished()])

    def calls(self) -> pl.DataFrame:
        """Give the calls that are whole."""
        return pl.concat(self._whole)

    def refused(self) -> pl.DataFrame:
        """Give the lines that are none, and the calls that run beyond the file."""
        refused = pl.DataFrame(self._refused, schema=REFUSED, orient="row")
        return refused.sort("row_number")

    def _put_by(self, calls: Sequence[Finished]) -> None:
        """Keep what is known of calls as a frame: that takes far less room."""
        rows = [
            (
                call.line, call.office, self._mapping.line, _moment(call.entered),
                call.outcome, call.wait, call.handling,
            )
            for call in calls
            if call.fault is None
        ]  # fmt: skip
        schema: dict[str, pl.DataType] = {"row_number": pl.Int64(), **CALLS}
        self._whole.append(pl.DataFrame(rows, schema=schema, orient="row"))
        self._refused += [
            (call.line, call.field, call.fault, "{}")
            for call in calls
            if call.fault is not None
        ]

    def moments(self) -> pl.DataFrame:
        """Give when the log was written, where there was no call at all."""
        edges = [epoch for epoch in (self._first, self._last) if epoch is not None]
        schema = {"interval_at": pl.Datetime("us", "UTC")}
        return pl.DataFrame({"interval_at": map(_moment, edges)}, schema=schema)

    def _read(self, lines: IO[bytes], calls: LogCalls) -> None:
        number = 0
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):  # half a number reads as a smaller one
                raise cut_off(self._name)
            if len(calls.finished) >= _CHUNK:
                self._put_by(calls.finished)
                calls.finished.clear()
            fault = self._take(number, line, calls) if line.strip() else None
            if fault is None:
                continue
            fields = line.count(b"|") + 1
            self._refused.append((number, *fault, f'{{"fields":{fields}}}'))
        if not number or (self._last is None and not self._refused):
            message = f"{self._name} is empty; nothing was loaded"
            raise DeliveryRefused(message)

    def _take(
        self, number: int, line: bytes, calls: LogCalls
    ) -> tuple[str | None, str] | None:
        """Hand a line's event on; say what is wrong with a line that has none."""
        fields = line.decode("utf-8", "replace").rstrip("\r\n").split("|")
        if len(fields) < _FEWEST_FIELDS:
            return None, "broken_row"
        epoch = _number(fields[0])
        if epoch is None or not 0 < epoch < _LATEST:
            return "interval_at", "unreadable_time"
        self._first = epoch if self._first is None else min(self._first, epoch)
        self._last = epoch if self._last is None else max(self._last, epoch)
        details = (*fields[_FEWEST_FIELDS:], "", "", "")
        _, call, queue, _, event = fields[:_FEWEST_FIELDS]
        return calls.take(Event(number, epoch, call, queue, event, details))


@contextmanager
def _lines(download: Download) -> Iterator[IO[bytes]]:
    if isinstance(download.content, bytes):
        yield io.BytesIO(download.content)
        return
    try:
        file = download.content.open("rb")
    except OSError as error:
        message = f"{download.name} cannot be read: {error.strerror}"
        raise SourceUnavailable(message) from error
    with file:
        yield file


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
