"""How an answer leaves: said to be unchanged when it is, compressed once, cachable."""

import gzip
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import brotli  # type: ignore[import-untyped]
from flask import Response, request

# Ask again each time: unchanged costs a few bytes, a new snapshot shows at once.
REVALIDATE: Final = "public, no-cache"
IMMUTABLE: Final = "public, max-age=31536000, immutable"

_TEXTS: Final = ("text/", "application/json", "application/javascript")
_TEXT_ENDINGS: Final = ("+json", "+xml", "/xml")
_SMALLEST: Final = 500  # bytes; below, compressing makes answers no shorter


class ByteCache:
    """Answers made before, up to a number of bytes; the least recently used go."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._size = 0
        self._bodies: OrderedDict[object, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._making = [threading.RLock() for _ in range(32)]

    def get(self, key: object, make: Callable[[], bytes]) -> bytes:
        body = self._find(key)
        if body is not None:
            return body
        # Who asks for the same while it is made waits for it; others do not.
        with self._making[hash(key) % len(self._making)]:
            body = self._find(key)
            if body is None:
                body = make()
                self._keep(key, body)
        return body

    def _find(self, key: object) -> bytes | None:
        with self._lock:
            if key not in self._bodies:
                return None
            self._bodies.move_to_end(key)
            return self._bodies[key]

    def _keep(self, key: object, body: bytes) -> None:
        if len(body) > self._capacity // 2:
            return  # would drive out everything else
        with self._lock:
            self._size += len(body) - len(self._bodies.pop(key, b""))
            self._bodies[key] = body
            while self._size > self._capacity:
                _, dropped = self._bodies.popitem(last=False)
                self._size -= len(dropped)


_BODIES: Final = ByteCache(32_000_000)
_COMPRESSED: Final = ByteCache(32_000_000)


def answer(
    tag: str,
    make: Callable[[], bytes],
    media_type: str,
    *,
    cache_control: str = REVALIDATE,
) -> Response:
    """Answer with a body that is made once per tag, or with 304.

    The tag names everything that the body depends on: the snapshot, what was asked
    for, the language.
    """
    response = Response(content_type=media_type)
    # Weak: the same words in another compression are the same answer.
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = cache_control
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(_BODIES.get(tag, make))
    return response


def allow_everybody(response: Response) -> Response:
    """Let scripts of any other site read open data."""
    if request.method in ("GET", "HEAD"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "ETag, Link, X-Total-Count"
    return response


def tag_of(*parts: object) -> str:
    """Make an ETag of a snapshot's id and whatever else an answer depends on."""
    first, *rest = map(str, parts)
    digest = blake2b(digest_size=8)
    for part in rest:
        digest.update(part.encode())
        digest.update(b"\0")
    return f"{first}-{digest.hexdigest()}"


def to_json(document: object) -> bytes:
    text = json.dumps(
        document, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    return text.encode()


def compress(response: Response) -> Response:
    """Compress any textual answer in the way the reader's browser prefers.

    What has an ETag is compressed once per process, and not even read again.
    """
    if not _is_compressible(response):
        return response
    response.vary.add("Accept-Encoding")
    encoding = request.accept_encodings.best_match(("br", "gzip", "identity"))
    size = response.calculate_content_length() or response.content_length or _SMALLEST
    if encoding not in _COMPRESSORS or response.status_code == 304 or size < _SMALLEST:
        return response
    tag, is_weak = response.get_etag()
    if tag is None:
        packed = _compressed(response, encoding)
    else:
        key = (encoding, request.path, tag)
        packed = _COMPRESSED.get(key, lambda: _compressed(response, encoding))
        if not is_weak:
            response.set_etag(tag, weak=True)  # strong ones promise the same bytes
    close_file = getattr(response.response, "close", None)
    if close_file is not None:
        close_file()
    response.direct_passthrough = False
    response.set_data(packed)
    response.headers["Content-Encoding"] = encoding
    return response


def _compressed(response: Response, encoding: str) -> bytes:
    response.direct_passthrough = False
    return _COMPRESSORS[encoding](response.get_data())


def _is_compressible(response: Response) -> bool:
    media_type = response.mimetype or ""
    is_text = media_type.startswith(_TEXTS) or media_type.endswith(_TEXT_ENDINGS)
    is_whole = response.status_code not in (204, 206)
    return is_text and is_whole and "Content-Encoding" not in response.headers


_COMPRESSORS: Final[dict[str, Callable[[bytes], bytes]]] = {
    # 5 takes 2 ms for 120 KB; the best, 11, makes a fifth less of it and takes 0.2 s.
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
