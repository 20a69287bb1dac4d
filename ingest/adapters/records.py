"""Records of an interface, objects of JSON, as typed rows of any table."""

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import polars as pl

from ingest.adapters import columns, spans
from ingest.adapters.base import Download, Parsed, Pseudonym, Span
from ingest.adapters.feed_document import as_text
from ingest.adapters.queue_states import with_states
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.interface_mappings import RecordsMapping
from ingest.sources import Source

Record = Mapping[str, object]
MOST_PAGES: Final = 10_000


def address(url: str, asked: Mapping[str, object]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def list_of_records(name: str, found: object) -> list[Record]:
    """Take a list of objects for what it is; refuse anything else."""
    if not isinstance(found, list) or not all(
        isinstance(one, Mapping) for one in found
    ):
        message = f"{name} is no list of records; is the address right?"
        raise SourceChanged(message)
    return found


def only(records: Sequence[Record], wanted: Sequence[str]) -> list[Record]:
    """Leave everything aside that no column is filled with."""
    return [
        {name: record[name] for name in wanted if name in record} for record in records
    ]


def as_content(document: object) -> bytes:
    """Write it so that the same records are the same bytes."""
    return json.dumps(document, sort_keys=True).encode()


def parse_records(
    download: Download,
    records: Sequence[Record],
    mapping: RecordsMapping,
    source: Source,
    city: City,
    pseudonym: Pseudonym,
) -> Parsed:
    """Type the records; what no column is filled with is never looked at."""
    reading = columns.Reading(
        timezone=city.info.timezone,
        pseudonym=pseudonym,
        decimal=mapping.decimal,
        missing=mapping.missing,
    )
    raw = raw_of(records, columns.used_columns(mapping.columns))
    try:
        filled = columns.fill(raw, mapping.table, mapping.columns, reading)
        rows = filled.rows
        if mapping.table == "queue_samples" and "observed_at" in rows.columns:
            rows = with_states(rows, city)
        covers = _covers(download, rows, mapping, source, city)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        message = (
            f"{download.name} cannot be read as the mapping says"
            f" ({type(error).__name__}); check its formats"
        )
        raise DeliveryRefused(message) from error
    return Parsed(
        table=mapping.table,
        rows=rows,
        refused=filled.refused,
        rows_read=raw.height,
        covers=covers,
    )


def raw_of(records: Sequence[Record], wanted: Sequence[str]) -> pl.DataFrame:
    """Put records under each other as texts, with the number of each."""
    texts = {name: [as_text(record.get(name)) for record in records] for name in wanted}
    return pl.DataFrame(
        {"row_number": range(1, len(records) + 1), **texts},
        schema={"row_number": pl.Int64, **dict.fromkeys(wanted, pl.String)},
    )


def _covers(
    download: Download,
    rows: pl.DataFrame,
    mapping: RecordsMapping,
    source: Source,
    city: City,
) -> Span | None:
    if download.covers is not None:
        return download.covers
    covers = mapping.covers
    if covers.by == "all":
        return None
    if covers.by == "file_name":
        return spans.span_of_file_name(download.name, covers, city.timezone)
    today = download.fetched_at.astimezone(city.timezone).date()
    believed = (
        source.checks.not_before,
        source.checks.not_after or today,
    )
    return spans.span_of_rows(
        rows, mapping.table, covers.period, city.timezone, believed
    )
