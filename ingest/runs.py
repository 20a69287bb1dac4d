"""What came of each attempt of a source, written down whatever it was."""

import logging
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import duckdb
import polars as pl

from ingest.warehouse import WRITING, columns_of, insert_rows
from ingest.wrong_cells import WrongCell

log = logging.getLogger(__name__)

Outcome = Literal["loaded", "unchanged", "failed", "refused"]


@dataclass(frozen=True)
class Run:
    """What came of one delivery, or of a source that brought none."""

    source: str
    name: str | None  # of the delivery
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    error: str | None = None
    http_status: int | None = None
    bytes_read: int | None = None
    delivery_id: str | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    wrong_cells: tuple[WrongCell, ...] = ()  # said to who hands it in, not written down
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)


def insert_run(connection: duckdb.DuckDBPyConnection, run: Run) -> None:
    row = {
        name: pl.Series([getattr(run, name)], dtype=column.dtype)
        for name, column in columns_of("runs").items()
    }
    insert_rows(connection, "runs", pl.DataFrame(row))


def record(connection: duckdb.DuckDBPyConnection, runs: list[Run]) -> list[Run]:
    """Write a row per attempt; what did not change is said once, not for each file."""
    news = [run for run in runs if run.outcome != "unchanged"]
    kept = news or runs[-1:]
    try:
        with WRITING:
            for run in kept:
                if run.outcome != "loaded":  # those came with their delivery
                    insert_run(connection, run)
    except duckdb.Error:
        # On a full disk nothing can be written down, but it can be said.
        log.error("%s: what came of it could not be written down", kept[0].source)
    return kept
