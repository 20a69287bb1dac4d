"""How a snapshot gets to disk: written aside, synced, renamed, then linked."""

import hashlib
import io
import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from ingest.disk import sync
from metrics.figures import FIGURES
from metrics.frames import FRAMES, INTERNAL_FRAMES
from metrics.moments import iso
from metrics.published import CURRENT, Snapshot, SnapshotMissing

# Not part of a snapshot's identity: they say when and from what, not what it says.
_CIRCUMSTANCES: Final = frozenset({"sources.json", "manifest.json"})
_UNFINISHED: Final = ".unfinished-"
_ID: Final = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{12}$")
_WRITING: Final = threading.Lock()  # one process publishes, perhaps in several threads
_WHOLE: Final = 2.0**53  # below, floats are as exact as whole numbers
_FORMULA_STARTS: Final = r"^([=+\-@\t\r\n])"


def write_snapshot(
    directory: Path,
    now: datetime,
    *,
    figures: pl.DataFrame,
    catalogue: Mapping[str, Any] | None = None,
    sources: Sequence[Mapping[str, Any]] = (),
    calendar: Mapping[str, Any] | None = None,
    frames: Mapping[str, pl.DataFrame] | None = None,
    manifest: Mapping[str, Any] | None = None,
    with_csv: bool = True,
) -> Path:
    """Write a snapshot and make it the current one; return its folder.

    Where it would say the same as the current one, that one stays. What `manifest` says
    beyond `deliveries` (code version, city file) belongs to what a snapshot says.
    Frames of FRAMES that are not given are written empty, internal ones not at all.
    """
    given, figures = frames or {}, _typed(figures, FIGURES)
    extra = {"deliveries": [], **(manifest or {})}
    files = {
        "catalogue.json": json_bytes(catalogue or {}),
        "calendar.json": json_bytes(calendar or {}),
        "sources.json": json_bytes(sources),
    }
    with ThreadPoolExecutor(max_workers=1) as aside:
        csv = aside.submit(csv_bytes, figures) if with_csv else None
        files |= _frame_files("figures", figures)
        for name, schema in FRAMES.items():
            if name in given or name not in INTERNAL_FRAMES:
                files |= _frame_files(name, _typed(given.get(name), schema))
        if csv is not None:
            files["figures.csv"] = csv.result()
    hashes = {name: _sha256(content) for name, content in files.items()}
    digest = _identity(hashes, extra)
    current = _current_with(directory, digest)
    if current is not None:
        return current
    moment = now.astimezone(UTC)
    snapshot_id = f"{moment:%Y%m%dT%H%M%SZ}-{digest[:12]}"
    files["manifest.json"] = json_bytes(
        {
            "id": snapshot_id,
            "time": iso(moment),
            "content_sha256": digest,
            "files": hashes,
            **extra,
        }
    )
    return _put(directory, snapshot_id, files)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader sees the old or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    with _WRITING:
        try:
            _write_synced(aside, content)
        except OSError:  # half a file would fill a full disk for good
            aside.unlink(missing_ok=True)
            raise
        aside.replace(path)
        sync(path.parent)


def thin_out(
    directory: Path, now: datetime, *, all_within: timedelta, keep: int | None = None
) -> None:
    """Remove old snapshots, never the current one.

    All of `all_within` stay, and of each earlier day (in UTC) the last: what was said
    on a day can be told for ever. With `keep`, only so many of the newest stay.
    """
    current = (directory / CURRENT).readlink().name
    snapshots = _names(directory)
    if keep is not None:
        stay = set(snapshots[-keep:])
    else:
        last_of_day = {name[:8]: name for name in snapshots}.values()
        recent = f"{(now - all_within).astimezone(UTC):%Y%m%dT%H%M%SZ}"
        stay = {name for name in snapshots if name >= recent}.union(last_of_day)
    for name in snapshots:
        if name not in stay | {current}:
            shutil.rmtree(directory / name)


def latest_readable(directory: Path) -> Snapshot | None:
    """Return the current snapshot; where it is damaged the newest that can be read."""
    link = directory / CURRENT
    current = [link.readlink().name] if link.is_symlink() else []
    for name in (*current, *reversed(_names(directory))):
        try:
            return Snapshot.read(directory / name)
        except SnapshotMissing:
            continue
    return None


def _names(directory: Path) -> list[str]:
    """List the snapshots of a folder, oldest first."""
    found = directory.iterdir() if directory.is_dir() else ()
    return sorted(path.name for path in found if _ID.match(path.name))


def json_bytes(document: object) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1)
    return f"{text}\n".encode()


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """RFC 4180, UTF-8 without a mark, decimal points; no cell runs as a formula."""
    words = pl.col(name for name, kind in frame.schema.items() if kind == pl.String)
    numbers = pl.col(name for name, kind in frame.schema.items() if kind.is_float())
    # To look whether there are any is much faster than to write all words anew, and
    # most numbers are whole ones, which are written without a point anyway.
    has_formulas = frame.select(words.str.contains(_FORMULA_STARTS).any())
    are_whole = frame.select(
        ((numbers == numbers.floor()) & (numbers.abs() < _WHOLE)).all()
    )
    formulas = [column.name for column in has_formulas if column.any()]
    whole = [column.name for column in are_whole if column.all()]
    others = [name for name in are_whole.columns if name not in whole]
    buffer = io.BytesIO()
    frame.with_columns(
        pl.col(formulas).str.replace(_FORMULA_STARTS, "'$1"),
        pl.col(whole).cast(pl.Int64),
        pl.col(others).cast(pl.String).str.strip_suffix(".0"),
    ).write_csv(buffer, line_terminator="\r\n")
    return buffer.getvalue()


def _typed(frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    if frame is None:
        return pl.DataFrame(schema=schema)
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())


def _frame_files(name: str, frame: pl.DataFrame) -> dict[str, bytes]:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True)
    return {f"{name}.parquet": buffer.getvalue()}


def _identity(hashes: Mapping[str, str], extra: Mapping[str, Any]) -> str:
    said = {name: each for name, each in hashes.items() if name not in _CIRCUMSTANCES}
    said["manifest"] = _sha256(
        json_bytes({name: extra[name] for name in extra if name != "deliveries"})
    )
    return _sha256(json_bytes(said))


def _current_with(directory: Path, digest: str) -> Path | None:
    try:
        current = directory / (directory / CURRENT).readlink()
        manifest = json.loads((current / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return None
    # One that lost a file says no more what it said.
    is_whole = all((current / name).is_file() for name in manifest["files"])
    return current if is_whole and manifest["content_sha256"] == digest else None


def _put(directory: Path, snapshot_id: str, files: Mapping[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    with _WRITING:
        return _put_alone(directory, snapshot_id, files)


def _put_alone(directory: Path, snapshot_id: str, files: Mapping[str, bytes]) -> Path:
    _remove_unfinished(directory)
    final = directory / snapshot_id
    if not final.exists():
        aside = directory / f"{_UNFINISHED}{uuid.uuid4().hex}"
        aside.mkdir()
        for name, content in files.items():
            _write_synced(aside / name, content)
        sync(aside)
        aside.rename(final)
        sync(directory)
    link = directory / f"{_UNFINISHED}{uuid.uuid4().hex}"
    link.symlink_to(final.name)
    # Replacing a link is atomic: a reader sees the old snapshot or the new one.
    link.replace(directory / CURRENT)
    sync(directory)
    return final


def _remove_unfinished(directory: Path) -> None:
    """Clear what a killed publication left; only one process publishes at a time."""
    for left in directory.glob(f"{_UNFINISHED}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
