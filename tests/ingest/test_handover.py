"""Work by hand beside the process that holds the warehouse."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import ingest
from ingest.errors import IngestError
from ingest.handover import FOLDER, hand_over, taking_requests
from ingest.scheduler import Scheduler
from ingest.warehouse import open_warehouse, read_frame, read_rows

ROOT = Path(ingest.__file__).parents[1]
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def running(make_city, visits, folder, warehouse):
    """Have a scheduler running that takes requests; return what it loaded."""
    loaded = []
    city = make_city(visits(every="30d", folder="in", pattern="scheduled*.csv"))
    scheduler = Scheduler(
        *(warehouse, city, folder, lambda *what: loaded.append(what)),
        now=lambda: NOON,
    )
    with scheduler, taking_requests(folder, scheduler.run_by_hand):
        yield loaded


def test_what_is_handed_over_is_done_by_the_running_process(
    running, put, day_csv, folder, warehouse
):
    path = put("hand.csv", day_csv("26.10.2026"))
    (run,) = hand_over(folder, ["visits"], [path])
    assert (run.outcome, run.rows_loaded, run.name) == ("loaded", 12, "hand.csv")
    assert run.started_at == NOON
    assert read_rows(warehouse, "tickets").height == 12
    assert running == [("visits", "tickets")]
    # The same again, and files that are wrong, are answered like by `load` itself.
    assert [run.outcome for run in hand_over(folder, ["visits"], [path])] == [
        "unchanged"
    ]
    bad = put("bad.csv", day_csv("26.10.2026", visits=2, extra=["Erika;;;;"]))
    (run,) = hand_over(folder, ["visits"], [bad])
    assert run.outcome == "refused"
    assert run.wrong_cells[0].in_words().startswith("Zeile 4, Spalte ")
    assert "Erika" not in str(run)
    # Nothing is left but the sign of who takes requests: no file, no name, no rows.
    assert [path.name for path in (folder / FOLDER).iterdir()] == ["taken-by"]


def test_a_request_that_cannot_be_done_is_answered_with_a_sentence(running, folder):
    with pytest.raises(IngestError, match="has no source nonsense; it has: visits"):
        hand_over(folder, ["nonsense"], [])
    assert hand_over(folder, ["visits"], [folder / "missing.csv"])[0].outcome == (
        "failed"
    )


def test_where_nobody_takes_requests_nothing_is_asked(folder):
    assert hand_over(folder, ["visits"], []) is None
    place = folder / FOLDER
    place.mkdir()
    # A process that was killed left its sign behind.
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (place / "taken-by").write_text(str(ended.pid))
    assert hand_over(folder, ["visits"], []) is None
    assert [path.name for path in place.iterdir()] == ["taken-by"]


def test_who_waits_is_told_when_the_running_process_ends(folder):
    told = []

    def ask():
        try:
            hand_over(folder, ["visits"], [])
        except IngestError as error:
            told.append(str(error))

    released = threading.Event()
    asked = threading.Event()

    def never(source, files):
        asked.set()
        released.wait(10)
        return []

    with taking_requests(folder, never):
        waiting = threading.Thread(target=ask)
        waiting.start()
        assert asked.wait(5)
    waiting.join(5)
    released.set()
    assert told == ["the running process ended before it answered; run it again"]


def test_a_source_does_not_run_twice_at_a_time_by_hand(
    make_city, visits, web, day_csv, folder, warehouse
):
    at_once, most = [], []

    def slow(request):
        at_once.append(1)
        most.append(len(at_once))
        time.sleep(0.3)
        at_once.pop()
        request.send_error(404)

    web.answers["/a.csv"] = slow
    city = make_city(visits(url=web.url + "/a.csv", private_host=True, every="30d"))
    scheduler = Scheduler(warehouse, city, folder, lambda *_: None, now=lambda: NOON)
    with scheduler:  # runs it at once, being overdue
        for _ in range(2):
            (run,) = scheduler.run_by_hand("visits")
            assert run.http_status == 404
        until = time.monotonic() + 10  # who goes first is up to the threads
        while len(most) < 3 and time.monotonic() < until:
            time.sleep(0.05)
    assert most == [1, 1, 1]


CITY = """
[city]
id = "kleinstadt"
name = "Kleinstadt"
ars = "051200000000"
state = "NW"
timezone = "Europe/Berlin"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
contact = { name = "Pressestelle" }

[[office]]
id = "meldeamt"
name = { de = "Meldeamt", en = "Registration" }

[[source]]
id = "bewertungen"
adapter = "table_file"
publisher = "Stadt Kleinstadt"
licence = "dl-de/by-2-0"
folder = "eingang"
every = "30d"
max_age = "40d"
mapping = { table = "ratings", template = true }

[publish]
cells = []
"""


def test_load_works_beside_a_running_process_and_a_second_one_is_refused(tmp_path):
    (tmp_path / "stadt.toml").write_text(CITY, encoding="utf-8")
    folder = tmp_path / "data" / "kleinstadt"
    (folder / "eingang").mkdir(parents=True)
    handed = tmp_path / "hand.csv"
    handed.write_text(
        "Amt *;Leistung;Tag *;Antwort *;Anzahl *;Gefragt\nMeldeamt;;05.10.2026;5;17;\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "AMTSPULS_CITY": str(tmp_path / "stadt.toml"),
        "AMTSPULS_DATA": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "amtspuls"]
    first = subprocess.Popen(
        [*command, "ingest", "--schedule", "--quiet"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def amtspuls(*arguments):
        return subprocess.run(
            [*command, *arguments],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    try:
        until = time.monotonic() + 30
        while not (folder / FOLDER / "taken-by").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        loaded = amtspuls("load", "bewertungen", str(handed))
        assert loaded.returncode == 0, loaded.stderr
        assert "by the running process" in loaded.stderr
        assert "bewertungen  loaded" in loaded.stdout
        second = amtspuls("ingest", "--schedule")
        assert second.returncode == 1
        assert f"held by process {first.pid}" in second.stderr
    finally:
        first.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert first.wait(15) == 0
    assert time.monotonic() - began < 5
    connection = open_warehouse(folder / "warehouse.duckdb")
    assert read_rows(connection, "ratings")["count"].to_list() == [17]
    assert read_frame(connection, "FROM deliveries")["name"].to_list() == ["hand.csv"]
    connection.close()
