"""The command line: the only place where the three layers are wired together."""

import dataclasses
import logging
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from dashboard.server import ServerFailed, WebServer
from dashboard.server import serve as start_site
from ingest import terminal
from ingest.city import CityFileError, read_city
from ingest.errors import IngestError, WarehouseLocked
from ingest.first_look import first_look
from ingest.handover import taking_requests
from ingest.place import Place
from ingest.scheduler import Scheduler
from ingest.status import source_status
from ingest.template import template_of
from ingest.template_workbook import write_workbook
from metrics.errors import MetricsError
from metrics.explain import explain as explain_figure
from metrics.freshness import status_at_last_check
from metrics.retention import delete_old_looks
from metrics.snapshot import publish as publish_snapshot
from metrics.snapshot import publish_live
from metrics.withhold import TooMuchIsTold

ROOT = Path(__file__).resolve().parent
SAMPLE_CITY = ROOT / "data" / "cities" / "musterstadt.toml"
SAMPLE_PORT = 8051  # where the sample city's file expects its systems
PUBLISH_AT_LEAST_EVERY = timedelta(hours=1)  # periods end without a delivery, too

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
log = logging.getLogger("amtspuls")

CityFile = Annotated[
    Path, typer.Option("--city", envvar="AMTSPULS_CITY", help="the city file")
]
DataFolder = Annotated[
    Path, typer.Option("--data", envvar="AMTSPULS_DATA", help="the data folder")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress, only the result")]
AsJson = Annotated[bool, typer.Option("--json", help="an answer for a program")]
Anew = Annotated[bool, typer.Option("--anew", help="measure all periods again")]
Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on; 0 takes a free one")]
Workers = Annotated[int, typer.Option(min=1, help="web processes")]
DEFAULT_DATA = Path("data/local")
EXPECTED = (CityFileError, IngestError, MetricsError, ServerFailed)


@app.command()
def demo(
    data: DataFolder = DEFAULT_DATA,
    host: Host = "127.0.0.1",
    port: Port = 8050,
    workers: Workers = 2,
    quiet: Quiet = False,
) -> None:
    """Show the sample city: its systems, ingest, publishing and the site."""
    place = Place.of(SAMPLE_CITY, data)
    command = [sys.executable, "-m", "data.simulator", "--port", str(SAMPLE_PORT)]
    with terminal.running(command, ROOT):
        _keep_up(place, host, port, workers, quiet=quiet)


@app.command()
def up(
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    host: Host = "127.0.0.1",
    port: Port = 8050,
    workers: Workers = 2,
    quiet: Quiet = False,
) -> None:
    """Run a city: scheduled ingest, publishing and the site."""
    _keep_up(Place.of(city, data), host, port, workers, quiet=quiet)


@app.command()
def check(
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Say whether the file is right, each source answers, and what would be loaded."""
    with Place.of(city, data).on_trial() as place, place.warehouse() as connection:
        runs = terminal.run_sources(place, connection, place.sources([]), quiet=quiet)
        sources = source_status(connection, place.city, datetime.now(UTC))
        looks = [first_look(connection, source) for source in place.city.sources]
    terminal.show_check(sources, looks, as_json=as_json)
    terminal.end_with(runs)


@app.command()
def ingest(
    city: CityFile,
    sources: Annotated[
        list[str] | None, typer.Argument(help="all without names")
    ] = None,
    data: DataFolder = DEFAULT_DATA,
    schedule: Annotated[bool, typer.Option("--schedule", help="keep going")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run sources once, or keep running them on schedule."""
    place = Place.of(city, data)
    wanted = place.sources(sources or [])
    if schedule:
        with place.warehouse() as connection:
            runs = terminal.run_sources(place, connection, wanted, quiet=quiet)
            terminal.show_runs(runs, as_json=as_json)
            _run_on_schedule(place, connection, terminal.stop_signal())
        return
    runs = terminal.run_or_hand_over(place, wanted, quiet=quiet)
    terminal.show_runs(runs, as_json=as_json)
    terminal.end_with(runs)


@app.command()
def load(
    source: Annotated[str, typer.Argument(help="a source of the city file")],
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Hand in files for a source: back-filling, monthly tables."""
    place = Place.of(city, data)
    (wanted,) = place.sources([source])
    runs = terminal.run_or_hand_over(place, [wanted], files=files, quiet=quiet)
    terminal.show_runs(runs, as_json=as_json)
    terminal.end_with(runs)


@app.command()
def publish(
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    anew: Anew = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Compute, protect and publish."""
    place = Place.of(city, data)
    with place.warehouse() as connection, terminal.progress(quiet, "publishing"):
        folder = _publish(place, connection, anew=anew)
    terminal.answer({"snapshot": folder.name}, as_json, f"published {folder}")


@app.command()
def serve(
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    host: Host = "127.0.0.1",
    port: Port = 8050,
    workers: Workers = 2,
) -> None:
    """Serve the public site only."""
    place = Place.of(city, data)
    stop = terminal.stop_signal()
    with start_site(place.published, city, host, port, workers) as site:
        typer.echo(f"{place.city.info.name}: {site.wait_until_ready()}")
        while not stop.wait(1) and site.poll() is None:
            pass


@app.command()
def status(
    city: CityFile, data: DataFolder = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Say of every source: last run, age, rows, and what was refused and why."""
    place = Place.of(city, data)
    try:
        with place.warehouse() as connection:
            sources = source_status(connection, place.city, datetime.now(UTC))
    except WarehouseLocked:
        # Whoever holds it keeps writing down how the sources are.
        known = status_at_last_check(place.folder)
        if known is None:
            raise
        sources = known
    terminal.show_status(sources, as_json=as_json)


@app.command()
def explain(
    figure_id: Annotated[str, typer.Argument(help="kpi/office/…/grain/period")],
    city: CityFile,
    data: DataFolder = DEFAULT_DATA,
    as_of: Annotated[datetime | None, typer.Option(help="as it was then, UTC")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the way to one figure, and recompute it from the rows."""
    place = Place.of(city, data)
    with place.warehouse() as connection:
        explanation = explain_figure(
            connection,
            place.city,
            figure_id,
            datetime.now(UTC),
            as_of=as_of and as_of.replace(tzinfo=UTC),
            published_dir=place.published,
        )
    terminal.answer(dataclasses.asdict(explanation), as_json, explanation.in_words())
    if explanation.agrees is False:
        raise typer.Exit(1)


@app.command()
def template(
    table: Annotated[str, typer.Argument(help="tickets, cases, case_counts …")],
    output: Annotated[Path, typer.Option("-o", "--output", help="a new XLSX file")],
    city: CityFile,
) -> None:
    """Write an empty table for an office to fill in, with the rules in its cells."""
    if output.exists():
        raise typer.BadParameter(f"{output} is there already; it may be filled in")
    write_workbook(template_of(table, read_city(city)), output)
    typer.echo(f"wrote {output}")


def _keep_up(place: Place, host: str, port: int, workers: int, *, quiet: bool) -> None:
    stop = terminal.stop_signal()
    with place.warehouse() as connection:
        terminal.run_sources(place, connection, place.sources([]), quiet=quiet)
        with terminal.progress(quiet, "publishing"), terminal.going_on(TooMuchIsTold):
            _publish(place, connection)
        with start_site(place.published, place.city_file, host, port, workers) as site:
            typer.echo(f"{place.city.info.name}: {site.wait_until_ready()}")
            _run_on_schedule(place, connection, stop, site)


def _run_on_schedule(
    place: Place,
    connection: duckdb.DuckDBPyConnection,
    stop: threading.Event,
    site: WebServer | None = None,
) -> None:
    """Run sources when they are due; publish what they bring, until told to stop."""
    arrived = threading.Event()

    def on_loaded(source_id: str, table: str) -> None:
        if table == "queue_samples":
            publish_live(connection, place.city, place.published, datetime.now(UTC))
        else:
            log.info("%s: something new to publish", source_id)
            arrived.set()

    published_at = datetime.now(UTC)
    with (
        Scheduler(connection, place.city, place.folder, on_loaded) as scheduler,
        taking_requests(place.folder, scheduler.run_by_hand),
    ):
        while not stop.wait(1) and (site is None or site.poll() is None):
            now = datetime.now(UTC)
            if arrived.is_set() or now - published_at > PUBLISH_AT_LEAST_EVERY:
                arrived.clear()
                published_at = now
                with terminal.going_on(TooMuchIsTold):
                    _publish(place, connection)


def _publish(
    place: Place, connection: duckdb.DuckDBPyConnection, *, anew: bool = False
) -> Path:
    now = datetime.now(UTC)
    given = (connection, place.city, place.city_file, place.folder, now)
    folder = publish_snapshot(*given, anew=anew)
    if delete_old_looks(connection, place.city, place.folder, now):
        folder = publish_snapshot(*given)  # the same figures; now pages say so
    publish_live(connection, place.city, place.published, now)
    return folder


def main() -> None:
    """Run a command; what is expected to go wrong is one sentence and exit code 1."""
    terminal.log_to_stderr()
    try:
        app()
    except EXPECTED as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
