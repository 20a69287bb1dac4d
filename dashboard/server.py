"""The web workers: gunicorn in a process of its own, which never saw the warehouse.

This module imports neither Polars nor Dash: the process that starts the workers forks
them, and a fork of a process in which Polars has threads can hang.
"""

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from flask import Flask

PUBLISHED: Final = "AMTSPULS_PUBLISHED"
CITY: Final = "AMTSPULS_CITY"

# All that the workers inherit: no key of the installation, no secret of a source.
_ENVIRONMENT: Final = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
     "FORWARDED_ALLOW_IPS", PUBLISHED, CITY}
)  # fmt: skip
_ENVIRONMENT_STARTS: Final = ("LC_", "PYTHON", "COVERAGE", "COV_", "POLARS_")
_STOP_SECONDS: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1

SETTINGS: Final[Mapping[str, Any]] = {
    "worker_class": "dashboard.web_worker.PatientWorker",
    "threads": 4,  # few: requests are short and share the interpreter's lock
    "timeout": 30,
    "graceful_timeout": 3,
    "keepalive": 15,
    "accesslog": None,  # readers' addresses are nobody's business
    "loglevel": "warning",
    "control_socket_disable": True,
    "preload_app": False,  # Polars and Dash are loaded after the fork
}


class ServerFailed(Exception):  # noqa: N818 - said as people would
    """The web server cannot start, or stopped before it answered."""


class WebServer(subprocess.Popen[bytes]):
    """The running web server: a child process and the address where it answers."""

    address: str

    def wait_until_ready(self, seconds: float = 30.0) -> str:
        """Return the address as soon as it answers; raise ServerFailed otherwise."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.poll() is not None:
                message = (
                    f"the web server stopped with exit code {self.returncode} before it"
                    " answered; the lines above say why"
                )
                raise ServerFailed(message)
            if _answers(self.address):
                return self.address
            time.sleep(0.05)
        message = f"{self.address} did not answer within {seconds:g} seconds"
        raise ServerFailed(message)

    def stop(self) -> None:
        """Let answers under way end, then stop; never takes longer than 5 seconds."""
        self.terminate()
        try:
            self.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __enter__(self) -> Self:
        return self


def serve(
    published_dir: Path,
    city_file: Path,
    host: str = "127.0.0.1",
    port: int = 8050,
    workers: int = 2,
) -> WebServer:
    """Start the web server as a child process; port 0 takes a free one.

    It is executed, not forked, so the caller may have used Polars and DuckDB. It stops
    when the caller does, however that ends.
    """
    listener = _listen(host, port)
    inherited = listener.fileno()
    command = [sys.executable, "-m", "dashboard.server"]
    command += ["--fd", str(inherited), "--workers", str(workers), "--with-parent"]
    with listener:
        server = WebServer(
            command, env=_environment(published_dir, city_file), pass_fds=(inherited,)
        )
        server.address = _address(listener)
    return server


def application() -> "Flask":
    """Make the site from what the environment says; called once in each worker."""
    # Here, not above: see the module's first lines.
    from dashboard.app import create_app
    from ingest.city import read_city

    city = read_city(Path(os.environ[CITY]))
    server: Flask = create_app(Path(os.environ[PUBLISHED]), city).server
    return server


def main(arguments: list[str] | None = None) -> None:
    """Become the web server: `python -m dashboard.server --published … --city …`."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.server")
    parser.add_argument("--published", help=f"instead of the environment's {PUBLISHED}")
    parser.add_argument("--city", help=f"instead of the environment's {CITY}")
    parser.add_argument("--bind", default="127.0.0.1:8050", help="host:port")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    for name, value in ((PUBLISHED, options.published), (CITY, options.city)):
        if value is not None:
            os.environ[name] = value
        elif name not in os.environ:
            parser.error(
                f"{name} is not set; give it as an option or in the environment"
            )
    if options.with_parent:
        _end_with_parent()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    bind = options.bind if options.fd is None else f"fd://{options.fd}"
    _run({**SETTINGS, "bind": bind, "workers": options.workers})


def _run(settings: Mapping[str, Any]) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.http import wsgi

    usual_headers = wsgi.Response.default_headers

    def without_server(response: Any) -> list[str]:  # noqa: ANN401 - untyped library
        lines: list[str] = usual_headers(response)
        return [line for line in lines if not line.startswith("Server:")]

    wsgi.Response.default_headers = without_server

    class Site(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> "Flask":
            return application()

    Site().run()


def _end_with_parent() -> None:
    """Ask Linux for the signal to stop when the parent ends, even by a kill."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended in between
        raise SystemExit(1)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        message = (
            f"{host}:{port} cannot be used: {error.strerror or error};"
            " choose another port, or stop the program that uses it"
        )
        raise ServerFailed(message) from error


def _environment(published_dir: Path, city_file: Path) -> dict[str, str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _ENVIRONMENT or name.startswith(_ENVIRONMENT_STARTS)
    }
    root = str(Path(__file__).resolve().parents[1])
    known = environment.get("PYTHONPATH")
    return {
        **environment,
        PUBLISHED: str(published_dir.absolute()),
        CITY: str(city_file.absolute()),
        "PYTHONPATH": f"{root}{os.pathsep}{known}" if known else root,
    }


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    # Everywhere is no address that a browser can open.
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _answers(address: str) -> bool:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    else:
        return True
    finally:
        connection.close()


if __name__ == "__main__":
    main()
