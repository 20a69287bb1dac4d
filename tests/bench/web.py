"""The site under a bounded load on this machine, beside the same bytes served bare."""

import gzip
import os
import statistics
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import brotli
from flask import Flask, Response

READERS = 8
SECONDS = 4.0
API = "/api/v1/figures?kpi=waiting.median_minutes&grain=month"
HEADERS = {"Accept-Encoding": "br"}


@dataclass(frozen=True)
class Load:
    """How fast one address answered."""

    per_second: float
    p50_milliseconds: float
    p99_milliseconds: float


@dataclass(frozen=True)
class Weight:
    """How many bytes a page's HTML is on the way."""

    plain: int
    gzip: int
    brotli: int


def load(address: str, path: str, headers: Mapping[str, str] = HEADERS) -> Load:
    """Ask from a few readers at once, each as soon as it was answered."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    def read() -> None:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        while time.perf_counter() < end:
            began = time.perf_counter()
            connection.request("GET", path, headers=dict(headers))
            response = connection.getresponse()
            response.read()
            times.append(time.perf_counter() - began)
            if response.status >= 400:
                message = f"{path}: {response.status}"
                raise RuntimeError(message)
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return Load(
        len(times) / SECONDS,
        statistics.median(times) * 1000,
        statistics.quantiles(times, n=100)[98] * 1000,
    )


def fetch(address: str, path: str, encoding: str = "identity") -> tuple[bytes, str]:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", path, headers={"Accept-Encoding": encoding})
    response = connection.getresponse()
    body, tag = response.read(), response.headers.get("ETag", "")
    connection.close()
    return body, tag


def weight(address: str, path: str) -> Weight:
    body, _ = fetch(address, path)
    packed, _ = fetch(address, path, "br")
    zipped, _ = fetch(address, path, "gzip")
    if brotli.decompress(packed) != body or gzip.decompress(zipped) != body:
        message = f"{path} says something else when it is compressed"
        raise RuntimeError(message)
    return Weight(len(body), len(zipped), len(packed))


def bare() -> Flask:
    """Serve two files with nothing between: what this machine can do with Flask."""
    server = Flask("bare")
    folder = Path(os.environ["AMTSPULS_BENCH_BARE"])
    bodies = {name: (folder / name).read_bytes() for name in ("page", "api")}

    @server.get("/<name>")
    def answer(name: str) -> Response:
        return Response(bodies[name], headers={"Content-Encoding": "br"})

    return server


def main() -> None:
    """Serve the bare files by gunicorn with the settings of the site."""
    from gunicorn.app.base import BaseApplication

    from dashboard.server import SETTINGS

    class Bare(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings = {**SETTINGS, "bind": f"127.0.0.1:{sys.argv[1]}", "workers": 2}
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return bare()

    Bare().run()


if __name__ == "__main__":
    main()
