"""The systems over real HTTP, and the command that runs them."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests
import typer

from data.simulator import Clock, start
from data.simulator.__main__ import main

FILE = "/aufrufsystem/fachaemter/vorgaenge-2026-11.csv"


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001 - local time of the city


@pytest.fixture(autouse=True)
def same_time(server):
    server.clock.set(at(2026, 11, 19, 10, 15))


def test_a_file_comes_with_an_etag_and_is_sent_once(server, session):
    first = session.get(server.address + FILE)
    assert first.status_code == 200
    assert first.headers["Content-Type"] == "text/csv; charset=windows-1252"
    assert int(first.headers["Content-Length"]) == len(first.content) > 100_000
    known = {"If-None-Match": first.headers["ETag"]}
    second = session.get(server.address + FILE, headers=known)
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]


def test_after_the_night_the_file_is_another_one(server, session):
    first = session.get(server.address + FILE)
    server.clock.set(at(2026, 11, 20, 5, 0))
    known = {"If-None-Match": first.headers["ETag"]}
    second = session.get(server.address + FILE, headers=known)
    assert second.status_code == 200
    assert second.headers["ETag"] != first.headers["ETag"]


def test_a_corrected_file_replaces_the_first_one(server, session):
    address = server.address + "/aufrufsystem/fachaemter/vorgaenge-2026-08.csv"
    server.clock.set(at(2026, 9, 17, 12))
    wrong = session.get(address)
    server.clock.set(at(2026, 9, 18, 12))
    right = session.get(address, headers={"If-None-Match": wrong.headers["ETag"]})
    assert right.status_code == 200
    assert len(right.content) > 1.2 * len(wrong.content)


def test_the_live_feed_is_never_cached(server, session):
    answer = session.get(server.address + "/live/wartezeiten.json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert answer.json()["queues"][0]["lastUpdated"] == "2026-11-19 10:15:00"


def test_head_says_the_length_and_sends_nothing(server, session):
    answer = session.head(server.address + FILE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100_000


@pytest.mark.parametrize(
    "path",
    [
        "/nichts",
        "/../etc/passwd",
        "/aufrufsystem/fachaemter/vorgaenge-0000-01.csv",
        "/aufrufsystem/fachaemter/vorgaenge-9999-12.csv",
        "/fachverfahren/bauordnung/bauantraege-9999.xlsx",
    ],
)
def test_unknown_addresses_are_404(server, session, path):
    assert session.get(server.address + path).status_code == 404


def test_the_first_page_says_that_all_is_invented(server, session):
    page = session.get(server.address)
    assert "Beispieldaten" in page.text
    for address in page.text.split('href="')[1:]:
        assert session.get(server.address + address.split('"')[0]).status_code == 200


def test_many_readers_get_the_same_bytes_and_nothing_is_logged(server, capfd):
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(requests.get, [server.address + FILE] * 32)
        assert len({answer.content for answer in found}) == 1
    assert capfd.readouterr() == ("", "")


def test_the_clock_stands_still_or_goes_on():
    moment = datetime(2026, 11, 19, 9, 15, tzinfo=UTC)
    assert Clock(moment).now() == moment
    ticking = Clock(moment, is_ticking=True)
    assert moment < ticking.now() < moment + timedelta(seconds=30)
    ticking.set(at(2026, 11, 20, 10, 0))
    assert ticking.now() >= datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_a_closed_server_frees_its_port():
    with start(at(2026, 11, 19, 10, 15)) as running:
        port = running.port
    with start(at(2026, 11, 19, 10, 15), port=port) as again:
        assert again.address == f"http://127.0.0.1:{port}"
    with pytest.raises(requests.ConnectionError):
        requests.get(again.address, timeout=2)


def command(*arguments):
    return [sys.executable, "-m", "data.simulator", *arguments]


def test_the_command_says_when_it_is_ready_and_stops_when_told():
    process = subprocess.Popen(
        command("--port", "0", "--now", "2024-05-14T10:15", "--frozen"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    try:
        ready = process.stdout.readline()
        assert ready.startswith("ready: http://127.0.0.1:")
        address = ready.split()[1]
        feed = requests.get(address + "/live/wartezeiten.json", timeout=10).json()
        assert feed["queues"][0]["lastUpdated"] == "2024-05-14 10:15:00"
        simulated = process.stdout.readline()
        assert simulated == "simulated: 2024-04-01 to 2024-05-14\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == ""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("moment", ["morgen", "2024-01-01T10:00"])
def test_a_wrong_time_is_wrong_use(moment):
    with pytest.raises(typer.BadParameter, match=moment):
        main(now=moment)


def test_a_port_in_use_is_one_sentence_with_a_way_out(server):
    with pytest.raises(SystemExit, match=r"Port \d+ cannot be used .* --port 0"):
        main(port=server.port)
