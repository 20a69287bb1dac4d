"""One run of one source: fetch, parse, check, load. A source fails alone."""

import hashlib
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from ingest import archive
from ingest.adapters import ADAPTERS
from ingest.adapters.base import Adapter, Download, Parsed
from ingest.checks import Checked, check, refuse_what_cannot_be_trusted
from ingest.city import City
from ingest.earlier import earlier_looks, is_known, seen, shows_nothing_new
from ingest.errors import (
    DeliveryRefused,
    IngestError,
    SourceChanged,
    SourceUnavailable,
)
from ingest.http import Session
from ingest.http_guard import Limits
from ingest.loading import Delivery, load, next_moment
from ingest.privacy import installation_key, pseudonyms, refuse_bare_numbers
from ingest.runs import Outcome, Run, insert_run, record
from ingest.sources import Source
from ingest.warehouse import WRITING, utc
from ingest.wrong_cells import wrong_cells

log = logging.getLogger(__name__)

_STILL_WRITTEN: Final = (
    1.0  # seconds since its last change in which a file is left alone
)


@dataclass(frozen=True)
class _Work:
    """What one run of one source needs."""

    connection: duckdb.DuckDBPyConnection  # a cursor of this thread
    city: City
    source: Source
    data_dir: Path
    now: datetime
    by_hand: bool
    began: float
    pseudonym: Callable[[pl.Series], pl.Series]

    @property
    def adapter(self) -> Adapter:
        return ADAPTERS[self.source.adapter]

    @property
    def archive(self) -> Path:
        return self.data_dir / "archive"

    @property
    def read_with(self) -> str:
        """Name the way of reading: another one makes the same bytes worth a reading."""
        offices = [office.id for office in self.city.offices]
        services = [service.id for service in self.city.services]
        said = (
            self.source.mapping.model_dump_json(),
            self.source.checks.model_dump_json(),
            f"{offices} {services} {self.city.info.timezone}",
        )
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]

    def run(
        self,
        outcome: Outcome,
        download: Download | None,
        *,
        error: str | None = None,
        http_status: int | None = None,
        size: int | None = None,
        delivery: Delivery | None = None,
    ) -> Run:
        if http_status is None and download is not None:
            http_status = download.http_status
        return Run(
            source=self.source.id,
            name=download.name if download else None,
            started_at=self.now,
            ended_at=self.now + timedelta(seconds=time.monotonic() - self.began),
            outcome=outcome,
            error=error,
            http_status=http_status,
            bytes_read=size,
            delivery_id=delivery.id if delivery else None,
            rows_read=delivery.rows_read if delivery else 0,
            rows_loaded=delivery.rows_loaded if delivery else 0,
            rows_quarantined=delivery.rows_quarantined if delivery else 0,
        )


def run_source(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    source: Source,
    *,
    data_dir: Path,
    now: datetime,
    files: Sequence[Path] = (),
    limits: Limits | None = None,
) -> list[Run]:
    """Bring what a source has into the warehouse; `data_dir` is the city's folder.

    Each delivery is a transaction of its own. Whatever goes wrong is said in the run,
    not raised. `files` are handed in instead of being fetched.
    """
    work = _Work(
        connection=connection.cursor(),
        city=city,
        source=source,
        data_dir=data_dir,
        now=utc(now),
        by_hand=bool(files),
        began=time.monotonic(),
        pseudonym=pseudonyms(installation_key(data_dir)),
    )
    http = Session(source, city.id, limits)
    try:
        runs = list(_runs(work, _downloads(work, http, files)))
    finally:
        http.close()
    return record(work.connection, runs or [work.run("unchanged", None)])


def _downloads(work: _Work, http: Session, files: Sequence[Path]) -> Iterator[Download]:
    archive.tidy(work.connection, work.archive, work.source.id)
    if files:
        yield from work.adapter.handed_in(files, work.source, work.city, work.now)
        return
    known = seen(work.connection, work.source.id, work.read_with)
    yield from work.adapter.downloads(
        work.source, work.city, http, known, work.now, work.data_dir
    )


def _runs(work: _Work, downloads: Iterator[Download]) -> Iterator[Run]:
    while True:
        download = None
        try:
            download = next(downloads, None)
            if download is None:
                return
            run = _deliver(work, download)
        except IngestError as error:
            run = _not_loaded(work, download, error, str(error))
        # The one place that catches everything: a source fails alone, whatever is the
        # matter with it or with the code that reads it.
        except Exception as error:  # noqa: BLE001
            run = _not_loaded(work, download, error, in_words(error))
        yield run
        if download is None:
            return  # an iterator that raised has nothing more to give


def _deliver(work: _Work, download: Download) -> Run:
    if download.is_unchanged:
        return work.run("unchanged", download)
    before = _settled(download.content) if not work.by_hand else None
    sha256, size = _fingerprint(download.content)
    if is_known(
        work.connection, work.source.id, download, sha256, work.read_with, work.by_hand
    ):
        return work.run("unchanged", download, size=size)
    parsed = work.adapter.parse(download, work.source, work.city, work.pseudonym)
    if before is not None and before != _written(download.content):
        raise _being_written(download)
    if shows_nothing_new(work.connection, work.source.id, parsed):
        return work.run("unchanged", download, size=size)
    refuse_bare_numbers(parsed.rows)
    looks = earlier_looks(work.connection, work.source, parsed)
    checked = check(parsed, work.source, work.city, looks, work.now)
    try:
        refuse_what_cannot_be_trusted(checked, work.source)
        run = _load(work, download, parsed, checked, sha256, size)
    except DeliveryRefused as error:
        run = _not_loaded(work, download, error, str(error))
    return replace(run, wrong_cells=wrong_cells(checked, work.source, work.city))


def _load(
    work: _Work,
    download: Download,
    parsed: Parsed,
    checked: Checked,
    sha256: str,
    size: int,
) -> Run:
    """Load everything or nothing, also when the process is killed at any point."""
    own = work.connection
    with WRITING:
        delivery = Delivery(
            source=work.source.id,
            table=parsed.table,
            covers=parsed.covers,
            content_sha256=sha256,
            read_with=work.read_with,
            name=download.name,
            etag=download.etag,
            last_modified=download.last_modified,
            received_at=next_moment(own, work.source.id, work.now),
            rows_read=checked.rows_read,
            rows_loaded=checked.rows.height,
            rows_quarantined=checked.refused.height,
        )
        own.execute("BEGIN")
        try:
            load(own, delivery, checked, work.source.checks.shrink_to)
            raw = download.content if work.source.keep_raw else None
            archive.prepare(work.archive, delivery, checked, raw)
            run = work.run("loaded", download, size=size, delivery=delivery)
            insert_run(own, run)
            own.execute("COMMIT")
        except BaseException:
            with suppress(duckdb.TransactionException):  # a failed commit is undone
                own.execute("ROLLBACK")
            archive.discard(work.archive, delivery.id, delivery.source)
            raise
        archive.finish(work.archive, delivery.id, delivery.source)
    refused = ", ".join(f"{why} {n}" for why, n in checked.counts_by_rule().items())
    log.info(
        "%s: loaded %d of %d rows%s",
        work.source.id,
        delivery.rows_loaded,
        delivery.rows_read,
        f" (refused: {refused})" if refused else "",
    )
    return run


def _not_loaded(
    work: _Work, download: Download | None, error: Exception, why: str
) -> Run:
    refused = isinstance(error, SourceChanged | DeliveryRefused)
    log.warning("%s: %s: %s", work.source.id, "refused" if refused else "failed", why)
    return work.run(
        "refused" if refused else "failed",
        download,
        error=why,
        http_status=getattr(error, "http_status", None),
    )


def in_words(error: Exception) -> str:
    """Say what failed and where, but not with what: messages may quote rows."""
    if isinstance(error, OSError | duckdb.IOException | duckdb.TransactionException):
        return "the data folder cannot be written; is the disk full or read-only?"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{type(error).__name__} in {place}; nothing was loaded"


def _fingerprint(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, content.stat().st_size


def _settled(content: bytes | Path) -> tuple[int, int] | None:
    """Give a file that was changed just now the time to be written to its end."""
    if isinstance(content, bytes):
        return None
    age = time.time() - content.stat().st_mtime
    if 0 <= age < _STILL_WRITTEN:
        time.sleep(_STILL_WRITTEN - age)
    return _written(content)


def _written(content: bytes | Path) -> tuple[int, int]:
    if isinstance(content, bytes):
        return (0, len(content))
    stat = content.stat()
    return (stat.st_mtime_ns, stat.st_size)


def _being_written(download: Download) -> SourceUnavailable:
    message = f"{download.name} is still being written; the next run will read it"
    return SourceUnavailable(message)
