"""The federal dashboard of online services (OZG): which of a city's are there."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import columns, places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen, Span
from ingest.adapters.feed_document import read_document
from ingest.adapters.records import (
    MOST_PAGES,
    Record,
    address,
    as_content,
    list_of_records,
    only,
    raw_of,
)
from ingest.adapters.spans import span_of_period
from ingest.city import City
from ingest.errors import SourceChanged, SourceUnavailable
from ingest.interface_mappings import OzgMapping
from ingest.mappings import Column
from ingest.sources import OzgSource, Source

log = logging.getLogger(__name__)

_TABLE: Final = "online_services"
_FIELDS: Final = ("leika_key", "ars", "online_status", "aktiv")
# State, district, county, association, municipality: where a regional key may end.
_LEVELS: Final = (0, 2, 3, 5, 9, 12)
_KEY_DIGITS: Final = 14
handed_in = places.handed_in


def downloads(
    source: Source,
    city: City,
    http: Http,
    seen: Seen,  # noqa: ARG001 - the signature of all adapters
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield all pages as one look of today."""
    mapping = _mapping(source)
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
        return
    areas = _areas(mapping, city)
    records = [
        only([record], _FIELDS)[0]
        for record in _pages(source.url, mapping, http)
        if _is_ours(record, areas)
    ]
    yield Download(source.url, as_content(records), now, _today(now, city))


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read one row per service of the city file; other services are only counted."""
    mapping = _mapping(source)
    document = read_document(download.name, download.read())
    found = document.get("content") if isinstance(document, Mapping) else document
    areas = _areas(mapping, city)
    records = [
        record
        for record in list_of_records(download.name, found)
        if _is_ours(record, areas)
    ]
    _refuse_strangers(download.name, records)
    raw = raw_of(records, _FIELDS)
    keys = {service.leika: service.id for service in city.services}
    others = ~_is_key(keys) & pl.col("leika_key").str.contains(
        rf"^\d{{{_KEY_DIGITS}}}$"
    ).fill_null(value=False)
    _log_others(source, raw.filter(others))
    reading = columns.Reading(timezone=city.info.timezone, pseudonym=pseudonym)
    filled = columns.fill(raw.filter(~others), _TABLE, _columns(keys), reading)
    works = columns.fill(raw.filter(~others), _TABLE, {"is_online": _ACTIVE}, reading)
    rows = filled.rows.join(
        works.rows.rename({"is_online": "is_active"}), on="row_number"
    )
    refused = pl.concat([filled.refused, works.refused]).unique(
        "row_number", keep="first", maintain_order=True
    )
    covers = download.covers or _today(download.fetched_at, city)
    return Parsed(
        table=_TABLE,
        rows=_one_per_service(rows, download.fetched_at, city),
        refused=refused.sort("row_number"),
        rows_read=raw.height,
        covers=covers,
    )


_STATUS: Final = Column(
    column="online_status", values={"ok": "true", "nicht ok": "false"}
)
_ACTIVE: Final = Column(column="aktiv", values={"ja": "true", "nein": "false"})


def _mapping(source: Source) -> OzgMapping:
    if not isinstance(source, OzgSource):
        message = f"{source.id} is no ozg_dashboard source"
        raise SourceChanged(message)
    return source.mapping


def _pages(url: str, mapping: OzgMapping, http: Http) -> Iterator[Record]:
    for number in range(MOST_PAGES):
        asked = {"page": number, "size": mapping.page_size, "order": "asc"}
        page = read_document(url, http.get(address(url, asked)).content)
        if not isinstance(page, Mapping) or "totalPages" not in page:
            message = f"{url} has no pages with content and totalPages any more"
            raise SourceChanged(message)
        if page.get("number") != number:
            message = (
                f"{url} gives page {page.get('number')} instead of {number}; nothing"
                " was loaded"
            )
            raise SourceUnavailable(message)
        yield from list_of_records(url, page.get("content"))
        total = page["totalPages"]
        if not isinstance(total, int) or number + 1 >= total:
            return
    message = f"{url} has more than {MOST_PAGES} pages; raise page_size"
    raise SourceChanged(message)


def _areas(mapping: OzgMapping, city: City) -> set[str]:
    """Name the city, and all above it: the county, the state, the whole country."""
    ars = mapping.ars or city.info.ars
    return {ars[:level].ljust(len(ars), "0") for level in _LEVELS}


def _is_ours(record: Record, areas: set[str]) -> bool:
    return str(record.get("ars", "")).strip().zfill(12) in areas


def _today(now: datetime, city: City) -> Span:
    today = now.astimezone(city.timezone).date()
    return span_of_period(today, "day", city.timezone)


def _refuse_strangers(name: str, records: Sequence[Record]) -> None:
    gone = [
        field
        for field in ("leika_key", "online_status")
        if records and not any(field in record for record in records)
    ]
    if gone:
        message = f"{name}: no service says its {', '.join(gone)} any more"
        raise SourceChanged(message)


def _is_key(keys: Mapping[str, str]) -> pl.Expr:
    return pl.col("leika_key").is_in(list(keys)).fill_null(value=False)


def _log_others(source: Source, others: pl.DataFrame) -> None:
    if others.height:
        log.info(
            "%s: %d rows of %d services that are not in the city file",
            source.id,
            others.height,
            others["leika_key"].n_unique(),
        )


def _columns(keys: Mapping[str, str]) -> dict[str, Column]:
    return {"service": Column(column="leika_key", values=dict(keys)),
            "is_online": _STATUS}  # fmt: skip


def _one_per_service(
    rows: pl.DataFrame, looked_at: datetime, city: City
) -> pl.DataFrame:
    """Join a service's addresses: it is online where one of them works."""
    works = pl.col("is_online") & pl.col("is_active").fill_null(value=True)
    return (
        rows.group_by("service", maintain_order=True)
        .agg(pl.col("row_number").min(), works.any().alias("is_online"))
        .with_columns(observed_on=looked_at.astimezone(city.timezone).date())
    )
