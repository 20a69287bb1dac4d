"""A web worker whose threads never wait for slow readers to finish asking."""

import re
import socket
import struct
import time
from typing import Any, Final

from gunicorn.workers.gthread import _DEFER, ThreadWorker

_ASK_WITHIN: Final = 10.0  # seconds from the first byte of a request to its last
_MOST_BYTES: Final = 65_536  # of a request; longer ones are read by a thread
_RECEIVE_TIMEOUT: Final = struct.pack("ll", 5, 0)  # seconds, microseconds
_SEND_TIMEOUT: Final = struct.pack("ll", 30, 0)
_HEAD_END: Final = b"\r\n\r\n"
_BODY_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,5})\r\n", re.I)


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Leaves a connection to the main loop until its request is there completely.

    A thread that reads a request waits for every byte of it. A dozen connections that
    send half a request and then nothing would otherwise hold all threads, and the site.
    """

    def handle(self, conn: Any) -> object:  # noqa: ANN401 - untyped library
        try:
            missing = _missing_bytes(conn.sock)
        except OSError:
            return False
        if not missing:
            conn.asked_since = None
            return super().handle(conn)
        now = time.monotonic()
        began = conn.asked_since = getattr(conn, "asked_since", None) or now
        return _DEFER if now - began < _ASK_WITHIN else False


def _missing_bytes(connection: socket.socket) -> bool:
    """Say whether bytes are missing, and have the loop woken when they come."""
    try:
        flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
        received = connection.recv(_MOST_BYTES, flags)
    except BlockingIOError:
        _wake_at(connection, 1)
        return True
    wanted = _wanted_bytes(received)
    is_missing = bool(received) and len(received) < wanted <= _MOST_BYTES
    _wake_at(connection, wanted if is_missing else 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _RECEIVE_TIMEOUT)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_TIMEOUT)
    return is_missing


def _wanted_bytes(received: bytes) -> int:
    """Return how long the request is, or one byte more while its head goes on."""
    head_end = received.find(_HEAD_END)
    if head_end < 0:
        return len(received) + 1
    length = _BODY_LENGTH.search(received, 0, head_end + 2)
    return head_end + len(_HEAD_END) + (int(length[1]) if length else 0)


def _wake_at(connection: socket.socket, size: int) -> None:
    # Without it the loop would be woken without end by the bytes that are there.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
