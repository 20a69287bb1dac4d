"""Closes what old looks gave, and then deletes them, as the city file says.

No published figure changes by it. What each group and period came to is measured once
more from all rows that are loaded, and stands for ever in place of the looks.
"""

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.closing import (
    Closing,
    delete_looks,
    finish_deletions,
    kept_from,
    midnight,
)
from ingest.sources import Source
from ingest.warehouse import WRITING, columns_of, read_frame
from metrics.closed import closed_until, not_closed
from metrics.compute import values_of
from metrics.kpis import KPI_FUNCTIONS
from metrics.looked import COUNTED_AS
from metrics.looks import count_hours
from metrics.measure import PARTS, Facts
from metrics.provenance import code_version
from metrics.reading import Reading
from metrics.told import TOLD, told_days
from metrics.usual_week import MOST_WEEKS, count_lately, last_weeks
from metrics.when_to_go import wait_by_hour

log = logging.getLogger(__name__)

_ARCHIVE: Final = "archive"
_WINDOW: Final = ("office", "window_start")
_FIGURES: Final = {
    name: column.dtype
    for name, column in columns_of("closed_figures").items()
    if name != "closing_id"
}


def delete_old_looks(
    connection: duckdb.DuckDBPyConnection, city: City, data_dir: Path, now: datetime
) -> bool:
    """Delete what the city file no longer keeps; tell whether there was anything.

    `data_dir` is the city's folder. What goes wrong is said, not raised: nothing was
    deleted then, and the next time it is tried again.
    """
    now, archive = now.astimezone(UTC), data_dir / _ARCHIVE
    deleted = False
    for source in city.sources:
        if kept_from(connection, source, city, now) is None:
            continue
        try:
            with WRITING:  # so that nothing comes between measuring and deleting
                deleted |= _delete(connection, city, source, archive, now)
        except (duckdb.Error, OSError) as error:
            name = type(error).__name__
            log.error("%s: old looks could not be deleted: %s", source.id, name)
    try:
        finish_deletions(connection, archive)
    except OSError as error:
        log.error("files of deleted looks are still there: %s", type(error).__name__)
    return deleted


def _delete(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    source: Source,
    archive: Path,
    now: datetime,
) -> bool:
    reading = Reading(connection, city, now)
    told = _told(reading, source)
    needed_from = _shown_from(reading, told)
    before_on = kept_from(connection, source, city, now, needed_from)
    if before_on is None:
        return False
    old = told.filter(pl.col("day") < before_on)
    figures = pl.concat(
        [pl.DataFrame(schema=_FIGURES)]
        + [_closed(facts, reading, old, before_on) for facts in _facts_of(source)]
    )
    closing = Closing(
        source=source.id,
        table_name=source.table,
        before_on=before_on,
        looks_before=midnight(before_on, city),
        keep_months=source.keep_months or 0,
        closed_at=now,
        code_version=code_version(),
    )
    delete_looks(connection, archive, closing, figures, _not_yet_listed(reading, old))
    log.info(
        "%s: looks before %s deleted, %d figures closed",
        *(source.id, before_on, figures.height),
    )
    return True


def _told(reading: Reading, source: Source) -> pl.DataFrame:
    """List the days on which a source's looks ever told something, and what."""
    kinds = {kind for facts in _facts_of(source) for kind in COUNTED_AS[facts]}
    frames = [
        told_days(reading, table, of)
        .filter(pl.col("source") == source.id)
        .with_columns(says=pl.lit(of))
        for table, of in sorted(kinds)
    ]
    return pl.concat([pl.DataFrame(schema={**TOLD, "says": pl.String}), *frames])


def _facts_of(source: Source) -> list[Facts]:
    return [
        facts
        for facts, kinds in COUNTED_AS.items()
        if any(table == source.table for table, _ in kinds)
    ]


def _shown_from(reading: Reading, told: pl.DataFrame) -> date | None:
    """Say from which day on looks are still shown by the hour, or learnt from.

    None: none are.
    """
    windows = [wait_by_hour(reading).select(*_WINDOW)]
    hours = count_lately(count_hours, reading)
    if hours is not None:
        windows.append(last_weeks(hours, MOST_WEEKS).select(*_WINDOW))
    shown = pl.concat(windows).join(told, on="office", how="semi")
    first: date | None = shown.select(pl.col("window_start").min()).item()
    return first


def _closed(
    facts: Facts, reading: Reading, old: pl.DataFrame, before_on: date
) -> pl.DataFrame:
    """Give all that the old looks had a part in, as rows of closed_figures.

    That is every period of their offices that begins before they do: whatever other
    rows it stands on, too. The city's is closed as soon as any of its offices' is.
    """
    names = [of for _, of in COUNTED_AS[facts]]
    offices = old.filter(pl.col("says").is_in(names))["office"].unique()
    if offices.is_empty():
        return pl.DataFrame(schema=_FIGURES)
    values = not_closed(values_of(facts, reading), closed_until(reading, facts)).filter(
        pl.col("period_start") < before_on,
        pl.col("office").is_null() | pl.col("office").is_in(offices.implode()),
    )
    kpis = [kpi for kpi, function in KPI_FUNCTIONS.items() if function().facts == facts]
    return pl.concat(_long(values, facts, kpi) for kpi in kpis)


def _long(values: pl.DataFrame, facts: Facts, kpi: str) -> pl.DataFrame:
    parts = {
        part: pl.col(name) if name in values.columns else pl.lit(None)
        for part in PARTS
        for name in [f"{kpi}|{part}"]
    }
    return values.with_columns(facts=pl.lit(facts), kpi=pl.lit(kpi), **parts).select(
        pl.col(name).cast(kind) for name, kind in _FIGURES.items()
    )


def _not_yet_listed(reading: Reading, old: pl.DataFrame) -> pl.DataFrame:
    listed = read_frame(
        reading.connection, "SELECT source, says, office, day FROM closed_days"
    )
    return old.join(listed, on=listed.columns, how="anti")
