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
    "sold_out_percent": pl.Float64,  # of the time no tickets were left; null: unknown
}

# How many people usually come: one row per office, weekday and hour.
_CROWD: _Columns = {
    "office": pl.String,
    "weekday": pl.Int8,  # 1 Monday to 7 Sunday
    "hour": pl.Int8,  # local
    "window_start": pl.Date,
    "window_end": pl.Date,  # inclusive
    "days": pl.Int64,  # opening days with data that the quantiles are of
    "low_visits": pl.Float64,  # on a quarter of these days there were at most so many
    "median_visits": pl.Float64,
    "high_visits": pl.Float64,  # on three quarters of these days
    "state": FIGURES["state"],
    "reason": pl.String,
}

# The wait for the rest of a day: one row per office, weekday, hour and hours ahead.
_REST_OF_DAY: _Columns = {
    "office": pl.String,
    "weekday": pl.Int8,  # 1 Monday to 7 Sunday
    "hour": pl.Int8,  # local: what is told of
    "hours_ahead": pl.Int8,  # of the hour of the look
    "window_start": pl.Date,
    "window_end": pl.Date,  # inclusive
    "n": pl.Int64,  # hours looked at that usual_minutes is the median of
    "usual_minutes": pl.Float64,
    "usual_now_minutes": pl.Float64,  # so many hours earlier on that weekday
    "share": pl.Float64,  # of how much longer than usual it is now, that stays
    "low_minutes": pl.Float64,  # to be added to what is expected: ends of the band in
    "high_minutes": pl.Float64,  # which 8 of 10 outcomes lay
    "judged_from": pl.Date,  # what follows is of the looks from this day on
    "judged_days": pl.Int64,
    "judged": pl.Int64,  # forecasts
    "error_minutes": pl.Float64,  # mean
    "error_as_now_minutes": pl.Float64,  # of saying that it stays so
    "error_as_usual_minutes": pl.Float64,  # of saying that it will be as usual
    "held_percent": pl.Float64,  # of the outcomes lay in the band known before
    "state": FIGURES["state"],  # no_data: nothing is forecast
    "reason": pl.String,
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

# How soon applications are decided: one row per office, service, quarter of receipt and
# number of days since.
_SURVIVAL: _Columns = {
    "office": pl.String,  # null: the whole city
    "service": pl.String,  # null: all
    "cohort_start": pl.Date,  # the quarter in which they were received
    "cohort_end": pl.Date,  # inclusive
    "days": pl.Int64,
    "n": pl.Int64,  # cases received, without those given up
    "decided": pl.Int64,  # after at most so many days
    "share_percent": pl.Float64,
    "lower": pl.Float64,  # 95 % interval
    "upper": pl.Float64,
    "state": FIGURES["state"],
    "reason": pl.String,
}

# What is unusual: one row per point of an XmR chart, for the desk only.
_SPC: _Columns = {
    "kpi": pl.String,
    "office": pl.String,
    "grain": pl.String,
    "period_start": pl.Date,
    "per": pl.String,  # opening_day, working_day: a count of one such day; or null
    "is_log": pl.Boolean,  # whether the limits were found on a log scale
    "value": pl.Float64,
    "centre": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "near_lower": pl.Float64,
    "near_upper": pl.Float64,
    "is_baseline": pl.Boolean,  # whether the limits come from it
    "class": pl.String,  # common, improvement, concern, high, low
    "rule": pl.String,  # outside, trend, two_of_three, one_side; null: common
    "direction": pl.Int8,  # 1 up, -1 down; null: common
    "target": pl.Float64,
    "assurance": pl.String,  # consistent_pass, consistent_fail, inconsistent
}

# Which services are online, and how mature: one row per service of the city file.
_ONLINE_SERVICES: _Columns = {
    "service": pl.String,
    "office": pl.String,
    "is_online": pl.Boolean,  # null: not known
    "observed_on": pl.Date,  # when that was last looked at
    "maturity": pl.Int32,  # null: not known
    "maturity_model": pl.String,  # levels of different models are not comparable
    "rated_on": pl.Date,
    "rated_by": pl.String,  # the source; null: the city file states it
}

# Periods whose sums an office reports do not add up; without the sums.
_UNBALANCED: _Columns = {
    "office": pl.String,
    "service": pl.String,  # null: all
    "period_start": pl.Date,
    "period_end": pl.Date,  # inclusive
}

# The next weeks, for heads of office only: one row per office, series and week.
_FORECAST: _Columns = {
    "office": pl.String,
    "series": pl.String,  # visits, received or backlog
    "scenario": pl.String,  # of the backlog: how much is decided
    "week_start": pl.Date,  # a Monday
    "value": pl.Float64,
    "lower": pl.Float64,  # 8 of 10 lie in this band; null: it would not have held
    "upper": pl.Float64,
    "method": pl.String,
    "relative_error": pl.Float64,  # its mean error over that of a_year_before (MASE)
    "coverage": pl.Float64,  # share of the last year's weeks that lay in their band
    "judged": pl.Int64,  # forecasts of the last year that these stand on
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
CROWD: Final = pl.Schema(_CROWD)
REST_OF_DAY: Final = pl.Schema(_REST_OF_DAY)
AGEING: Final = pl.Schema(_AGEING)
SURVIVAL: Final = pl.Schema(_SURVIVAL)
SPC: Final = pl.Schema(_SPC)
ONLINE_SERVICES: Final = pl.Schema(_ONLINE_SERVICES)
UNBALANCED: Final = pl.Schema(_UNBALANCED)
FORECAST: Final = pl.Schema(_FORECAST)
REVISIONS: Final = pl.Schema(_REVISIONS)

# Frames that are never published; only an internal snapshot has such a file.
INTERNAL_FRAMES: Final = frozenset({"forecast", "spc"})
# Every frame of a snapshot beside its figures; each is a Parquet file of that name.
FRAMES: Final[Mapping[str, pl.Schema]] = {
    "wait_by_hour": WAIT_BY_HOUR,
    "crowd": CROWD,
    "rest_of_day": REST_OF_DAY,
    "ageing": AGEING,
    "survival": SURVIVAL,
    "spc": SPC,
    "online_services": ONLINE_SERVICES,
    "unbalanced": UNBALANCED,
    "forecast": FORECAST,
    "revisions": REVISIONS,
}
