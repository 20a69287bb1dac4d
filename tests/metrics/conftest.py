"""A small city with a real warehouse, filled delivery by delivery."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ingest.city import City
from ingest.warehouse import columns_of, insert_rows, open_warehouse

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
HOURS = {day: [{"opens": "08:00", "closes": "12:00"}] for day in WEEKDAYS}


@pytest.fixture(scope="session")
def make_city() -> Callable[..., City]:
    """Build a city of two offices in Hessen; keywords replace parts of its file."""

    def make(**parts: Any) -> City:
        document = {
            "city": {
                "id": "kleinstadt",
                "name": "Kleinstadt",
                "ars": "000000000000",
                "state": "HE",
                "timezone": "Europe/Berlin",
                "contact": {"name": "Rathaus"},
                "publisher": "Stadt Kleinstadt",
                "licence": "dl-de/by-2-0",
                **parts.pop("info", {}),
            },
            "office": [office("meldeamt"), office("bauamt")],
            "service": [
                service("ausweis", "meldeamt"),
                service("pass", "meldeamt"),
                service("bauantrag", "bauamt"),
            ],
            "publish": {"cells": []},
        }
        return City.model_validate(document | parts)

    return make


def office(office_id: str) -> dict[str, Any]:
    name = {"de": office_id.title(), "en": office_id.title()}
    return {"id": office_id, "name": name, "hours": HOURS}


def service(service_id: str, office_id: str) -> dict[str, Any]:
    name = {"de": service_id.title(), "en": service_id.title()}
    return {"id": service_id, "leika": "9" * 14, "name": name, "office": office_id}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_warehouse(tmp_path / "warehouse.duckdb") as opened:
        yield opened


@pytest.fixture
def deliver(connection: duckdb.DuckDBPyConnection) -> Callable[..., str]:
    """Load rows as one delivery; it reaches up to `until`."""
    numbers = count(1)

    def load(
        table: str,
        rows: Sequence[dict[str, Any]],
        *,
        until: datetime,
        received_at: datetime | None = None,
        source: str = "system",
        first: datetime | None = None,
    ) -> str:
        delivery_id = f"delivery-{next(numbers):04}"
        connection.execute(
            "INSERT INTO deliveries (delivery_id, source, table_name, covers_from,"
            " covers_to, content_sha256, read_with, name, received_at, rows_read,"
            " rows_loaded, rows_quarantined)"
            " VALUES (?, ?, ?, ?, ?, '', '', '', ?, ?, ?, 0)",
            [delivery_id, source, table, first, until, received_at or until]
            + [len(rows)] * 2,
        )
        types = {name: column.dtype for name, column in columns_of(table).items()}
        known = [{"delivery_id": delivery_id, **row} for row in rows]
        frame = pl.DataFrame(known, schema=types)
        insert_rows(connection, table, frame)
        return delivery_id

    return load


@pytest.fixture
def far_future() -> datetime:
    return datetime(2030, 1, 1, tzinfo=UTC)
