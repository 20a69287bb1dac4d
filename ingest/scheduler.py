"""One job per source: fetches side by side, one at a time per source."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from ingest import schedule
from ingest.city import City
from ingest.delivery import in_words, run_source
from ingest.errors import UnknownSource
from ingest.http_guard import cut_all
from ingest.opening import is_any_open
from ingest.runs import Run
from ingest.sources import QueueFeedSource, Source
from ingest.warehouse import read_frame

log = logging.getLogger(__name__)

OnLoaded = Callable[[str, str], None]  # source id, table

MARGIN: Final = timedelta(minutes=30)  # around opening hours, for live queues
_STOPS_WITHIN: Final = timedelta(seconds=10)


class Scheduler:
    """Runs sources when they are due, until it is left.

    Every source has a thread, so a slow one delays nobody; what they load goes through
    one lock. `on_loaded` is called in the source's thread after something was loaded.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        city: City,
        data_dir: Path,
        on_loaded: OnLoaded,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        self._city = city
        self._data_dir = data_dir
        self._on_loaded = on_loaded
        self._now = now
        self._stopping = threading.Event()
        self._running: set[str] = set()
        self._turns = {source.id: threading.Lock() for source in city.sources}
        self._jobs = BackgroundScheduler(
            timezone=city.timezone,
            executors={"default": ThreadPoolExecutor(max(1, len(city.sources)))},
            # After an outage once, not once per missed turn; never twice at a time.
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": 3600,
            },
        )

    def __enter__(self) -> Self:
        # Its own messages quote exceptions, and those may quote rows.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._jobs.add_listener(self._failed, EVENT_JOB_ERROR)
        self._jobs.add_listener(self._still_running, EVENT_JOB_MAX_INSTANCES)
        last_runs = self._last_runs()
        now = self._now()
        for source in self._city.sources:
            last = last_runs.get(source.id)
            overdue = schedule.is_overdue(source, self._city.timezone, last, now)
            self._jobs.add_job(
                self._run,
                schedule.trigger(source, self._city.timezone),
                args=[source],
                id=source.id,
                **({"next_run_time": datetime.now(UTC)} if overdue else {}),
            )
        self._jobs.start()
        log.info("%s: %d sources on schedule", self._city.id, len(self._city.sources))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Begin nothing more, end what waits for the network, let loads finish."""
        self._stopping.set()
        self._jobs.shutdown(wait=False)
        cut_all()
        until = time.monotonic() + _STOPS_WITHIN.total_seconds()
        while self._running and time.monotonic() < until:
            time.sleep(0.02)
        for source_id in list(self._running):
            log.warning("%s: still running while the process stops", source_id)

    def run_by_hand(self, source_id: str, files: Sequence[Path] = ()) -> list[Run]:
        """Run a source now, or as soon as it does not run any more."""
        if source_id not in self._turns:
            known = ", ".join(self._turns)
            message = f"the running process has no source {source_id}; it has: {known}"
            raise UnknownSource(message)
        return self._run_once(self._city.source(source_id), files)

    def _run(self, source: Source) -> None:
        if self._stopping.is_set() or self._is_pointless(source, self._now()):
            return
        self._run_once(source)

    def _run_once(self, source: Source, files: Sequence[Path] = ()) -> list[Run]:
        with self._turns[source.id]:
            self._running.add(source.id)
            try:
                runs = run_source(
                    self._connection,
                    self._city,
                    source,
                    data_dir=self._data_dir,
                    now=self._now(),
                    files=files,
                )
                if any(run.outcome == "loaded" for run in runs):
                    self._on_loaded(source.id, source.table)
            finally:
                self._running.discard(source.id)
        return runs

    def _is_pointless(self, source: Source, now: datetime) -> bool:
        is_live = isinstance(source, QueueFeedSource)
        return is_live and not is_any_open(self._city, now, MARGIN)

    def _last_runs(self) -> dict[str, datetime]:
        runs = read_frame(
            self._connection,
            "SELECT source, max(started_at) AS started_at FROM runs GROUP BY source",
        )
        return dict(runs.iter_rows())

    def _failed(self, event: JobEvent) -> None:
        log.error("%s: %s", event.job_id, in_words(event.exception))

    def _still_running(self, event: JobEvent) -> None:
        log.warning("%s: still running when it was due again", event.job_id)
