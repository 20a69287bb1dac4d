"""The queue_log of Asterisk, event by event, to calls per interval at the door.

Nothing of an agent, a number or a single call leaves this module.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import places, spans
from ingest.adapters.base import REFUSED, Download, Http, Parsed, Pseudonym, Seen
from ingest.adapters.calls import CALLS, intervals
from ingest.adapters.queue_log_calls import Event, LogCalls
from ingest.adapters.raw_table import cut_off
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.sources import AsteriskQueueLogSource, Source

_TABLE: Final = "contacts"
_FEWEST_FIELDS: Final = 5  # epoch|callid|queue|agent|event
_LATEST: Final = 2**36  # seconds since 1970: far away, but a time that can be written
handed_in = places.handed_in


def downloads(
    source: Source,
    city: City,  # noqa: ARG001 - the signature of all adapters
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield the log files of the folder, or the one at the address."""
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
    else:
        yield places.from_address(source.url, http, seen, now)


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
    """One file, read from its first to its last line."""

    def __init__(self, download: Download, source: AsteriskQueueLogSource) -> None:
        self._name = download.name
        self._mapping = source.mapping
        self._refused: list[tuple[int, str | None, str, str]] = []
        self._epochs: list[float] = []
        calls = LogCalls(self._mapping)
        content = download.read()
        self._read(content, calls)
        self._finished = [*calls.finished, *calls.unfinished()]

    def calls(self) -> pl.DataFrame:
        """Give the calls that are whole."""
        rows = [
            (
                call.line, call.office, self._mapping.line, _moment(call.entered),
                call.outcome, call.wait, call.handling,
            )
            for call in self._finished
            if call.fault is None
        ]  # fmt: skip
        schema: dict[str, pl.DataType] = {"row_number": pl.Int64(), **CALLS}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def refused(self) -> pl.DataFrame:
        """Give the lines that are none, and the calls that run beyond the file."""
        rows = [
            *self._refused,
            *(
                (call.line, call.field, call.fault, "{}")
                for call in self._finished
                if call.fault is not None
            ),
        ]
        return pl.DataFrame(rows, schema=REFUSED, orient="row").sort("row_number")

    def moments(self) -> pl.DataFrame:
        """Give when the log was written, where there was no call at all."""
        edges = [min(self._epochs), max(self._epochs)] if self._epochs else []
        schema = {"interval_at": pl.Datetime("us", "UTC")}
        return pl.DataFrame({"interval_at": map(_moment, edges)}, schema=schema)

    def _read(self, content: bytes, calls: LogCalls) -> None:
        if not content.strip():
            message = f"{self._name} is empty; nothing was loaded"
            raise DeliveryRefused(message)
        lines = content.split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            fault = self._take(number, line, calls)
            if fault is None:
                continue
            if number == len(lines):
                raise cut_off(self._name)
            fields = line.count(b"|") + 1
            self._refused.append((number, *fault, f'{{"fields":{fields}}}'))

    def _take(
        self, number: int, line: bytes, calls: LogCalls
    ) -> tuple[str | None, str] | None:
        """Hand a line's event on; say what is wrong with a line that has none."""
        fields = line.decode("utf-8", "replace").rstrip("\r").split("|")
        if len(fields) < _FEWEST_FIELDS:
            return None, "broken_row"
        epoch = _number(fields[0])
        if epoch is None or not 0 < epoch < _LATEST:
            return "interval_at", "unreadable_time"
        self._epochs.append(epoch)
        details = (*fields[_FEWEST_FIELDS:], "", "", "")
        _, call, queue, _, event = fields[:_FEWEST_FIELDS]
        return calls.take(Event(number, epoch, call, queue, event, details))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
