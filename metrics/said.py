"""What the rows of the big tables say, as SQL: when it was, and of what they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from ingest.warehouse import read_frame

# Of more deliveries it takes longer to look for where they are than to look at all.
_MOST_DELIVERIES: Final = 1000


@dataclass(frozen=True)
class Said:
    """The time that counts of a table's rows, and the conditions they are asked for."""

    at: str
    of: Mapping[str, str]


SAID: Final[Mapping[str, Said]] = {
    "tickets": Said(
        # The call; of no-shows the appointment; of who left the arrival.
        """CASE outcome
    WHEN 'served' THEN coalesce(called_at, shown_at, finished_at, arrived_at)
    WHEN 'no_show' THEN appointment_at
    ELSE coalesce(arrived_at, appointment_at) END""",
        {
            "visit": "TRUE",
            "no_show": "outcome = 'no_show'",
            "left": "outcome = 'left'",
        },
    ),
    "queue_hours": Said(
        "hour_at",
        {
            "visits": "(customers IS NOT NULL OR mean_wait_minutes IS NOT NULL)",
            "customers": "customers IS NOT NULL",
            "mean": "mean_wait_minutes IS NOT NULL",
            "estimate": "(estimated_wait_minutes IS NOT NULL"
            " AND mean_wait_minutes IS NOT NULL)",
        },
    ),
    "queue_samples": Said(
        "observed_at",
        {
            # A queue that is closed or sold out is no wait of 0.
            "queue": """(state = 'open' AND (wait_minutes IS NOT NULL
    OR wait_minutes_at_least IS NOT NULL OR waiting IS NOT NULL))""",
            "wait": "(state = 'open' AND wait_minutes IS NOT NULL)",
            "tickets": "state IN ('open', 'sold_out')",
            "sold_out": "state = 'sold_out'",
        },
    ),
    "slot_offers": Said("observed_at", {"offer": "TRUE"}),
    "cases": Said("received_at", {"receipt": "TRUE"}),
}


def where_they_are(
    connection: duckdb.DuckDBPyConnection, table: str, deliveries: Sequence[str]
) -> tuple[str, list[object]]:
    """Say between which rows of the table those of the deliveries lie.

    A delivery's rows lie together, and the warehouse skips what is outside.
    """
    if len(deliveries) > _MOST_DELIVERIES:
        return "TRUE", []
    first, last = read_frame(
        connection,
        f"SELECT min(rowid), max(rowid) FROM {table}"  # noqa: S608 - names of the schema
        " WHERE delivery_id IN (SELECT unnest(?::VARCHAR[]))",
        [deliveries],
    ).row(0)
    return ("FALSE", []) if first is None else ("rowid BETWEEN ? AND ?", [first, last])
