"""Car parks as ParkAPI tells of them, version 1 (ParkenDD) and 3 (MobiData BW)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import columns, places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen
from ingest.adapters.feed_document import as_text, read_document
from ingest.adapters.records import as_content, list_of_records, raw_of
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.interface_mappings import ParkapiMapping
from ingest.mappings import Column
from ingest.sources import ParkapiSource, Source

_TABLE: Final = "parking"
_INSTANT: Final = timedelta(microseconds=1)
_STATES: Final = {
    "open": "open", "closed": "closed", "temporarily_closed": "closed",
    "nodata": "unknown", "unknown": "unknown",
}  # fmt: skip
_COLUMNS: Final = {
    "car_park": Column(column="name"),
    "free": Column(column="free"),
    "capacity": Column(column="total"),
    "state": Column(column="state", values=dict(_STATES)),
}
_FIELDS: Final = ("id", "name", "free", "total", "state")
handed_in = places.handed_in


@dataclass(frozen=True)
class _Look:
    """What a feed says, in the words of version 1."""

    updated_at: datetime
    lots: list[dict[str, str | None]]

    @property
    def content(self) -> bytes:
        return as_content(
            {"last_updated": self.updated_at.isoformat(), "lots": self.lots}
        )


def downloads(
    source: Source,
    city: City,  # noqa: ARG001 - the signature of all adapters
    http: Http,
    seen: Seen,  # noqa: ARG001
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Look once. A feed that stands still brings the look that is known already."""
    _mapping(source)
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
        return
    answer = http.get(source.url)
    look = _look(source.url, answer.content, source.max_age)
    if now - look.updated_at > source.max_age:
        message = (
            f"{source.url} answers, but what it says is of"
            f" {look.updated_at:%Y-%m-%d %H:%M} UTC: it stands still"
        )
        raise SourceUnavailable(message, answer.status)
    yield Download(
        name=source.url,
        content=look.content,
        fetched_at=now,
        covers=(look.updated_at, look.updated_at + _INSTANT),
        http_status=answer.status,
    )


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read one look; the time of it is the feed's own."""
    mapping = _mapping(source)
    look = _look(download.name, download.read(), source.max_age)
    lots = [lot for lot in look.lots if lot["id"] not in mapping.ignored_car_parks]
    named = [
        {**lot, "name": mapping.car_parks.get(lot["id"] or "", lot["name"] or "")}
        for lot in lots
    ]
    raw = raw_of(named, _FIELDS)
    reading = columns.Reading(timezone=city.info.timezone, pseudonym=pseudonym)
    filled = columns.fill(raw, _TABLE, _COLUMNS, reading)
    rows = filled.rows.with_columns(
        observed_at=pl.lit(look.updated_at).dt.cast_time_unit("us"),
        # A closed car park is not a full one, whatever it counts.
        free=pl.when(pl.col("state") != "closed").then("free").otherwise(None),
    )
    return Parsed(
        table=_TABLE,
        rows=rows,
        refused=filled.refused,
        rows_read=raw.height,
        covers=download.covers or (look.updated_at, look.updated_at + _INSTANT),
    )


def _mapping(source: Source) -> ParkapiMapping:
    if not isinstance(source, ParkapiSource):
        message = f"{source.id} is no parkapi source"
        raise SourceChanged(message)
    return source.mapping


def _look(name: str, content: bytes, max_age: timedelta) -> _Look:
    document = read_document(name, content)
    if isinstance(document, Mapping) and "lots" in document:
        return _version_1(name, document)
    if isinstance(document, Mapping) and "items" in document:
        return _version_3(name, document, max_age)
    message = f"{name} is no answer of ParkAPI: it has neither lots nor items"
    raise SourceChanged(message)


def _version_1(name: str, document: Mapping[str, object]) -> _Look:
    updated_at = _moment(document.get("last_updated"))
    if updated_at is None:
        message = f"{name} does not say when it was updated (last_updated)"
        raise SourceChanged(message)
    lots = [
        {field: as_text(lot.get(field)) for field in _FIELDS}
        for lot in list_of_records(name, document["lots"])
    ]
    # Without data 0 are free, which is not what is meant.
    return _Look(
        updated_at,
        [{**lot, "free": None} if lot["state"] == "nodata" else lot for lot in lots],
    )


def _version_3(name: str, document: Mapping[str, object], max_age: timedelta) -> _Look:
    """Read the sites that are counted now; one that stands still is unknown."""
    items = list_of_records(name, document["items"])
    total = document.get("total_count")
    if isinstance(total, int) and total > len(items):
        message = (
            f"{name} gives {len(items)} of {total} car parks; ask for more at once"
            " (limit), or for fewer (source_uid), by the url"
        )
        raise DeliveryRefused(message)
    sites = [(_moment(one.get("realtime_data_updated_at")), one) for one in items]
    counted = [
        (moment, one)
        for moment, one in sites
        if moment is not None and one.get("has_realtime_data") is not False
    ]
    if not counted:
        message = f"{name} counts no car park at the moment"
        raise DeliveryRefused(message)
    newest = max(moment for moment, _ in counted)
    return _Look(
        newest,
        [_lot(one, is_old=newest - moment > max_age) for moment, one in counted],
    )


def _lot(site: Mapping[str, object], *, is_old: bool) -> dict[str, str | None]:
    capacity = site.get("realtime_capacity")
    if capacity is None:
        capacity = site.get("capacity")
    state = str(site.get("realtime_opening_status") or "unknown").lower()
    free = site.get("realtime_free_capacity")
    return {
        "id": as_text(site.get("original_uid") or site.get("id")),
        "name": as_text(site.get("name")),
        "free": None if is_old else as_text(free),
        "total": as_text(capacity),
        "state": "unknown" if is_old else state,
    }


def _moment(value: object) -> datetime | None:
    """Read a time; without a zone it is UTC, as ParkAPI says."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC)
