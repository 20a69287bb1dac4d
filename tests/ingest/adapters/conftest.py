"""A small city, sources made on the spot, and a real server on this machine."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from pydantic import TypeAdapter

from ingest.adapters import ADAPTERS
from ingest.adapters.base import Download, Parsed
from ingest.city import City
from ingest.sources import Open311Source, QueueFeedSource, Source, TableFileSource

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
COMMON = {
    "id": "quelle",
    "publisher": "Stadt Musterstadt",
    "licence": "dl-de/by-2-0",
    "every": "1h",
    "max_age": "1d",
}


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def city():
    hours = {
        day: [{"opens": "08:00", "closes": "16:00"}]
        for day in ("mon", "tue", "wed", "thu", "fri")
    }
    return City.model_validate(
        {
            "city": {
                "id": "musterstadt",
                "name": "Musterstadt",
                "ars": "069990000000",
                "state": "HE",
                "timezone": "Europe/Berlin",
                "contact": {"name": "Stadt Musterstadt"},
                "publisher": "Stadt Musterstadt",
                "licence": "dl-de/by-2-0",
            },
            "office": [
                {"id": "ema", "name": {"de": "Meldeamt", "en": "A"}, "hours": hours},
                {"id": "kfz", "name": {"de": "Zulassung", "en": "B"}},
            ],
            "service": [
                {
                    "id": "ausweis",
                    "leika": "99115005070000",
                    "name": {"de": "Personalausweis", "en": "Identity card"},
                    "office": "ema",
                }
            ],
            "publish": {"cells": []},
        }
    )


@pytest.fixture(scope="session")
def hashed() -> Callable[[pl.Series], pl.Series]:
    """Stand in for the keyed hash: it can be recognised, and hides nothing."""
    return lambda texts: "#" + texts


@pytest.fixture(scope="session")
def table_source() -> Callable[..., TableFileSource]:
    def make(mapping: Mapping[str, object], **more: object) -> TableFileSource:
        place = {} if "url" in more else {"folder": "eingang"}
        return TableFileSource.model_validate(
            {**COMMON, **place, "adapter": "table_file", "mapping": mapping, **more}
        )

    return make


@pytest.fixture(scope="session")
def feed_source() -> Callable[..., QueueFeedSource]:
    def make(mapping: Mapping[str, object], **more: object) -> QueueFeedSource:
        place = {} if "url" in more else {"folder": "eingang"}
        return QueueFeedSource.model_validate(
            {**COMMON, **place, "adapter": "queue_feed", "mapping": mapping, **more}
        )

    return make


@pytest.fixture(scope="session")
def open311_source() -> Callable[..., Open311Source]:
    def make(mapping: Mapping[str, object], **more: object) -> Open311Source:
        place = {} if "url" in more else {"folder": "eingang"}
        return Open311Source.model_validate(
            {**COMMON, **place, "adapter": "open311", "mapping": mapping, **more}
        )

    return make


@pytest.fixture(scope="session")
def any_source() -> Callable[..., Source]:
    """Make a source of whichever adapter."""

    def make(adapter: str, mapping: Mapping[str, object], **more: object) -> Source:
        place = {} if "url" in more else {"folder": "eingang"}
        return TypeAdapter(Source).validate_python(
            {**COMMON, **place, "adapter": adapter, "mapping": mapping, **more}
        )

    return make


@pytest.fixture(scope="session")
def read(city, hashed) -> Callable[..., Parsed]:
    """Parse bytes as a source's adapter does."""

    def parse(source, content: bytes, name: str = "lieferung.csv", **more) -> Parsed:
        download = Download(name, content, NOW, **more)
        return ADAPTERS[source.adapter].parse(download, source, city, hashed)

    return parse


class Answers:
    """What the server answers, by path and parameters, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answer: Callable[[str, dict[str, str]], bytes | None] = (
            lambda path, parameters: None
        )
        self.etag: str | None = None
        self.status = 200


@pytest.fixture
def server() -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            parameters = {k: v[0] for k, v in parse_qs(parts.query).items()}
            answers.asked.append((parts.path, parameters, dict(self.headers)))
            if answers.etag and self.headers.get("If-None-Match") == answers.etag:
                self.send_response(304)
                self.end_headers()
                return
            body = answers.answer(parts.path, parameters)
            self.send_response(404 if body is None else answers.status)
            if answers.etag:
                self.send_header("ETag", answers.etag)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    answers.url = f"http://127.0.0.1:{running.server_address[1]}"
    yield answers
    running.shutdown()
    running.server_close()
    thread.join()
