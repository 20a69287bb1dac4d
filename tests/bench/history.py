"""A long history of several offices, put straight into a warehouse, and its figures.

One delivery per office and month for visits, and one per office and quarter for cases,
as offices deliver. A year has a tenth of all visits, and half as many cases.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from ingest.city import City
from ingest.warehouse import open_warehouse
from metrics.compute import figures_of
from metrics.reading import Reading
from metrics.snapshot import publish
from tests.bench import publishing
from tests.bench.cities import HEAD
from tests.bench.exports import CITY_FILE

OFFICES = 8
YEARS = 10
FIRST_YEAR = 2016
NOW = datetime(FIRST_YEAR + YEARS, 1, 12, 6, tzinfo=UTC)
_SERVICES = 3
_HOURS = [{"opens": "08:00", "closes": "16:00"}]

_TICKETS = """
    INSERT INTO tickets (delivery_id, office, service, channel, appointment_at,
        arrived_at, called_at, shown_at, finished_at, outcome, persons)
    SELECT 'tickets-' || office || '-' || strftime(came, '%Y-%m'),
        'amt' || office, 'leistung' || office || (i % 3),
        CASE WHEN i % 3 = 0 THEN 'walk_in' ELSE 'appointment' END,
        CASE WHEN i % 3 > 0 THEN date_trunc('minute', came) END,
        CASE WHEN outcome <> 'no_show' THEN came END,
        CASE WHEN outcome = 'served' THEN came + to_seconds(wait) END,
        CASE WHEN outcome = 'served' THEN came + to_seconds(wait + 40) END,
        CASE WHEN outcome = 'served' THEN came + to_seconds(wait + 640) END,
        outcome, 1 + (i % 17 = 0)::INTEGER
    FROM (
        SELECT *, CASE WHEN i % 3 > 0 AND h % 10 = 0 THEN 'no_show'
            WHEN h % 31 = 0 THEN 'left' ELSE 'served' END AS outcome,
            (pow(h % 1000 / 1000.0, 3) * 5400)::BIGINT AS wait
        FROM (
            SELECT i, hash(i) AS h, i // 7 % $offices AS office,
                $first + to_days((i // $a_day)::INTEGER)
                    + to_seconds((25200 + i % $a_day * 28800 // $a_day)::BIGINT)
                AS came
            FROM range($begin, $end) r(i)
        )
    )
"""
_CASES = """
    INSERT INTO cases (delivery_id, office, service, channel, received_at, complete_at,
        decided_at, closed_at, outcome, digital_end_to_end, case_key)
    SELECT 'cases-' || office || '-' || year(came) || '-' || quarter(came),
        'amt' || office, 'leistung' || office || (i % 3),
        CASE WHEN i % 2 = 0 THEN 'online' ELSE 'paper' END,
        came, came + to_days((h % 9)::INTEGER), done, done,
        CASE WHEN done IS NOT NULL THEN 'granted' END, i % 4 = 0, md5(i::VARCHAR)
    FROM (
        SELECT *, CASE WHEN came + to_days(days) < $now THEN came + to_days(days) END
            AS done
        FROM (
            SELECT i, hash(i) AS h, i // 7 % $offices AS office,
                (3 + pow(hash(i) % 1000 / 1000.0, 2) * 120)::INTEGER AS days,
                $first + to_days((i // $a_day)::INTEGER) + INTERVAL 9 HOUR AS came
            FROM range($begin, $end) r(i)
        )
    )
"""
_DELIVERIES = """
    INSERT INTO deliveries (delivery_id, source, table_name, covers_from, covers_to,
        content_sha256, read_with, name, received_at, rows_read, rows_loaded,
        rows_quarantined)
    SELECT delivery_id, $table || '-' || office, $table,
        date_trunc($span, min(came)), date_trunc($span, min(came)) + $length::INTERVAL,
        delivery_id, '', delivery_id, max(came) + INTERVAL 1 DAY, count(*), count(*), 0
    FROM (SELECT delivery_id, office, {moment} AS came FROM {table})
    WHERE delivery_id NOT IN (SELECT delivery_id FROM deliveries)
    GROUP BY delivery_id, office
"""
_TABLES = {
    "tickets": (_TICKETS, "coalesce(called_at, arrived_at, appointment_at)", "month"),
    "cases": (_CASES, "received_at", "quarter"),
}


def city() -> City:
    text = {"de": "x", "en": "x"}
    offices = [f"amt{number}" for number in range(OFFICES)]
    return City.model_validate(
        {
            "city": HEAD,
            "office": [
                {
                    "id": office,
                    "name": text,
                    "hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _HOURS),
                }
                for office in offices
            ],
            "service": [
                {
                    "id": f"leistung{number}{service}",
                    "leika": "9" * 14,
                    "name": text,
                    "office": office,
                }
                for number, office in enumerate(offices)
                for service in range(_SERVICES)
            ],
            "deadline": [
                {
                    "service": f"leistung{number}0",
                    "norm": "x",
                    "duration": 3,
                    "unit": "months",
                    "starts_at": "received",
                    "label": text,
                    "source": "x",
                    "valid_from": "2010-01-01",
                }
                for number in range(OFFICES)
            ],
            "publish": {
                "cells": [
                    {
                        "kpis": ["waiting.*"],
                        "by": ["city", "office"],
                        "grains": ["day", "week", "month", "quarter", "year"],
                    },
                    {
                        "kpis": ["*"],
                        "by": ["city", "office", "office_service", "office_channel"],
                        "grains": ["month", "quarter", "year"],
                    },
                ]
            },
        }
    )


def fill(folder: str, visits: str) -> Callable[[], int]:
    """Fill a warehouse with ten years of visits and half as many cases."""

    def work() -> int:
        with _warehouse(folder) as connection:
            _add(connection, int(visits), range(YEARS * 365))
            connection.execute("CHECKPOINT")
        return int(visits) * 3 // 2

    return work


def next_day(folder: str, visits: str) -> Callable[[], int]:
    """Deliver one more day, and the last month and quarter once more."""

    def work() -> int:
        with _warehouse(folder) as connection:
            _replace(connection, "tickets", "2026-01")
            _replace(connection, "cases", "2025-4")
            _add(connection, int(visits), range(YEARS * 365, YEARS * 365 + 1))
        return int(visits) // YEARS // 365

    return work


def everything(folder: str) -> Callable[[], int]:
    """Compute and publish all figures."""
    return lambda: _publish(folder, anew=True)


def what_changed(folder: str) -> Callable[[], int]:
    """Publish after a delivery: only what it touched is computed."""
    return lambda: _publish(folder, anew=False)


def plain_polars(folder: str) -> Callable[[], int]:
    """Aggregate the waits of the same visits, as publishing's neighbour does."""
    return _waits(folder, publishing.waits_in_polars)


def plain_duckdb(folder: str) -> Callable[[], int]:
    """Aggregate the same groups in SQL."""
    return _waits(folder, publishing.waits_in_duckdb)


def waiting_family(folder: str) -> Callable[[], int]:
    """Compute our waiting family alone: the same groups, with all their KPIs."""

    def compute_visits(connection: duckdb.DuckDBPyConnection) -> int:
        reading = Reading(connection, city(), NOW)
        return sum(frame.height for frame in figures_of("visits", reading))

    return _waits(folder, compute_visits)


def _waits(
    folder: str, work: Callable[[duckdb.DuckDBPyConnection], int]
) -> Callable[[], int]:
    connection = _warehouse(folder)
    return lambda: work(connection)


def _publish(folder: str, *, anew: bool) -> int:
    home = Path(folder)
    with _warehouse(folder) as connection:
        path = publish(connection, city(), CITY_FILE, home, NOW, anew=anew)
    figures = pl.scan_parquet(path / "figures.parquet").select(pl.len())
    return int(figures.collect().item())


def _warehouse(folder: str) -> duckdb.DuckDBPyConnection:
    return open_warehouse(Path(folder) / "warehouse.duckdb")


def _add(connection: duckdb.DuckDBPyConnection, visits: int, days: range) -> None:
    first = datetime(FIRST_YEAR, 1, 4, tzinfo=UTC)
    for table, (statement, moment, span) in _TABLES.items():
        count = visits if table == "tickets" else visits // 2
        a_day = -(-count // (YEARS * 365))
        bound = {"offices": OFFICES, "first": first, "a_day": a_day}
        bound |= {"begin": days.start * a_day, "end": days.stop * a_day}
        if table == "cases":
            bound["now"] = NOW
        connection.execute(statement, bound)
        connection.execute(
            _DELIVERIES.format(table=table, moment=moment),
            {"table": table, "span": span, "length": f"1 {span}"},
        )


def _replace(connection: duckdb.DuckDBPyConnection, table: str, period: str) -> None:
    """Let deliveries come again, with other bytes but the same rows."""
    names = connection.execute(
        "SELECT delivery_id FROM deliveries WHERE delivery_id LIKE ?",
        [f"{table}-%-{period}"],
    ).fetchall()
    for (name,) in names:
        again = {"old": name, "new": f"{name}-again"}
        for statement in (
            f"INSERT INTO {table} SELECT * REPLACE ($new AS delivery_id)"  # noqa: S608
            f" FROM {table} WHERE delivery_id = $old",
            "INSERT INTO deliveries SELECT * REPLACE ($new AS delivery_id)"
            " FROM deliveries WHERE delivery_id = $old",
        ):
            connection.execute(statement, again)
        connection.execute(
            "UPDATE deliveries SET superseded_at = $now WHERE delivery_id = $old",
            {"old": name, "now": NOW},
        )
