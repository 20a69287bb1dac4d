"""The frames of a snapshot that are no single figures, and what their columns are."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from metrics.figures import FIGURES

_Columns = dict[str, pl.DataType | type[pl.DataType]]

# When to go: one row per office, weekday and hour, over the last closed weeks.
_WAIT_BY_HOUR: _Columns = {
    "office": pl.String,
    "weekday": pl.Int8,  # 1 Monday to 7 Sunday
    "hour": pl.Int8,  # local
    "window_start": pl.Date,
    "window_end": pl.Date,  # inclusive
    "n": pl.Int64,
    "median_minutes": pl.Float64,
    "p90_minutes": pl.Float64,
    "state": FIGURES["state"],
    "reason": pl.String,
    "basis": pl.String,  # tickets: n are people; queue: n are hours looked at
}

# How old the open cases are: one row per office, service, day and band of age.
_AGEING: _Columns = {
    "office": pl.String,  # null: the whole city
    "service": pl.String,  # null: all
    "at": pl.Date,  # the last day of a month
    "band_from_days": pl.Int64,
    "band_to_days": pl.Int64,  # null: open
    "count": pl.Int64,
    "state": FIGURES["state"],
    "reason": pl.String,
}

# Figures that changed after they were published.
_REVISIONS: _Columns = {
    "figure_id": pl.String,
    "old": pl.Float64,  # null: it was hidden
    "new": pl.Float64,  # null: it is hidden, or no longer published
    "old_state": pl.String,
    "new_state": pl.String,  # "withdrawn": no longer published
    "at": pl.Datetime("us", "UTC"),
    "cause": pl.String,  # late_data, correction or method_change
}

WAIT_BY_HOUR: Final = pl.Schema(_WAIT_BY_HOUR)
AGEING: Final = pl.Schema(_AGEING)
REVISIONS: Final = pl.Schema(_REVISIONS)

# Every frame of a snapshot beside its figures; each is a Parquet file of that name.
FRAMES: Final[Mapping[str, pl.Schema]] = {
    "wait_by_hour": WAIT_BY_HOUR,
    "ageing": AGEING,
    "revisions": REVISIONS,
}
