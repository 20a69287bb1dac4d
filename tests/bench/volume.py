"""Big tables: one CSV of millions of rows, one day anew, many sources at once."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import duckdb
import polars as pl

from ingest.city import City
from ingest.delivery import run_source
from ingest.scheduler import Scheduler
from ingest.warehouse import open_warehouse
from tests.bench.cities import HEAD

NOW = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
FIRST = datetime(2016, 1, 4)  # noqa: DTZ001 - as the offices' clocks show it
SOURCES_AT_ONCE = 200
_MOMENT = "%d.%m.%Y %H:%M:%S"
_A_DAY = {"tickets": 2880, "cases": 1440}
_TIMES = {
    "tickets": ("Ankunft", "Aufruf", "Ende"),
    "cases": ("Eingang", "Vollständig", "Entschieden"),
}


def city(folder: str = "in", *, url: str = "", sources: int = 1) -> City:
    """Return a city of one office: its visits and cases, or many live feeds."""
    office = {"id": "meldeamt", "name": {"de": "Meldeamt", "en": "Registration"}}
    listed = (
        [_feed(url, number) for number in range(sources)]
        if url
        else [_table(folder, table) for table in _TIMES]
    )
    return City.model_validate(
        {
            "city": HEAD,
            "office": [office],
            "source": listed,
            "publish": {"cells": []},
        }
    )


def write_csv(folder: str, visits: str, days_a_file: str) -> Callable[[], int]:
    """Write visits all day long and half as many cases, some days to a file."""

    def work() -> int:
        for table, a_day in _A_DAY.items():
            count = int(visits) * a_day // _A_DAY["tickets"]
            size = int(days_a_file) * a_day
            for number, first in enumerate(range(0, count, size)):
                rows = _rows(table, first, min(size, count - first))
                file = Path(folder) / f"{table}-{number:04}.csv"
                rows.sink_csv(file, separator=";")
        return int(visits) * 3 // 2

    return work


def amtspuls(csv: str, data: str) -> Callable[[], int]:
    """Read, check, pseudonymise, load and archive every file."""
    folder = Path(data)
    connection = open_warehouse(folder / "warehouse.duckdb")

    def work() -> int:
        runs = [
            run
            for source in city().sources
            for run in run_source(
                *(connection, city(), source),
                data_dir=folder,
                now=NOW,
                files=sorted(Path(csv).glob(f"{source.table}-*.csv")),
            )
        ]
        connection.close()
        return sum(_loaded(run.rows_loaded, run.error) for run in runs)

    return work


def plain_duckdb(csv: str, data: str) -> Callable[[], int]:
    """Read the same files into tables with declared types; nothing is checked."""
    connection = duckdb.connect(f"{data}/plain.duckdb")

    def work() -> int:
        for table in _TIMES:
            connection.execute(
                f"CREATE TABLE {table} AS SELECT * FROM {typed_csv(table)}",  # noqa: S608
                {"files": f"{csv}/{table}-*.csv"},
            )
        counted = connection.execute(
            "SELECT (SELECT count(*) FROM tickets) + (SELECT count(*) FROM cases)"
        ).fetchall()
        connection.close()
        return int(counted[0][0])

    return work


def typed_csv(table: str) -> str:
    """Say how DuckDB reads the $files of a table, with times as its clock showed."""
    types = ", ".join(f"'{name}': 'TIMESTAMP'" for name in _TIMES[table])
    return (
        "read_csv($files, delim = ';', header = true,"
        f" types = {{{types}}}, timestampformat = '{_MOMENT}')"
    )


def one_day_anew(data: str, visits: str) -> Callable[[], int]:
    """Deliver one day of visits once more, into a warehouse of many years."""
    folder = Path(data)
    connection = open_warehouse(folder / "warehouse.duckdb")
    _days_as_deliveries(connection, int(visits))
    day = folder / "day.csv"
    _rows("tickets", 5 * 2880, 2880).sink_csv(day, separator=";")

    def work() -> int:
        source = city().sources[0]
        (run,) = run_source(
            *(connection, city(), source), data_dir=folder, now=NOW, files=[day]
        )
        replaced = connection.execute(
            "SELECT count(*) FROM deliveries WHERE superseded_by = ?", [run.delivery_id]
        ).fetchall()
        if replaced != [(1,)]:
            message = f"{replaced} deliveries were replaced, not the one of that day"
            raise RuntimeError(message)
        return _loaded(run.rows_loaded, run.error)

    return work


def many_sources(data: str) -> Callable[[], int]:
    """Look at many live feeds that are due at once, each answering after a second."""
    folder = Path(data)
    connection = open_warehouse(folder / "warehouse.duckdb")

    def work() -> int:
        loaded: list[str] = []
        with _slow_feeds() as url:
            feeds = city(url=url, sources=SOURCES_AT_ONCE)
            with Scheduler(
                connection, feeds, folder, lambda one, _: loaded.append(one)
            ):
                until = time.monotonic() + 120
                while len(loaded) < SOURCES_AT_ONCE and time.monotonic() < until:
                    time.sleep(0.02)
        connection.close()
        return len(loaded)

    return work


def _loaded(rows: int, error: str | None) -> int:
    if error is not None:
        raise RuntimeError(error)
    return rows


def _rows(table: str, first: int, count: int) -> pl.LazyFrame:
    number, a_day = pl.col("number"), _A_DAY[table]
    # From 8 to 16 o'clock, so that nobody waits into the next day.
    begin = pl.lit(FIRST) + pl.duration(
        days=number // a_day, hours=8, seconds=number % a_day * (28_800 // a_day)
    )
    moments = [begin, begin + pl.duration(seconds=number.hash(1) % 2400)]
    moments.append(moments[1] + pl.duration(seconds=number.hash(2) % 1800))
    key = "Nummer" if table == "tickets" else "Aktenzeichen"
    named = zip(_TIMES[table], moments, strict=True)
    # Visitors are numbered anew each day, cases are not.
    shown = number % 2880 if table == "tickets" else number
    return pl.LazyFrame(
        {"number": pl.int_range(first, first + count, eager=True)}
    ).select(
        pl.lit("meldeamt").alias("Amt"),
        *(moment.dt.strftime(_MOMENT).alias(name) for name, moment in named),
        pl.format("A-{}", shown).alias(key),
    )


def _table(folder: str, table: str) -> dict[str, object]:
    ours = {
        "tickets": ("arrived_at", "called_at", "finished_at"),
        "cases": ("received_at", "complete_at", "decided_at"),
    }[table]
    key = (
        ("ticket_key", "Nummer") if table == "tickets" else ("case_key", "Aktenzeichen")
    )
    columns: dict[str, object] = {"office": {"column": "Amt"}}
    for name, theirs in zip(ours, _TIMES[table], strict=True):
        columns[name] = {"column": theirs, "format": _MOMENT}
    columns[key[0]] = {"column": key[1], "key": True}
    if table == "tickets":
        columns["outcome"] = {"value": "served"}
    return {
        **_common(table.replace("_", "-")),
        "adapter": "table_file",
        "folder": folder,
        "mapping": {"table": table, "columns": columns},
    }


def _feed(url: str, number: int) -> dict[str, object]:
    return {
        **_common(f"feed{number}"),
        "adapter": "queue_feed",
        "url": f"{url}/{number}.json",
        "private_host": True,
        "mapping": {
            "queues": "queues",
            "office": {"column": "name"},
            "wait_minutes": {"column": "minutes"},
            "state": {"value": "open"},
        },
    }


def _common(name: str) -> dict[str, object]:
    return {
        "id": name,
        "publisher": "Stadt",
        "licence": "dl-de/zero-2.0",
        "every": "1h",
        "max_age": "2d",
        "checks": {"shrink_to": 0},
    }


def _days_as_deliveries(connection: duckdb.DuckDBPyConnection, visits: int) -> None:
    """Fill the warehouse as if each day had come as a delivery of its own."""
    midnight = FIRST.replace(tzinfo=UTC) - timedelta(hours=1)  # in Berlin's winter
    connection.execute(
        """INSERT INTO tickets (delivery_id, office, outcome, arrived_at, called_at)
        SELECT 'day-' || (i // 2880), 'meldeamt', 'served', came,
            came + INTERVAL 9 MINUTE
        FROM (SELECT i, $midnight + to_days((i // 2880)::INTEGER)
            + to_seconds(28800 + i % 2880 * 10) AS came FROM range($visits) r(i))""",
        {"midnight": midnight, "visits": visits},
    )
    connection.execute(
        """INSERT INTO deliveries (delivery_id, source, table_name, covers_from,
            covers_to, content_sha256, read_with, name, received_at, rows_read,
            rows_loaded, rows_quarantined)
        SELECT delivery_id, 'tickets', 'tickets', min(arrived_at) - INTERVAL 8 HOUR,
            min(arrived_at) + INTERVAL 16 HOUR, delivery_id, '', delivery_id,
            min(arrived_at) + INTERVAL 1 DAY, count(*), count(*), 0
        FROM tickets GROUP BY delivery_id"""
    )
    connection.execute("CHECKPOINT")


@contextmanager
def _slow_feeds() -> Iterator[str]:
    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(1)
            body = b'{"queues": [{"name": "meldeamt", "minutes": 15}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = SOURCES_AT_ONCE
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Feed)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
