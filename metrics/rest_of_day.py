"""How long the wait will be later today: what is usual, and what stays of a rush.

An hour is expected to be as usual on its weekday, plus a share of how much longer or
shorter than usual the wait is now. Every Monday that is learnt anew from the weeks
before, and judged, rounded as it is shown, by what came: beside saying that it stays as
it is now, and saying that it will be as usual. Only where it was clearly nearer than
both, and its band held what it promises, anything is said.
"""

from typing import Final, NamedTuple

import polars as pl

from metrics.frames import REST_OF_DAY
from metrics.measure import percentile
from metrics.reading import Reading
from metrics.rest_looks import AHEAD, Lately, if_certain, read_lately
from metrics.small_numbers import nearest, whole
from metrics.usual_week import MOST_WEEKS

LEARNING_WEEKS: Final = 4  # before the first forecast
BAND_WEEKS: Final = 2  # of forecasts before the first band; the others are judged
MARGIN: Final = 0.05  # by which it must be better than either
FEWEST_DAYS: Final = 20  # judged
HELD_PERCENT: Final = (70.0, 90.0)  # of the outcomes, by a band of 80
FEWEST_HOURS: Final = 3  # of one weekday and hour, to call anything usual

_SERIES: Final = ["office", "hours_ahead"]
_PLACE: Final = ["office", "weekday", "hour"]


class Learnt(NamedTuple):
    """What was known of all offices on the Monday of one week."""

    usual: pl.DataFrame  # office, weekday, hour, n, usual_minutes
    shares: pl.DataFrame  # office, hours_ahead, share


def rest_of_day(reading: Reading) -> pl.DataFrame:
    """Give what forecasts are made of, and how they fared, of offices with looks."""
    lately = read_lately(reading)
    made = None if lately is None else forecasts(lately)
    if lately is None or made is None:
        return pl.DataFrame(schema=REST_OF_DAY)
    verdicts = verdicts_of(judged(made, reading.city.publish.live_wait_base_minutes))
    learnt = learn(lately, MOST_WEEKS)
    steps = pl.DataFrame({"hours_ahead": range(1, AHEAD + 1)})
    return (
        _as_learnt(learnt.usual.select(*_PLACE).join(steps, how="cross"), learnt)
        .join(_bands(made), on=_SERIES)
        .join(verdicts, on=_SERIES)
        .join(lately.windows, on="office")
        .select(pl.col(name).cast(kind) for name, kind in REST_OF_DAY.items())
        .sort(*_PLACE, "hours_ahead")
    )


def learn(lately: Lately, before_week: int) -> Learnt:
    """Learn from the weeks before one what is usual, and how much of a rush stays."""
    is_before = pl.col("week") < before_week
    usual = (
        lately.hours.filter(is_before)
        .group_by(_PLACE)
        .agg(
            percentile(pl.col("at_least"), 0.5),
            percentile(pl.col("at_most"), 0.5),
            n=pl.len(),
        )
        .filter(pl.col("n") >= FEWEST_HOURS)
        .with_columns(usual_minutes=if_certain())
        .drop_nulls("usual_minutes")
        .select(*_PLACE, "n", usual_minutes=whole("usual_minutes"))
    )
    now, then = (
        pl.col("now") - pl.col("usual_now_minutes"),
        pl.col("came") - pl.col("usual_minutes"),
    )
    squares = (now**2).sum()
    share = ((now * then).sum() / squares).clip(0, 1).round(2)
    known = lately.pairs.filter(is_before).drop_nulls("came")
    shares = (
        _beside_usual(known, usual)
        .group_by(_SERIES)
        .agg(share=pl.when(squares > 0).then(share).otherwise(0.0))
    )
    return Learnt(usual, shares)


def forecasts(lately: Lately) -> pl.DataFrame | None:
    """Make the forecast of every look from what was known on the Monday before it."""
    weeks = [
        _as_learnt(lately.pairs.filter(pl.col("week") == week), learn(lately, week))
        for week in range(LEARNING_WEEKS, MOST_WEEKS)
    ]
    made = pl.concat(weeks).with_columns(expected=expected())
    return None if made.is_empty() else made


def judged(made: pl.DataFrame, base: int) -> pl.DataFrame:
    """Say of the last weeks' looks what a reader would have been told then."""
    weeks = [
        made.filter(pl.col("week") == week).join(
            _bands(made.filter(pl.col("week") < week)), on=_SERIES
        )
        for week in range(LEARNING_WEEKS + BAND_WEEKS, MOST_WEEKS)
    ]
    return as_shown(pl.concat(weeks), base)


def expected() -> pl.Expr:
    """Give the minutes to expect, of rows with what is usual and the wait `now`."""
    unusual = pl.col("now") - pl.col("usual_now_minutes")
    return (pl.col("usual_minutes") + pl.col("share") * unusual).clip(0)


def as_shown(rows: pl.DataFrame, base: int) -> pl.DataFrame:
    """Round what is expected, and the band around it, as live queues are."""
    wait = pl.col("expected")
    ends = {
        "wait": wait,
        "low": (wait + pl.col("low_minutes")).clip(0),
        "high": wait + pl.col("high_minutes"),
    }
    return rows.with_columns(**ends).with_columns(nearest(name, base) for name in ends)


def verdicts_of(told: pl.DataFrame) -> pl.DataFrame:
    """Judge each office and number of hours by what came.

    What came to "more than an hour" has no error that could be counted; it lay in no
    band, so that a queue that often does so is not forecast.
    """
    off = {"error": "wait", "error_as_now": "now", "error_as_usual": "usual_minutes"}
    ways = {f"{name}_minutes": _mean_error(way) for name, way in off.items()}
    is_held = pl.col("came").is_between("low", "high").fill_null(value=False)
    error = pl.col("error_minutes")
    best = pl.min_horizontal("error_as_now_minutes", "error_as_usual_minutes")
    reason = (
        pl.when(pl.col("judged_days") < FEWEST_DAYS)
        .then(pl.lit("too_few"))
        .when(~(error <= (1 - MARGIN) * best).fill_null(value=False))
        .then(pl.lit("not_better"))
        .when(~pl.col("held_percent").is_between(*HELD_PERCENT))
        .then(pl.lit("not_held"))
    )
    return (
        told.group_by(_SERIES)
        .agg(
            judged_from=pl.col("day").min(),
            judged_days=pl.col("day").n_unique(),
            judged=pl.len(),
            held_percent=100 * is_held.mean(),
            **ways,
        )
        .with_columns(reason=reason)
        .with_columns(
            state=pl.when(pl.col("reason").is_null())
            .then(pl.lit("final"))
            .otherwise(pl.lit("no_data"))
        )
    )


def _mean_error(way: str) -> pl.Expr:
    return (pl.col("came") - pl.col(way)).abs().mean()


def _bands(made: pl.DataFrame) -> pl.DataFrame:
    """Give the ends between which 8 of 10 outcomes lay around what was expected."""
    error = pl.col("came") - pl.col("expected")
    return (
        made.drop_nulls("came")
        .group_by(_SERIES)
        .agg(
            low_minutes=percentile(error, 0.1).floor().clip(upper_bound=0),
            high_minutes=percentile(error, 0.9).ceil().clip(lower_bound=0),
        )
    )


def _as_learnt(rows: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    return _beside_usual(rows, learnt.usual).join(learnt.shares, on=_SERIES)


def _beside_usual(rows: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """Add what is usual in the hour that is told of, and in the one of the look."""
    at_look = usual.select(
        "office", "weekday", from_hour="hour", usual_now_minutes="usual_minutes"
    )
    return (
        rows.with_columns(from_hour=pl.col("hour") - pl.col("hours_ahead"))
        .join(usual, on=_PLACE)
        .join(at_look, on=["office", "weekday", "from_hour"])
    )
