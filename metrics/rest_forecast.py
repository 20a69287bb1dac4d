"""How long the wait will be later today: what is usual, and what stays of a rush.

An hour is expected to be as usual on its weekday, plus a share of how much longer or
shorter than usual the wait is now. Every Monday that is learnt anew from the weeks
before, and judged, rounded as it is shown, by what came: beside saying that it stays as
it is now, and saying that it will be as usual. Only where it was clearly nearer than
both, and its band held what it promises, anything is said.
"""

from typing import Final, NamedTuple

import polars as pl

from metrics.measure import percentile
from metrics.small_numbers import nearest, whole

AHEAD: Final = 4  # hours; later than that only what is usual is known
LEARNING_WEEKS: Final = 4  # before the first forecast
BAND_WEEKS: Final = 2  # of forecasts before the first band
JUDGED_WEEKS: Final = 6
WEEKS: Final = LEARNING_WEEKS + BAND_WEEKS + JUDGED_WEEKS
MARGIN: Final = 0.05  # by which it must be better than either
FEWEST_DAYS: Final = 20  # judged
HELD_PERCENT: Final = (70.0, 90.0)  # of the outcomes, by a band of 80
FEWEST_HOURS: Final = 3  # of one weekday and hour, to call anything usual
OFTEN_PERCENT: Final = 20  # of the time without tickets: then nobody is sent there

SERIES: Final = ["office", "hours_ahead"]
PLACE: Final = ["office", "weekday", "hour"]
_LOOK: Final = ["office", "day", "hour"]
_QUARTER_HOUR: Final = 15


class Lately(NamedTuple):
    """The last weeks, numbered from 0; minutes are null if only "more than" is known.

    `hours` have the middle of what the looks of an hour showed. `pairs` have what a
    look showed, rounded as live queues are, and what that hour came to: at most one
    look of a quarter of an hour, however often the queue is looked at.
    """

    hours: pl.DataFrame  # office, week, day, weekday, hour, at_least, at_most
    pairs: pl.DataFrame  # … and hours_ahead, now; came: the hour's minutes
    windows: pl.DataFrame  # office, window_start, window_end


class Learnt(NamedTuple):
    """What was known of all offices on the Monday of one week."""

    usual: pl.DataFrame  # office, weekday, hour, n, usual_minutes
    shares: pl.DataFrame  # office, hours_ahead, share


def lately_of(looks: pl.DataFrame, windows: pl.DataFrame, base: int) -> Lately:
    """Pair looks with what the hours after them came to."""
    hours = looks.group_by("office", "week", "day", "weekday", "hour").agg(
        percentile(pl.col("at_least"), 0.5), percentile(pl.col("at_most"), 0.5)
    )
    came = hours.select(*_LOOK, came=_if_certain())
    quarter = pl.col("at").dt.minute() // _QUARTER_HOUR
    pairs = (
        looks.sort("at")
        .with_columns(quarter=quarter)
        .unique([*_LOOK, "quarter"], keep="last", maintain_order=True)
        .filter(pl.col("at_least") == pl.col("at_most"))
        .with_columns(nearest("at_most", base).alias("now"), from_hour="hour")
        .drop("hour", "at_least", "at_most", "quarter")
        .join(came, on=["office", "day"])
        .with_columns(hours_ahead=pl.col("hour") - pl.col("from_hour"))
        .filter(pl.col("hours_ahead").is_between(1, AHEAD))
    )
    return Lately(hours, pairs, windows)


def learn(lately: Lately, before_week: int) -> Learnt:
    """Learn from the weeks before one what is usual, and how much of a rush stays."""
    is_before = pl.col("week") < before_week
    usual = (
        lately.hours.filter(is_before)
        .group_by(PLACE)
        .agg(
            percentile(pl.col("at_least"), 0.5),
            percentile(pl.col("at_most"), 0.5),
            n=pl.len(),
        )
        .filter(pl.col("n") >= FEWEST_HOURS)
        .with_columns(usual_minutes=_if_certain())
        .drop_nulls("usual_minutes")
        .select(*PLACE, "n", usual_minutes=whole("usual_minutes"))
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
        .group_by(SERIES)
        .agg(share=pl.when(squares > 0).then(share).otherwise(0.0))
    )
    return Learnt(usual, shares)


def forecasts(lately: Lately) -> pl.DataFrame | None:
    """Make the forecast of every look from what was known on the Monday before it."""
    weeks = [
        as_learnt(lately.pairs.filter(pl.col("week") == week), learn(lately, week))
        for week in range(LEARNING_WEEKS, WEEKS)
    ]
    made = pl.concat(weeks).with_columns(expected=expected())
    return None if made.is_empty() else made


def judged(made: pl.DataFrame, base: int) -> pl.DataFrame:
    """Say of the last weeks' looks what a reader would have been told then."""
    weeks = [
        made.filter(pl.col("week") == week).join(
            bands_of(made.filter(pl.col("week") < week)), on=SERIES
        )
        for week in range(LEARNING_WEEKS + BAND_WEEKS, WEEKS)
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
        told.group_by(SERIES)
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
    # The order of rows, which is not fixed, must not show in the last digit.
    return (pl.col("came") - pl.col(way)).abs().mean().round(6)


def bands_of(made: pl.DataFrame) -> pl.DataFrame:
    """Give the ends between which 8 of 10 outcomes lay around what was expected."""
    error = pl.col("came") - pl.col("expected")
    return (
        made.drop_nulls("came")
        .group_by(SERIES)
        .agg(
            low_minutes=percentile(error, 0.1).floor().clip(upper_bound=0),
            high_minutes=percentile(error, 0.9).ceil().clip(lower_bound=0),
        )
    )


def as_learnt(rows: pl.DataFrame, learnt: Learnt) -> pl.DataFrame:
    return _beside_usual(rows, learnt.usual).join(learnt.shares, on=SERIES)


def _beside_usual(rows: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """Add what is usual in the hour that is told of, and in the one of the look."""
    at_look = usual.select(
        "office", "weekday", from_hour="hour", usual_now_minutes="usual_minutes"
    )
    return (
        rows.with_columns(from_hour=pl.col("hour") - pl.col("hours_ahead"))
        .join(usual, on=PLACE)
        .join(at_look, on=["office", "weekday", "from_hour"])
    )


def _if_certain() -> pl.Expr:
    """Give the minutes, if they are the same whatever "more than" stands for."""
    return pl.when(pl.col("at_least") == pl.col("at_most")).then("at_least")
