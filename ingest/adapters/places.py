"""Where deliveries lie: one address, an address per period, a folder, files by hand."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

from ingest.adapters.base import Answer, Download, Http, Loaded, Seen, Span
from ingest.adapters.spans import periods, span_of_period
from ingest.city import City
from ingest.errors import IngestError, SourceUnavailable
from ingest.sources import Periods, Source

# Files that programs write beside the real one, and files that are still growing.
_UNFINISHED: Final = (".part", ".filepart", ".tmp", ".crdownload", ".partial", ".swp")
_HIDDEN: Final = (".", "~$")
_NOT_FOUND: Final = 404

Content = TypeVar("Content")


def downloads(
    source: Source,
    city: City,  # noqa: ARG001 - the signature of all adapters
    http: Http,
    seen: Seen,
    now: datetime,
    data_dir: Path,
) -> Iterator[Download]:
    """Yield the files of the folder, or what is at the address."""
    if source.url is None:
        yield from from_folder(source, now, data_dir)
    else:
        yield from_address(source.url, http, seen, now)


def handed_in(
    files: Sequence[Path],
    source: Source,  # noqa: ARG001 - the signature of all adapters
    city: City,  # noqa: ARG001
    now: datetime,
) -> Iterator[Download]:
    """One delivery per file, in the order given."""
    for path in files:
        if not path.is_file():
            message = f"{path} is no file; nothing of it can be loaded"
            raise SourceUnavailable(message)
        yield Download(name=path.name, content=path, fetched_at=now)


def from_folder(source: Source, now: datetime, data_dir: Path) -> Iterator[Download]:
    """One delivery per file of the folder, but none of what is still being written."""
    folder = data_dir / (source.folder or "")
    if not folder.is_dir():
        message = (
            f"the folder {source.folder} does not exist in the city's data folder;"
            " make it, or mend [[source]] folder"
        )
        raise SourceUnavailable(message)
    for path in sorted(folder.glob(source.pattern)):
        if path.is_file() and not _is_unfinished(path):
            yield Download(name=path.name, content=path, fetched_at=now)


def files_in_folder(source: Source, now: datetime, data_dir: Path) -> list[Path]:
    """Name the files of the folder, where several of them may be one delivery."""
    found = from_folder(source, now, data_dir)
    return [file.content for file in found if isinstance(file.content, Path)]


def joined(
    files: Iterable[tuple[Span, list[str], list[Content]]],
) -> list[tuple[Span, list[str], list[Content]]]:
    """Put the files together whose spans overlap (span, names, what they hold)."""
    found: list[tuple[Span, list[str], list[Content]]] = []
    for covers, names, content in sorted(files, key=lambda one: one[0]):
        if found and covers[0] < found[-1][0][1]:
            (first, end), others, before = found[-1]
            merged = (first, max(end, covers[1]))
            found[-1] = (merged, [*others, *names], [*before, *content])
        else:
            found.append((covers, names, content))
    return found


def from_address(
    url: str, http: Http, seen: Seen, now: datetime, covers: Span | None = None
) -> Download:
    """Ask one address, and only for what is newer than what counts already."""
    known = seen.deliveries.get(url)
    answer = (
        http.get(url)
        if known is None
        else http.get(url, etag=known.etag, last_modified=known.last_modified)
    )
    return _download(url, answer, now, covers)


def from_periods(
    source: Source, plan: Periods, city: City, http: Http, seen: Seen, now: datetime
) -> Iterator[Download]:
    """One delivery per period, except those that have settled and are there already.

    One period that cannot be had does not keep the others back.
    """
    today = now.astimezone(city.timezone).date()
    failure: IngestError | None = None
    for start in periods(plan.first, today, plan.every):
        url = _address(source.url or "", start, plan)
        covers = span_of_period(start, plan.every, city.timezone)
        if _is_settled(seen.deliveries.get(url), covers, plan):
            continue
        try:
            yield from_address(url, http, seen, now, covers)
        except SourceUnavailable as error:
            not_yet = error.http_status == _NOT_FOUND and now < covers[1]
            failure = failure if not_yet else failure or error
    if failure is not None:
        raise failure


def _address(url: str, start: date, plan: Periods) -> str:
    iso = start.isocalendar()
    return url.format(
        year=f"{iso.year if plan.every == 'week' else start.year:04}",
        quarter=(start.month - 1) // 3 + 1,
        month=f"{start.month:02}",
        week=f"{iso.week:02}",
        day=f"{start.day:02}",
    )


def _is_settled(known: Loaded | None, covers: Span, plan: Periods) -> bool:
    return known is not None and known.received_at >= covers[1] + plan.settled_after


def _download(
    name: str, answer: Answer, now: datetime, covers: Span | None
) -> Download:
    return Download(
        name=name,
        content=answer.content,
        fetched_at=now,
        covers=covers,
        http_status=answer.status,
        etag=answer.etag,
        last_modified=answer.last_modified,
        is_unchanged=answer.status == 304,
    )


def _is_unfinished(path: Path) -> bool:
    return path.name.startswith(_HIDDEN) or path.name.endswith(_UNFINISHED)
