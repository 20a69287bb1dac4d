"""The archive: each accepted delivery as Parquet; the warehouse can be made from it.

Beside `<delivery>.parquet`, which has the rows and describes them, the refused rows are
in `<delivery>.quarantine.parquet`. A big delivery has its rows, part by part, in
`<delivery>.000000.parquet` and so on; the first file then only describes it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import polars as pl

from ingest.checks import Checked
from ingest.closing import restore
from ingest.disk import sync
from ingest.errors import IngestError
from ingest.loading import Delivery, supersede, touched_by, write
from ingest.parts import CheckedParts
from ingest.warehouse import WRITING, schema_of, write_parquet

_UNFINISHED: Final = ".unfinished"  # written, but not yet known to be in the warehouse
_PARTS: Final = ".parts"  # of a big delivery that is being checked
_REFUSED: Final = ".quarantine.parquet"
_ROWS: Final = ".parquet"
_KEY: Final = "amtspuls"  # of the Parquet metadata that describe the delivery


def prepare(
    archive: Path,
    delivery: Delivery,
    checked: Checked | CheckedParts,
    raw: bytes | Path | None,
) -> None:
    """Write a delivery's files under another name, before the warehouse has it."""
    folder = archive / delivery.source / _UNFINISHED
    folder.mkdir(parents=True, exist_ok=True)
    if raw is not None:
        suffix = Path(delivery.name).suffix[:10] if isinstance(raw, Path) else ""
        kept = folder / f"{delivery.id}.raw{suffix}"
        if isinstance(raw, bytes):
            kept.write_bytes(raw)
        else:
            shutil.copyfile(raw, kept)
    if delivery.rows_quarantined:
        write_parquet(checked.scan_refused(), folder / (delivery.id + _REFUSED))
    rows = checked.rows
    if not isinstance(rows, pl.DataFrame):
        # What a big delivery wrote once stays as it is, beside what describes it.
        for number, part in enumerate(rows):
            part.rename(folder / f"{delivery.id}.{number:06}{_ROWS}")
        rows = pl.DataFrame(schema=schema_of(delivery.table))
    described = json.dumps(asdict(delivery), default=datetime.isoformat)
    write_parquet(rows.lazy(), folder / (delivery.id + _ROWS), {_KEY: described})
    for file in _files(folder, delivery.id):
        sync(file)


def finish(archive: Path, delivery_id: str, source: str) -> None:
    """Give a delivery's files their names, now that the warehouse has it."""
    folder = archive / source / _UNFINISHED
    # What describes it comes last: where that is, the delivery is complete.
    for file in sorted(_files(folder, delivery_id), key=_describes):
        file.replace(archive / source / file.name)
    sync(archive / source)


def discard(archive: Path, delivery_id: str, source: str) -> None:
    for file in _files(archive / source / _UNFINISHED, delivery_id):
        file.unlink()


@contextmanager
def scratch(archive: Path, source: str) -> Iterator[Path]:
    """Lend a folder for the parts of a big delivery, and clear it away."""
    folder = archive / source / _PARTS
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tidy(connection: duckdb.DuckDBPyConnection, archive: Path, source: str) -> None:
    """Finish what a killed run left: keep what the warehouse has, drop the rest."""
    shutil.rmtree(archive / source / _PARTS, ignore_errors=True)
    left = archive / source / _UNFINISHED
    if not left.is_dir():
        return
    ids = {file.name.partition(".")[0] for file in left.iterdir()}
    if not ids:
        return
    known = connection.execute(
        "SELECT delivery_id FROM deliveries WHERE list_contains(?, delivery_id)",
        [sorted(ids)],
    ).fetchall()
    for delivery_id in ids:
        if (delivery_id,) in known:
            finish(archive, delivery_id, source)
        else:
            discard(archive, delivery_id, source)


def rebuild(connection: duckdb.DuckDBPyConnection, archive: Path) -> int:
    """Fill an empty warehouse from the archive; return how many deliveries it had."""
    own = connection.cursor()
    if own.execute("SELECT count(*) FROM deliveries").fetchall()[0][0]:
        message = "the warehouse is not empty; move it away before it is made anew"
        raise IngestError(message)
    described = sorted(_described(archive), key=lambda pair: pair[0].received_at)
    with WRITING:
        own.execute("BEGIN")
        try:
            deleted = restore(own, archive)
            # Whose files a killed run left lying, they are deleted all the same.
            there = [pair for pair in described if pair[0].id not in deleted]
            for delivery, file in there:
                _replay(own, delivery, file)
            own.execute("COMMIT")
        except BaseException:
            own.execute("ROLLBACK")
            raise
    return len(deleted) + len(there)


def _replay(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, file: Path
) -> None:
    replaced = touched_by(connection, delivery)["delivery_id"].to_list()
    parts = sorted(file.parent.glob(f"{delivery.id}.[0-9]*{_ROWS}"))
    refused = [*file.parent.glob(f"{delivery.id}{_REFUSED}")]
    # A table may have got columns since; those that it lost are of no use any more.
    write(connection, delivery, [file, *parts], refused)
    supersede(connection, delivery, replaced)


def _described(archive: Path) -> Iterator[tuple[Delivery, Path]]:
    for file in archive.glob(f"*/*{_ROWS}"):
        if not _describes(file):
            continue
        said = json.loads(pl.read_parquet_metadata(file)[_KEY])
        covers = said.pop("covers")
        received_at = datetime.fromisoformat(said.pop("received_at"))
        span = covers and tuple(datetime.fromisoformat(moment) for moment in covers)
        yield Delivery(**said, covers=span, received_at=received_at), file


def _files(folder: Path, delivery_id: str) -> list[Path]:
    return sorted(folder.glob(f"{delivery_id}.*"))


def _describes(file: Path) -> bool:
    return file.suffixes == [_ROWS]
