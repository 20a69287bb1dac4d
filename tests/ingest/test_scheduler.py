"""Sources side by side, each one at a time."""

import logging
import threading
import time
from datetime import UTC, datetime

import pytest

from ingest.delivery import run_source
from ingest.scheduler import Scheduler
from ingest.warehouse import read_frame, read_rows

MONDAY_NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SUNDAY_NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def wait_for(condition, seconds=8):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def scheduler(folder, warehouse):
    """Run a city's sources, collecting what was loaded."""

    def scheduler(city, loaded, at=MONDAY_NOON):
        def on_loaded(source_id, table):
            loaded.append((source_id, table))

        return Scheduler(warehouse, city, folder, on_loaded, now=lambda: at)

    return scheduler


def test_what_is_overdue_runs_at_once_and_is_told(
    make_city, visits, put, day_csv, warehouse, scheduler
):
    put("a.csv", day_csv("26.10.2026"))
    loaded = []
    with scheduler(make_city(visits(every="1h")), loaded):
        wait_for(lambda: loaded)
    assert loaded == [("visits", "tickets")]
    assert read_rows(warehouse, "tickets").height == 12


def test_what_ran_lately_waits_for_its_turn(
    make_city, visits, put, day_csv, warehouse, folder, scheduler
):
    city = make_city(visits(every="1h"))
    run_source(warehouse, city, city.source("visits"), data_dir=folder, now=MONDAY_NOON)
    put("a.csv", day_csv("26.10.2026"))
    loaded = []
    with scheduler(city, loaded):
        time.sleep(0.5)
    assert loaded == []
    assert read_frame(warehouse, "FROM runs").height == 1


def test_a_source_comes_again_and_again(
    make_city, visits, web, day_csv, warehouse, scheduler
):
    source = visits(url=web.says("/a.csv", day_csv("26.10.2026")), private_host=True)
    loaded = []
    with scheduler(make_city({**source, "every": "1s"}), loaded):
        wait_for(lambda: len(loaded) == 1)
        web.says("/a.csv", day_csv("26.10.2026", wait=20))
        wait_for(lambda: len(loaded) == 2)
    assert len(web.asked) >= 2
    rows = read_rows(warehouse, "tickets")
    waited = (rows["called_at"] - rows["arrived_at"]).dt.total_minutes().unique()
    assert waited.to_list() == [20]


def test_a_slow_source_delays_no_other_and_does_not_run_twice_at_a_time(
    make_city, visits, web, put, day_csv, scheduler, caplog
):
    released = threading.Event()
    running = []

    def slow(request):
        running.append(1)
        released.wait(6)
        request.send_response(204)
        request.end_headers()

    web.answers["/slow.csv"] = slow
    put("a.csv", day_csv("26.10.2026"))
    waiting = visits(id="waiting", url=web.url + "/slow.csv", private_host=True)
    city = make_city({**waiting, "every": "1s"}, visits(every="1s"))
    loaded = []
    with scheduler(city, loaded):
        wait_for(lambda: loaded)
        assert loaded == [("visits", "tickets")]
        wait_for(lambda: "waiting: still running when it was due again" in caplog.text)
        assert len(running) == 1
        released.set()


def test_stopping_ends_what_waits_for_the_network(
    make_city, visits, web, warehouse, scheduler
):
    released = threading.Event()
    asked = threading.Event()

    def never(request):
        asked.set()
        released.wait(10)

    web.answers["/a.csv"] = never
    city = make_city(visits(url=web.url + "/a.csv", private_host=True))
    with scheduler(city, []):
        assert asked.wait(5)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    released.set()
    (told,) = read_frame(warehouse, "SELECT outcome, error FROM runs").to_dicts()
    assert told["outcome"] == "failed"
    assert "takes too long" in told["error"]


@pytest.mark.parametrize(("at", "expected"), [(MONDAY_NOON, 1), (SUNDAY_NOON, 0)])
def test_live_queues_are_looked_at_only_around_opening_hours(
    make_city, visits, web, put, day_csv, warehouse, scheduler, at, expected
):
    live = {
        "id": "live",
        "adapter": "queue_feed",
        "publisher": "Stadt",
        "licence": "dl-de/zero-2.0",
        "every": "1h",
        "max_age": "2h",
        "private_host": True,
        "url": web.says("/q", '{"queues": [{"name": "meldeamt", "minutes": 15}]}'),
        "mapping": {
            "queues": "queues",
            "office": {"column": "name"},
            "wait_minutes": {"column": "minutes"},
            "state": {"value": "open"},
        },
    }
    put("a.csv", day_csv("26.10.2026"))
    loaded = []
    with scheduler(make_city(live, visits()), loaded, at):
        wait_for(lambda: ("visits", "tickets") in loaded)
        wait_for(lambda: len(loaded) == 1 + expected)
        time.sleep(0.2)
    assert len(web.asked) == expected
    assert read_rows(warehouse, "queue_samples").height == expected


def test_a_publication_that_fails_stops_nothing_and_quotes_nothing(
    make_city, visits, put, day_csv, warehouse, folder, caplog
):
    caplog.set_level(logging.DEBUG)
    put("a.csv", day_csv("26.10.2026"))
    told = threading.Event()

    def on_loaded(source_id, table):
        told.set()
        message = "Erika Mustermann"
        raise ValueError(message)

    city = make_city(visits())
    with Scheduler(warehouse, city, folder, on_loaded, now=lambda: MONDAY_NOON):
        assert told.wait(5)
        wait_for(lambda: "visits: ValueError in test_scheduler.py" in caplog.text)
    assert "Erika" not in caplog.text
    assert read_rows(warehouse, "tickets").height == 12
