"""How right the queue was about itself: one function per KPI, over estimates.

A row is one visit, or one hour of customers; see metrics/estimates.py for the columns.
"""

from typing import Final

import polars as pl

from metrics.measure import Measure, percent, share_bounds
from metrics.visits import MICROSECONDS

NEAR_MINUTES: Final = 5

# In microseconds, told minus came: above 0 is told too long.
_ERROR: Final = pl.col("error")
_PEOPLE: Final = pl.col("people")  # null: not counted
_ARE_COUNTED: Final = _PEOPLE.null_count() == 0


def mean_error_minutes() -> Measure:
    return _mean(_ERROR.abs())


def bias_minutes() -> Measure:
    return _mean(_ERROR)


def share_within_5_minutes() -> Measure:
    near = _PEOPLE.filter(_ERROR.abs() <= NEAR_MINUTES * MICROSECONDS).sum()
    lower, upper = share_bounds(near, _PEOPLE.sum())
    return Measure(
        facts="estimates",
        value=pl.when(_ARE_COUNTED).then(percent(near, _PEOPLE.sum())),
        n=_PEOPLE.sum(),
        numerator=near,
        lower=pl.when(_ARE_COUNTED).then(lower),
        upper=pl.when(_ARE_COUNTED).then(upper),
        reason=pl.lit("no_counts"),
        absent="no_estimates",
    )


def _mean(error: pl.Expr) -> Measure:
    """Weigh each by its people: no mean of means."""
    # By a sum, since Polars divides one value by a number otherwise than many.
    mean = (error * _PEOPLE).sum() / (_PEOPLE.sum() * MICROSECONDS)
    return Measure(
        facts="estimates",
        value=pl.when(_ARE_COUNTED).then(mean),
        n=_PEOPLE.sum(),
        reason=pl.lit("no_counts"),
        absent="no_estimates",
    )
