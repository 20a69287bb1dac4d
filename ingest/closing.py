"""How old looks of a live source are deleted, once what they gave has been closed.

Rows and figures change in one transaction; the archive follows. Killed at any point, a
later run finishes what is left. Whole deliveries are deleted, and stay listed.
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.disk import sync
from ingest.sources import Source
from ingest.warehouse import columns_of, insert_rows, read_frame, write_parquet

_UNFINISHED: Final = ".closing"  # is there until the archive has followed
_CLOSED: Final = "closed"
_ARCHIVED: Final = (
    "closings", "closed_figures", "closed_days", "deliveries", "warnings"
)  # fmt: skip
_TO_DELETE: Final = """
    SELECT delivery_id FROM deliveries
    WHERE source = ? AND covers_to <= ? AND rows_deleted_at IS NULL
"""


@dataclass(frozen=True)
class Closing:
    """One deletion of a source's old looks."""

    source: str
    table_name: str
    before_on: date  # a Monday, local
    looks_before: datetime  # its midnight
    keep_months: int
    closed_at: datetime
    code_version: str

    @property
    def id(self) -> str:
        return f"{self.source}-{self.closed_at:%Y%m%dT%H%M%S%f}"


def kept_from(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    city: City,
    now: datetime,
    needed_from: date | None = None,
) -> date | None:
    """Say from which day on a source's looks are kept; None: nothing is to be deleted.

    It is the Monday of the week of a 1 January, so that no week is torn. Months count
    back from the newest look: a source that has ended keeps its last ones. So does one
    whose looks are still shown one by one, from `needed_from` on.
    """
    if source.keep_months is None:
        return None
    reached = read_frame(
        connection,
        "SELECT max(least(covers_to, received_at)) AS newest FROM deliveries"
        " WHERE source = ? AND superseded_at IS NULL",
        [source.id],
    )["newest"][0]
    if reached is None:
        return None
    newest = min(reached, now).astimezone(city.timezone).date()
    before_on = monday_of_year(_months_before(newest, source.keep_months))
    if needed_from is not None:
        before_on = min(before_on, monday_of_year(needed_from))
    return before_on if _has_older(connection, source, before_on, city) else None


def monday_of_year(day: date) -> date:
    """Give the Monday of the week in which a day's year begins."""
    new_year = date(day.year, 1, 1)
    return new_year - timedelta(days=new_year.weekday())


def midnight(day: date, city: City) -> datetime:
    return datetime.combine(day, time(), city.timezone).astimezone(UTC)


def delete_looks(
    connection: duckdb.DuckDBPyConnection,
    archive: Path,
    closing: Closing,
    figures: pl.DataFrame,
    days: pl.DataFrame,
) -> None:
    """Close figures and delete the looks that they stand on; the caller holds WRITING.

    Their files are left to `finish_deletions`, which may take minutes and no lock.
    `figures` are of closed_figures, `days` of closed_days, both without closing_id.
    """
    own = connection.cursor()
    aside = archive / closing.source / _UNFINISHED / closing.id
    own.execute("BEGIN")
    try:
        _close(own, closing, figures, days)
        _put_aside(own, closing, aside)
        own.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed commit is undone
            own.execute("ROLLBACK")
        shutil.rmtree(aside, ignore_errors=True)
        raise


def finish_deletions(connection: duckdb.DuckDBPyConnection, archive: Path) -> None:
    """Let the archive follow the warehouse, also where a killed run left it."""
    for unfinished in archive.glob(f"*/{_UNFINISHED}"):
        folder = unfinished.parent
        known = read_frame(
            connection,
            "SELECT closing_id FROM closings WHERE source = ?",
            [folder.name],
        )["closing_id"].to_list()
        for aside in list(unfinished.iterdir()):
            if aside.name in known:
                (folder / _CLOSED).mkdir(exist_ok=True)
                aside.rename(folder / _CLOSED / aside.name)
                sync(folder / _CLOSED)
            else:
                shutil.rmtree(aside)
        # Only now: until here the warehouse could still be made from these files.
        _delete_files(connection, folder)
        unfinished.rmdir()


def restore(connection: duckdb.DuckDBPyConnection, archive: Path) -> frozenset[str]:
    """Read what was closed from the archive; return the deliveries that it lists."""
    for folder in sorted(archive.glob(f"*/{_CLOSED}/*")):
        for table in _ARCHIVED:
            insert_rows(connection, table, [folder / f"{table}.parquet"])
    listed: pl.DataFrame = connection.sql("SELECT delivery_id FROM deliveries").pl()
    return frozenset(listed["delivery_id"])


def deleted_before(
    connection: duckdb.DuckDBPyConnection, source: str
) -> datetime | None:
    """Say up to when a source's looks were deleted; None: none ever were."""
    found: datetime | None = read_frame(
        connection,
        "SELECT max(looks_before) AS latest FROM closings WHERE source = ?",
        [source],
    )["latest"][0]
    return found


def covers_deleted(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    covers: tuple[datetime, datetime] | None,
) -> bool:
    """Tell whether a span reaches into one whose looks were deleted.

    What was delivered over the Monday before and after is still there as a whole, and
    may be corrected; no closed figure changes by it.
    """
    first, end = covers or (None, None)
    found = read_frame(
        connection,
        """
        SELECT 1 FROM closings
        WHERE source = $source AND ($end IS NULL OR $end <= looks_before)
        UNION ALL
        SELECT 1 FROM deliveries
        WHERE source = $source AND rows_deleted_at IS NOT NULL
            AND superseded_at IS NULL
            AND ($end IS NULL OR covers_from < $end AND covers_to > $first)
        LIMIT 1
        """,
        {"source": source, "first": first, "end": end},
    )
    return not found.is_empty()


def _months_before(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)


def _has_older(
    connection: duckdb.DuckDBPyConnection, source: Source, before_on: date, city: City
) -> bool:
    bound = [source.id, midnight(before_on, city)]
    return not read_frame(connection, f"{_TO_DELETE} LIMIT 1", bound).is_empty()


def _close(
    own: duckdb.DuckDBPyConnection,
    closing: Closing,
    figures: pl.DataFrame,
    days: pl.DataFrame,
) -> None:
    of_closing = pl.lit(closing.id).alias("closing_id")
    insert_rows(own, "closings", _as_row(closing))
    insert_rows(own, "closed_figures", figures.with_columns(of_closing))
    insert_rows(own, "closed_days", days.with_columns(of_closing))
    bound = [closing.source, closing.looks_before]
    for table in (closing.table_name, "quarantine"):
        statement = f"DELETE FROM {table} WHERE delivery_id IN ({_TO_DELETE})"  # noqa: S608 - names of the schema
        own.execute(statement, bound)
    deleted = f"delivery_id IN ({_TO_DELETE})"
    statement = f"UPDATE deliveries SET rows_deleted_at = ? WHERE {deleted}"  # noqa: S608
    own.execute(statement, [closing.closed_at, *bound])


def _put_aside(own: duckdb.DuckDBPyConnection, closing: Closing, aside: Path) -> None:
    """Write what the archive will say of the deleted looks."""
    aside.mkdir(parents=True)
    deleted = (
        "SELECT delivery_id FROM deliveries WHERE source = ? AND rows_deleted_at = ?"
    )
    of_deliveries = f"delivery_id IN ({deleted})"
    bound: Mapping[str, tuple[str, list[object]]] = {
        **dict.fromkeys(_ARCHIVED, ("closing_id = ?", [closing.id])),
        **dict.fromkeys(
            ("deliveries", "warnings"),
            (of_deliveries, [closing.source, closing.closed_at]),
        ),
    }
    for table, (where, values) in bound.items():
        columns = ", ".join(columns_of(table))
        statement = f"SELECT {columns} FROM {table} WHERE {where}"  # noqa: S608 - names of the schema
        rows: pl.DataFrame = own.sql(statement, params=values).pl()
        file = aside / f"{table}.parquet"
        write_parquet(rows.lazy(), file)
        sync(file)
    sync(aside)


def _delete_files(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    deleted = set(
        read_frame(
            connection,
            "SELECT delivery_id FROM deliveries"
            " WHERE source = ? AND rows_deleted_at IS NOT NULL",
            [folder.name],
        )["delivery_id"]
    )
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.partition(".")[0] in deleted:
                Path(entry.path).unlink()
    sync(folder)


def _as_row(closing: Closing) -> pl.DataFrame:
    said = {**asdict(closing), "closing_id": closing.id}
    return pl.DataFrame(
        {
            name: pl.Series([said[name]], dtype=column.dtype)
            for name, column in columns_of("closings").items()
        }
    )
