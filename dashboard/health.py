"""Whether the site keeps its promises: is what it shows as fresh as it says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response

from metrics.published import Live, SnapshotMissing, open_current, read_live

# Something is published, or found to be unchanged, every hour.
_LOOKED_AFTER_WITHIN: Final = timedelta(hours=2)
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
    return (
        now - snapshot.checked_at <= _LOOKED_AFTER_WITHIN
        and not any(source["is_late"] for source in snapshot.sources)
        and _is_live(snapshot.sources, read_live(published_dir), now)
    )


def _is_live(
    sources: Sequence[Mapping[str, Any]], live: Live | None, now: datetime
) -> bool:
    """Say whether the queues are of now; closed ones are looked at now and then."""
    promised = [
        timedelta(hours=source["max_age_hours"])
        for source in sources
        if source["table"] == _LIVE_TABLE
    ]
    if not promised:
        return True
    if live is None:
        return False
    is_open = any(queue.state in ("open", "sold_out") for queue in live.queues)
    longest = min(promised) if is_open else _LOOKED_AFTER_WITHIN
    return now - live.generated_at <= longest
