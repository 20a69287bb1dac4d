"""What is kept of Open311 requests: number, state, service and two times."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from ingest.adapters.feed_document import as_text, read_document
from ingest.errors import DeliveryRefused, SourceChanged

Request = Mapping[str, str | None]

FIELDS: Final = (
    "service_request_id", "status", "service_code", "service_name",
    "requested_datetime", "updated_datetime",
)  # fmt: skip
_LISTS: Final = ("requests", "service_requests", "request")
# The standard's own example has "service_code":006, which is no JSON.
_BARE_CODE: Final = re.compile(rb'("service_code"\s*:\s*)(0\d+)')


def read_requests(name: str, content: bytes) -> list[Request]:
    """Read a list of requests, or a single one, in JSON or XML."""
    try:
        document = read_document(name, content)
    except DeliveryRefused:
        quoted = _BARE_CODE.sub(rb'\1"\2"', content)
        if quoted == content:
            raise
        document = read_document(name, quoted)
    found = _list_of(name, document)
    requests: list[Request] = [
        {field: as_text(entry.get(field)) for field in FIELDS}
        for entry in found
        if isinstance(entry, Mapping)
    ]
    strangers = len(requests) < len(found) or (
        requests and all(request["requested_datetime"] is None for request in requests)
    )
    if strangers:
        message = f"{name} is no list of Open311 requests; is the address right?"
        raise SourceChanged(message)
    return requests


def newest(requests: Iterable[Request], zone: ZoneInfo) -> list[Request]:
    """Keep each request once, as it was updated last; one without a number stays."""
    kept: dict[object, Request] = {}
    for nth, request in enumerate(requests):
        number = request["service_request_id"] or nth
        known = kept.get(number)
        if known is None or updated_at(request, zone) >= updated_at(known, zone):
            kept[number] = request
    return list(kept.values())


def requested_at(request: Request, zone: ZoneInfo) -> datetime | None:
    return _moment(request["requested_datetime"], zone)


def updated_at(request: Request, zone: ZoneInfo) -> datetime:
    return (
        _moment(request["updated_datetime"], zone)
        or requested_at(request, zone)
        or datetime.min.replace(tzinfo=UTC)
    )


def as_content(requests: Iterable[Request]) -> bytes:
    """Write requests as one list, so that the same requests are the same bytes."""
    ordered = sorted(requests, key=lambda request: str(request["service_request_id"]))
    return json.dumps(ordered).encode()


def _moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return aware.astimezone(UTC)


def _list_of(name: str, document: object) -> list[object]:
    while isinstance(document, Mapping):
        if "service_request_id" in document:
            return [document]
        inner = [document[key] for key in _LISTS if key in document]
        if not inner:
            message = f"{name} is no list of Open311 requests; is the address right?"
            raise SourceChanged(message)
        document = inner[0]
    if document is None:  # XML without a request
        return []
    if not isinstance(document, list):
        message = f"{name} is no list of Open311 requests; is the address right?"
        raise SourceChanged(message)
    return document
