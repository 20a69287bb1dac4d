"""How the sources are, written beside the snapshots: for readers, and for us."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from ingest.city import City
from ingest.rules import RULES
from ingest.status import SourceStatus
from metrics.moments import iso
from metrics.protect_counts import protect_counts
from metrics.published import FRESHNESS
from metrics.snapshot_folder import json_bytes, write_atomically

PUBLISHED: Final = "published"
INTERNAL: Final = "internal"

_STATUSES: Final = TypeAdapter(list[SourceStatus])


def public_status(status: SourceStatus, city: City) -> dict[str, Any]:
    """Say of a source what everybody may read.

    An error stays inside: it may name columns, files and addresses of the city. So do
    exact numbers of people.
    """
    document = dataclasses.asdict(status)
    del document["last_error"]
    for name in ("refused_by_rule", "warned_by_rule"):
        document[name] = [
            {"code": code, "count": count, **RULES[code].text.model_dump()}
            for code, count in document[name].items()
        ]
    said = {
        name: iso(value) if isinstance(value, datetime) else value
        for name, value in document.items()
    }
    return protect_counts(said, city)


def write_freshness(
    data_dir: Path, statuses: Sequence[SourceStatus], city: City, now: datetime
) -> None:
    """Replace both files; `data_dir` is the city's folder."""
    inside = _STATUSES.dump_python(list(statuses), mode="json")
    outside = [public_status(status, city) for status in statuses]
    for kind, sources in ((INTERNAL, inside), (PUBLISHED, outside)):
        document = {"checked_at": now.astimezone(UTC).isoformat(), "sources": sources}
        write_atomically(data_dir / kind / FRESHNESS, json_bytes(document))


def status_at_last_check(data_dir: Path) -> list[SourceStatus] | None:
    """Return how the sources were when they were last looked at; None: never."""
    try:
        content = (data_dir / INTERNAL / FRESHNESS).read_bytes()
    except FileNotFoundError:
        return None
    return _STATUSES.validate_python(json.loads(content)["sources"])
