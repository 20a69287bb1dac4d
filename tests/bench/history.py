"""A long history of several offices, put straight into a warehouse, and its figures.

One delivery per office and month for visits, and one per office and quarter for cases,
as offices deliver. A year has a tenth of all visits, and half as many cases.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingest.city import City
from ingest.warehouse import open_warehouse

OFFICES = 8
YEARS = 10
FIRST_YEAR = 2016
NOW = datetime(FIRST_YEAR + YEARS, 1, 12, 6, tzinfo=UTC)
_SERVICES = 3
_HOURS = [{"opens": "08:00", "closes": "16:00"}]

_TICKETS = """
    INSERT INTO tickets (delivery_id, office, service, channel, appointment_at,
        arrived_at, called_at, shown_at, finished_at, outcome, persons)
    SELECT 'tickets-' || office || '-' || strftime(came, '%Y-%m'), 'amt' || office,
        'leistung' || office || (i % 3), CASE WHEN i % 3 = 0 THEN 'walk_in' ELSE 'appointment' END,
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
            SELECT i, hash(i) AS h, i % $offices AS office,
                $first + to_days((i // $a_day)::INTEGER)
                    + to_seconds((25200 + i % $a_day * 28800 // $a_day)::BIGINT) AS came
            FROM range($visits) r(i)
        )
    )
"""
_CASES = """
    INSERT INTO cases (delivery_id, office, service, channel, received_at, complete_at,
        decided_at, closed_at, outcome, digital_end_to_end, case_key)
    SELECT 'cases-' || office || '-' || year(came) || '-' || quarter(came), 'amt' || office,
        'leistung' || office || (i % 3), CASE WHEN i % 2 = 0 THEN 'online' ELSE 'paper' END,
        came, came + to_days((h % 9)::INTEGER), done, done,
        CASE WHEN done IS NOT NULL THEN 'granted' END, i % 4 = 0, md5(i::VARCHAR)
    FROM (
        SELECT *, CASE WHEN came + to_days(days) < $now THEN came + to_days(days) END AS done
        FROM (
            SELECT i, hash(i) AS h, i % $offices AS office, (3 + pow(hash(i) % 1000 / 1000.0, 2) * 120)::INTEGER AS days,
                $first + to_days((i // $a_day)::INTEGER) + INTERVAL 9 HOUR AS came
            FROM range($visits // 2) r(i)
        )
    )
"""
_DELIVERIES = """
    INSERT INTO deliveries (delivery_id, source, table_name, covers_from, covers_to,
        content_sha256, read_with, name, received_at, rows_read, rows_loaded,
        rows_quarantined)
    SELECT delivery_id, $table || '-' || office, $table,
        date_trunc($span, min(came)), date_trunc($span, min(came)) + $length,
        delivery_id, '', delivery_id, max(came) + INTERVAL 1 DAY, count(*), count(*), 0
    FROM rows_of GROUP BY delivery_id, office
"""


def city() -> City:
    text = {"de": "x", "en": "x"}
    offices = [f"amt{number}" for number in range(OFFICES)]
    return City.model_validate(
        {
            "city": {
                "id": "grossstadt",
                "name": "Großstadt",
                "ars": "069990000000",
                "state": "HE",
                "timezone": "Europe/Berlin",
                "contact": {"name": "Rathaus"},
                "publisher": "Stadt",
                "licence": "dl-de/zero-2.0",
            },
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
        with open_warehouse(Path(folder) / "warehouse.duckdb") as connection:
            _fill(connection, int(visits))
        return int(visits) * 3 // 2

    return work


def _fill(connection: duckdb.DuckDBPyConnection, visits: int) -> None:
    days = YEARS * 365
    first = datetime(FIRST_YEAR, 1, 4, tzinfo=UTC)
    common = {"offices": OFFICES, "first": first}
    connection.execute(
        _TICKETS, common | {"visits": visits, "a_day": -(-visits // days)}
    )
    connection.execute(
        _CASES,
        common | {"visits": visits, "a_day": -(-visits // 2 // days), "now": NOW},
    )
    for table, moment, span, length in (
        (
            "tickets",
            "coalesce(called_at, arrived_at, appointment_at)",
            "month",
            "1 month",
        ),
        ("cases", "received_at", "quarter", "3 months"),
    ):
        connection.execute(
            f"CREATE TEMP TABLE rows_of AS SELECT delivery_id, office, {moment} AS came"  # noqa: S608
            f" FROM {table}"
        )
        connection.execute(
            _DELIVERIES.replace("$length", f"INTERVAL '{length}'"),
            {"table": table, "span": span},
        )
        connection.execute("DROP TABLE rows_of")
    connection.execute("CHECKPOINT")
