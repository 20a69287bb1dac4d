"""One session per source: it asks politely, and only where the city file says."""

import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3

from ingest.adapters.base import Answer
from ingest.errors import IngestError, SourceChanged, SourceUnavailable
from ingest.http_guard import GuardedAdapter, Limits
from ingest.sources import Source

_NOT_MODIFIED: Final = 304
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_DENIED: Final = (401, 403)
_PIECE: Final = 64 * 1024
_PAGE_BEGINS: Final = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class _Question:
    url: str
    etag: str | None
    last_modified: str | None

    @property
    def headers(self) -> dict[str, str]:
        said = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in said.items() if value}


class Session:
    """Gets addresses of one source; what they answer stays in memory."""

    def __init__(
        self, source: Source, asked_by: str, limits: Limits | None = None
    ) -> None:
        # Its own messages quote whole addresses; ours name the place.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._source = source
        self._limits = limits or Limits()
        self._guard = GuardedAdapter(self._limits, private=source.private_host)
        self._requests = requests.Session()
        # Neither proxies nor .netrc of whoever runs this: only the city file counts.
        self._requests.trust_env = False
        self._requests.headers = requests.structures.CaseInsensitiveDict(
            {
                "User-Agent": f"Amtspuls ({asked_by})",
                "Accept": "*/*",
                "Accept-Encoding": "gzip",
            }
        )
        self._requests.mount("https://", self._guard)
        self._requests.mount("http://", self._guard)

    def close(self) -> None:
        self._requests.close()

    def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None
    ) -> Answer:
        """Ask for an address on the source's own host; 304 only where asked for."""
        secrets = self._secrets()
        for _ in range(self._limits.redirects + 1):
            self._refuse_other_hosts(url)
            question = _Question(url, etag, last_modified)
            with self._ask(question, secrets) as response:
                if response.status_code not in _REDIRECTS:
                    return self._answer(response, question)
                url = urljoin(url, response.headers.get("Location", ""))
        message = f"{place(url)} redirects more than {self._limits.redirects} times"
        raise SourceChanged(message)

    def _secrets(self) -> dict[str, str]:
        secrets = {}
        for header, variable in self._source.secrets.items():
            value = os.environ.get(variable, "")
            if not value or not value.isprintable():
                message = (
                    f"the environment variable {variable} is"
                    f" {'not usable' if value else 'not set'};"
                    f" the source needs it for the header {header}"
                )
                raise SourceUnavailable(message)
            secrets[header] = value
        return secrets

    def _refuse_other_hosts(self, url: str) -> None:
        configured = urlsplit(self._source.url or "")
        asked = urlsplit(url)
        if not _is_same_host(configured, asked):
            message = (
                f"{place(self._source.url or '')} leads to {place(url)}, which is not"
                " the host in the city file; change it there if that is right"
            )
            raise SourceChanged(message)
        is_open = asked.scheme != "https" and not self._source.private_host
        if self._source.secrets and is_open:
            message = f"{place(url)} is not encrypted (https): no secret is sent there"
            raise SourceUnavailable(message)

    @contextmanager
    def _ask(
        self, question: _Question, secrets: dict[str, str]
    ) -> Iterator[requests.Response]:
        limits = self._limits
        try:
            with (
                self._guard.alarm(),
                self._requests.get(
                    question.url,
                    headers={**question.headers, **secrets},
                    timeout=(
                        limits.connect.total_seconds(),
                        limits.read.total_seconds(),
                    ),
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                yield response
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            # Their own words may hold headers or addresses: ours are said instead.
            why = "takes too long" if self._guard.rang else _in_words(error)
            message = f"{place(question.url)} {why}"
            raise SourceUnavailable(message) from None

    def _answer(self, response: requests.Response, question: _Question) -> Answer:
        status = response.status_code
        if status == _NOT_MODIFIED and question.headers:
            return Answer(b"", status, question.etag, question.last_modified)
        if not response.ok or status == _NOT_MODIFIED:
            raise _refusal(self._source, question.url, status)
        content = self._read(response, question.url)
        if _is_page(response.headers.get("Content-Type", ""), content):
            message = (
                f"{place(question.url)} answers with a web page (HTML) instead of data;"
                " is it a sign-in page or an error page?"
            )
            raise SourceChanged(message)
        return Answer(
            content,
            status,
            response.headers.get("ETag"),
            response.headers.get("Last-Modified"),
        )

    def _read(self, response: requests.Response, url: str) -> bytes:
        """Read the body piece by piece, so that no bomb and no drip gets far."""
        largest = self._limits.largest
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_PIECE, decode_content=True):
            size += len(piece)
            if size > largest:
                message = f"{place(url)} sends more than {largest:_} bytes"
                raise SourceUnavailable(message, response.status_code)
            pieces.append(piece)
        if self._guard.rang:
            raise TimeoutError
        return b"".join(pieces)


def place(url: str) -> str:
    """Return an address without what may be secret in it: user, query, fragment."""
    parts = urlsplit(url)
    port = "" if _port(parts) in (80, 443, None) else f":{_port(parts)}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def _is_same_host(configured: SplitResult, asked: SplitResult) -> bool:
    if asked.username or asked.hostname != configured.hostname:
        return False
    if (asked.scheme, _port(asked)) == (configured.scheme, _port(configured)):
        return True
    # Only the way from http to https on the same host is one that may be taken.
    return (configured.scheme, _port(configured), asked.scheme, _port(asked)) == (
        "http", 80, "https", 443,
    )  # fmt: skip


def _is_page(content_type: str, content: bytes) -> bool:
    begin = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return content_type.lower().startswith("text/html") or begin.startswith(
        _PAGE_BEGINS
    )


def _refusal(source: Source, url: str, status: int) -> IngestError:
    message = f"{place(url)} answers {status}"
    if status in _DENIED:
        asked_with = ", ".join(source.secrets.values())
        message += (
            f": the secret in {asked_with} is not accepted"
            if asked_with
            else ": it wants a key; name its environment variable in secrets"
        )
    return SourceUnavailable(message, status)


def _in_words(error: Exception) -> str:
    chain = list(_chain(error))
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (urllib3.exceptions.NameResolutionError, "is a name that nobody knows"),
        (ConnectionRefusedError, "does not answer: nothing listens there"),
        (urllib3.exceptions.NewConnectionError, "cannot be reached"),
        ((ssl.SSLError, urllib3.exceptions.SSLError), "has no valid certificate"),
        (
            (urllib3.exceptions.TimeoutError, requests.Timeout, TimeoutError),
            "does not answer in time",
        ),
        (
            (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError),
            "breaks off before the end",
        ),
    )
    for kind, words in kinds:
        if any(isinstance(one, kind) for one in chain):
            return words
    return "cannot be reached"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it wraps: requests hides the reason in arguments."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        reason = getattr(one, "reason", None)
        waiting += [reason, one.__cause__, one.__context__, *one.args]
