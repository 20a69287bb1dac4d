"""The web workers start by exec, answer, take up new snapshots and stop in time."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import polars as pl
import pytest

from dashboard.server import ServerFailed, serve

ROOT = Path(__file__).parents[2]
CITY_FILE = ROOT / "data" / "cities" / "musterstadt.toml"
PUBLISHED_AT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
KEY = "AMTSPULS_KEY"


def get(server, path):
    connection = HTTPConnection(server.address.removeprefix("http://"), timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


@pytest.fixture(scope="module")
def server(open_published):
    os.environ[KEY] = "not for the web"
    with serve(open_published, CITY_FILE, port=0) as running:
        del os.environ[KEY]
        running.wait_until_ready()
        yield running
    assert running.returncode == 0


def test_it_answers_where_it_says(server):
    assert server.address.startswith("http://127.0.0.1:")
    assert get(server, "/api/v1/figures")[0].status == 200
    assert get(server, "/")[0].status == 200


def test_it_does_not_say_what_it_is_made_of(server):
    for path in ("/", "/api/v1/figures", "/healthz", "/api/v1/nothing"):
        response, _ = get(server, path)
        assert "Server" not in response.headers
        assert "unicorn" not in str(response.headers)


def test_its_workers_have_loaded_neither_database_nor_fetching_library():
    code = (
        "import os, sys, dashboard.server;"
        "dashboard.server.application(); print(*sys.modules)"
    )
    environment = os.environ | {
        "AMTSPULS_CITY": str(CITY_FILE),
        "AMTSPULS_PUBLISHED": "nothing-here",
    }
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {"dashboard.app", "dashboard.api", "polars"} <= set(loaded)
    assert {"duckdb", "requests", "apscheduler"} & set(loaded) == set()


def test_the_process_that_forks_the_workers_has_no_threads_of_polars():
    code = "import sys, dashboard.server; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT,
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {"polars", "dash", "flask"} & set(loaded) == set()


def test_it_inherits_no_secret(server):
    environment = Path(f"/proc/{server.pid}/environ").read_bytes()
    assert b"AMTSPULS_PUBLISHED=" in environment
    assert KEY.encode() not in environment


def test_a_new_snapshot_is_shown_without_a_restart(
    tmp_path, publish_open, open_figures
):
    publish_open(tmp_path)
    with serve(tmp_path, CITY_FILE, port=0, workers=1) as running:
        running.wait_until_ready()
        before = get(running, "/api/v1/figures?format=csv")[1]
        changed = open_figures.with_columns(pl.col("value") + 1)
        folder = publish_open(
            tmp_path, figures=changed, now=PUBLISHED_AT + timedelta(hours=1)
        )
        after = get(running, "/api/v1/figures?format=csv")[1]
    assert after == (folder / "figures.csv").read_bytes() != before


def test_it_stops_in_time_while_a_reader_keeps_the_line_open(open_published):
    running = serve(open_published, CITY_FILE, port=0)
    running.wait_until_ready()
    connection = HTTPConnection(running.address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 5
    assert running.returncode == 0
    connection.close()


def test_it_ends_when_the_process_that_started_it_is_killed(open_published):
    code = (
        "import sys, time; from pathlib import Path;"
        "from dashboard.server import serve;"
        f"s = serve(Path({str(open_published)!r}), Path({str(CITY_FILE)!r}), port=0);"
        "print(s.pid, s.wait_until_ready(), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    _, address = parent.stdout.readline().split()
    host, port = address.removeprefix("http://").split(":")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and _is_taken(host, int(port)):
        time.sleep(0.1)
    assert not _is_taken(host, int(port))


def _is_taken(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def test_a_port_in_use_is_said_before_anything_starts(open_published):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerFailed, match=f"127.0.0.1:{port} cannot be used"):
            serve(open_published, CITY_FILE, port=port)


def test_a_server_that_cannot_start_is_not_waited_for(open_published, tmp_path, capfd):
    city_file = tmp_path / "city.toml"
    city_file.write_text("[city]\n")
    running = serve(open_published, city_file, port=0)
    with pytest.raises(ServerFailed, match="stopped with exit code"):
        running.wait_until_ready()
    running.wait()
    assert "city.toml" in capfd.readouterr().err
