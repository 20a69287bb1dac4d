"""The sample city's systems for all of these tests: simulated once, read by many."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import requests

from data.simulator import Clock, Server
from data.simulator.server import aware
from data.simulator.systems import Answer, Systems

Get = Callable[..., Answer]

# A Thursday on which every office is open; what the tests call today.
NOW = datetime(2026, 11, 19, 10, 15)  # noqa: DTZ001 - local time of the city


@pytest.fixture(scope="session")
def systems() -> Systems:
    return Systems(115)


@pytest.fixture(scope="session")
def get(systems: Systems) -> Get:
    """Ask a system at a local moment."""

    def ask(path: str, now: datetime = NOW, **query: str) -> Answer:
        return systems.answer(path, query, aware(now))

    return ask


@pytest.fixture(scope="session")
def server(systems: Systems) -> Iterator[Server]:
    with Server(systems, Clock(aware(NOW)), port=0) as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened
