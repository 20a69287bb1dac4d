"""What was measured before its looks were deleted stands in for what no longer can be.

A closed period of a group is never measured again: neither what is left of its rows nor
a later delivery changes it.
"""

from typing import Final

import duckdb
import polars as pl

from ingest.warehouse import read_frame
from metrics.closings import Closed
from metrics.measure import PARTS, Facts
from metrics.measured import DIMENSIONS, Task
from metrics.reading import Reading

_CELL: Final = ("population", "grain", *DIMENSIONS, "period_start")
_CLOSINGS: Final = """
    SELECT source, before_on, keep_months, closed_at, code_version,
        list(DISTINCT kpi ORDER BY kpi) AS kpis,
        coalesce(list(DISTINCT office ORDER BY office) FILTER (office IS NOT NULL), [])
            AS offices,
        bool_or(office IS NULL) AS of_city
    FROM closings JOIN closed_figures USING (closing_id)
    GROUP BY ALL ORDER BY closed_at, source
"""


def read_closings(connection: duckdb.DuckDBPyConnection) -> list[Closed]:
    """List the deletions that closed any figure, oldest first."""
    found = []
    for row in read_frame(connection, _CLOSINGS).to_dicts():
        of_city = [None] if row.pop("of_city") else []
        offices = (*of_city, *row.pop("offices"))
        found.append(Closed(**row | {"kpis": tuple(row["kpis"]), "offices": offices}))
    return found


def closed_until(reading: Reading, facts: Facts) -> pl.DataFrame:
    """Say of each office (null: all) before which day its periods are closed."""
    return read_frame(
        reading.connection,
        "SELECT office, max(before_on) AS before_on"
        " FROM closed_figures JOIN closings USING (closing_id)"
        " WHERE facts = ? GROUP BY office",
        [facts],
    )


def not_closed(values: pl.DataFrame, until: pl.DataFrame) -> pl.DataFrame:
    """Leave out what was measured of periods that are closed."""
    if until.is_empty():
        return values
    is_open = pl.col("before_on").is_null() | (
        pl.col("period_start") >= pl.col("before_on")
    )
    return (
        values.join(
            until, on="office", how="left", nulls_equal=True, maintain_order="left"
        )
        .filter(is_open)
        .drop("before_on")
    )


def with_closed(
    values: pl.DataFrame, facts: Facts, task: Task, reading: Reading
) -> pl.DataFrame:
    """Put what was closed in the place of what was measured of the same periods."""
    until = closed_until(reading, facts)
    if until.is_empty():
        return values
    closed = _wide(_closed(facts, task, reading), task).select(
        pl.col(name).cast(kind) for name, kind in values.schema.items()
    )
    return pl.concat([not_closed(values, until), closed])


def _closed(facts: Facts, task: Task, reading: Reading) -> pl.DataFrame:
    """Read the closed figures of the cells that are asked for."""
    cells = [
        (population, grain)
        for population, grains in task.grains.items()
        for grain in grains
    ]
    wanted = " OR ".join(["(population = ? AND grain = ?)"] * len(cells)) or "FALSE"
    bound = [facts, *(word for cell in cells for word in cell)]
    if reading.office is not None:
        wanted = f"({wanted}) AND office = ?"
        bound.append(reading.office)
    # A service that has left the city file has no figures: nothing says any more
    # whether it is a sensitive one.
    services = [service.id for service in reading.city.services]
    return read_frame(
        reading.connection,
        f"SELECT * FROM closed_figures WHERE facts = ? AND ({wanted})"  # noqa: S608 - bound
        " AND (service IS NULL OR list_contains(?, service))",
        [*bound, services],
    )


def _wide(closed: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Give one row per group and period, with the parts of all KPIs beside another."""
    wide = closed.select(*_CELL, "events").unique()
    for kpi, measure in task.measures.items():
        parts = {
            f"{kpi}|{part}": pl.col(part)
            for part in PARTS
            if getattr(measure, part) is not None
        }
        of_kpi = closed.filter(pl.col("kpi") == kpi).select(*_CELL, **parts)
        wide = wide.join(of_kpi, on=_CELL, how="left", nulls_equal=True)
    return wide
