"""`python -m tests.bench`: how fast Amtspuls is beside the plain tools, in one run.

Only the ratios mean something: both sides run one after the other, on one machine.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dashboard.server import serve
from tests.bench import web
from tests.bench.exports import CITY_FILE, served
from tests.bench.measure import ROOT, Measured, measure, median

# As offices back-fill, and all that there is in one file.
DAYS_A_FILE = {"a file per 100 days": 100, "one file": 1_000_000}

console = Console(width=110)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--runs", type=int, default=3, help="of each; medians count")
    parser.add_argument("--rows", type=int, default=500_000, help="of the big table")
    parser.add_argument("--visits", type=int, default=300_000, help="of the history")
    arguments = parser.parse_args()
    runs = arguments.runs
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        console.print("The sample city is simulated …")
        exports = home / "exports"
        made = measure("tests.bench.exports", "write_exports", exports)
        size = sum(path.stat().st_size for path in exports.rglob("*.csv")) / 1e6
        console.print(f"{made.rows:,} lines, {size:.0f} MB, in {made.seconds:.1f} s\n")
        data = _ingest(home, exports, runs)
        _publish(data, runs)
        _volume(home, arguments.rows)
        _history(home, arguments.visits)
        _web(home, data / "published")


def _ingest(home: Path, exports: Path, times: int) -> Path:
    """Measure the ingest; return the folder of its last run."""
    runs: dict[str, list[Measured]] = {"amtspuls": [], "plain_duckdb": []}
    with served(exports) as address:
        origins = {"amtspuls": address, "plain_duckdb": exports}
        for number in range(times):
            for name, measured in runs.items():
                place = home / f"{name}-{number}"
                place.mkdir()
                module = "tests.bench.ingesting"
                measured.append(measure(module, name, origins[name], place))
    _show("Exports into tables", runs, "rows", 3.0)
    return home / f"amtspuls-{times - 1}"


def _publish(data: Path, times: int) -> None:
    runs: dict[str, list[Measured]] = {"amtspuls": [], "plain_polars": []}
    for _ in range(times):
        for name, measured in runs.items():
            # Without a snapshot before it, so that each run writes one.
            subprocess.run(
                ["rm", "-rf", data / "published", data / "internal"], check=True
            )
            measured.append(measure("tests.bench.publishing", name, data))
    measure("tests.bench.publishing", "amtspuls", data)
    _show("Tables into a published snapshot", runs, "figures", 3.0)


def _volume(home: Path, visits: int) -> None:
    """Measure big tables, one day anew in one of them, and many sources at once."""
    module = "tests.bench.volume"
    for number, (files, days) in enumerate(DAYS_A_FILE.items()):
        place = home / f"big-{number}"
        csv = place / "csv"
        csv.mkdir(parents=True)
        measure(module, "write_csv", csv, visits, days)
        runs: dict[str, list[Measured]] = {}
        for name, of in (
            ("amtspuls", module),
            ("plain_duckdb", module),
            ("duckdb_same_columns", "tests.bench.same_columns"),
        ):
            (place / name).mkdir()
            runs[name] = [measure(of, name, csv, place / name)]
        _show(f"{visits:,} visits and half as many cases, {files}", runs, "rows", 2.0)
    places = {name: home / f"big-{name}" for name in ("day", "many")}
    for place in places.values():
        place.mkdir()
    day = measure(module, "one_day_anew", places["day"], visits)
    many = measure(module, "many_sources", places["many"])
    console.print(
        f"One day anew in {visits:,} visits: {day.seconds:.2f} s (aim: 1)\n"
        f"{many.rows} sources due at once, each answering after 1 s:"
        f" {many.seconds:.1f} s, {many.cpu_seconds:.1f} s CPU (aim: 30)\n"
    )


def _history(home: Path, visits: int) -> None:
    """Measure the waiting family beside plain tools, and one new day beside all."""
    module, place = "tests.bench.history", home / "history"
    place.mkdir()
    measure(module, "fill", place, visits)
    plain = ("waiting_family", "plain_polars", "plain_duckdb")
    runs = {name: measure(module, name, place) for name in plain}
    runs["everything"] = measure(module, "everything", place)
    measure(module, "next_day", place, visits)
    runs["what_changed"] = measure(module, "what_changed", place)
    title = f"Figures of {visits:,} visits and half as many cases in ten years"
    table = Table("", "seconds", "CPU s", "figures", "peak MB", title=title)
    for name, one in runs.items():
        table.add_row(
            name.replace("_", " "),
            f"{one.seconds:.2f}",
            f"{one.cpu_seconds:.2f}",
            f"{one.rows:,}",
            f"{one.peak_megabytes:,.0f}",
        )
    console.print(table)
    ours, polars, plain_duckdb, everything, changed = (
        one.cpu_seconds for one in runs.values()
    )
    console.print(
        f"The waiting family: {ours / polars:.1f} x the CPU of plain Polars,"
        f" {ours / plain_duckdb:.1f} x that of DuckDB; one new day:"
        f" {changed / everything:.0%} of everything (aim: 5 %)\n"
    )


def _show(title: str, runs: dict[str, list[Measured]], unit: str, aim: float) -> None:
    table = Table("", "seconds", "CPU s", unit, f"{unit}/s", "peak MB", title=title)
    medians = {name: median(measured) for name, measured in runs.items()}
    for name, one in medians.items():
        table.add_row(
            name,
            f"{one.seconds:.2f}",
            f"{one.cpu_seconds:.2f}",
            f"{one.rows:,}",
            f"{one.rows / one.seconds:,.0f}",
            f"{one.peak_megabytes:,.0f}",
        )
    console.print(table)
    (_, ours), (_, plain), *others = medians.items()
    ratio = ours.seconds / plain.seconds
    cpu = ours.cpu_seconds / plain.cpu_seconds
    memory = ours.peak_megabytes / plain.peak_megabytes
    console.print(
        f"{ratio:.1f} x the time (aim: {aim:g}), {cpu:.1f} x the CPU,"
        f" {memory:.1f} x the memory"
    )
    for name, one in others:
        console.print(
            f"beside {name}: {ours.seconds / one.seconds:.1f} x the time,"
            f" {ours.cpu_seconds / one.cpu_seconds:.1f} x the CPU"
        )
    console.print()


def _web(home: Path, published: Path) -> None:
    with serve(published, CITY_FILE, port=0) as site:
        address = site.wait_until_ready()
        bodies = {"page": web.fetch(address, "/", "br"), "api": _api(address)}
        for name, (body, _) in bodies.items():
            (home / name).write_bytes(body)
        with _bare(home) as bare:
            table = Table("", "answers/s", "p50 ms", "p99 ms", title="The site")
            _row(table, "/", lambda: web.load(address, "/"))
            _row(table, "the same bytes, bare", lambda: web.load(bare, "/page"))
            _row(table, web.API, lambda: web.load(address, web.API))
            _row(table, "the same bytes, bare", lambda: web.load(bare, "/api"))
            known = web.HEADERS | {"If-None-Match": bodies["page"][1]}
            _row(table, "/ unchanged", lambda: web.load(address, "/", known))
        console.print(table)
        _weights(address, ["/", "/en/", "/rueckstand", "/datenstand"])


def _api(address: str) -> tuple[bytes, str]:
    return web.fetch(address, web.API, "br")


def _row(table: Table, name: str, work: Callable[[], web.Load]) -> None:
    load = work()
    table.add_row(
        name,
        f"{load.per_second:,.0f}",
        f"{load.p50_milliseconds:.1f}",
        f"{load.p99_milliseconds:.1f}",
    )


def _weights(address: str, paths: Sequence[str]) -> None:
    table = Table("", "plain KB", "gzip KB", "brotli KB", title="HTML")
    for path in paths:
        weight = web.weight(address, path)
        sizes = (weight.plain, weight.gzip, weight.brotli)
        table.add_row(path, *(f"{size / 1000:.1f}" for size in sizes))
    console.print(table)
    console.print("aim: / below 30 KB compressed\n")


@contextmanager
def _bare(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.web", str(port)],
        cwd=ROOT,
        env=os.environ | {"AMTSPULS_BENCH_BARE": str(folder)},
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
