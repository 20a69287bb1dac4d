"""Whether the site keeps its promises: is what it shows as fresh as it says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response

from metrics.published import Live, SnapshotMissing, open_current, read_live

_LIVE_TABLE: Final = "queue_samples"


def register_health(server: Flask, published_dir: Path) -> None:
    """Add /healthz for load balancers and watchdogs; it tells no details."""

    @server.get("/healthz")
    def healthz() -> Response:
        is_ok = is_healthy(published_dir, datetime.now(UTC))
        return Response(
            "ok\n" if is_ok else "not ok\n",
            HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE,
            {"Cache-Control": "no-store"},
            content_type="text/plain; charset=utf-8",
        )


def is_healthy(published_dir: Path, now: datetime) -> bool:
    """Say whether snapshot, sources and live queues are as fresh as promised."""
    try:
        snapshot = open_current(published_dir)
    except SnapshotMissing:
        return False
    sources = snapshot.sources
    return (
        not any(_is_late(source, now) for source in sources)
        and _is_looked_after(sources, snapshot.checked_at, now)
        and _is_live(sources, read_live(published_dir), now)
    )


def _is_late(source: Mapping[str, Any], now: datetime) -> bool:
    loaded_at = source["last_loaded_at"]
    if source["is_late"] or loaded_at is None:
        return True
    return now - datetime.fromisoformat(loaded_at) > _max_age(source)


def _is_looked_after(
    sources: Sequence[Mapping[str, Any]], checked_at: datetime, now: datetime
) -> bool:
    """Whether somebody still looks after the sources: the scheduler lives."""
    ages = [_max_age(source) for source in sources]
    return not ages or now - checked_at <= min(ages)


def _is_live(
    sources: Sequence[Mapping[str, Any]], live: Live | None, now: datetime
) -> bool:
    ages = [_max_age(source) for source in sources if source["table"] == _LIVE_TABLE]
    if not ages:
        return True
    return live is not None and now - live.generated_at <= min(ages)


def _max_age(source: Mapping[str, Any]) -> timedelta:
    return timedelta(hours=source["max_age_hours"])
