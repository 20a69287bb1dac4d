"""A delivery's bytes: their fingerprint, and whether somebody still writes them."""

import hashlib
import time
from pathlib import Path
from typing import Final

from ingest.adapters.base import Download
from ingest.errors import SourceUnavailable

_STILL_WRITTEN: Final = (
    1.0  # seconds since its last change in which a file is left alone
)
State = tuple[int, int]  # when a file was changed, and how long it is


def fingerprint(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, content.stat().st_size


def settled(content: bytes | Path) -> State:
    """Give a file that was changed just now the time to be written to its end."""
    if isinstance(content, Path):
        age = time.time() - content.stat().st_mtime
        if 0 <= age < _STILL_WRITTEN:
            time.sleep(_STILL_WRITTEN - age)
    return state_of(content)


def state_of(content: bytes | Path) -> State:
    if isinstance(content, bytes):
        return (0, len(content))
    stat = content.stat()
    return (stat.st_mtime_ns, stat.st_size)


def refuse_if_changed(download: Download, before: State) -> None:
    """Raise where a file is not what it was when it was begun to be read."""
    if before != state_of(download.content):
        message = f"{download.name} is still being written; the next run will read it"
        raise SourceUnavailable(message)
