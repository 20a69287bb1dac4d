"""ZMS, the appointment system of Berlin and München: hours of waits, booked minutes.

Its months and quarters are means of days in which a day without visitors counts as
0 minutes, so only days and hours are asked for.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from ingest.adapters import places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen, Span
from ingest.adapters.columns import Reading
from ingest.adapters.spans import next_period, periods, span_of_period
from ingest.adapters.windows import is_due
from ingest.adapters.zms_report import Report, days_of, raw_of, read_reports
from ingest.adapters.zms_tables import days_of_slots, hours_of, numbers
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.interface_mappings import ZmsMapping
from ingest.sources import Source, ZmsSource

_NOT_FOUND: Final = 404  # ReportNotFound: nothing was recorded
_BACK: Final = timedelta(days=90)
_AHEAD: Final = timedelta(days=366)  # appointments are planned
_MAKE = {"queue_hours": hours_of, "slots": days_of_slots}


def downloads(
    source: Source,
    city: City,
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield one delivery per month for all offices, or what lies in the folder."""
    mapping = _mapping(source)
    if source.url is None:
        files = places.files_in_folder(source, now, data_dir)
        yield from handed_in(files, source, city, now)
        return
    today = now.astimezone(city.timezone).date()
    first = mapping.first_day or today - _BACK
    was_there = bool(seen.deliveries)
    for start in reversed(list(periods(first, today, "month"))):
        covers = span_of_period(start, "month", city.timezone)
        name = _address(source.url, mapping, ",".join(mapping.offices), start)
        if not is_due(seen.deliveries.get(name), covers, now):
            continue
        reports = _ask(source.url, mapping, start, http)
        if reports:
            was_there = True
            yield Download(name, _as_content(reports), now, covers)
    if not was_there:
        message = (
            f"{source.url} answers 404 for every month: either nothing was recorded"
            " yet, or the address or the ids in mapping.offices are wrong"
        )
        raise SourceUnavailable(message, _NOT_FOUND)


def handed_in(
    files: Sequence[Path],
    source: Source,
    city: City,
    now: datetime,
) -> Iterator[Download]:
    """Read files about the same days as one delivery, so that none undoes another."""
    _mapping(source)
    spans: list[tuple[Span, list[str], list[Report]]] = []
    for path in files:
        reports = read_reports(path.name, Download(path.name, path, now).read())
        spans.append((_span(path.name, reports, city, now), [path.name], reports))
    for covers, names, reports in places.joined(spans):
        yield Download(" + ".join(names), _as_content(reports), now, covers)


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read reports by their dictionary, never by the position of a column."""
    mapping = _mapping(source)
    reports = read_reports(download.name, download.read())
    raw, broken = raw_of(
        download.name, reports, mapping.table, mapping.ignored_variables
    )
    ignored = pl.col("subjectid").is_in(mapping.ignored_offices)
    raw = raw.filter(~ignored.fill_null(value=False))
    reading = Reading(timezone=city.info.timezone, pseudonym=pseudonym)
    rows, refused = _MAKE[mapping.table](raw, mapping, reading)
    if mapping.table == "queue_hours":
        rows = rows.with_columns(_believed(source.checks.max_wait_minutes))
    broken = broken.with_columns(numbers(0))
    refused = pl.concat([broken, refused]).sort("row_number", maintain_order=True)
    covers = download.covers
    if covers is None:
        covers = _span(download.name, reports, city, download.fetched_at)
    return Parsed(
        table=mapping.table,
        rows=rows,
        refused=refused,
        rows_read=rows.height + refused.height,
        covers=covers,
    )


def _mapping(source: Source) -> ZmsMapping:
    if not isinstance(source, ZmsSource):
        message = f"{source.id} is no zms_warehouse source"
        raise SourceChanged(message)
    return source.mapping


def _believed(most: float) -> pl.Expr:
    """Drop wild estimates: ZMS keeps the highest of an hour, and that is no wait."""
    estimate = pl.col("estimated_wait_minutes")
    return pl.when(estimate <= most).then(estimate).alias("estimated_wait_minutes")


def _ask(url: str, mapping: ZmsMapping, start: date, http: Http) -> list[Report]:
    reports: list[Report] = []
    for office in mapping.offices:
        address = _address(url, mapping, office, start)
        try:
            answer = http.get(address)
        except SourceUnavailable as error:
            if error.http_status != _NOT_FOUND:
                raise
            continue
        found = read_reports(address, answer.content)
        reports += [report for report in found if report.rows]
    return reports


def _address(url: str, mapping: ZmsMapping, office: str, start: date) -> str:
    base = f"{url.rstrip('/')}/{mapping.subject}/{office}"
    if mapping.table == "slots":  # known for the whole time only, or from day to day
        last = next_period(start, "month") - timedelta(days=1)
        return f"{base}/_/?fromDate={start}&toDate={last}"
    return f"{base}/{start:%Y-%m}/"


def _as_content(reports: Sequence[Report]) -> bytes:
    return json.dumps([report.plain for report in reports]).encode()


def _span(name: str, reports: Sequence[Report], city: City, now: datetime) -> Span:
    latest = now.astimezone(city.timezone).date() + _AHEAD
    days = [day for report in reports for day in days_of(report, latest)]
    if not days:
        message = f"{name} holds no row with a day; nothing was loaded"
        raise DeliveryRefused(message)
    first, _ = span_of_period(min(days), "day", city.timezone)
    _, end = span_of_period(max(days), "day", city.timezone)
    return first, end
