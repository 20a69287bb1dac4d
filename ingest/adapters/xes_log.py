"""An event log, case by case, in bounded memory: only what is asked for is kept."""

import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable

NAME: Final = "concept:name"
_TIME: Final = "time:timestamp"
_LIFECYCLE: Final = "lifecycle:transition"
_OF_EVENTS: Final = (NAME, _TIME, _LIFECYCLE)
_GZIP: Final = b"\x1f\x8b"
_LARGEST: Final = 4_000_000_000  # bytes when unpacked; read piece by piece
_MOST_ELEMENTS: Final = 2_000_000  # of one case
_LONGEST_TAG: Final = 1_000_000  # bytes between two tags: XES keeps values short
_DAMAGED: Final = (ParseError, EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class LogEvent:
    """What happened to a case, when; not who did it."""

    name: str
    time: str | None  # as it is written
    lifecycle: str | None


@dataclass
class Trace:
    """One case."""

    attributes: dict[str, str] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)


def traces(
    name: str, content: bytes | Path, wanted: Collection[str]
) -> Iterator[Trace]:
    """Yield the cases of a log, with the wanted attributes and their events."""
    with _opened(name, content) as stream:
        try:
            yield from _traces(name, _Measured(name, stream), frozenset(wanted))
        except DefusedXmlException as error:
            message = f"{name} is XML with entities of its own, which is not read"
            raise DeliveryRefused(message) from error
        except _DAMAGED as error:
            message = (
                f"{name} is no complete event log: it was cut off, is still being"
                " written, or is of another format. Have it delivered again"
            )
            raise DeliveryRefused(message) from error


def _traces(name: str, stream: "_Measured", wanted: frozenset[str]) -> Iterator[Trace]:
    steps = ElementTree.iterparse(
        cast("IO[bytes]", stream), events=("start", "end"), forbid_dtd=True
    )
    root: Element = next(steps)[1]
    _must_be_log(name, _local(root.tag))
    trace: Trace | None = None
    held = 0
    for step, element in steps:
        tag = _local(element.tag)
        held += step == "start"
        if held > _MOST_ELEMENTS:
            message = f"{name} has a case of more than {_MOST_ELEMENTS} elements"
            raise DeliveryRefused(message)
        if step == "start":
            trace = Trace() if tag == "trace" else trace
        elif trace is None:
            element.clear()
        elif tag == "event":
            trace.events.append(_event(element))
            element.clear()
        elif tag == "trace":
            trace.attributes = _attributes(element, wanted)
            yield trace
            trace, held = None, 0
            root.clear()


def _must_be_log(name: str, tag: str) -> None:
    if tag != "log":
        message = f"{name} begins with <{tag[:40]}>, but an event log begins with <log>"
        raise SourceChanged(message)


def _event(element: Element) -> LogEvent:
    said = _attributes(element, _OF_EVENTS)
    return LogEvent(said.get(NAME, ""), said.get(_TIME), said.get(_LIFECYCLE))


def _attributes(element: Element, wanted: Collection[str]) -> dict[str, str]:
    """Give the attributes of a trace or event; those of attributes are not meant."""
    found: Mapping[str, str | None] = {
        key: child.get("value")
        for child in element
        if (key := child.get("key", "")) in wanted
    }
    return {key: value for key, value in found.items() if value is not None}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


@contextmanager
def _opened(name: str, content: bytes | Path) -> Iterator[IO[bytes]]:
    try:
        raw = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise SourceUnavailable(message) from error
    with raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw


class _Measured:
    """A stream that ends with an error when it unpacks to a giant."""

    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self._name = name
        self._stream = stream
        self._read = 0
        self._since_tag = 0

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._read += len(piece)
        last = piece.rfind(b">")
        whole = self._since_tag + len(piece)
        self._since_tag = whole if last < 0 else len(piece) - last
        if self._read > _LARGEST or self._since_tag > _LONGEST_TAG:
            message = (
                f"{self._name} is beyond all measure when unpacked: more than"
                f" {_LARGEST // 10**6} MB, or {_LONGEST_TAG // 10**6} MB without a tag"
            )
            raise DeliveryRefused(message)
        return piece
