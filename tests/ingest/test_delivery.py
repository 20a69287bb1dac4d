"""One run of one source: everything of a delivery counts, or nothing of it."""

import logging
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pyarrow import parquet

import ingest
from ingest.archive import rebuild
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse, read_frame, read_rows


@pytest.fixture
def run(make_city, folder, warehouse, now):
    """Run a source and return what came of it."""

    def run(source, at=now, files=()):
        city = make_city(source)
        return run_source(
            warehouse,
            city,
            city.source(source["id"]),
            data_dir=folder,
            now=at,
            files=files,
        )

    return run


def outcomes(runs):
    return [run.outcome for run in runs]


def waits(warehouse, **more):
    rows = read_rows(warehouse, "tickets", **more)
    waited = (rows["called_at"] - rows["arrived_at"]).dt.total_minutes()
    return sorted(waited.to_list())


def test_a_file_is_loaded_with_its_delivery_and_its_run(
    run, visits, put, day_csv, warehouse, now
):
    put("montag.csv", day_csv("26.10.2026"))
    (done,) = run(visits())
    assert (done.outcome, done.rows_read, done.rows_loaded) == ("loaded", 12, 12)
    assert waits(warehouse) == [10] * 12
    (delivery,) = read_frame(warehouse, "SELECT * FROM deliveries").to_dicts()
    assert delivery["delivery_id"] == done.delivery_id
    assert delivery["name"] == "montag.csv"
    assert delivery["covers_from"].isoformat() == "2026-10-25T23:00:00+00:00"
    assert delivery["covers_to"].isoformat() == "2026-10-26T23:00:00+00:00"
    assert delivery["received_at"] == now
    (told,) = read_frame(warehouse, "SELECT * FROM runs").to_dicts()
    assert told["run_id"] == done.run_id
    assert (told["outcome"], told["error"]) == ("loaded", None)


def test_the_same_delivery_twice_changes_nothing(run, visits, put, day_csv, warehouse):
    put("montag.csv", day_csv("26.10.2026"))
    assert outcomes(run(visits())) == ["loaded"]
    assert outcomes(run(visits())) == ["unchanged"]
    assert read_rows(warehouse, "tickets").height == 12
    told = read_frame(warehouse, "SELECT outcome FROM runs ORDER BY outcome")
    assert told["outcome"].to_list() == ["loaded", "unchanged"]


def test_the_same_bytes_under_another_name_change_nothing(
    run, visits, put, day_csv, warehouse
):
    put("montag.csv", day_csv("26.10.2026"))
    run(visits())
    put("kopie.csv", day_csv("26.10.2026"))
    assert outcomes(run(visits())) == ["unchanged"]
    assert read_rows(warehouse, "tickets").height == 12


def test_a_correction_replaces_the_day_and_the_old_rows_stay_readable(
    run, visits, put, day_csv, warehouse, now
):
    later = now + timedelta(days=1)
    put("montag.csv", day_csv("26.10.2026", wait=10))
    put("dienstag.csv", day_csv("27.10.2026", wait=20))
    assert outcomes(run(visits())) == ["loaded", "loaded"]
    put("montag_neu.csv", day_csv("26.10.2026", wait=30))
    assert outcomes(run(visits(), at=later)) == ["loaded"]
    assert waits(warehouse) == [20] * 12 + [30] * 12
    assert waits(warehouse, as_of=now + timedelta(hours=1)) == [10] * 12 + [20] * 12
    # The old file still lies in the folder: it must not come back.
    assert outcomes(run(visits(), at=later)) == ["unchanged"]
    assert waits(warehouse) == [20] * 12 + [30] * 12


def test_who_hands_a_superseded_file_in_gets_it_back(
    run, visits, put, day_csv, warehouse
):
    old = put("montag.csv", day_csv("26.10.2026", wait=10))
    run(visits())
    put("montag_neu.csv", day_csv("26.10.2026", wait=30))
    run(visits())
    assert outcomes(run(visits(), files=[old])) == ["loaded"]
    assert waits(warehouse) == [10] * 12
    assert outcomes(run(visits(), files=[old])) == ["unchanged"]


def test_an_address_that_goes_back_to_earlier_bytes_is_believed(
    run, visits, web, day_csv, warehouse
):
    source = visits(url=web.url + "/a.csv", private_host=True)
    for wait in (10, 30, 10):
        web.says("/a.csv", day_csv("26.10.2026", wait=wait))
        assert outcomes(run(source)) == ["loaded"]
        assert waits(warehouse) == [wait] * 12


def test_a_wider_delivery_replaces_those_inside_it(
    run, visits, put, day_csv, warehouse
):
    put("1.csv", day_csv("26.10.2026"))
    put("2.csv", day_csv("27.10.2026"))
    run(visits())
    week = visits()
    week["mapping"]["covers"] = {"by": "rows", "period": "week"}
    two_days = day_csv("26.10.2026", wait=5) + day_csv("28.10.2026", wait=5).partition(
        "\n"
    )[2].replace("A0", "B0")
    source = {**week, "pattern": "woche*.csv"}
    put("woche44.csv", two_days)
    assert outcomes(run(source)) == ["loaded"]
    assert waits(warehouse) == [5] * 24


def test_a_delivery_that_covers_only_a_part_of_another_is_refused(
    run, visits, put, day_csv, warehouse
):
    week = visits(pattern="woche*.csv")
    week["mapping"]["covers"] = {"by": "rows", "period": "week"}
    put("woche44.csv", day_csv("26.10.2026"))
    run(week)
    put("montag.csv", day_csv("26.10.2026", wait=30))
    (refused,) = run(visits(pattern="montag.csv"))
    assert refused.outcome == "refused"
    assert "only a part of 1 earlier delivery (woche44.csv)" in refused.error
    assert waits(warehouse) == [10] * 12


def test_a_delivery_that_shrinks_is_refused(run, visits, put, day_csv, warehouse):
    put("montag.csv", day_csv("26.10.2026", visits=12))
    run(visits())
    put("montag_neu.csv", day_csv("26.10.2026", visits=5))
    (refused,) = run(visits())
    assert refused.outcome == "refused"
    assert "it has 5 rows, what it would replace has 12" in refused.error
    assert waits(warehouse) == [10] * 12
    put("montag_neu.csv", day_csv("26.10.2026", visits=6))
    assert outcomes(run(visits())) == ["loaded"]


def test_too_few_rows_and_too_many_wrong_ones_are_refused(
    run, visits, put, day_csv, warehouse
):
    put("leer.csv", day_csv("26.10.2026", visits=0))
    everything = visits()
    everything["mapping"]["covers"] = {"by": "all"}
    (empty,) = run(everything)
    assert empty.outcome == "refused"
    assert "0 of 0 rows can be used, but min_rows = 1" in empty.error
    wrong = "meldeamt;27.10.2026 10:00;27.10.2026 09:00;27.10.2026 11:00;X1"
    put("leer.csv", day_csv("27.10.2026", visits=10, extra=[wrong]))
    (refused,) = run(visits())
    assert refused.outcome == "refused"
    assert "1 of 11 rows are wrong (called_before_arrived 1)" in refused.error
    assert read_rows(warehouse, "tickets").is_empty()
    assert read_frame(warehouse, "SELECT * FROM deliveries").is_empty()
    assert read_frame(warehouse, "SELECT * FROM quarantine").is_empty()
    (loaded,) = run(visits(checks={"max_refused_share": 0.1}))
    assert (loaded.rows_loaded, loaded.rows_quarantined) == (10, 1)


def test_the_same_bytes_are_read_again_when_the_city_file_reads_them_differently(
    run, visits, put, day_csv, warehouse
):
    put("montag.csv", day_csv("26.10.2026"))
    run(visits())
    changed = visits()
    changed["mapping"]["columns"]["channel"] = {"value": "walk_in"}
    assert outcomes(run(changed)) == ["loaded"]
    assert read_rows(warehouse, "tickets")["channel"].unique().to_list() == ["walk_in"]
    assert outcomes(run(changed)) == ["unchanged"]


def test_a_half_written_file_waits_for_the_next_run(
    run, visits, folder, day_csv, warehouse
):
    whole = day_csv("26.10.2026")
    path = folder / "in" / "montag.csv"
    path.write_text(whole[:200])

    def write_the_rest():
        time.sleep(0.4)
        path.write_text(whole)

    writer = threading.Thread(target=write_the_rest)
    writer.start()
    first = run(visits())
    writer.join()
    second = run(visits())
    # Whichever of the two runs saw the whole file: only the whole one counts.
    assert {*outcomes(first), *outcomes(second)} <= {"loaded", "failed", "unchanged"}
    assert read_rows(warehouse, "tickets").height == 12


def test_a_file_that_grows_while_it_is_read_is_not_taken(
    run, visits, put, day_csv, warehouse, monkeypatch
):
    path = put("montag.csv", day_csv("26.10.2026"))
    adapter = ingest.delivery.ADAPTERS["table_file"]
    parse = adapter.parse

    def parse_while_it_grows(*arguments):
        parsed = parse(*arguments)
        with path.open("a") as file:
            file.write("meldeamt;26.10.2026 12:00;")
        return parsed

    monkeypatch.setattr(adapter, "parse", parse_while_it_grows)
    (failed,) = run(visits())
    assert failed.outcome == "failed"
    assert "still being written" in failed.error
    assert read_rows(warehouse, "tickets").is_empty()


def test_a_source_that_fails_does_not_stop_one_that_works(
    make_city, visits, web, put, day_csv, folder, warehouse, now
):
    put("montag.csv", day_csv("26.10.2026"))
    web.says("/a.csv", "<html>Anmeldung", Content_Type="text/html")
    broken = visits(id="broken", url=web.url + "/a.csv", private_host=True)
    city = make_city(broken, visits())
    runs = [
        run
        for source in city.sources
        for run in run_source(warehouse, city, source, data_dir=folder, now=now)
    ]
    assert [(run.source, run.outcome) for run in runs] == [
        ("broken", "refused"),
        ("visits", "loaded"),
    ]
    assert read_rows(warehouse, "tickets").height == 12
    told = read_frame(warehouse, "SELECT source, outcome, error FROM runs ORDER BY 1")
    assert told["outcome"].to_list() == ["refused", "loaded"]
    assert "web page (HTML)" in told["error"][0]


def test_a_bad_file_does_not_stop_the_next_one(run, visits, put, day_csv, warehouse):
    put("a.csv", "something;else\n1;2\n")
    put("b.csv", day_csv("26.10.2026"))
    assert outcomes(run(visits())) == ["refused", "loaded"]
    assert read_rows(warehouse, "tickets").height == 12


def test_a_bug_in_an_adapter_is_a_failed_run_without_the_rows_words(
    run, visits, put, day_csv, warehouse, monkeypatch, caplog
):
    put("montag.csv", day_csv("26.10.2026"))

    def parse(*arguments):
        message = "Erika Mustermann"
        raise KeyError(message)

    monkeypatch.setattr(ingest.delivery.ADAPTERS["table_file"], "parse", parse)
    caplog.set_level(logging.DEBUG)
    (failed,) = run(visits())
    assert failed.outcome == "failed"
    assert failed.error.startswith("KeyError in test_delivery.py:")
    assert "Erika" not in caplog.text
    (told,) = read_frame(warehouse, "SELECT error FROM runs").to_dicts()
    assert told["error"] == failed.error


def test_a_full_disk_leaves_everything_as_it_was(
    run, visits, put, day_csv, warehouse, folder, monkeypatch
):
    put("montag.csv", day_csv("26.10.2026"))

    def write_table(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", write_table)
    (failed,) = run(visits())
    assert failed.outcome == "failed"
    assert "is the disk full" in failed.error
    assert read_rows(warehouse, "tickets").is_empty()
    assert list((folder / "archive").rglob("*.*")) in ([], unfinished(folder))
    monkeypatch.undo()
    assert outcomes(run(visits())) == ["loaded"]
    assert read_rows(warehouse, "tickets").height == 12


def unfinished(folder):
    return [folder / "archive" / "visits" / ".unfinished"]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from ingest import archive, delivery, loading
from ingest.city import read_city
from ingest.warehouse import open_warehouse

folder, place = Path(sys.argv[1]), sys.argv[2]

def die(*arguments, **more):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = {
    "before the rows": (loading, "insert_rows"),
    "after the rows": (loading, "supersede"),
    "before the commit": (delivery, "insert_run"),
    "after the commit": (archive, "finish"),
}[place]
setattr(module, name, die)
city = read_city(folder / "city.toml")
connection = open_warehouse(folder / "warehouse.duckdb")
delivery.run_source(
    connection, city, city.source("visits"), data_dir=folder,
    now=datetime(2026, 11, 3, tzinfo=UTC),
)
"""


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("before the rows", 10),
        ("after the rows", 10),
        ("before the commit", 10),
        ("after the commit", 30),
    ],
)
def test_a_kill_at_any_point_leaves_the_old_or_the_new_state(
    place, expected, visits, put, day_csv, folder, make_city, now
):
    city = make_city(visits())
    write_city_file(folder / "city.toml", city)
    path = folder / "warehouse.duckdb"

    def run(connection):
        return run_source(
            connection, city, city.source("visits"), data_dir=folder, now=now
        )

    put("montag.csv", day_csv("26.10.2026", wait=10))
    connection = open_warehouse(path)
    run(connection)
    connection.close()
    put("neu.csv", day_csv("26.10.2026", wait=30))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), place],
        cwd=Path(ingest.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr

    connection = open_warehouse(path)
    assert waits(connection) == [expected] * 12
    # The next run goes on, and the archive says the same as the warehouse.
    run(connection)
    assert waits(connection) == [30] * 12
    connection.close()
    assert list((folder / "archive" / "visits" / ".unfinished").iterdir()) == []
    anew = open_warehouse(folder / "anew.duckdb")
    assert rebuild(anew, folder / "archive") == 2
    assert waits(anew) == [30] * 12
    anew.close()


def write_city_file(path, city):
    """Write a city as JSON, which is close enough to TOML for this one."""
    source = city.source("visits")
    mapping = "\n".join(
        f"{name} = {inline(column)}" for name, column in source.mapping.columns.items()
    )
    offices = "\n".join(
        f'[[office]]\nid = "{office.id}"\nname = {{ de = "x", en = "x" }}'
        for office in city.offices
    )
    services = "\n".join(
        f'[[service]]\nid = "{service.id}"\nleika = "{service.leika}"\n'
        f'name = {{ de = "x", en = "x" }}\noffice = "{service.office}"'
        for service in city.services
    )
    path.write_text(
        f"""
[city]
id = "{city.id}"
name = "x"
ars = "{city.info.ars}"
state = "HE"
timezone = "Europe/Berlin"
contact = {{ name = "x" }}
publisher = "x"
licence = "x"
[publish]
cells = []
{offices}
{services}
[[source]]
id = "visits"
adapter = "table_file"
publisher = "x"
licence = "x"
every = "1h"
max_age = "2d"
folder = "in"
pattern = "*.csv"
[source.mapping]
table = "tickets"
[source.mapping.columns]
{mapping}
"""
    )


def inline(column):
    values = {"true": "true"} if column.key else {}
    said = {"column": column.column, "value": column.value, "format": column.format}
    parts = [f'{name} = "{value}"' for name, value in said.items() if value is not None]
    return "{ " + ", ".join([*parts, *(["key = true"] if values else [])]) + " }"


FEED = {
    "id": "live",
    "adapter": "queue_feed",
    "publisher": "Stadt",
    "licence": "dl-de/zero-2.0",
    "every": "1min",
    "max_age": "15min",
    "private_host": True,
    "mapping": {
        "queues": "queues",
        "office": {"column": "name"},
        "waiting": {"column": "waiting"},
        "wait_minutes": {"column": "minutes"},
        "source_time_at": {"column": "$.time"},
        "state": {"value": "open"},
    },
}


def feed(web, time_=None, minutes=15):
    import json

    queue = {"name": "meldeamt", "waiting": 3, "minutes": minutes}
    said = {"queues": [queue], **({"time": time_} if time_ else {})}
    return web.says("/live.json", json.dumps(said), Content_Type="application/json")


def test_a_look_that_shows_the_same_is_still_a_look(run, web, warehouse, now):
    source = {**FEED, "url": feed(web)}
    source["mapping"] = {
        name: value
        for name, value in FEED["mapping"].items()
        if name != "source_time_at"
    }
    for minute in range(3):
        at = now + timedelta(minutes=minute)
        assert outcomes(run(source, at=at)) == ["loaded"]
    looks = read_rows(warehouse, "queue_samples").sort("observed_at")
    assert looks["observed_at"].to_list() == [
        now + timedelta(minutes=minute) for minute in range(3)
    ]
    assert looks["wait_minutes"].to_list() == [15.0] * 3


def test_a_look_at_a_clock_that_stands_still_is_none(run, web, warehouse, now):
    source = {**FEED, "url": feed(web, "2026-11-02T13:00:00+01:00")}
    minute = timedelta(minutes=1)
    assert outcomes(run(source, at=now)) == ["loaded"]
    assert outcomes(run(source, at=now + minute)) == ["unchanged"]
    feed(web, "2026-11-02T13:02:00+01:00")
    assert outcomes(run(source, at=now + 2 * minute)) == ["loaded"]
    assert read_rows(warehouse, "queue_samples").height == 2


def test_a_live_display_that_freezes_is_refused_until_it_moves(
    run, web, warehouse, now
):
    source = {**FEED, "url": feed(web), "checks": {"frozen_after": "30min"}}
    source["mapping"] = {
        name: value
        for name, value in FEED["mapping"].items()
        if name != "source_time_at"
    }
    begin = now - timedelta(hours=3)
    seen = [
        outcomes(run(source, at=begin + timedelta(minutes=10 * n)))[0] for n in range(6)
    ]
    assert seen == ["loaded"] * 4 + ["refused"] * 2
    feed(web, minutes=20)
    assert outcomes(run(source, at=begin + timedelta(hours=1))) == ["loaded"]
    told = read_frame(warehouse, "SELECT error FROM runs WHERE outcome = 'refused'")
    assert (
        told["error"].to_list()
        == ["0 of 1 rows can be used (frozen 1), but min_rows = 1; nothing was loaded"]
        * 2
    )


def test_a_wrong_time_is_named_also_where_both_sides_call_the_column_the_same(
    run, visits, put, warehouse
):
    columns = {name: {"column": name} for name in ("office", "arrived_at")}
    columns["outcome"] = {"value": "served"}
    source = visits(
        checks={"max_refused_share": 1},
        mapping={"table": "tickets", "columns": columns},
    )
    put("a.csv", "office;arrived_at\nmeldeamt;2026-10-30 09:00\nmeldeamt;30.10.2026\n")
    (one,) = run(source)
    assert (one.outcome, one.error, one.rows_loaded) == ("loaded", None, 1)
    (cell,) = one.wrong_cells
    assert (cell.row, cell.column, cell.value) == (3, "arrived_at", "99.99.9999")


def test_what_cannot_be_said_about_a_delivery_is_known_before_it_is_loaded(
    run, visits, put, day_csv, warehouse, monkeypatch
):
    def broken(*arguments):
        raise ValueError

    monkeypatch.setattr("ingest.delivery.wrong_cells", broken)
    put("a.csv", day_csv("30.10.2026"))
    (one,) = run(visits())
    assert one.outcome == "failed"
    assert "nothing was loaded" in one.error
    assert read_rows(warehouse, "tickets").is_empty()


@pytest.mark.parametrize("name", [b"M\xe4rz.csv", "März.csv".encode()])
def test_a_file_name_in_another_encoding_is_no_obstacle(
    run, visits, day_csv, folder, name
):
    path = os.path.join(os.fsencode(folder / "in"), name)  # noqa: PTH118 - bytes
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(day_csv("30.10.2026").encode())
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (one,) = run(visits())
    assert (one.outcome, one.rows_loaded) == ("loaded", 12)
    assert one.name in ("März.csv", "M\\udce4rz.csv")
    (again,) = run(visits())
    assert again.outcome == "unchanged"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (r'[{"Amt": "\ud83d", "Ankunft": "2026-10-30 09:00"}]', "failed"),
        (
            r'[{"Amt": "meldeamt", "Ankunft": "2026-10-30 09:00", "\ud83d": 1}]',
            "refused",
        ),
    ],
)
def test_half_a_sign_in_json_is_told_and_harms_no_other_delivery(
    run, visits, put, folder, warehouse, text, outcome
):
    columns = {"office": {"column": "Amt"}, "arrived_at": {"column": "Ankunft"}}
    mapping = {
        "table": "tickets",
        "columns": {**columns, "outcome": {"value": "served"}},
    }
    put("a.json", text)
    put("b.json", '[{"Amt": "meldeamt", "Ankunft": "2026-10-30 09:00"}]')
    bad, good = run(visits(pattern="*.json", mapping=mapping))
    assert bad.outcome == outcome
    assert r"\ud83d" in bad.error
    assert good.outcome == "loaded"
