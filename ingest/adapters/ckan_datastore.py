"""Tables in the datastore of a CKAN or DKAN portal, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ingest.adapters import places
from ingest.adapters.base import Download, Http, Parsed, Pseudonym, Seen
from ingest.adapters.columns import used_columns
from ingest.adapters.feed_document import read_document
from ingest.adapters.raw_table import Header, check_header
from ingest.adapters.records import (
    MOST_PAGES,
    Record,
    address,
    as_content,
    list_of_records,
    only,
    parse_records,
)
from ingest.city import City
from ingest.errors import SourceChanged, SourceUnavailable
from ingest.interface_mappings import CkanMapping
from ingest.sources import CkanSource, Source

_OWN: Final = ("_id", "_full_text", "record_number")  # of the portal, not of the table
_LONGEST_WORDS: Final = 200
handed_in = places.handed_in


@dataclass(frozen=True)
class _Page:
    records: Sequence[Record]
    fields: Sequence[str]
    total: int | None


def downloads(
    source: Source,
    city: City,  # noqa: ARG001 - the signature of all adapters
    http: Http,
    seen: Seen,  # noqa: ARG001
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield the whole table as one delivery."""
    mapping = _mapping(source)
    if source.url is None:
        yield from places.from_folder(source, now, data_dir)
        return
    asked: dict[str, object] = {}
    if mapping.resource_id is not None:
        asked["resource_id"] = mapping.resource_id
    if mapping.sort:
        asked["sort"] = mapping.sort
    name = address(source.url, asked) if asked else source.url
    records = _pages(name, mapping, http)
    yield Download(name, as_content({"records": records}), now)


def parse(
    download: Download, source: Source, city: City, pseudonym: Pseudonym
) -> Parsed:
    """Read an answer of the portal; a new, gone or renamed column refuses it."""
    mapping = _mapping(source)
    page = _page(download.name, download.read())
    _check_columns(download.name, page, mapping)
    return parse_records(download, page.records, mapping, source, city, pseudonym)


def _mapping(source: Source) -> CkanMapping:
    if not isinstance(source, CkanSource):
        message = f"{source.id} is no ckan_datastore source"
        raise SourceChanged(message)
    return source.mapping


def _pages(url: str, mapping: CkanMapping, http: Http) -> list[Record]:
    """Turn pages until there are as many rows as there should be."""
    records: list[Record] = []
    wanted = used_columns(mapping.columns)
    for _ in range(MOST_PAGES):
        asked = {"limit": mapping.page_size, "offset": len(records)}
        page = _page(url, http.get(address(url, asked)).content)
        _check_columns(url, page, mapping)
        records += only(page.records, wanted)
        if page.total is not None and len(records) >= page.total:
            return records
        if not page.records:
            break
    else:
        message = f"{url} has more than {MOST_PAGES} pages; raise page_size"
        raise SourceChanged(message)
    if page.total is not None:
        message = (
            f"{url} brought {len(records)} of {page.total} rows; nothing was loaded,"
            " the next run asks again"
        )
        raise SourceUnavailable(message)
    return records


def _page(name: str, content: bytes) -> _Page:
    """Read CKAN and DKAN 1 (result), DKAN 2 (results), or what we wrote ourselves."""
    document = read_document(name, content)
    if isinstance(document, list):
        return _page_of(name, {"records": document})
    if not isinstance(document, Mapping):
        message = f"{name} is no answer of a datastore; is the address right?"
        raise SourceChanged(message)
    if document.get("success") is False:
        message = f"{name} says that it failed: {_words(document.get('error'))}"
        raise SourceUnavailable(message)
    result = document.get("result", document)
    if not isinstance(result, Mapping):
        message = f"{name} is no answer of a datastore; is the address right?"
        raise SourceChanged(message)
    return _page_of(name, result)


def _page_of(name: str, result: Mapping[str, object]) -> _Page:
    found = result["records"] if "records" in result else result.get("results")
    records = list_of_records(name, found)
    total = result.get("total", result.get("count"))
    fields = result.get("fields")
    return _Page(
        records,
        [str(one["id"]) for one in fields if isinstance(one, Mapping) and "id" in one]
        if isinstance(fields, list)
        else list(dict.fromkeys(key for record in records for key in record)),
        int(total) if isinstance(total, int | str) and str(total).isdigit() else None,
    )


def _check_columns(name: str, page: _Page, mapping: CkanMapping) -> None:
    """Hold the columns against the mapping; an empty page without fields has none."""
    if page.fields:
        header = Header(page.fields, used_columns(mapping.columns))
        check_header(name, header, (*mapping.ignored_columns, *_OWN))


def _words(error: object) -> str:
    """Say what the portal says: its message, or the fields that it objects to."""
    if not isinstance(error, Mapping):
        return str(error or "without a word")[:_LONGEST_WORDS]
    said = error.get("message") or {
        key: value for key, value in error.items() if not str(key).startswith("__")
    }
    return str(said or "without a word")[:_LONGEST_WORDS]
