"""What guards a session: addresses it may reach, retries, and an alarm clock."""

import ipaddress
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ingest.errors import SourceUnavailable

_WORTH_A_RETRY: Final = (429, 500, 502, 503, 504)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Limits:
    """What one question may cost."""

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=20)  # without a single byte
    total: timedelta = timedelta(minutes=5)  # from the question to the last byte
    largest: int = 256 * 1024 * 1024  # bytes, after decompression
    retries: int = 3
    pause: timedelta = timedelta(seconds=1)  # doubled from retry to retry
    longest_pause: timedelta = timedelta(seconds=60)  # whatever Retry-After says
    redirects: int = 5


_GUARDS: Final[weakref.WeakSet["GuardedAdapter"]] = weakref.WeakSet()


def cut_all() -> None:
    """End every question of this process that is under way."""
    for guard in list(_GUARDS):
        guard.cut()


class GuardedAdapter(HTTPAdapter):
    """Connects to public addresses only, unless told otherwise, and not for ever."""

    def __init__(self, limits: Limits, *, private: bool) -> None:
        self.rang = False
        self.private = private
        self._is_cut = False
        self._limits = limits
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        _GUARDS.add(self)
        super().__init__(
            max_retries=urllib3.Retry(
                total=limits.retries,
                redirect=0,
                status_forcelist=_WORTH_A_RETRY,
                allowed_methods=("GET",),
                backoff_factor=limits.pause.total_seconds(),
                backoff_max=limits.longest_pause.total_seconds(),
                retry_after_max=int(limits.longest_pause.total_seconds()),
                respect_retry_after_header=True,
                raise_on_status=False,
            )
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self)

    @contextmanager
    def alarm(self) -> Iterator[None]:
        """Cut all connections when the time is over; time-outs restart at each byte."""
        self.rang = self._is_cut
        timer = threading.Timer(self._limits.total.total_seconds(), self._ring)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def admit(self, connection: HTTPConnection, host: str) -> list[str]:
        """Return the addresses that a name leads to, if the source may go there."""
        if self.rang:
            message = f"{host} takes too long"
            raise SourceUnavailable(message)
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self.private and not all(map(_is_public, addresses)):
            message = (
                f"{host} leads to a private address; set private_host = true in the"
                " city file if it is a machine of the city"
            )
            raise SourceUnavailable(message)
        return addresses

    def watch(self, connected: socket.socket) -> None:
        # The socket and not its connection: that lets go of it while a body is read.
        self._sockets.add(connected)

    def cut(self) -> None:
        """End what is under way, and begin nothing more: the process stops."""
        self._is_cut = True
        self._ring()

    def _ring(self) -> None:
        self.rang = True
        for connected in list(self._sockets):
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _guarded_pools(guard: GuardedAdapter) -> dict[str, type[HTTPConnectionPool]]:
    """Make connections go to the very address that was looked at.

    Looking a name up twice would let it lead elsewhere the second time.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(guard, self, super()._new_conn)

        def connect(self) -> None:
            super().connect()
            guard.watch(self.sock)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(guard, self, super()._new_conn)

        def connect(self) -> None:
            super().connect()
            guard.watch(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connect(
    guard: GuardedAdapter, connection: HTTPConnection, new: Callable[[], socket.socket]
) -> socket.socket:
    # urllib3 keeps apart the name it checks the certificate for and this one, which
    # it connects to.
    name = connection._dns_host
    try:
        *others, last = guard.admit(connection, name)
        for address in others:
            connection._dns_host = address
            with suppress(urllib3.exceptions.HTTPError):
                return new()
        connection._dns_host = last
        return new()
    except socket.gaierror as error:
        raise urllib3.exceptions.NameResolutionError(name, connection, error) from error
    finally:
        connection._dns_host = name


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast
