"""The sample city's systems: a seeded simulation, served over real HTTP."""

from data.simulator.server import Clock, Server, start

__all__ = ["Clock", "Server", "start"]
