"""`python -m data.simulator`: serve the sample city's systems, and simulate ahead."""

import signal
import sys
from datetime import UTC, datetime
from threading import Event
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from data.simulator.server import SEED, Clock, Server, aware
from data.simulator.systems import Systems
from data.simulator.ticket_plan import FIRST_ON


def main(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8051,
    now: Annotated[
        str | None,
        typer.Option(help="Local time at which the city's clock starts, ISO 8601."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another city.")] = SEED,
    frozen: Annotated[bool, typer.Option(help="The clock stands still.")] = False,
) -> None:
    """Serve the invented systems of Musterstadt on this machine."""
    moment = _moment(now)
    clock = Clock(moment, is_ticking=not frozen)
    systems = Systems(seed)
    try:
        server = Server(systems, clock, port)
    except OSError as error:
        message = (
            f"Port {port} cannot be used ({error.strerror}). Choose another: --port 0"
        )
        raise SystemExit(message) from error
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    console = Console(file=sys.stdout)
    with server:
        console.print(f"ready: {server.address}", highlight=False, soft_wrap=True)
        sys.stdout.flush()
        _simulate_ahead(systems, moment, console, stop)
        stop.wait()


def _moment(now: str | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    try:
        moment = aware(datetime.fromisoformat(now))
    except ValueError as error:
        message = f"{now!r} is no time; expected one such as 2026-11-19T10:15"
        raise typer.BadParameter(message, param_hint="--now") from error
    if moment.date() <= FIRST_ON:
        message = f"{now} is before the city begins, {FIRST_ON}"
        raise typer.BadParameter(message, param_hint="--now")
    return moment


def _simulate_ahead(
    systems: Systems, moment: datetime, console: Console, stop: Event
) -> None:
    """Simulate what nobody has asked for yet, so that later answers come at once."""
    parts = iter(systems.warm_up(moment))
    if console.is_terminal:
        total = systems.parts(moment)
        parts = iter(
            track(parts, "Simulating Musterstadt", total=total, console=console)
        )
    for _ in parts:
        if stop.is_set():
            return
    console.print(f"simulated: {FIRST_ON} to {moment.date()}", highlight=False)
    sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
