"""Which facts single looks are counted as, and on which days deleted ones told of what.

Looks may be deleted once their figures are closed. How far they reached is still known.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from ingest.warehouse import read_frame
from metrics.measure import Facts
from metrics.reading import Reading
from metrics.small_offices import with_merged_offices

# Table and what its looks tell of, as in SAID. All these facts are read by the day.
COUNTED_AS: Final[Mapping[Facts, tuple[tuple[str, str], ...]]] = {
    "hours": (("queue_samples", "queue"),),
    "ticket_hours": (("queue_samples", "tickets"), ("queue_samples", "sold_out")),
    "estimates": (("queue_samples", "wait"),),
    "searches": (("slot_offers", "offer"),),
}


def days_of_deleted(reading: Reading, of: str) -> pl.DataFrame:
    """List the days of deleted looks that told of something, by source and office."""
    statement = "SELECT source, office, day, key FROM closed_days WHERE says = ?"
    deleted = read_frame(reading.connection, statement, [of])
    asked = [reading.office or office.id for office in reading.city.offices]
    return with_merged_offices(deleted, reading.city).filter(
        pl.col("office").is_in(asked)
    )
