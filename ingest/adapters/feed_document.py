"""A feed's answer as plain objects: JSON as it is, XML as if it were JSON."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

import jmespath
from defusedxml import DefusedXmlException, ElementTree
from jmespath.exceptions import JMESPathError

from ingest.errors import DeliveryRefused, SourceChanged

_PLACE: Final = re.compile(r"(?P<place>\$|\^+)\.(?P<path>.+)", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"@\w[\w:.-]*")
_PLAIN: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class Queue:
    """One queue of an answer, with what stands above it."""

    levels: Sequence[object]  # the whole answer first, the queue itself last

    def find(self, expression: str) -> object:
        """Look a field up in the queue, in a level above it, or in the whole answer."""
        place, path = _split(expression)
        if place.startswith("^"):
            above = len(self.levels) - 1 - len(place)
            if above < 0:
                message = f"{expression!r} leads above the whole answer"
                raise SourceChanged(message)
            return _search(path, self.levels[above])
        return _search(path, self.levels[0 if place == "$" else -1])


def read_document(name: str, content: bytes) -> object:
    """Read JSON or XML; raise DeliveryRefused for anything else."""
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        message = f"{name} is empty"
        raise DeliveryRefused(message)
    try:
        if text.startswith(b"<"):
            return _read_xml(text)
        document: object = json.loads(text)
    except DefusedXmlException as error:
        message = f"{name} is XML with entities of its own, which is not read"
        raise DeliveryRefused(message) from error
    except (ValueError, RecursionError, ParseError) as error:
        message = f"{name} is no complete JSON or XML; it may have been cut off"
        raise DeliveryRefused(message) from error
    return document


def queues_of(name: str, document: object, paths: Sequence[str]) -> list[Queue]:
    """Go from level to level; a level that is not there means that the feed changed."""
    found = [Queue([document])]
    for path in paths:
        found = [
            Queue([*queue.levels, entry])
            for queue in found
            for entry in _entries(name, path, _search(path, queue.levels[-1]))
        ]
    return found


def missing_fields(queues: Sequence[Queue], expressions: Sequence[str]) -> list[str]:
    """Name the plain fields that no queue has at all, be it with or without a value."""
    return [
        expression
        for expression in expressions
        if _PLAIN.fullmatch(expression)
        and queues
        and not any(
            isinstance(queue.levels[-1], Mapping) and expression in queue.levels[-1]
            for queue in queues
        )
    ]


def as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def _entries(name: str, path: str, found: object) -> Iterator[object]:
    if isinstance(found, list):
        yield from found
    elif isinstance(found, Mapping):
        if found and all(isinstance(value, Mapping) for value in found.values()):
            yield from ({"@key": key, **value} for key, value in found.items())
        else:  # XML with a single queue
            yield found
    else:
        message = (
            f"{name} has no list of queues at {path!r}; the feed has changed: compare"
            " it with queues in the mapping"
        )
        raise SourceChanged(message)


def _split(expression: str) -> tuple[str, str]:
    match = _PLACE.fullmatch(expression)
    return (match["place"], match["path"]) if match else ("", expression)


def _search(path: str, value: object) -> object:
    quoted = json.dumps(path) if _ATTRIBUTE.fullmatch(path) else path
    try:
        found: object = jmespath.search(quoted, value)
    except JMESPathError as error:
        message = f"the mapping's {path!r} is no JMESPath, or none for this feed"
        raise SourceChanged(message) from error
    return found


def _read_xml(text: bytes) -> dict[str, object]:
    root = ElementTree.fromstring(text, forbid_dtd=True)
    return {_local(root.tag): _content(root)}


def _content(element: Element) -> object:
    """Give an element without attributes and children as its text."""
    fields: dict[str, object] = {
        f"@{_local(name)}": value for name, value in element.attrib.items()
    }
    for child in element:
        name, value = _local(child.tag), _content(child)
        if name in fields:
            before = fields[name]
            fields[name] = (
                [*before, value] if isinstance(before, list) else [before, value]
            )
        else:
            fields[name] = value
    text = (element.text or "").strip()
    if not fields:
        return text or None
    return {**fields, "#text": text} if text else fields


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
