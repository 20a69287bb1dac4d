"""Slow readers wait for themselves, nobody waits for them."""

import socket
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from dashboard.server import serve
from dashboard.web_worker import _wanted_bytes

CITY_FILE = Path(__file__).parents[2] / "data" / "cities" / "musterstadt.toml"
HEAD = b"GET /api/v1/live HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def place(open_published):
    with serve(open_published, CITY_FILE, port=0, workers=1) as running:
        host, port = running.wait_until_ready().removeprefix("http://").split(":")
        yield host, int(port)


def status_of(place):
    connection = HTTPConnection(*place, timeout=10)
    connection.request("GET", "/api/v1/live")
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    "sent", [b"", HEAD, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"]
)
def test_unfinished_requests_hold_up_nobody(place, sent):
    with ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(socket.create_connection(place))
            connection.sendall(sent)
        time.sleep(0.3)  # until they have reached the worker
        began = time.monotonic()
        assert [status_of(place) for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 2


def test_a_request_in_pieces_is_answered(place):
    with socket.create_connection(place, timeout=10) as connection:
        for piece in (HEAD[:10], HEAD[10:], b"Connection: close\r\n", b"\r\n"):
            connection.sendall(piece)
            time.sleep(0.1)
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_a_body_that_comes_later_is_read(place):
    with socket.create_connection(place, timeout=10) as connection:
        connection.sendall(b"POST /api/v1/live HTTP/1.1\r\nHost: x\r\n")
        connection.sendall(b"Content-Length: 4\r\nConnection: close\r\n\r\n12")
        time.sleep(0.2)
        connection.sendall(b"34")
        assert connection.recv(12) == b"HTTP/1.1 405"


def test_a_line_is_used_for_several_requests(place):
    connection = HTTPConnection(*place, timeout=10)
    for _ in range(3):
        connection.request("GET", "/api/v1/live")
        response = connection.getresponse()
        assert (response.status, bool(response.read())) == (200, True)
    connection.close()


@pytest.mark.parametrize(
    ("received", "wanted"),
    [
        (b"GET", 4),
        (HEAD, len(HEAD) + 1),
        (HEAD + b"\r\n", len(HEAD) + 2),
        (HEAD + b"Content-Length: 5\r\n\r\n", len(HEAD) + 21 + 5),
        (HEAD + b"\r\nContent-Length: 5\r\n", len(HEAD) + 2),
    ],
)
def test_the_length_of_a_request_is_read_from_its_head(received, wanted):
    assert _wanted_bytes(received) == wanted
