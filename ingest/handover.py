"""Work by hand beside a running process, which alone may write the warehouse.

Whoever runs `load` or `ingest` meanwhile puts a request into a folder; the running
process takes it, does the work and answers there. Requests name files, they hold none.
"""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ingest.delivery import in_words
from ingest.errors import IngestError
from ingest.runs import Run

log = logging.getLogger(__name__)

FOLDER: Final = "by-hand"

_TAKER: Final = "taken-by"  # who takes requests, by process id
_REQUEST: Final = ".request"
_ANSWER: Final = ".answer"
_LOOK_EVERY: Final = 0.2  # seconds

RunByHand = Callable[[str, Sequence[Path]], list[Run]]  # source id, files


@dataclass(frozen=True)
class _Request:
    sources: list[str]
    files: list[Path]


@dataclass(frozen=True)
class _Answer:
    runs: list[Run]
    error: str | None = None


_REQUESTS: Final = TypeAdapter(_Request)
_ANSWERS: Final = TypeAdapter(_Answer)


@contextmanager
def taking_requests(folder: Path, run: RunByHand) -> Iterator[None]:
    """Take what others ask for, one request after the other, until left."""
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    for left in place.iterdir():  # nobody waits for these any more
        left.unlink()
    stop = threading.Event()
    taker = threading.Thread(target=_take, args=(place, run, stop), daemon=True)
    _write(place / _TAKER, str(os.getpid()).encode())
    taker.start()
    try:
        yield
    finally:
        (place / _TAKER).unlink(missing_ok=True)
        stop.set()
        taker.join(timeout=1)  # a longer run ends with the scheduler


def hand_over(
    folder: Path, sources: Sequence[str], files: Sequence[Path]
) -> list[Run] | None:
    """Have the running process do it; None where nobody takes requests."""
    place = folder / FOLDER
    if not _is_taken(place):
        return None
    name = uuid.uuid4().hex
    request, answer = place / f"{name}{_REQUEST}", place / f"{name}{_ANSWER}"
    asked = _Request([*sources], [path.absolute() for path in files])
    _write(request, _REQUESTS.dump_json(asked))
    while not answer.exists():
        if not _is_taken(place) and not answer.exists():
            request.unlink(missing_ok=True)
            message = "the running process ended before it answered; run it again"
            raise IngestError(message)
        time.sleep(_LOOK_EVERY)
    said = _ANSWERS.validate_json(answer.read_bytes())
    answer.unlink()
    if said.error is not None:
        raise IngestError(said.error)
    return said.runs


def _take(place: Path, run: RunByHand, stop: threading.Event) -> None:
    while not stop.wait(_LOOK_EVERY):
        for path in sorted(place.glob(f"*{_REQUEST}")):
            if stop.is_set():
                return
            # The process goes on, whatever is the matter with one request.
            with suppress(OSError):
                _write(path.with_suffix(_ANSWER), _ANSWERS.dump_json(_done(path, run)))


def _done(path: Path, run: RunByHand) -> _Answer:
    try:
        content = path.read_bytes()
        path.unlink()  # before the work: nothing is done twice
        asked = _REQUESTS.validate_json(content)
        log.info("%s: by hand", ", ".join(asked.sources))
        return _Answer(
            [one for name in asked.sources for one in run(name, asked.files)]
        )
    except (IngestError, ValidationError) as error:
        return _Answer([], str(error))
    except Exception as error:  # noqa: BLE001 - as in a scheduled run
        return _Answer([], in_words(error))


def _is_taken(place: Path) -> bool:
    """Say whether a process takes requests: one that still runs."""
    try:
        os.kill(int((place / _TAKER).read_text(encoding="ascii")), 0)
    except PermissionError:  # somebody else's process, but there
        return True
    except (OSError, ValueError):
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    """Let the file be there whole or not at all."""
    draft = path.with_suffix(".part")
    draft.write_bytes(content)
    draft.replace(path)
