"""How long work and its results look: on a terminal, in a log, for a program."""

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

import duckdb
import typer
from rich.console import Console, Group, RenderableType
from rich.logging import RichHandler
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ingest.delivery import run_source
from ingest.errors import IngestError, WarehouseLocked
from ingest.first_look import FirstLook
from ingest.handover import hand_over
from ingest.place import Place
from ingest.runs import Run
from ingest.sources import Source
from ingest.status import SourceStatus

Begin = Callable[[str], None]
_SIDE_BY_SIDE = 4  # sources that run at once when all are run by hand

_errors = Console(stderr=True)
log = logging.getLogger(__name__)


@contextmanager
def progress(quiet: bool, words: str, total: int | None = None) -> Iterator[Begin]:
    """Show a bar on a terminal, a plain line per step elsewhere, nothing if quiet."""
    if quiet:
        yield lambda _: None
    elif not _errors.is_terminal:
        yield lambda step: _errors.print(f"{words}: {step}")
        _errors.print(f"{words}: done")
    else:
        columns = (SpinnerColumn(), *Progress.get_default_columns()[:2])
        with Progress(*columns, TimeElapsedColumn(), console=_errors) as bar:
            # Of one step alone nobody knows how far it is: the bar only moves.
            task = bar.add_task(words, total=total if (total or 0) > 1 else None)
            begun = count()

            def begin(step: str) -> None:
                bar.update(task, completed=next(begun), description=f"{words}: {step}")

            yield begin
            bar.update(task, total=1, completed=1, description=words)


def run_sources(
    place: Place,
    connection: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    *,
    files: Sequence[Path] = (),
    quiet: bool,
) -> list[Run]:
    """Run sources side by side, so that none waits for another's server."""
    with (
        progress(quiet, "ingest", total=len(sources)) as begin,
        ThreadPoolExecutor(max_workers=min(len(sources), _SIDE_BY_SIDE) or 1) as pool,
    ):

        def run(source: Source) -> list[Run]:
            begin(source.id)
            now = datetime.now(UTC)
            return run_source(
                connection,
                place.city,
                source,
                data_dir=place.folder,
                now=now,
                files=files,
            )

        return [each for runs in pool.map(run, sources) for each in runs]


def run_or_hand_over(
    place: Place,
    sources: Sequence[Source],
    *,
    files: Sequence[Path] = (),
    quiet: bool,
) -> list[Run]:
    """Run sources here; where a running process holds the warehouse, have it do so."""
    try:
        with place.warehouse() as connection:
            return run_sources(place, connection, sources, files=files, quiet=quiet)
    except WarehouseLocked:
        names = [source.id for source in sources]
        with progress(quiet, "ingest") as advance:
            advance("by the running process")
            runs = hand_over(place.folder, names, files)
        if runs is None:
            raise
        return runs


def show_runs(runs: Sequence[Run], *, as_json: bool) -> None:
    table = _table("source", "outcome", "rows", "refused", "what")
    for run in runs:
        counts = (str(run.rows_loaded), str(run.rows_quarantined))
        _add(table, run.source, run.outcome, *counts, run.error or run.name)
    cells = [Text(cell.in_words()) for run in runs for cell in run.wrong_cells]
    answer([asdict(run) for run in runs], as_json, Group(table, *cells))


def show_status(sources: Sequence[SourceStatus], *, as_json: bool) -> None:
    answer([asdict(source) for source in sources], as_json, _status(sources))


def show_check(
    sources: Sequence[SourceStatus], looks: Sequence[FirstLook], *, as_json: bool
) -> None:
    """Say what would be loaded and refused, and what of it fills which column."""
    document = [
        asdict(source) | asdict(look)
        for source, look in zip(sources, looks, strict=True)
    ]
    table = _table("source", "table", "fills (% of rows)", "leaves empty", "drops")
    for look in looks:
        filled = (f"{name} {share:g}" for name, share in look.filled.items())
        lists = (filled, look.empty, look.dropped)
        _add(table, look.source, look.table, *(", ".join(names) for names in lists))
    answer(document, as_json, Group(_status(sources), "", table))


def _status(sources: Sequence[SourceStatus]) -> Group:
    heads = ("source", "last run", "outcome", "data until", "rows", "refused", "warned")
    table = _table(*heads)
    for source in sources:
        _add(
            table,
            source.id,
            _short(source.last_run_at),
            source.last_outcome or "never ran",
            _short(source.data_until) + (" (late)" if source.is_late else ""),
            str(source.rows_loaded),
            *(
                ", ".join(f"{why} {n}" for why, n in counts.items())
                for counts in (source.refused_by_rule, source.warned_by_rule)
            ),
        )
    errors = [f"{each.id}: {each.last_error}" for each in sources if each.last_error]
    return Group(table, *(Text(error) for error in errors))


@contextmanager
def going_on(expected: type[Exception]) -> Iterator[None]:
    """Say in the log what went wrong, and go on with what there was before."""
    try:
        yield
    except expected as error:
        log.error("%s", error)


def log_to_stderr() -> None:
    """Log plain lines; on a terminal above the progress bar, not through it."""
    if _errors.is_terminal:
        handler = RichHandler(console=_errors, show_path=False, show_level=False)
        logging.basicConfig(
            level=logging.INFO, format="%(message)s", handlers=[handler]
        )
    else:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


def answer(document: Any, as_json: bool, words: RenderableType) -> None:  # noqa: ANN401
    """Print the words for people, or the document for a program."""
    if as_json:
        typer.echo(json.dumps(document, default=_plain, ensure_ascii=False, indent=1))
    else:
        # In a file or a pipe nothing is cut to the width of a screen.
        width = None if sys.stdout.isatty() else 1000
        Console(width=width).print(words, highlight=False, markup=False)


def end_with(runs: Sequence[Run]) -> None:
    """Leave with 1 where a source failed: its sentence has been printed."""
    if any(run.outcome in ("failed", "refused") for run in runs):
        raise typer.Exit(1)


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[None]:
    """Have a program running that prints a line with "ready" once it is."""
    program = subprocess.Popen(  # noqa: S603 - a command of ours
        command, cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        lines = iter(program.stdout or ())
        if not any("ready" in line for line in lines):
            message = f"{' '.join(command)} ended with exit code {program.wait()}"
            raise IngestError(message)
        yield
    finally:
        program.terminate()
        program.wait()


def stop_signal() -> threading.Event:
    """Return what is set once somebody asks this process to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        justify: Literal["left", "right"] = "right" if name == "rows" else "left"
        table.add_column(name, justify=justify, overflow="fold")
    return table


def _add(table: Table, *cells: str | None) -> None:
    # As it is: "[[source]]" would be taken for a style.
    table.add_row(*(Text(cell or "") for cell in cells))


def _short(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}Z"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
