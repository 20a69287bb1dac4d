"""What is wrong in a city file, in plain words: place, value, what is expected."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

# Which tables hold ids of which other table, and in which fields.
_REFERENCES = {
    "service": {"office": "office"},
    "office": {"parent": "office"},
    "target": {"office": "office", "service": "service"},
    "cost": {"office": "office", "service": "service"},
    "deadline": {"service": "service"},
    "event": {"offices": "office"},
    "closure": {"offices": "office"},
}
_TABLES_WITH_IDS = ("office", "service", "source")
# How pydantic names the parts of a union; they are no keys of the file.
_UNION_PARTS = {
    "table_file",
    "queue_feed",
    "open311",
    "asterisk_queue_log",
    "slot_snapshots",
    "xes",
    "zms_warehouse",
    "soda",
    "ckan_datastore",
    "ozg_dashboard",
    "parkapi",
}

Document = Mapping[str, Any]


def model_errors(document: Document, error: ValidationError) -> Iterator[str]:
    """One line per error that the city's models found."""
    for item in error.errors():
        place = [part for part in item["loc"] if part not in _UNION_PARTS]
        words = item["msg"].removeprefix("Value error, ")
        if item["type"] == "missing":
            yield f"{_place(document, place)}: is missing"
        elif item["type"] == "extra_forbidden":
            yield f"{_place(document, place)}: is unknown here; is the name misspelt?"
        else:
            value = item["input"]
            shown = "" if isinstance(value, dict | list) else f" is {value!r};"
            yield f"{_place(document, place)}:{shown} {words}"


def reference_errors(document: Document) -> Iterator[str]:
    """One line per id that stands twice, or that nothing in the file has."""
    for table in _TABLES_WITH_IDS:
        for identifier, times in Counter(_ids(document, table)).items():
            if times > 1:
                yield f'[[{table}]] id = "{identifier}": stands {times} times'
    yield from _costs_stated_twice(document)
    yield from _two_target_times(document)
    yield from _deadlines_of_visits(document)
    for place, wanted, value in (*_references(document), *_mapped(document)):
        known = _ids(document, wanted)
        if value not in known:
            expected = ", ".join(sorted(set(known))) or "(none)"
            yield (
                f"{_place(document, place)}: {value!r} is no {wanted};"
                f" expected one of: {expected}"
            )


def _costs_stated_twice(document: Document) -> Iterator[str]:
    """Yield one line per office or service whose year is stated more than once."""
    stated = Counter(
        (entry.get("office"), entry.get("service"), entry.get("year"))
        for entry in _entries(document, "cost")
    )
    for (office, service, year), times in stated.items():
        if times > 1:
            yield f"[[cost]] of {office or service} in {year}: stands {times} times"


def _deadlines_of_visits(document: Document) -> Iterator[str]:
    """Yield one line per deadline of a service that is done in the visit."""
    at_once = {
        service.get("id")
        for service in _entries(document, "service")
        if service.get("done_in_visit")
    }
    for index, deadline in enumerate(_entries(document, "deadline")):
        service = deadline.get("service")
        if service in at_once:
            yield (
                f"{_place(document, ['deadline', index, 'service'])}: {service!r} is"
                " done in the visit; it has no deadline"
            )


def _two_target_times(document: Document) -> Iterator[str]:
    """Yield one line per promise in seconds that a source counts by other seconds."""
    for index, target in enumerate(_entries(document, "target")):
        limit = target.get("limit")
        if target.get("kpi") != "contacts.service_level" or limit is None:
            continue
        for source in _entries(document, "source"):
            mapping = _table(source, "mapping")
            seconds = _table(mapping, "calls").get("target_seconds", limit)
            if seconds != limit and _is_promised_there(target, mapping):
                yield (
                    f"{_place(document, ['target', index, 'limit'])}: is {limit!r};"
                    f' but [[source]] "{source.get("id")}" counts within'
                    f" {seconds!r} seconds"
                )


def _is_promised_there(target: Mapping[str, Any], mapping: Mapping[str, Any]) -> bool:
    """Tell whether a source's calls are of the office and line of a promise."""
    columns = _table(mapping, "columns")
    line = _table(columns, "line").get("value", mapping.get("line", "phone"))
    offices = [
        *_table(mapping, "queues").values(),
        _table(columns, "office").get("value"),
    ]
    is_there = target.get("office") is None or target["office"] in offices
    return is_there and target.get("channel") in (None, line)


def _references(document: Document) -> Iterator[tuple[list[str | int], str, object]]:
    for table, fields in _REFERENCES.items():
        for index, entry in enumerate(_entries(document, table)):
            for field, wanted in fields.items():
                for value in _as_list(entry.get(field)):
                    yield [table, index, field], wanted, value


def _mapped(document: Document) -> Iterator[tuple[list[str | int], str, object]]:
    """Ids of offices and services that the mappings of sources lead to."""
    for index, entry in enumerate(_entries(document, "source")):
        mapping = _table(entry, "mapping")
        columns = _table(mapping, "columns") or mapping
        for wanted in ("office", "service"):
            column = _table(columns, wanted)
            values = [column.get("value"), *_table(column, "values").values()]
            for value in values:
                if value is not None:
                    yield ["source", index, "mapping", wanted], wanted, value
        for name in ("offices", "queues"):
            for value in _table(mapping, name).values():
                yield ["source", index, "mapping", name], "office", value


def _table(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = entry.get(key)
    return value if isinstance(value, dict) else {}


def _place(document: Document, place: list[str | int]) -> str:
    """`[[source]] "ema-aufrufe" mapping.columns`, from pydantic's location."""
    if not place:
        return "the file"
    table, *rest = place
    if not rest or not isinstance(rest[0], int):
        return f"[{table}] {'.'.join(str(part) for part in rest)}".rstrip()
    index, *fields = rest
    entries = _entries(document, str(table))
    entry = entries[int(index)] if int(index) < len(entries) else {}
    name = entry.get("id", f"no. {int(index) + 1}")
    return f'[[{table}]] "{name}" {".".join(str(part) for part in fields)}'.rstrip()


def _entries(document: Document, table: str) -> list[Mapping[str, Any]]:
    entries = document.get(table, [])
    if not isinstance(entries, list):
        return []
    return [entry for entry in entries if isinstance(entry, dict)]


def _ids(document: Document, table: str) -> list[str]:
    return [str(entry["id"]) for entry in _entries(document, table) if "id" in entry]


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
