"""Open311 GeoReport v2: what citizens report, as cases.

Of a request only its number, state, service and two times are read; description,
address, place and pictures are dropped before anything else happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import columns, places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen, Span
from ingest.adapters.open311_requests import (
    FIELDS,
    Request,
    as_content,
    newest,
    read_requests,
    requested_at,
)
from ingest.adapters.open311_windows import Server
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.mappings import Column, Open311Mapping
from ingest.sources import Open311Source, Source

_TABLE: Final = "cases"
_CLOSED_AT: Final = "closed_datetime"  # ours: updated_datetime of closed requests
_UNKNOWN: Final = "unknown"  # cannot be read as a time: a closed request must have one
_INSTANT: Final = timedelta(microseconds=1)


def downloads(
    source: Source,
    city: City,
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield one delivery per window of time, or what lies in the folder."""
    mapping = _mapping(source)
    if source.url is None:
        files = places.from_folder(source, now, data_dir)
        paths = [file.content for file in files if isinstance(file.content, Path)]
        yield from handed_in(paths, source, city, now)
    else:
        yield from Server(source.url, mapping, city, http, seen, now).windows()


def handed_in(
    files: Sequence[Path],
    source: Source,
    city: City,
    now: datetime,
) -> Iterator[Download]:
    """Read pages that overlap as one delivery, so that each request counts once."""
    spans: list[tuple[Span, list[str], list[Request]]] = []
    for path in files:
        content = Download(path.name, path, now).read()
        requests = read_requests(path.name, content)
        known = [requested_at(request, city.timezone) for request in requests]
        # One time of 1931 would otherwise claim that everything since then is replaced.
        oldest = source.checks.not_before
        moments = [each for each in known if each is not None and each.date() >= oldest]
        if not moments:
            message = f"{path.name} holds no request with a time; nothing was loaded"
            raise DeliveryRefused(message)
        spans.append(((min(moments), max(moments) + _INSTANT), [path.name], requests))
    for covers, names, requests in _joined(spans):
        content = as_content(newest(requests, city.timezone))
        yield Download(" + ".join(names), content, now, covers)


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read one window; a request that two pages bring counts once, the newest."""
    mapping = _mapping(source)
    requests = read_requests(download.name, download.read())
    kept = newest(requests, city.timezone)
    schema = dict.fromkeys((*FIELDS, _CLOSED_AT), pl.String)
    raw = pl.DataFrame([_with_closing(one) for one in kept], schema=schema)
    raw = raw.with_columns(row_number=pl.int_range(1, raw.height + 1))
    reading = columns.Reading(timezone=city.info.timezone, pseudonym=pseudonym)
    filled = columns.fill(raw, _TABLE, _columns(mapping, raw), reading)
    rows = filled.rows
    if download.covers is not None:  # some servers take no notice of the dates asked
        first, end = download.covers
        inside = pl.col("received_at").is_between(first, end, closed="left")
        # What nobody believes belongs nowhere: it is refused, not left out.
        unlikely = pl.col("received_at").dt.date() < source.checks.not_before
        rows = rows.filter(inside | unlikely)
    return Parsed(
        table=_TABLE,
        rows=rows,
        refused=filled.refused,
        rows_read=rows.height + filled.refused.height,
        covers=download.covers,
    )


def _mapping(source: Source) -> Open311Mapping:
    if not isinstance(source, Open311Source):
        message = f"{source.id} is no open311 source"
        raise SourceChanged(message)
    return source.mapping


def _with_closing(request: Request) -> Mapping[str, str | None]:
    status = (request["status"] or "").strip().lower()
    closed = request["updated_datetime"] or _UNKNOWN if status == "closed" else None
    return {**request, "status": status, _CLOSED_AT: closed}


def _columns(mapping: Open311Mapping, raw: pl.DataFrame) -> dict[str, Column]:
    services: dict[str, str | None] = dict(mapping.services)
    if mapping.service is not None or not services:
        words = raw[mapping.services_by].drop_nulls().str.strip_chars().unique()
        services = {word: mapping.service for word in words} | services  # noqa: C420
    # Apps, forms and the phone all lead into such systems; they do not say which.
    channel = {"channel": Column(value=mapping.channel)} if mapping.channel else {}
    return channel | {
        "office": Column(value=mapping.office),
        "service": Column(column=mapping.services_by, values=services),
        "received_at": Column(column="requested_datetime"),
        "decided_at": Column(column=_CLOSED_AT),
        "closed_at": Column(column=_CLOSED_AT),
        "outcome": Column(column="status", values={"closed": "done", "open": None}),
        "case_key": Column(column="service_request_id", key=True),
    }


def _joined(
    spans: Sequence[tuple[Span, list[str], list[Request]]],
) -> list[tuple[Span, list[str], list[Request]]]:
    """Put the files together whose spans overlap."""
    joined: list[tuple[Span, list[str], list[Request]]] = []
    for covers, names, requests in sorted(spans, key=lambda one: one[0]):
        if joined and covers[0] < joined[-1][0][1]:
            (first, end), others, before = joined[-1]
            merged = (first, max(end, covers[1]))
            joined[-1] = (merged, [*others, *names], [*before, *requests])
        else:
            joined.append((covers, names, requests))
    return joined
