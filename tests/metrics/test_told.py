"""The days told of are the same, whether read anew or kept per delivery."""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.warehouse import open_warehouse, read_rows
from metrics import said as said_module
from metrics import told as told_module
from metrics.reading import Reading
from metrics.said import SAID
from metrics.said_rows import read_said
from metrics.shelf import Shelf
from metrics.told import told_days

NOW = datetime(2026, 7, 1, tzinfo=UTC)
# Late in the evening of a winter's day, in UTC: the next day in Berlin.
LATE = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)


def load(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, source: str = "system"
) -> None:
    connection.execute(
        "INSERT INTO deliveries (delivery_id, source, table_name, content_sha256,"
        " read_with, name, received_at, rows_read, rows_loaded, rows_quarantined)"
        " VALUES (?, ?, ?, '', '', '', ?, 0, 0, 0)",
        [name, source, table, NOW],
    )


def visit(
    connection: duckdb.DuckDBPyConnection,
    delivery: str,
    called_at: datetime | None,
    office: str = "meldeamt",
    outcome: str = "served",
) -> None:
    connection.execute(
        "INSERT INTO tickets (delivery_id, office, called_at, arrived_at, outcome)"
        " VALUES (?, ?, ?, ?, ?)",
        [delivery, office, called_at, called_at, outcome],
    )


def look(
    connection: duckdb.DuckDBPyConnection, delivery: str, at: datetime, state: str
) -> None:
    connection.execute(
        "INSERT INTO queue_samples (delivery_id, office, observed_at, state, waiting)"
        " VALUES (?, 'bauamt', ?, ?, 3)",
        [delivery, at, state],
    )


def supersede(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute(
        "UPDATE deliveries SET superseded_at = ? WHERE delivery_id = ?", [NOW, name]
    )


def days(reading: Reading, table: str, of: str) -> list[dict[str, Any]]:
    told = told_days(reading, table, of).sort("source", "office", "day")
    return told.to_dicts()


@pytest.fixture
def read(connection, make_city, tmp_path) -> Callable[..., Reading]:
    def reading(*, keep: bool = True) -> Reading:
        kept = Shelf(tmp_path / "kept", "guard") if keep else None
        return Reading(connection, make_city(), NOW, shelf=kept)

    return reading


def test_the_days_are_those_of_the_city_s_clocks(connection, read):
    load(connection, "tickets", "first")
    visit(connection, "first", LATE)
    visit(connection, "first", LATE - timedelta(hours=1))
    told = days(read(), "tickets", "visit")
    assert [each["day"] for each in told] == [date(2026, 1, 5), date(2026, 1, 6)]
    assert {each["source"] for each in told} == {"system"}


def test_a_day_is_told_of_by_the_rows_that_say_so(connection, read):
    load(connection, "tickets", "first")
    visit(connection, "first", LATE, outcome="left")
    visit(connection, "first", None)
    assert days(read(), "tickets", "no_show") == []
    assert len(days(read(), "tickets", "left")) == 1
    assert days(read(), "tickets", "left") == days(read(), "tickets", "visit")


def test_one_more_row_gives_the_day_another_key(connection, read):
    load(connection, "tickets", "first")
    visit(connection, "first", LATE)
    before = days(read(keep=False), "tickets", "visit")
    visit(connection, "first", LATE)
    after = days(read(keep=False), "tickets", "visit")
    assert [each["day"] for each in before] == [each["day"] for each in after]
    assert before != after


def test_only_rows_of_new_deliveries_are_read(connection, read, monkeypatch):
    load(connection, "tickets", "first")
    load(connection, "tickets", "without rows")
    visit(connection, "first", LATE)
    days(read(), "tickets", "visit")
    asked: list[Any] = []
    plain = told_module._read

    def spy(reading: Reading, table: str, deliveries: Any = None) -> pl.DataFrame:
        asked.append(deliveries)
        return plain(reading, table, deliveries)

    monkeypatch.setattr(told_module, "_read", spy)
    days(read(), "tickets", "visit")
    assert asked == []
    load(connection, "tickets", "second")
    visit(connection, "second", LATE)
    days(read(), "tickets", "visit")
    assert asked == [["second"]]


def test_a_superseded_delivery_is_kept_no_longer(connection, read, tmp_path):
    shelf = Shelf(tmp_path / "kept", "guard")
    for delivery in ("first", "second"):
        load(connection, "tickets", delivery)
        visit(connection, delivery, LATE)
    days(read(), "tickets", "visit")
    assert deliveries_on(shelf) == 2
    supersede(connection, "first")
    assert days(read(), "tickets", "visit") == days(
        read(keep=False), "tickets", "visit"
    )
    assert deliveries_on(shelf) == 1


def deliveries_on(shelf: Shelf) -> int:
    days_of_tickets = shelf.latest("days_of_tickets")
    assert days_of_tickets is not None
    return days_of_tickets["delivery"].n_unique()


def test_what_was_kept_by_other_code_counts_as_nothing(connection, read, tmp_path):
    load(connection, "tickets", "first")
    visit(connection, "first", LATE)
    wrong = pl.DataFrame({"delivery": [1]}, schema={"delivery": pl.UInt64})
    Shelf(tmp_path / "kept", "of other code").keep("days_of_tickets", wrong)
    assert len(days(read(), "tickets", "visit")) == 1
    (file,) = (tmp_path / "kept").glob("days_of_tickets.*")
    file.write_bytes(b"half a file")
    assert len(days(read(), "tickets", "visit")) == 1


def test_rows_of_some_days_are_found_wherever_they_lie(connection, read):
    for delivery in ("first", "second", "third"):
        load(connection, "tickets", delivery)
    visit(connection, "first", LATE)
    visit(connection, "second", LATE - timedelta(days=9))
    visit(connection, "third", LATE)
    visit(connection, "second", LATE)
    supersede(connection, "third")
    day = date(2026, 1, 6)
    assert len(rows_of(read().of_days(day, day), "tickets")) == 2
    assert len(rows_of(read().of_days(date(2025, 1, 1), day), "tickets")) == 3
    assert rows_of(read().without_rows(), "tickets") == []
    assert len(rows_of(read(), "tickets")) == 3


def test_rows_of_very_many_deliveries_are_looked_for_everywhere(
    connection, read, monkeypatch
):
    monkeypatch.setattr(said_module, "_MOST_DELIVERIES", 1)
    for delivery in ("first", "second"):
        load(connection, "tickets", delivery)
        visit(connection, delivery, LATE)
    day = date(2026, 1, 6)
    assert len(rows_of(read().of_days(day, day), "tickets")) == 2


def rows_of(reading: Reading, table: str) -> list[tuple[Any, ...]]:
    return sorted(read_said(reading, table).rows(), key=str)


def all_rows_of(reading: Reading, table: str) -> list[tuple[Any, ...]]:
    where, bound = reading.where(SAID[table].at)
    rows = read_rows(reading.connection, table, where=where, parameters=bound)
    return sorted(rows.filter(pl.col("office") != "unknown").rows(), key=str)


@contextmanager
def warehouse() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_warehouse(Path(folder) / "warehouse.duckdb") as connection,
    ):
        yield connection, Path(folder) / "kept"


@given(st.randoms(use_true_random=False))
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_kept_days_are_those_read_anew_whatever_was_delivered(make_city, draw):
    city = make_city()  # never changed, so one fixture does for all examples
    with warehouse() as (connection, folder):
        counting: list[str] = []
        for step in range(5):
            for each in range(draw.randrange(4)):
                counting.append(f"{step}-{each}")
                _deliver_anything(connection, counting[-1], draw)
            while counting and draw.random() < 0.3:
                supersede(connection, counting.pop(draw.randrange(len(counting))))
            kept = Shelf(folder, "guard")
            ours = Reading(connection, city, NOW, shelf=kept)
            anew = Reading(connection, city, NOW)
            for table in ("tickets", "queue_samples"):
                for of in SAID[table].of:
                    assert days(ours, table, of) == days(anew, table, of)
                first = LATE.date() + timedelta(days=draw.randrange(-3, 3))
                some = ours.of_days(first, first + timedelta(days=draw.randrange(3)))
                assert rows_of(some, table) == all_rows_of(some, table)


def _deliver_anything(
    connection: duckdb.DuckDBPyConnection, name: str, draw: random.Random
) -> None:
    table = draw.choice(("tickets", "queue_samples"))
    load(connection, table, name, draw.choice(("system", "other")))
    for _ in range(draw.randrange(4)):
        moment = LATE + timedelta(hours=draw.randrange(-60, 60))
        if table == "tickets":
            outcome = draw.choice(("served", "no_show", "left"))
            office = draw.choice(("meldeamt", "bauamt", "unknown"))
            visit(connection, name, draw.choice((None, moment)), office, outcome)
        else:
            state = draw.choice(("open", "closed", "sold_out"))
            look(connection, name, moment, state)
