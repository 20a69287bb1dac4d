"""The warehouse file: its lock, its tables, and rows as of a moment."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from ingest.errors import IngestError, WarehouseLocked
from ingest.loading import Delivery, write
from ingest.warehouse import (
    SCHEMA,
    columns_of,
    insert_rows,
    open_warehouse,
    read_frame,
    read_rows,
    schema_of,
    write_parquet,
)

HOLD = """
import sys, time
from pathlib import Path
from ingest.warehouse import open_warehouse
connection = open_warehouse(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Hold a warehouse in another process."""
    path = tmp_path / "warehouse.duckdb"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "held"
    yield path, process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_and_told_who_holds_the_warehouse(holder):
    path, process = holder
    with pytest.raises(WarehouseLocked, match=f"process {process.pid}"):
        open_warehouse(path)
    assert (path.parent / "lock").read_text().strip() == str(process.pid)


def test_a_killed_process_leaves_no_lock_behind(holder):
    path, process = holder
    process.kill()
    process.wait()
    open_warehouse(path).close()


def test_something_else_than_a_warehouse_is_said_to_be_so(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_text("no database, but long enough to be looked at" * 100)
    with pytest.raises(IngestError, match="is it a DuckDB file"):
        open_warehouse(path)


def test_every_schema_file_begins_with_what_one_row_is_and_makes_its_table(warehouse):
    files = sorted(SCHEMA.glob("*.sql"))
    tables = {
        name
        for (name,) in read_frame(
            warehouse, "SELECT table_name FROM information_schema.tables"
        ).iter_rows()
    }
    assert {file.stem.partition("_")[2] for file in files} == tables
    assert all(file.read_text().startswith("-- One row per ") for file in files)


def test_opening_twice_keeps_what_is_there(folder, now):
    path = folder / "warehouse.duckdb"
    first = open_warehouse(path)
    write(first.cursor(), delivery(now), ticket(now), no_rows())
    first.close()
    second = open_warehouse(path)
    assert read_rows(second, "tickets").height == 1
    second.close()


def test_rows_come_back_in_utc_with_the_types_of_the_table(warehouse, now):
    berlin = now.astimezone(None)
    write(warehouse.cursor(), delivery(now), ticket(berlin), no_rows())
    rows = read_rows(warehouse, "tickets")
    assert rows.drop("delivery_id").schema == schema_of("tickets")
    assert rows["called_at"].to_list() == [now]
    assert rows["persons"].to_list() == [None]


def test_rows_of_many_files_are_all_there_with_their_columns_in_whole_groups(
    warehouse, tmp_path
):
    # Each file has a whole row group and a small one.
    size, files = 150_000, []
    for number in range(6):
        keys = pl.int_range(number * size, (number + 1) * size, eager=True)
        rows = pl.DataFrame({"case_key": keys.cast(pl.String)}).with_columns(
            pl.lit(f"{number}").alias("office" if number % 2 else "service")
        )
        files.append(tmp_path / f"{number}.parquet")
        write_parquet(rows.lazy(), files[-1])
    warehouse.execute("CREATE OR REPLACE TABLE cases AS FROM cases WITH NO DATA")
    assert insert_rows(warehouse, "cases", files, "d") == 6 * size
    read = read_frame(warehouse, "SELECT case_key, office, service FROM cases")
    read = read.with_columns(pl.col("case_key").cast(pl.Int64)).sort("case_key")
    assert read["case_key"].equals(pl.int_range(6 * size, eager=True))
    expected = [(None, "0"), ("1", None), (None, "2"), ("3", None), (None, "4")]
    places = read.select("office", "service").gather_every(size).rows()
    assert places == [*expected, ("5", None)]
    groups = read_frame(
        warehouse, "SELECT DISTINCT row_group_id FROM pragma_storage_info('cases')"
    )
    # 900 000 rows fill seven, and each core may leave one that is not full.
    assert groups.height <= 9


def test_what_is_read_keeps_its_order_while_rows_are_inserted(warehouse, tmp_path):
    rows = pl.DataFrame({"case_key": ["a"], "office": ["x"]})
    write_parquet(rows.lazy(), tmp_path / "1.parquet")
    warehouse.execute("CREATE OR REPLACE TABLE cases AS FROM cases WITH NO DATA")
    insert_rows(warehouse, "cases", [tmp_path / "1.parquet"], "d")
    setting = "SELECT current_setting('preserve_insertion_order') AS is_kept"
    assert read_frame(warehouse, setting)["is_kept"].to_list() == [True]
    assert warehouse.execute(setting).fetchall() == [(True,)]


EXTREMES = {
    pl.String(): ["", None, "Ä\n"],
    pl.Datetime("us", "UTC"): [
        datetime(1, 1, 1, tzinfo=UTC),
        None,
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    pl.Date(): [date.min, None, date.max],
    pl.Int32(): [-(2**31), None, 2**31 - 1],
    pl.Int64(): [-(2**63), None, 2**63 - 1],
    pl.UInt64(): [0, None, 2**64 - 1],
    pl.Float64(): [float("-inf"), None, -0.0],
    pl.Boolean(): [True, None, False],
}


def of_all_types(count=1):
    """Return the greatest and smallest values of each type, and gaps."""
    columns = {
        f"{dtype}": pl.Series(values * count, dtype=dtype)
        for dtype, values in EXTREMES.items()
    }
    return pl.DataFrame(columns)


# The last are more than one row group.
@pytest.mark.parametrize(
    "rows", [of_all_types(0), of_all_types(), of_all_types(90_000)]
)
def test_a_file_gives_back_what_was_written(rows, tmp_path):
    assert {column.dtype for column in columns_of("tickets").values()} < {*EXTREMES}
    file = tmp_path / "a.parquet"
    write_parquet(rows.lazy(), file, {"amtspuls": "Ä"})
    read = pl.read_parquet(file)
    assert read.schema == rows.schema
    assert read.equals(rows)
    assert pl.read_parquet_metadata(file)["amtspuls"] == "Ä"
    with duckdb.connect() as other:
        other.execute("SET TimeZone = 'UTC'")
        assert other.read_parquet(str(file)).pl().equals(rows)


def test_times_in_order_need_little_room(tmp_path):
    file = tmp_path / "a.parquet"
    first = datetime(2026, 9, 1, 8, tzinfo=UTC)
    times = [first + timedelta(seconds=10 * number) for number in range(10_000)]
    write_parquet(pl.LazyFrame({"called_at": times}), file)
    assert file.stat().st_size < 10_000  # eight bytes each, if they were written out


def test_rows_are_those_of_deliveries_that_counted_at_that_moment(warehouse, now):
    later = now + timedelta(hours=1)
    own = warehouse.cursor()
    write(own, delivery(now), ticket(now), no_rows())
    write(own, delivery(later, name="b"), ticket(later), no_rows())
    own.execute("UPDATE deliveries SET superseded_at = ? WHERE name = 'a'", [later])

    def called(as_of=None):
        return read_rows(warehouse, "tickets", as_of=as_of)["called_at"].to_list()

    assert called() == [later]
    assert called(as_of=now) == [now]
    assert called(as_of=later - timedelta(microseconds=1)) == [now]
    assert called(as_of=later) == [later]
    assert called(as_of=now - timedelta(microseconds=1)) == []


def test_rows_can_be_narrowed_by_bound_values(warehouse, now):
    write(warehouse.cursor(), delivery(now), ticket(now), no_rows())
    found = read_rows(
        warehouse,
        "tickets",
        as_of=now,
        where="office = ? OR office = ?",
        parameters=["nowhere", "meldeamt"],
    )
    assert found.height == 1
    none = read_rows(warehouse, "tickets", where="office = ?", parameters=["x' OR '1"])
    assert none.is_empty()


def test_a_table_that_does_not_exist_is_named(warehouse):
    with pytest.raises(IngestError, match="no table 'visits'"):
        read_rows(warehouse, "visits")


def test_required_columns_are_read_from_the_schema():
    required = {
        name for name, column in columns_of("cases").items() if column.is_required
    }
    assert required == {"delivery_id", "office", "received_at", "case_key"}


def delivery(received_at, name="a"):
    return Delivery(
        source="visits",
        table="tickets",
        covers=None,
        content_sha256="0" * 64,
        read_with="1",
        name=name,
        etag=None,
        last_modified=None,
        received_at=received_at,
        rows_read=1,
        rows_loaded=1,
        rows_quarantined=0,
    )


def ticket(called_at):
    return pl.DataFrame(
        {"office": ["meldeamt"], "called_at": [called_at], "outcome": ["served"]}
    )


def no_rows():
    return pl.DataFrame(schema={"row_number": pl.Int64})
