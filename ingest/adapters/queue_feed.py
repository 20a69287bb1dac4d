"""Live queues in JSON or XML, by a mapping: one look is one delivery."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import columns, places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen
from ingest.adapters.feed_clock import with_day
from ingest.adapters.feed_document import (
    Queue,
    as_text,
    missing_fields,
    queues_of,
    read_document,
)
from ingest.adapters.queue_states import with_states
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import Column, QueueMapping
from ingest.sources import QueueFeedSource, Source

_TABLE: Final = "queue_samples"
_FIELDS: Final = (
    "office", "service", "queue", "waiting", "wait_minutes", "counters_open",
    "source_time_at", "state",
)  # fmt: skip
_AT_LEAST: Final = "wait_minutes_at_least"
_INSTANT: Final = timedelta(microseconds=1)
handed_in = places.handed_in


def downloads(
    source: Source,
    city: City,  # noqa: ARG001 - the signature of all adapters
    http: Http,
    seen: Seen,  # noqa: ARG001
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Look once. The same answer as before is a look of its own, so no 304 is asked."""
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
        return
    answer = http.get(source.url)
    yield Download(
        name=source.url,
        content=answer.content,
        fetched_at=now,
        covers=(now, now + _INSTANT),
        http_status=answer.status,
    )


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read one look; a queue that the mapping does not know is refused, not guessed."""
    if not isinstance(source, QueueFeedSource):
        message = f"{source.id} is no queue_feed source"
        raise SourceChanged(message)
    try:
        return _parse(download, source.mapping, city, pseudonym)
    except pl.exceptions.PolarsError as error:
        message = (
            f"{download.name} cannot be read as the mapping says"
            f" ({type(error).__name__}); check its formats"
        )
        raise DeliveryRefused(message) from error


def _parse(
    download: Download, mapping: QueueMapping, city: City, pseudonym: Pseudonym
) -> Parsed:
    mapped = _mapped(mapping)
    queues = _queues(download, mapping, mapped)
    raw = _without_ignored(_raw(queues, mapped), mapping)
    raw, mapped = _with_censored(raw, mapped, mapping.censored)
    raw, mapped = with_day(raw, mapped, download, city)
    reading = columns.Reading(
        timezone=city.info.timezone,
        pseudonym=pseudonym,
        decimal=mapping.decimal,
        missing=mapping.missing,
    )
    filled = columns.fill(raw, _TABLE, mapped, reading)
    rows = with_states(_observed(filled.rows, download), city)
    return Parsed(
        table=_TABLE,
        rows=rows,
        refused=filled.refused,
        rows_read=raw.height,
        covers=download.covers or _instants(rows),
    )


def _mapped(mapping: QueueMapping) -> dict[str, Column]:
    fields = {name: getattr(mapping, name) for name in _FIELDS}
    return {name: column for name, column in fields.items() if column is not None}


def _queues(
    download: Download, mapping: QueueMapping, mapped: Mapping[str, Column]
) -> Sequence[Queue]:
    document = read_document(download.name, download.read())
    paths = [mapping.queues] if isinstance(mapping.queues, str) else mapping.queues
    queues = queues_of(download.name, document, paths)
    gone = missing_fields(queues, columns.used_columns(mapped))
    if gone:
        message = (
            f"{download.name}: no queue has the field {', '.join(gone)} any more; the"
            " feed has changed: compare it with the mapping"
        )
        raise SourceChanged(message)
    return queues


def _raw(queues: Sequence[Queue], mapped: Mapping[str, Column]) -> pl.DataFrame:
    expressions = columns.used_columns(mapped)
    texts = {
        expression: [as_text(queue.find(expression)) for queue in queues]
        for expression in expressions
    }
    return pl.DataFrame(
        {"row_number": range(1, len(queues) + 1), **texts},
        schema={"row_number": pl.Int64, **dict.fromkeys(expressions, pl.String)},
    )


def _without_ignored(raw: pl.DataFrame, mapping: QueueMapping) -> pl.DataFrame:
    for column in (mapping.office, mapping.queue):
        if column is not None and column.column is not None:
            ignored = columns.texts_of(raw, column).is_in(mapping.ignored_queues)
            raw = raw.filter(~ignored.fill_null(value=False))
    return raw


def _with_censored(
    raw: pl.DataFrame, mapped: dict[str, Column], censored: Mapping[str, float]
) -> tuple[pl.DataFrame, dict[str, Column]]:
    """Turn "more than an hour" into at least 60 minutes, never into 60 minutes."""
    wait = mapped.get("wait_minutes")
    if wait is None or wait.column is None or not censored:
        return raw, mapped
    said = columns.texts_of(raw, wait)
    at_least = said.replace_strict(
        list(censored), list(censored.values()), default=None, return_dtype=pl.Float64
    )
    exact = said.set(at_least.is_not_null(), None)
    raw = raw.with_columns(
        exact.alias("wait_minutes"), at_least.cast(pl.String).alias(_AT_LEAST)
    )
    alone = wait.model_copy(update={"column": "wait_minutes", "plus": {}})
    return raw, {**mapped, "wait_minutes": alone, _AT_LEAST: Column(column=_AT_LEAST)}


def _observed(rows: pl.DataFrame, download: Download) -> pl.DataFrame:
    """Say when the look was: when we looked, or what the source of a file says."""
    if isinstance(download.content, bytes):
        moment = pl.lit(download.fetched_at).dt.convert_time_zone("UTC")
        return rows.with_columns(observed_at=moment.dt.cast_time_unit("us"))
    if "source_time_at" not in rows.columns or rows["source_time_at"].null_count():
        message = (
            f"{download.name} does not say when it was true, and a file has no other"
            " clock; map source_time_at, or load only what was looked at live"
        )
        raise DeliveryRefused(message)
    return rows.with_columns(observed_at="source_time_at")


def _instants(rows: pl.DataFrame) -> tuple[datetime, datetime] | None:
    first, last = rows["observed_at"].min(), rows["observed_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return None
    return first, last + _INSTANT
