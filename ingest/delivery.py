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

import duckdb
import polars as pl

from ingest import archive
from ingest.adapters import ADAPTERS
from ingest.adapters.base import Adapter, Download
from ingest.adapters.table_file import Table
from ingest.adapters.table_parts import is_big
from ingest.adapters.table_parts import parts as table_parts
from ingest.checks import Checked, check, refuse_what_cannot_be_trusted
from ingest.city import City
from ingest.content import fingerprint, refuse_if_changed, settled, state_of
from ingest.earlier import earlier_looks, is_known, seen, shows_nothing_new
from ingest.errors import (
    DeliveryRefused,
    IngestError,
    SourceChanged,
)
from ingest.http import Session
from ingest.http_guard import Limits
from ingest.loading import Delivery, load, next_moment
from ingest.parts import CheckedParts
from ingest.privacy import installation_key, pseudonyms, refuse_bare_numbers
from ingest.runs import Outcome, Run, insert_run, record
from ingest.sources import Source
from ingest.warehouse import WRITING, utc
from ingest.wrong_cells import wrong_cells

log = logging.getLogger(__name__)


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
            download = replace(download, name=_in_whole_signs(download.name))
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
    content = download.content
    before = state_of(content) if work.by_hand else settled(content)
    sha256, size = fingerprint(content)
    if is_known(
        work.connection, work.source.id, download, sha256, work.read_with, work.by_hand
    ):
        return work.run("unchanged", download, size=size)
    with archive.scratch(work.archive, work.source.id) as folder:
        checked = _checked(work, download, folder)
        refuse_if_changed(download, before)
        if checked is None:
            return work.run("unchanged", download, size=size)
        cells = wrong_cells(checked, work.source, work.city)
        try:
            refuse_what_cannot_be_trusted(checked, work.source)
            run = _load(work, download, checked, sha256, size)
        except DeliveryRefused as error:
            run = _not_loaded(work, download, error, str(error))
        return replace(run, wrong_cells=cells)


def _checked(
    work: _Work, download: Download, folder: Path
) -> Checked | CheckedParts | None:
    """Read and check a delivery; None: it shows nothing new."""
    city, source = work.city, work.source
    if is_big(download, source):
        table = Table.of(download, source, city, work.pseudonym)
        parts = CheckedParts(folder, source, city, work.now)
        parts.check(table_parts(table), table.covers)
        return parts
    parsed = work.adapter.parse(download, source, city, work.pseudonym)
    if shows_nothing_new(work.connection, source.id, parsed):
        return None
    refuse_bare_numbers(parsed.rows)
    looks = earlier_looks(work.connection, source, parsed)
    return check(parsed, source, city, looks, work.now)


def _load(
    work: _Work,
    download: Download,
    checked: Checked | CheckedParts,
    sha256: str,
    size: int,
) -> Run:
    """Load everything or nothing, also when the process is killed at any point."""
    own = work.connection
    with WRITING:
        delivery = Delivery(
            source=work.source.id,
            table=checked.table,
            covers=checked.covers,
            content_sha256=sha256,
            read_with=work.read_with,
            name=download.name,
            etag=download.etag,
            last_modified=download.last_modified,
            received_at=next_moment(own, work.source.id, work.now),
            rows_read=checked.rows_read,
            rows_loaded=checked.rows_loaded,
            rows_quarantined=sum(checked.counts_by_rule().values()),
            warned_by_rule=checked.warned_by_rule,
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
    why = _in_whole_signs(why)
    log.warning("%s: %s: %s", work.source.id, "refused" if refused else "failed", why)
    return work.run(
        "refused" if refused else "failed",
        download,
        error=why,
        http_status=getattr(error, "http_status", None),
    )


def _in_whole_signs(text: str) -> str:
    """Write half signs, which no warehouse and no log takes, by their numbers.

    They stand in file names of other encodings, and where JSON was cut badly.
    """
    return text.encode(errors="backslashreplace").decode()


def in_words(error: Exception) -> str:
    """Say what failed and where, but not with what: messages may quote rows."""
    if isinstance(error, UnicodeEncodeError):
        return "a text holds half a sign (such as \\ud83d alone); nothing was loaded"
    if isinstance(error, OSError | duckdb.IOException | duckdb.TransactionException):
        return "the data folder cannot be written; is the disk full or read-only?"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{type(error).__name__} in {place}; nothing was loaded"
