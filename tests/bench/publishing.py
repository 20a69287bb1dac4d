"""From the warehouse to a snapshot, beside the same groups in plain Polars."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import duckdb
import polars as pl

from ingest.warehouse import open_warehouse, read_rows
from metrics.snapshot import publish
from tests.bench.exports import CITY_FILE, NOW, city

GRAINS = ("1d", "1w", "1mo", "1q", "1y")
POPULATIONS = ((), ("office",), ("office", "service"), ("office", "channel"))


def amtspuls(data: str) -> Callable[[], int]:
    """Compute every figure, protect, and write both snapshots."""
    sample, folder = city(), Path(data)
    connection = open_warehouse(folder / "warehouse.duckdb")

    def work() -> int:
        path = publish(connection, sample, CITY_FILE, folder, NOW)
        return (
            pl.scan_parquet(path / "figures.parquet").select(pl.len()).collect().item()
        )

    return work


def plain_polars(data: str) -> Callable[[], int]:
    """Aggregate the same tickets and cases: no calendar, no protection, no files."""
    connection = open_warehouse(Path(data) / "warehouse.duckdb")

    def work() -> int:
        tickets = _visits(read_rows(connection, "tickets"))
        cases = _cases(read_rows(connection, "cases"))
        return sum(
            _visit_groups(tickets, by, grain).height + _case_groups(cases, by, grain)
            for by, grain in product(POPULATIONS, GRAINS)
        )

    return work


def waits_in_polars(connection: duckdb.DuckDBPyConnection) -> int:
    """Aggregate all waits at once, in every population and grain."""
    visits = _visits(read_rows(connection, "tickets"))
    return sum(
        _visit_groups(visits, by, grain).height
        for by, grain in product(POPULATIONS, GRAINS)
    )


def waits_in_duckdb(connection: duckdb.DuckDBPyConnection) -> int:
    """Do the same in SQL, on local days that are converted once."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE visits AS
        SELECT office, service, channel, outcome, persons,
            greatest(date_diff('second', greatest(appointment_at, arrived_at),
                called_at), 0) / 60.0 AS wait,
            timezone('Europe/Berlin', coalesce(called_at, appointment_at, arrived_at))
                ::DATE AS day
        FROM tickets JOIN deliveries USING (delivery_id) WHERE superseded_at IS NULL"""
    )
    spans = ("day", "week", "month", "quarter", "year")
    return sum(
        len(
            connection.execute(
                f"""SELECT {"".join(f"{name}, " for name in by)}
                    date_trunc('{span}', day) AS period, avg(wait),
                    quantile_disc(wait, 0.5), quantile_disc(wait, 0.9),
                    avg((wait <= 15)::INTEGER), count(wait),
                    avg((outcome = 'no_show')::INTEGER),
                    avg((outcome = 'left')::INTEGER), sum(wait * persons)
                FROM visits GROUP BY ALL"""  # noqa: S608 - names of our own
            ).fetchall()
        )
        for by, span in product(POPULATIONS, spans)
    )


def _local_day(column: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone("Europe/Berlin").dt.date()


def _visits(tickets: pl.DataFrame) -> pl.DataFrame:
    begin = pl.max_horizontal("appointment_at", "arrived_at")
    minutes = (pl.col("called_at") - begin).dt.total_seconds() / 60
    return tickets.select(
        "office", "service", "channel", "outcome", "persons",
        wait=minutes.clip(lower_bound=0),
        day=pl.coalesce(
            _local_day(name) for name in ("called_at", "appointment_at", "arrived_at")
        ),
    )  # fmt: skip


def _visit_groups(visits: pl.DataFrame, by: Sequence[str], grain: str) -> pl.DataFrame:
    wait = pl.col("wait")
    return visits.group_by(*by, pl.col("day").dt.truncate(grain)).agg(
        wait.mean().alias("mean"),
        wait.quantile(0.5, "equiprobable").alias("median"),
        wait.quantile(0.9, "equiprobable").alias("p90"),
        (wait <= 15).mean().alias("within_target"),
        wait.count().alias("visits"),
        (pl.col("outcome") == "no_show").mean().alias("no_show"),
        (pl.col("outcome") == "left").mean().alias("left"),
        (wait * pl.col("persons")).sum().alias("hours_waited"),
    )


def _cases(cases: pl.DataFrame) -> pl.DataFrame:
    received, decided = _local_day("received_at"), _local_day("decided_at")
    return cases.select(
        "office", "service", "channel",
        received=received, decided=decided, days=(decided - received).dt.total_days(),
    )  # fmt: skip


def _case_groups(cases: pl.DataFrame, by: Sequence[str], grain: str) -> int:
    days = pl.col("days")
    decided = (
        cases.drop_nulls("decided")
        .group_by(*by, period=pl.col("decided").dt.truncate(grain))
        .agg(
            pl.len().alias("decided"),
            days.quantile(0.5, "equiprobable").alias("median"),
            days.quantile(0.8, "equiprobable").alias("p80"),
        )
    )
    received = cases.group_by(*by, period=pl.col("received").dt.truncate(grain)).agg(
        pl.len().alias("received")
    )
    keys = [*by, "period"]
    both = received.join(decided, on=keys, how="full", coalesce=True).sort(keys)
    moved = pl.col("received").fill_null(0) - pl.col("decided").fill_null(0)
    opened = moved.cum_sum().over(by) if by else moved.cum_sum()
    return both.with_columns(opened.alias("open")).height
