"""Event logs after IEEE 1849 (.xes, .xes.gz): a trace becomes a case, or its pauses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from ingest.adapters import columns, places, spans
from ingest.adapters.base import Download, Parsed, Pseudonym
from ingest.adapters.xes_log import LogEvent, Trace, traces
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.event_mappings import Moment, Pause, XesMapping
from ingest.mappings import Column
from ingest.sources import Source, XesSource

_EVENT: Final = ".event"  # after a moment's name: what the event found is called
_NO_TIME: Final = "no time"  # no time at all reads as one: the row is refused
_PAUSE: Final = ("from_at", "to_at", "holder")
_CHUNK: Final = 50_000  # rows held as Python objects
downloads = places.downloads
handed_in = places.handed_in


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read a log; refuse one in which nothing happens as the mapping says."""
    if not isinstance(source, XesSource):
        message = f"{source.id} is no xes source"
        raise SourceChanged(message)
    mapping = source.mapping
    raw = _raw(download, mapping)
    reading = columns.Reading(
        timezone=city.info.timezone, pseudonym=pseudonym, missing=mapping.missing
    )
    mapped = dict(mapping.columns)
    if mapping.pauses:
        mapped |= {name: Column(column=name) for name in _PAUSE}
    try:
        filled = columns.fill(raw, mapping.table, mapped, reading)
    except pl.exceptions.PolarsError as error:
        message = (
            f"{download.name} cannot be read as the mapping says"
            f" ({type(error).__name__}); check its formats"
        )
        raise DeliveryRefused(message) from error
    return Parsed(
        table=mapping.table,
        rows=filled.rows,
        refused=filled.refused,
        rows_read=raw.height,
        covers=spans.covers_of(download, filled.rows, source, city, mapping.covers),
    )


def _raw(download: Download, mapping: XesMapping) -> pl.DataFrame:
    """Give a row of texts per case, or per pause, numbered as they come."""
    log = _Log(mapping)
    names = [*log.attributes, *log.found]
    if mapping.pauses:
        names += _PAUSE
    schema = {"row_number": pl.Int64(), **dict.fromkeys(names, pl.String())}
    frames, rows = [pl.DataFrame(schema=schema)], list[tuple[str | None, ...]]()
    for trace in traces(download.name, download.content, log.attributes):
        rows.extend(log.rows(trace))
        if len(rows) >= _CHUNK:
            frames.append(_frame(rows, names))
            rows = []
    frames.append(_frame(rows, names))
    log.refuse_what_never_came(download.name)
    whole = pl.concat([frame.drop("row_number", strict=False) for frame in frames])
    return whole.with_row_index("row_number", offset=1).cast({"row_number": pl.Int64})


def _frame(
    rows: Sequence[tuple[str | None, ...]], names: Sequence[str]
) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()), orient="row")


class _Log:
    """What a mapping asks of each trace, and what of it was ever there."""

    def __init__(self, mapping: XesMapping) -> None:
        self._mapping = mapping
        asked = columns.used_columns(mapping.columns)
        self.found = [name for name in asked if _moment_name(name) in mapping.moments]
        self.attributes = [name for name in asked if name not in self.found]
        self._never = {*self.attributes, *map(_moment_name, self.found)}

    def rows(self, trace: Trace) -> Iterator[tuple[str | None, ...]]:
        self._never -= trace.attributes.keys()
        said = [trace.attributes.get(name) for name in self.attributes]
        happened = self._happened(trace)
        said += [_told(happened[_moment_name(name)], name) for name in self.found]
        if not self._mapping.pauses:
            yield tuple(said)
            return
        for pause in self._mapping.pauses:
            for start, end in _stops(trace.events, pause):
                until = None if end is None else _time(end)
                yield (*said, _time(start), until, pause.holder)

    def _happened(self, trace: Trace) -> Mapping[str, LogEvent | None]:
        happened = {}
        for name, moment in self._mapping.moments.items():
            happened[name], was_seen = _find(trace.events, moment)
            if was_seen:
                self._never.discard(name)
        return happened

    def refuse_what_never_came(self, file: str) -> None:
        """Refuse a log whose events were renamed: every case would look open."""
        if self._never:
            message = (
                f"{file}: no case has {', '.join(sorted(self._never))}, which the"
                " mapping reads; the log has changed: compare its attributes and"
                " events with columns and moments in the mapping"
            )
            raise SourceChanged(message)


def _moment_name(column: str) -> str:
    return column.removesuffix(_EVENT)


def _find(events: Sequence[LogEvent], moment: Moment) -> tuple[LogEvent | None, bool]:
    """Give the event that a moment means, and whether there was any of its kind."""
    found: LogEvent | None = None
    was_seen = False
    for event in events:
        if event.name in moment.undone_by:
            found = None
        elif event.name in moment.events and _counts(event, moment):
            was_seen = True
            if moment.which == "last" or found is None:
                found = event
    return found, was_seen


def _counts(event: LogEvent, moment: Moment) -> bool:
    lifecycle = event.lifecycle
    return lifecycle is None or lifecycle.lower() in moment.lifecycle


def _told(event: LogEvent | None, name: str) -> str | None:
    if event is None:
        return None
    return event.name if name.endswith(_EVENT) else _time(event)


def _time(event: LogEvent) -> str:
    return event.time or _NO_TIME


def _stops(
    events: Sequence[LogEvent], pause: Pause
) -> Iterator[tuple[LogEvent, LogEvent | None]]:
    """Yield where the clock stops and goes on; what stands still cannot stop again."""
    start: LogEvent | None = None
    for event in events:
        if start is None and event.name in pause.starts:
            start = event
        elif start is not None and event.name in pause.ends:
            yield start, event
            start = None
    if start is not None:
        yield start, None
