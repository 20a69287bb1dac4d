"""Phone, chat and mail: one function per KPI, over the intervals of a group.

A row is one line's interval; see metrics/contacts.py for the columns. A column that is
null in one interval is unknown for the whole group: the rest would pass for all of it.
"""

import polars as pl

from metrics.contacts import MICROSECONDS_A_SECOND
from metrics.measure import Measure, percent, share_bounds

_OFFERED = pl.col("offered")
_ANSWERED = pl.col("answered")
_ABANDONED = pl.col("abandoned")
# 30 seconds on the phone and one day for a mail have no common share or mean.
_IS_ONE_LINE = pl.col("line").n_unique() == 1


def offered() -> Measure:
    return Measure(facts="contacts", value=_OFFERED.sum(), n=_OFFERED.sum())


def answered_share() -> Measure:
    return _share(_ANSWERED, _OFFERED)


def service_level() -> Measure:
    return _share(pl.col("answered_in_target"), _ANSWERED, _ABANDONED)


def abandoned_share() -> Measure:
    return _share(_ABANDONED, _OFFERED)


def solved_first_share() -> Measure:
    return _share(pl.col("solved_first"), _ANSWERED)


def mean_wait_seconds() -> Measure:
    seconds = pl.col("wait_seconds")
    return Measure(
        facts="contacts",
        value=pl.when(_IS_ONE_LINE).then(_mean(seconds)),
        n=_ANSWERED.sum(),
        reason=_why_not(seconds, _ANSWERED),
    )


def mean_handling_seconds() -> Measure:
    """Of all lines together: of one alone it could be about one person."""
    seconds = pl.col("handling_seconds")
    return Measure(
        facts="contacts",
        value=_mean(seconds),
        n=_ANSWERED.sum(),
        reason=_why_nothing(seconds, _ANSWERED),
    )


def _share(part: pl.Expr, *whole: pl.Expr) -> Measure:
    total = pl.sum_horizontal(each.sum() for each in whole)
    share = pl.when(_all_known(part, *whole)).then(percent(part.sum(), total))
    lower, upper = share_bounds(part.sum(), total)
    return Measure(
        facts="contacts",
        value=pl.when(_IS_ONE_LINE).then(share),
        n=total,
        numerator=part.sum(),
        lower=lower,
        upper=upper,
        reason=_why_not(part, *whole),
    )


def _mean(seconds: pl.Expr) -> pl.Expr:
    is_known = _all_known(seconds, _ANSWERED) & (_ANSWERED.sum() > 0)
    # By a sum, since Polars divides one value by a number otherwise than many.
    mean = seconds.sum() / (_ANSWERED.sum() * MICROSECONDS_A_SECOND)
    return pl.when(is_known).then(mean)


def _all_known(*columns: pl.Expr) -> pl.Expr:
    return pl.all_horizontal(column.null_count() == 0 for column in columns)


def _why_not(*columns: pl.Expr) -> pl.Expr:
    several = pl.when(~_IS_ONE_LINE).then(pl.lit("several_lines"))
    return several.otherwise(_why_nothing(*columns))


def _why_nothing(*columns: pl.Expr) -> pl.Expr:
    unknown = pl.when(~_all_known(*columns)).then(pl.lit("not_recorded"))
    return unknown.otherwise(pl.lit("no_rows"))
