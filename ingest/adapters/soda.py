"""Socrata (SODA 2): the mapped columns of a resource, period by period."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest.adapters import places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen, Span
from ingest.adapters.columns import used_columns
from ingest.adapters.feed_document import read_document
from ingest.adapters.records import (
    MOST_PAGES,
    Record,
    address,
    as_content,
    list_of_records,
    only,
    parse_records,
)
from ingest.adapters.spans import periods, span_of_period
from ingest.adapters.windows import is_due
from ingest.city import City
from ingest.errors import SourceChanged, SourceUnavailable
from ingest.interface_mappings import SodaMapping
from ingest.sources import SodaSource, Source

_BAD_REQUEST: Final = 400
handed_in = places.handed_in


def downloads(
    source: Source,
    city: City,
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield the whole resource, or one delivery per period that is due."""
    mapping = _mapping(source)
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
        return
    asked = {"$select": ",".join(used_columns(mapping.columns)), "$order": ":id"}
    for where, covers in reversed(list(_windows(mapping, city, now))):
        question = asked | ({"$where": where} if where else {})
        name = address(source.url, question)
        if covers is not None and not is_due(seen.deliveries.get(name), covers, now):
            continue
        records = _pages(source.url, question, mapping.page_size, http)
        if records or covers is None or name in seen.deliveries:
            yield Download(name, as_content(records), now, covers)


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read the records; one leaves a field out where it has no value."""
    mapping = _mapping(source)
    found = read_document(download.name, download.read())
    records = list_of_records(download.name, found)
    _refuse_strangers(download.name, records, mapping)
    return parse_records(download, records, mapping, source, city, pseudonym)


def _mapping(source: Source) -> SodaMapping:
    if not isinstance(source, SodaSource):
        message = f"{source.id} is no soda source"
        raise SourceChanged(message)
    return source.mapping


def _windows(
    mapping: SodaMapping, city: City, now: datetime
) -> Iterator[tuple[str, Span | None]]:
    plan = mapping.windows
    if plan is None:
        yield mapping.where or "", None
        return
    today = now.astimezone(city.timezone).date()
    for start in periods(plan.first, today, plan.every):
        covers = span_of_period(start, plan.every, city.timezone)
        # The source's times are local ones without a zone.
        first, end = (f"{moment.astimezone(city.timezone):%Y-%m-%dT00:00:00}"
                      for moment in covers)  # fmt: skip
        where = f"{plan.column} >= '{first}' AND {plan.column} < '{end}'"
        yield f"({mapping.where}) AND {where}" if mapping.where else where, covers


def _pages(
    url: str, asked: Mapping[str, object], size: int, http: Http
) -> list[Record]:
    """Turn pages until one is empty: servers cap their length as they like."""
    records: list[Record] = []
    for _ in range(MOST_PAGES):
        page = address(url, {**asked, "$limit": size, "$offset": len(records)})
        found = list_of_records(url, read_document(url, _ask(page, url, http)))
        if not found:
            return records
        records += only(found, str(asked["$select"]).split(","))
    message = f"{url} has more than {MOST_PAGES} pages; raise page_size"
    raise SourceChanged(message)


def _ask(page: str, url: str, http: Http) -> bytes:
    try:
        return http.get(page).content
    except SourceUnavailable as error:
        if error.http_status != _BAD_REQUEST:
            raise
        message = (
            f"{url} does not understand what is asked (400): most likely a column of"
            " the mapping, of windows or of where was renamed"
        )
        raise SourceChanged(message) from error


def _refuse_strangers(name: str, records: list[Record], mapping: SodaMapping) -> None:
    """Refuse a list that has none of the columns that no row can do without."""
    known = set(used_columns(mapping.columns))
    if records and not any(known & set(record) for record in records):
        message = (
            f"{name}: no record has one of the columns {', '.join(sorted(known))}; is"
            " it the right resource?"
        )
        raise SourceChanged(message)
