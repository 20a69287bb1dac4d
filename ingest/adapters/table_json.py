"""JSON objects one after the other, also where the brackets around them are missing."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from ingest.adapters.base import REFUSED
from ingest.adapters.raw_table import Header, RawTable, check_header, cut_off, is_total
from ingest.adapters.text_encoding import as_utf8
from ingest.errors import DeliveryRefused
from ingest.mappings import TableMapping

# What may stand between objects: commas too many, and an array's brackets or none.
_BETWEEN: Final = re.compile(r"[\s,\[\]]*")
_NEXT_OBJECT: Final = re.compile(r"(?<=[}\n])[\s,]*(?=\{)")


def read_json_objects(
    name: str, content: bytes, mapping: TableMapping, wanted: Sequence[str]
) -> RawTable:
    """Read object by object; those that cannot be read are refused one by one."""
    text = as_utf8(name, content, mapping.encoding).decode()
    objects: list[tuple[int, dict[str, object]]] = []
    unreadable: list[int] = []
    for number, found in enumerate(_objects(name, text), 1):
        if isinstance(found, dict):
            objects.append((number, found))
        else:
            unreadable.append(number)
    if not objects:
        message = f"{name} holds no JSON object that can be read"
        raise DeliveryRefused(message)
    names = list(dict.fromkeys(key for _, found in objects for key in found))
    check_header(name, Header(names, wanted), mapping.ignored_columns)
    rows = pl.DataFrame(
        {
            "row_number": [number for number, _ in objects],
            **{
                column: [_text(found.get(column), mapping) for _, found in objects]
                for column in wanted
            },
        },
        schema={"row_number": pl.Int64} | dict.fromkeys(wanted, pl.String),
    )
    broken = [(number, None, "broken_row", "{}") for number in unreadable]
    return RawTable(
        rows.filter(~is_total(mapping)),
        pl.DataFrame(broken, schema=REFUSED, orient="row"),
    )


def _objects(name: str, text: str) -> Iterator[object]:
    """Yield each object, or None for a stretch that is none."""
    decoder = json.JSONDecoder()
    place = _after_gap(text, 0)
    while place < len(text):
        try:
            found, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            found = None
            following = _NEXT_OBJECT.search(text, place + 1)
            if following is None:  # the last object has no end
                raise cut_off(name) from None
            place = following.end()
        yield found
        place = _after_gap(text, place)


def _after_gap(text: str, place: int) -> int:
    gap = _BETWEEN.match(text, place)
    return place if gap is None else gap.end()


def _text(value: object, mapping: TableMapping) -> str | None:
    """Write a value as a CSV of the same source would have it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value).replace(".", mapping.decimal)
    return json.dumps(value, ensure_ascii=False)
