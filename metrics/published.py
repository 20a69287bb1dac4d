"""Published snapshots as a reader sees them: figures in memory, without a database.

A test that needs a snapshot writes one with metrics.snapshot_folder.write_snapshot:

    write_snapshot(directory, now, figures=figures, catalogue=catalogue)
    snapshot = open_current(directory)
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import polars as pl

from metrics.errors import MetricsError
from metrics.frames import FRAMES
from metrics.moments import parse_moment

CURRENT: Final = "current"
LIVE: Final = "live.json"
FRESHNESS: Final = "sources.json"  # beside the snapshots: the state at the last check

_SERIES = ["kpi", "office", "service", "channel", "grain"]
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{12}")
_DOCUMENTS = ("manifest", "catalogue", "sources", "calendar")


class SnapshotMissing(MetricsError):  # noqa: N818 - a state, named as one
    """Nothing has been published yet, or it cannot be read."""


class _BySeries(Mapping[tuple[Any, ...], pl.DataFrame]):
    """Figures by KPI, population and grain, oldest first; parted when first asked."""

    def __init__(self, figures: pl.DataFrame) -> None:
        self._figures = figures

    @cached_property
    def _parts(self) -> Mapping[tuple[Any, ...], pl.DataFrame]:
        ordered = self._figures.sort("period_start")
        return dict(ordered.partition_by(_SERIES, as_dict=True))

    def __getitem__(self, key: tuple[Any, ...]) -> pl.DataFrame:
        return self._parts[key]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True)
class Snapshot:
    """Everything published at one moment; never changes.

    The one exception is how fresh the sources are: `sources` and `checked_at` are of
    the last check, since a check that brings nothing new publishes no new snapshot.
    What is cached per snapshot should therefore be cached by `version`, not by `id`.
    """

    id: str
    path: Path
    manifest: Mapping[str, Any]
    catalogue: Mapping[str, Any]  # by KPI
    sources: Sequence[Mapping[str, Any]]
    calendar: Mapping[str, Any]
    figures: pl.DataFrame
    frames: Mapping[str, pl.DataFrame]  # by name, see metrics/frames.py
    checked_at: datetime
    _series: Mapping[tuple[Any, ...], pl.DataFrame] = field(repr=False)

    @property
    def published_at(self) -> datetime:
        return parse_moment(self.manifest["time"])

    @property
    def version(self) -> str:
        """Changes whenever anything a page may show of it changes: good as an ETag."""
        return f"{self.id}-{int(self.checked_at.timestamp() * 1000):x}"

    def series(
        self,
        kpi: str,
        office: str | None = None,
        service: str | None = None,
        channel: str | None = None,
        grain: str = "quarter",
    ) -> pl.DataFrame:
        """All periods of one KPI and population, oldest first; empty if unpublished."""
        found = self._series.get((kpi, office, service, channel, grain))
        return self.figures.clear() if found is None else found

    def figure(self, figure_id: str) -> dict[str, Any] | None:
        row = self._row_numbers.get(figure_id)
        return None if row is None else self.figures.row(row, named=True)

    @cached_property
    def _row_numbers(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self.figures["figure_id"])}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the snapshot in a folder, current or not."""
        try:
            figures = _frame(path, "figures")
            documents = {name: _document(path / f"{name}.json") for name in _DOCUMENTS}
            # An older snapshot has no file of a newer frame, nor a public one of some.
            written = documents["manifest"]["files"]
            frames = {
                name: _frame(path, name)
                if f"{name}.parquet" in written
                else pl.DataFrame(schema=schema)
                for name, schema in FRAMES.items()
            }
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            message = f"{path}: the snapshot cannot be read: {error}"
            raise SnapshotMissing(message) from error
        return cls(
            id=documents["manifest"]["id"],
            path=path,
            manifest=documents["manifest"],
            catalogue=documents["catalogue"],
            sources=documents["sources"],
            calendar=documents["calendar"],
            figures=figures,
            frames=frames,
            checked_at=parse_moment(documents["manifest"]["time"]),
            _series=_BySeries(figures),
        )


@dataclass(frozen=True)
class HourToCome:
    """How long the wait will be in a later hour of the day; local."""

    hour: int
    wait_minutes: int
    low_minutes: int  # 8 of 10 outcomes lay between
    high_minutes: int


@dataclass(frozen=True)
class LiveQueue:
    """What is known of one office's queue now; None is not known, or not said."""

    office: str
    state: str  # open, closed, sold_out or unknown
    observed_at: datetime | None
    source_time_at: datetime | None
    wait_minutes: int | None
    wait_minutes_at_least: int | None
    waiting: int | None
    waiting_fewer_than: int | None
    is_stale: bool
    rest_of_day: tuple[HourToCome, ...] = ()


@dataclass(frozen=True)
class Live:
    """The live queues; `document` is what live.json says, to be served unchanged."""

    generated_at: datetime
    queues: tuple[LiveQueue, ...]
    document: Mapping[str, Any]

    def of(self, office: str) -> LiveQueue | None:
        return next((queue for queue in self.queues if queue.office == office), None)


class _Stamp(NamedTuple):
    """Tells a file from its replacement: a replaced file is another inode."""

    inode: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        return cls(status.st_ino, status.st_mtime_ns)


_snapshots: dict[Path, tuple[str, _Stamp | None, Snapshot]] = {}
_lives: dict[Path, tuple[_Stamp, Live]] = {}
_lock = threading.Lock()


def open_current(published_dir: Path) -> Snapshot:
    """Return the snapshot that `current` leads to; cheap enough for each request."""
    name = _current_name(published_dir)
    stamp = _Stamp.of(published_dir / FRESHNESS)
    known = _snapshots.get(published_dir)
    if known is not None and known[:2] == (name, stamp):
        return known[2]
    with _lock:
        known = _snapshots.get(published_dir)
        if known is not None and known[0] == name:
            snapshot = known[2]
        else:
            snapshot = Snapshot.read(published_dir / name)
        snapshot = _with_freshness(snapshot, published_dir / FRESHNESS)
        _snapshots[published_dir] = (name, stamp, snapshot)
    return snapshot


def snapshot_at(published_dir: Path, moment: datetime) -> Path | None:
    """Find the folder of the last snapshot that was published up to a moment.

    Of days long past only the day's last snapshot is kept; see snapshot_folder.
    """
    latest = f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}~"
    names = [
        path.name
        for path in published_dir.glob("*Z-*")
        if _ID.fullmatch(path.name) and path.name < latest
    ]
    return published_dir / max(names) if names else None


def read_live(published_dir: Path) -> Live | None:
    """Return the live queues, or None where none were ever published."""
    path = published_dir / LIVE
    stamp = _Stamp.of(path)
    if stamp is None:
        return None
    known = _lives.get(path)
    if known is None or known[0] != stamp:
        known = (stamp, _live(_document(path)))
        _lives[path] = known
    return known[1]


def _current_name(published_dir: Path) -> str:
    try:
        return (published_dir / CURRENT).readlink().name
    except OSError as error:
        message = (
            f"{published_dir}: nothing has been published here yet;"
            ' run "amtspuls publish" once a source has delivered'
        )
        raise SnapshotMissing(message) from error


def _with_freshness(snapshot: Snapshot, path: Path) -> Snapshot:
    try:
        freshness = _document(path)
    except FileNotFoundError:
        return snapshot
    checked_at = parse_moment(freshness["checked_at"])
    if checked_at < snapshot.published_at:  # left by a kill before it was replaced
        return snapshot
    return replace(snapshot, sources=freshness["sources"], checked_at=checked_at)


def _frame(path: Path, name: str) -> pl.DataFrame:
    file = path / f"{name}.parquet"
    # Never a memory map: a folder that is removed later must not take pages with it.
    return pl.read_parquet(file, memory_map=False)


def _document(path: Path) -> Any:  # noqa: ANN401 - JSON is what it is
    return json.loads(path.read_text(encoding="utf-8"))


def _hours_to_come(queue: Mapping[str, Any]) -> tuple[HourToCome, ...]:
    return tuple(HourToCome(**hour) for hour in queue.get("rest_of_day", ()))


def _live(document: Mapping[str, Any]) -> Live:
    queues = tuple(
        LiveQueue(
            **queue
            | {
                name: queue[name] and parse_moment(queue[name])
                for name in ("observed_at", "source_time_at")
            }
            | {"rest_of_day": _hours_to_come(queue)}
        )
        for queue in document["queues"]
    )
    return Live(parse_moment(document["generated_at"]), queues, document)
