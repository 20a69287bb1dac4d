"""A small city, its folder and warehouse, and a web server that does as told."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ingest.city import City
from ingest.warehouse import open_warehouse

Handler = Callable[[BaseHTTPRequestHandler], None]

MONDAY = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)  # 13:00 in Berlin
HEADER = "Amt;Ankunft;Aufruf;Ende;Nummer"


@pytest.fixture
def now():
    return MONDAY


@pytest.fixture
def make_city():
    """Return a city of two offices with the given sources."""

    def make(*sources, **more):
        hours = [{"opens": "08:00", "closes": "16:00"}]
        weekdays = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), hours)
        return City.model_validate(
            {
                "city": {
                    "id": "teststadt",
                    "name": "Teststadt",
                    "ars": "069990000000",
                    "state": "HE",
                    "timezone": "Europe/Berlin",
                    "contact": {"name": "Rathaus"},
                    "publisher": "Stadt Teststadt",
                    "licence": "dl-de/zero-2.0",
                },
                "office": [
                    {
                        "id": "meldeamt",
                        "name": {"de": "Meldeamt", "en": "Registration"},
                        "hours": weekdays,
                    },
                    {"id": "bauamt", "name": {"de": "Bauamt", "en": "Building"}},
                ],
                "service": [
                    {
                        "id": "ausweis",
                        "leika": "99115005070000",
                        "name": {"de": "Ausweis", "en": "Identity card"},
                        "office": "meldeamt",
                    }
                ],
                "source": sources,
                "publish": {"cells": []},
                **more,
            }
        )

    return make


@pytest.fixture
def visits() -> Callable[..., dict[str, Any]]:
    """Return a source of visits: CSV files in a folder, unless said otherwise."""

    def source(**more):
        moment = {"format": "%d.%m.%Y %H:%M"}
        place = {} if "url" in more else {"folder": "in", "pattern": "*.csv"}
        return {
            "id": "visits",
            "adapter": "table_file",
            "publisher": "Stadt",
            "licence": "dl-de/zero-2.0",
            "every": "1h",
            "max_age": "2d",
            "mapping": {
                "table": "tickets",
                "columns": {
                    "office": {"column": "Amt"},
                    "arrived_at": {"column": "Ankunft", **moment},
                    "called_at": {"column": "Aufruf", **moment},
                    "finished_at": {"column": "Ende", **moment},
                    "outcome": {"value": "served"},
                    "ticket_key": {"column": "Nummer", "key": True},
                },
            },
            **place,
            **more,
        }

    return source


@pytest.fixture
def day_csv():
    """Return a day of visits as CSV: one every five minutes, each waiting `wait`."""

    def csv(day, visits=12, wait=10, office="meldeamt", extra=()):
        lines = [HEADER]
        for n in range(visits):
            minute = 8 * 60 + 5 * n
            times = (minute, minute + wait, minute + wait + 5)
            shown = (f"{day} {m // 60:02}:{m % 60:02}" for m in times)
            lines.append(";".join([office, *shown, f"A{n:03}"]))
        return "\n".join([*lines, *extra]) + "\n"

    return csv


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the city's folder, with an empty inbox."""
    (tmp_path / "teststadt" / "in").mkdir(parents=True)
    return tmp_path / "teststadt"


@pytest.fixture
def put(folder):
    """Put a file into the inbox, as if it had lain there for a while."""
    moment = iter(range(1_700_000_000, 1_800_000_000))

    def put(name, text):
        path = folder / "in" / name
        path.write_text(text, encoding="utf-8")
        seconds = next(moment)
        os.utime(path, (seconds, seconds))
        return path

    return put


@pytest.fixture
def warehouse(folder):
    connection = open_warehouse(folder / "warehouse.duckdb")
    yield connection
    connection.close()


@dataclass
class Web:
    """A web server on a free port: a function per path says what it answers."""

    url: str = ""
    port: int = 0
    answers: dict[str, Handler] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def says(self, path, content, status=200, **headers):
        body = content if isinstance(content, bytes) else content.encode()

        def answer(request):
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return self.url + path


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = self.path.partition("?")[0]
            state.asked.append((self.path, dict(self.headers)))
            try:
                state.answers[path](self)
            except KeyError:
                self.send_error(404)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    state.url = f"http://127.0.0.1:{state.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
