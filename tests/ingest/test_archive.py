"""The archive: the warehouse thrown away and made again."""

from datetime import timedelta

import polars as pl
import pytest

from ingest.archive import rebuild
from ingest.delivery import run_source
from ingest.errors import IngestError
from ingest.warehouse import open_warehouse, read_frame, read_rows


@pytest.fixture
def loaded(make_city, visits, put, day_csv, folder, warehouse, now):
    """Load a day, its correction, and another day with a wrong row."""
    city = make_city(visits(checks={"max_refused_share": 0.1}))
    wrong = "meldeamt;27.10.2026 10:00;27.10.2026 09:00;27.10.2026 11:00;X1"
    files = (
        day_csv("26.10.2026", wait=10),
        day_csv("27.10.2026", wait=20, extra=[wrong]),
        day_csv("26.10.2026", wait=30),
    )
    for number, text in enumerate(files):
        put(f"{number}.csv", text)
        (run,) = run_source(
            warehouse,
            city,
            city.source("visits"),
            data_dir=folder,
            now=now + timedelta(hours=number),
        )
        assert run.outcome == "loaded"
    return warehouse


def everything(connection):
    tables = ("deliveries", "tickets", "quarantine")
    return {
        table: read_frame(connection, f"FROM {table} ORDER BY ALL").to_dicts()
        for table in tables
    }


def test_a_warehouse_made_from_the_archive_is_the_same(loaded, folder, now):
    anew = open_warehouse(folder / "anew.duckdb")
    assert rebuild(anew, folder / "archive") == 3
    assert everything(anew) == everything(loaded)
    assert len(everything(anew)["quarantine"]) == 1
    then = now + timedelta(minutes=90)
    assert (
        read_rows(anew, "tickets", as_of=then).sort(pl.all()).to_dicts()
        == read_rows(loaded, "tickets", as_of=then).sort(pl.all()).to_dicts()
    )
    anew.close()


def test_a_warehouse_that_holds_something_is_not_made_anew(loaded, folder):
    before = everything(loaded)
    with pytest.raises(IngestError, match="not empty"):
        rebuild(loaded, folder / "archive")
    assert everything(loaded) == before


def test_a_damaged_archive_makes_no_half_warehouse(loaded, folder):
    last = max((folder / "archive" / "visits").glob("*.parquet"))
    rows = pl.read_parquet(last)
    metadata = pl.read_parquet_metadata(last)
    del metadata["ARROW:schema"]
    rows.with_columns(outcome=pl.lit("lost")).write_parquet(last, metadata=metadata)
    anew = open_warehouse(folder / "anew.duckdb")
    with pytest.raises(Exception, match="CHECK constraint"):
        rebuild(anew, folder / "archive")
    assert everything(anew) == {"deliveries": [], "tickets": [], "quarantine": []}
    anew.close()


def test_raw_bytes_are_kept_only_where_the_city_file_says_so(
    loaded, make_city, visits, put, day_csv, folder, now
):
    kept = folder / "archive" / "visits"
    assert {path.suffix for path in kept.iterdir() if path.is_file()} == {".parquet"}
    city = make_city(visits(keep_raw=True))
    path = put("offen.csv", day_csv("28.10.2026"))
    (run,) = run_source(
        loaded, city, city.source("visits"), data_dir=folder, now=now, files=[path]
    )
    assert run.outcome == "loaded"
    raw = kept / f"{run.delivery_id}.raw.csv"
    assert raw.read_bytes() == path.read_bytes()


def test_the_warehouse_is_made_anew_beside_raw_files_that_are_parquet_too(
    make_city, visits, folder, warehouse, now
):
    city = make_city(visits(keep_raw=True))
    moments = {
        name: [f"28.10.2026 {time}", f"28.10.2026 {time}"]
        for name, time in (("Ankunft", "9:00"), ("Aufruf", "9:10"), ("Ende", "9:20"))
    }
    path = folder / "visits.parquet"
    rows = {"Amt": ["meldeamt", "nirgends"], **moments, "Nummer": ["A1", "A2"]}
    pl.DataFrame(rows).write_parquet(path)
    source = city.source("visits").model_copy(
        update={
            "checks": city.source("visits").checks.model_copy(
                update={"max_refused_share": 1}
            )
        }
    )
    (run,) = run_source(warehouse, city, source, data_dir=folder, now=now, files=[path])
    assert (run.rows_loaded, run.rows_quarantined) == (1, 1)
    anew = open_warehouse(folder / "anew.duckdb")
    assert rebuild(anew, folder / "archive") == 1
    assert everything(anew) == everything(warehouse)
    anew.close()
