"""The rows behind the use of capacity: appointment minutes planned and booked."""

import polars as pl

from ingest.city import City
from ingest.warehouse import read_frame, read_rows
from metrics.counting import count_rows
from metrics.reading import Reading
from metrics.small_offices import rows_of_office, with_merged_offices
from metrics.spans import (
    Counted,
    local_day,
    of_known_offices,
)

_RECEIVED = "SELECT delivery_id, received_at FROM deliveries"


def count_slots(reading: Reading) -> Counted | None:
    """Read what was planned and booked; None where no source tells."""
    city = reading.city
    where, offices = rows_of_office(city, reading.office)
    told = read_rows(reading.connection, "slots", where=where, parameters=offices)
    received = read_frame(reading.connection, _RECEIVED)
    rows = (
        of_known_offices(with_merged_offices(told, city), city)
        .join(received, on="delivery_id")
        .filter(_is_over(city))
        .select(
            "delivery_id",
            "office",
            "service",
            "channel",
            "planned_minutes",
            "booked_minutes",
            day="slots_on",
        )
    )
    return count_rows(reading, rows, pl.len())


def _is_over(city: City) -> pl.Expr:
    """Keep days that were over when they were told of: others were still filling."""
    return pl.col("slots_on") < local_day("received_at", city)
