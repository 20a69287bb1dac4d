"""From the warehouse to published snapshots, and to the live queues beside them.

A city's folder has two kinds of snapshot: `published/`, what everybody may read, and
`internal/`, the same before anything was hidden. Where a publication would say nothing
new, the last snapshot stays; `published/sources.json` then still tells when that was
found, and how fresh each source is.

Tests write small snapshots without a warehouse: metrics.snapshot_folder.write_snapshot.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from ingest.city import City
from ingest.status import source_status
from ingest.warehouse import read_frame, read_rows
from metrics.catalogue import CATALOGUE
from metrics.closed import read_closings
from metrics.compute import Computed, compute, with_frames_of_the_desk
from metrics.frames import REVISIONS
from metrics.freshness import INTERNAL, PUBLISHED, public_status, write_freshness
from metrics.nouns import in_words_of
from metrics.protect import protect, protect_live
from metrics.protect_counts import protect_counts
from metrics.provenance import calendar_document, deliveries_used, manifest_of
from metrics.published import (
    LIVE,
    SnapshotMissing,
    open_current,
)
from metrics.revisions import revisions
from metrics.shelf import Shelf
from metrics.snapshot_folder import (
    json_bytes,
    latest_readable,
    thin_out,
    write_atomically,
    write_snapshot,
)

log = logging.getLogger(__name__)

INTERNAL_KEPT: Final = 10
MEASURED: Final = "measured"  # in INTERNAL: what need not be measured again
PUBLISHED_ALL_KEPT: Final = timedelta(days=2)  # of earlier days the last one each
FRESHNESS_EVERY: Final = timedelta(minutes=5)  # where only queues are looked at
_LOOKS_BACK: Final = timedelta(days=1)


def publish(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    city_file: Path,
    data_dir: Path,
    now: datetime,
    *,
    anew: bool = False,
) -> Path:
    """Compute, protect and publish; return the folder that is current then.

    `data_dir` is the city's folder. The same warehouse, city file and code give the
    same bytes, and then nothing new is written. Only what deliveries have touched since
    the last time is measured again; with `anew` everything is, which gives the same.
    """
    now, shelf = now.astimezone(UTC), Shelf.of(data_dir / INTERNAL / MEASURED, city)
    if anew:
        shelf.forget()
    try:
        return _publish(connection, city, city_file, data_dir, now, shelf)
    except pl.exceptions.PolarsError as error:
        if anew:
            raise
        # A bad disk, say: nothing of what is kept is needed.
        log.warning("what was kept is damaged, all is measured anew: %s", error)
        return publish(connection, city, city_file, data_dir, now, anew=True)


def _publish(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    city_file: Path,
    data_dir: Path,
    now: datetime,
    shelf: Shelf,
) -> Path:
    statuses = source_status(connection, city, now)
    sources = [public_status(status, city) for status in statuses]
    manifest = manifest_of(city, city_file)
    manifest["deliveries"] = deliveries_used(connection)
    if closings := [closed.document() for closed in read_closings(connection)]:
        manifest["closings"] = closings
    internal = data_dir / INTERNAL
    internal.mkdir(parents=True, exist_ok=True)
    internal.chmod(0o700)
    computed = compute(connection, city, now, shelf)

    def write_inside() -> None:
        inside = with_frames_of_the_desk(computed, city, shelf)
        _write(internal, inside, city, sources, manifest | {"kind": INTERNAL}, now)

    # What is written inside need not wait for what may be shown.
    with ThreadPoolExecutor(max_workers=1) as aside:
        written = aside.submit(write_inside)
        shown = protect(computed, city, now, shelf)
        written.result()
    thin_out(internal, now, all_within=timedelta(0), keep=INTERNAL_KEPT)
    published = data_dir / PUBLISHED
    manifest["kind"] = PUBLISHED
    manifest["deliveries"] = [
        protect_counts(each, city) for each in manifest["deliveries"]
    ]
    path = _write(published, shown, city, sources, manifest, now)
    write_freshness(data_dir, statuses, city, now)
    thin_out(published, now, all_within=PUBLISHED_ALL_KEPT)
    return path


def publish_live(
    connection: duckdb.DuckDBPyConnection,
    city: City,
    published_dir: Path,
    now: datetime,
) -> None:
    """Replace live.json by what the newest looks at the queues say."""
    now = now.astimezone(UTC)
    try:
        snapshot = open_current(published_dir)
    except SnapshotMissing:
        snapshot = None
    rest = None if snapshot is None else snapshot.frames["rest_of_day"]
    document = protect_live(_newest_looks(connection, now), city, now, rest)
    write_atomically(published_dir / LIVE, json_bytes(document))
    if snapshot is not None and now - snapshot.checked_at >= FRESHNESS_EVERY:
        statuses = source_status(connection, city, now)
        write_freshness(published_dir.parent, statuses, city, now)


def _write(
    directory: Path,
    computed: Computed,
    city: City,
    sources: Sequence[dict[str, Any]],
    manifest: dict[str, Any],
    now: datetime,
) -> Path:
    catalogue = {
        name: in_words_of(city, kpi).model_dump(mode="json")
        for name, kpi in CATALOGUE.items()
    }
    changed = _revisions(directory, computed.figures, catalogue, city, manifest, now)
    return write_snapshot(
        directory,
        now,
        figures=computed.figures,
        catalogue=catalogue,
        sources=sources,
        calendar=calendar_document(city, computed.figures, now),
        frames={**computed.frames, "revisions": changed},
        manifest=manifest,
        with_csv=manifest["kind"] == PUBLISHED,  # nobody downloads the other
    )


def _revisions(
    directory: Path,
    figures: pl.DataFrame,
    catalogue: dict[str, Any],
    city: City,
    manifest: dict[str, Any],
    now: datetime,
) -> pl.DataFrame:
    none_yet = pl.DataFrame(schema=REVISIONS)
    if manifest["kind"] == INTERNAL:
        return none_yet
    previous = latest_readable(directory)
    if previous is None:
        return none_yet
    return revisions(
        previous,
        figures,
        catalogue=catalogue,
        deliveries=manifest["deliveries"],
        timezone=city.timezone,
        now=now,
    )


def _newest_looks(connection: duckdb.DuckDBPyConnection, now: datetime) -> pl.DataFrame:
    samples = read_rows(
        connection,
        "queue_samples",
        where="observed_at > ?",
        parameters=[now - _LOOKS_BACK],
    )
    origins = read_frame(connection, "SELECT delivery_id, source FROM deliveries")
    return samples.join(origins, on="delivery_id", how="left")
