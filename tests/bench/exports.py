"""The sample city's exports of two and a half years, as its systems would send them."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.city import City, read_city
from ingest.sources import Source, TableFileSource

if TYPE_CHECKING:
    from data.simulator.systems import Systems

CITY_FILE = Path(__file__).resolve().parents[2] / "data" / "cities" / "musterstadt.toml"
NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # the same exports in every run
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def write_exports(folder: str) -> Callable[[], int]:
    """Ask the simulated systems for every CSV file that the city file names."""
    # Here, not above: who only serves the exports stays small beside what is measured.
    from data.simulator.server import SEED
    from data.simulator.systems import Systems

    systems = Systems(SEED)

    def work() -> int:
        for _ in systems.warm_up(NOW):
            pass
        return sum(
            _write(systems, source, Path(folder)) for source in csv_sources(city())
        )

    return work


def city(address: str = "") -> City:
    """Return the sample city, its systems moved to another address."""
    read = read_city(CITY_FILE)
    moved = tuple(
        source.model_copy(update={"url": f"{address}{urlsplit(source.url).path}"})
        for source in read.sources
        if source.url is not None
    )
    return read.model_copy(update={"sources": moved}) if address else read


def csv_sources(of: City) -> list[TableFileSource]:
    """Return those sources that DuckDB can read, too, without an extension."""
    return [source for source in of.sources if _is_csv(source)]


def files_of(folder: Path, source: Source) -> list[Path]:
    pattern = re.sub(r"\{\w+\}", "*", urlsplit(source.url or "").path)
    return sorted(folder.glob(pattern.lstrip("/")))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the exports over HTTP at the paths where the systems have them."""
    handler = partial(_Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _is_csv(source: Source) -> bool:
    return isinstance(source, TableFileSource) and source.mapping.file_format == "csv"


def _write(systems: "Systems", source: TableFileSource, folder: Path) -> int:
    lines = 0
    for start in _period_starts(source):
        path = urlsplit(source.url or "").path.format(
            year=start.year, month=f"{start:%m}", quarter=(start.month + 2) // 3
        )
        answer = systems.answer(path, {}, NOW)
        if answer.status == 200:
            file = folder / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(answer.body)
            lines += answer.body.count(b"\n")
    return lines


def _period_starts(source: TableFileSource) -> Iterator[date]:
    if source.periods is None:
        return
    start, step = source.periods.first, _MONTHS[source.periods.every]
    while start <= NOW.date():
        yield start
        months = start.year * 12 + start.month - 1 + step
        start = date(months // 12, months % 12 + 1, 1)
