"""The sample city's systems over HTTP, on this machine only."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from data.simulator.open311 import ZONE
from data.simulator.systems import NOT_FOUND, Answer, Systems

SEED = 115


@dataclass
class Clock:
    """The city's time: it stands still or goes on from where it was set."""

    moment: datetime
    is_ticking: bool = False
    _set_at: float = field(default_factory=monotonic)

    def now(self) -> datetime:
        if not self.is_ticking:
            return self.moment
        return self.moment + timedelta(seconds=monotonic() - self._set_at)

    def set(self, moment: datetime) -> None:
        self.moment, self._set_at = aware(moment), monotonic()


class Server:
    """A running server; stops when closed or when its block is left."""

    def __init__(self, systems: Systems, clock: Clock, port: int) -> None:
        self.clock = clock
        self.systems = systems
        self._http = _Http(("127.0.0.1", port), systems, clock)
        self.port: int = self._http.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread = Thread(
            target=self._http.serve_forever, name="simulator", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def start(
    now: datetime, seed: int = SEED, port: int = 0, *, is_ticking: bool = False
) -> Server:
    """Serve the city as it is `now` (naive: its local time); port 0 takes a free one.

    Nothing is simulated before it is asked for; Systems.warm_up does it beforehand.
    """
    return Server(Systems(seed), Clock(aware(now), is_ticking), port)


def aware(moment: datetime) -> datetime:
    """Return the moment in UTC; naive means local time of the city."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], systems: Systems, clock: Clock
    ) -> None:
        super().__init__(address, _Handler)
        self.systems = systems
        self.clock = clock

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client has gone away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    server_version = "Musterstadt"
    sys_version = ""
    timeout = 30
    disable_nagle_algorithm = True  # else each answer waits for the client's kernel
    wbufsize = -1  # headers and body leave together

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep no log: it would hide the line that says where the server is."""

    def _answer(self) -> Answer:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        known = self.headers.get("If-None-Match", "")
        try:
            return self.server.systems.answer(
                parts.path, query, self.server.clock.now(), known
            )
        except (OverflowError, ValueError):  # a year or day that no calendar has
            return NOT_FOUND

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        if answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        if answer.etag is not None:
            self.send_header("ETag", answer.etag)
            self.send_header("Cache-Control", "no-cache")
        else:
            self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if with_body and answer.status != 304:
            self.wfile.write(answer.body)
        self.wfile.flush()
