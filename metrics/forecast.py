"""The next weeks of each office: visits, applications and the backlog; for the desk.

A week is expected to bring per opening day what the same week brought a year before.
Where that came nearer in the last year, this is scaled by how the eight weeks before
compare with those of the year before, or a model says it (see metrics/theta.py). How
far off such forecasts were, each made from what was known by then, gives the band in
which 8 of 10 came to lie; there is none where it would not have held.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

import polars as pl

from metrics.book import WINDOW_WORKING_DAYS
from metrics.calendar import Calendar
from metrics.frames import FORECAST
from metrics.measure import percentile
from metrics.shelf import Shelf
from metrics.theta import Theta

AHEAD: Final = 8  # weeks
FEWEST_JUDGED: Final = 20  # forecasts made before, to take a band from
COVERAGE: Final = (0.7, 0.9)  # what a band that is to hold 0.8 must have held
SCENARIOS: Final = {"fewer_decided": 0.9, "as_now": 1.0, "more_decided": 1.1}

_NAIVE: Final = "a_year_before"
_METHODS: Final = (_NAIVE, "a_year_before_at_this_level", "theta")
_MODEL_YEARS: Final = 2  # of its forecasts; more would only take longer
_COUNTED: Final = {"visits": "waiting.visits", "received": "backlog.received"}
_REACH: Final = "backlog.reach_working_days"
_LEVEL_WEEKS: Final = 8
_WEEK: Final = timedelta(weeks=1)
_YEAR: Final = timedelta(weeks=52)


class Series(NamedTuple):
    """What an office counted week by week, and how many days each week has."""

    office: str
    name: str
    weeks: pl.DataFrame  # week (its Monday), days, count (null: not known)
    last: date  # the Monday of the newest complete week


def forecast(
    figures: pl.DataFrame, calendar: Calendar, shelf: Shelf | None = None
) -> pl.DataFrame:
    """Forecast the weeks after the newest complete one of each office."""
    frames = [pl.DataFrame(schema=FORECAST)]
    weeks, model = _weeks_of_offices(figures), Theta.installed(AHEAD, shelf)
    for series in _series(weeks, calendar):
        said = forecast_weeks(series.weeks, series.last, model).with_columns(
            office=pl.lit(series.office),
            series=pl.lit(series.name),
            scenario=pl.lit(None),
        )
        frames.append(_typed(said))
        if series.name == "received":
            frames.append(_typed(_backlog(weeks, series, said)))
    if model is not None:
        model.keep()
    return pl.concat(frames).sort("office", "series", "scenario", "week_start")


def forecast_weeks(
    weeks: pl.DataFrame, last: date, model: Theta | None = None
) -> pl.DataFrame:
    """Forecast one series from what was counted up to the week beginning on `last`."""
    known = weeks.filter(pl.col("week") <= last).select(
        "week",
        per_day=pl.when(pl.col("days") > 0).then(pl.col("count") / pl.col("days")),
    )
    said = _said(known).join(weeks.select(target="week", days="days"), on="target")
    said = said.join(_of_model(known, model), on=["origin", "ahead"], how="left")
    judged = said.join(known.rename({"week": "target", "per_day": "came"}), on="target")
    judged = judged.drop_nulls(["came", _NAIVE])
    now = said.filter(pl.col("origin") == last)
    # Not one that happens to be silent today.
    others = [name for name in _METHODS[1:] if now[name].count() >= now[_NAIVE].count()]
    errors, number = _errors(judged.filter(pl.col("target") > last - _YEAR), others)
    best = min(errors, key=lambda name: errors[name] or 0)
    ratios = judged.filter(pl.col(best) > 0).select(
        "origin", "target", "ahead", ratio=pl.col("came") / pl.col(best)
    )
    coverage = _coverage(ratios, last)
    is_sure = coverage is not None and COVERAGE[0] <= coverage <= COVERAGE[1]
    value = pl.col(best) * pl.col("days")
    return (
        now.filter(pl.col(best).is_not_null())
        .join(_band(ratios, ["ahead"]), on="ahead", how="left")
        .select(
            week_start="target",
            value=value,
            lower=pl.when(is_sure).then(value * pl.col("low")),
            upper=pl.when(is_sure).then(value * pl.col("high")),
            method=pl.lit(best),
            relative_error=pl.lit(_ratio(errors[best], errors[_NAIVE])),
            coverage=pl.lit(coverage),
            judged=pl.lit(number),
        )
    )


def _said(known: pl.DataFrame) -> pl.DataFrame:
    """Say at each week what each of the next weeks brings per day, in both ways."""
    before = known.select(pl.col("week") + _YEAR, before="per_day")
    level = (
        known.join(before, on="week")
        .drop_nulls()
        .sort("week")
        .with_columns(
            pl.col("per_day", "before").rolling_sum(_LEVEL_WEEKS).name.suffix("_sum")
        )
        .select(origin="week", level=pl.col("per_day_sum") / pl.col("before_sum"))
    )
    steps = pl.DataFrame({"ahead": range(1, AHEAD + 1)}, schema={"ahead": pl.Int64})
    return (
        known.select(origin="week")
        .join(steps, how="cross")
        .with_columns(target=pl.col("origin") + pl.col("ahead") * _WEEK)
        .join(before.rename({"week": "target"}), on="target", how="left")
        .join(level, on="origin", how="left")
        .rename({"before": _NAIVE})
        .with_columns(pl.col(_NAIVE).mul(pl.col("level")).alias(_METHODS[1]))
        .drop("level")
    )


def _of_model(known: pl.DataFrame, model: Theta | None) -> pl.DataFrame:
    """Ask the model at the end of each week of the last years, by what was known."""
    weeks, rows = known.sort("week"), []
    if model is not None:
        per_day = weeks["per_day"].to_numpy()  # null: NaN
        origins = list(enumerate(weeks["week"], start=1))
        for number, origin in origins[-(_MODEL_YEARS * 52 + AHEAD) :]:
            said = model.says(per_day[:number]) or []
            rows += [(origin, each, value) for each, value in enumerate(said, start=1)]
    schema = {"origin": pl.Date, "ahead": pl.Int64, _METHODS[2]: pl.Float64}
    return pl.DataFrame(rows, schema, orient="row")


def _errors(
    judged: pl.DataFrame, others: list[str]
) -> tuple[dict[str, float | None], int]:
    """Give the mean error of the plain way, and of others that are known well enough.

    All are judged by the same forecasts; their number is returned, too.
    """
    others = [name for name in others if judged[name].count() >= FEWEST_JUDGED]
    common = judged.drop_nulls(others)
    if common.height < FEWEST_JUDGED:
        others, common = [], judged
    errors = common.select((pl.col(_NAIVE, *others) - pl.col("came")).abs().mean())
    return errors.row(0, named=True), common.height


def _band(ratios: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Give the ends between which 8 of 10 outcomes lay, of enough of them."""
    band = ratios.group_by(keys).agg(
        n=pl.len(),
        low=percentile(pl.col("ratio"), 0.1),
        high=percentile(pl.col("ratio"), 0.9),
    )
    return band.filter(pl.col("n") >= FEWEST_JUDGED).drop("n")


def _coverage(ratios: pl.DataFrame, last: date) -> float | None:
    """Tell how many of the last year's outcomes lay in the band known before them."""
    asked = ratios.filter(pl.col("target") > last - _YEAR)
    known_then = (
        asked.select("origin", "ahead")
        .join(ratios.select("ahead", "target", "ratio"), on="ahead")
        .filter(pl.col("target") <= pl.col("origin"))
    )
    keys = ["origin", "ahead"]
    judged = asked.join(_band(known_then, keys), on=keys)
    if judged.height < FEWEST_JUDGED:
        return None
    held = pl.col("ratio").is_between("low", "high").mean()
    found: float = judged.select(held).item()
    return found


def _ratio(error: float | None, naive: float | None) -> float | None:
    return None if error is None or not naive else error / naive


def _backlog(
    weeks: pl.DataFrame, series: Series, received: pl.DataFrame
) -> pl.DataFrame:
    """Go on from what is open: a fan over how much is decided, and no promise."""
    reach = weeks.filter(
        pl.col("kpi") == _REACH,
        pl.col("office") == series.office,
        pl.col("period_start") == series.last,
        pl.col("value").is_not_null(),
    )
    if reach.is_empty() or received.is_empty():
        return pl.DataFrame()
    # Open cases, and what was decided in the last 30 working days.
    still_open, decided = reach.select("numerator", "n").row(0)
    pace = decided / WINDOW_WORKING_DAYS
    # After a week of which nothing can be said nothing follows.
    in_a_row = (
        pl.col("week_start") == series.last + pl.int_range(1, pl.len() + 1) * _WEEK
    )
    decides = pl.lit(pace) * pl.col("days") * pl.col("factor")
    factors = pl.DataFrame(
        {"scenario": list(SCENARIOS), "factor": list(SCENARIOS.values())}
    )
    return (
        received.sort("week_start")
        .filter(in_a_row)
        .join(series.weeks.rename({"week": "week_start"}), on="week_start")
        .drop("scenario", "lower", "upper", "relative_error", "coverage", "judged")
        .join(factors, how="cross")
        .sort("scenario", "week_start")
        .with_columns(
            series=pl.lit("backlog"),
            method=pl.lit("open_and_received_less_decided"),
            value=(
                still_open + (pl.col("value") - decides).cum_sum().over("scenario")
            ).clip(0),
        )
    )


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema=FORECAST)
    missing = [
        pl.lit(None).alias(name) for name in FORECAST if name not in rows.columns
    ]
    return rows.with_columns(missing).select(
        pl.col(name).cast(kind) for name, kind in FORECAST.items()
    )


def _weeks_of_offices(figures: pl.DataFrame) -> pl.DataFrame:
    # The grain first, since it leaves few of very many.
    return figures.filter(pl.col("grain") == "week").filter(
        pl.col("kpi").is_in([*_COUNTED.values(), _REACH]),
        pl.col("office").is_not_null(),
        pl.col("service").is_null() & pl.col("channel").is_null(),
    )


def _series(weeks: pl.DataFrame, calendar: Calendar) -> Iterator[Series]:
    """Take each office's weeks; one of which days are missing is not known."""
    for name, kpi in _COUNTED.items():
        of_kpi = weeks.filter(pl.col("kpi") == kpi)
        for (office,), rows in of_kpi.partition_by("office", as_dict=True).items():
            yield from _weeks(str(office), name, rows, calendar)


def _weeks(
    office: str, name: str, rows: pl.DataFrame, calendar: Calendar
) -> Iterator[Series]:
    is_final = pl.col("state").cast(pl.String) == "final"
    final = rows.filter(is_final)
    if final.is_empty():
        return
    first, last = final.select(
        first=pl.col("period_start").min(), last=pl.col("period_start").max()
    ).row(0)
    end = last + (AHEAD + 1) * _WEEK - timedelta(days=1)
    opening = (
        pl.Series(calendar.working_days(first, end), dtype=pl.Date)
        if name == "received"
        else calendar.opening_days(first, end).filter(office=office)["day"]
    )
    days = opening.dt.truncate("1w").alias("week").value_counts(name="days")
    mondays = pl.select(week=pl.date_range(first, end, "1w"))
    is_known = is_final & (pl.col("coverage").fill_null(1) == 1)
    counted = rows.filter(is_known).select(week="period_start", count="value")
    weeks = mondays.join(days, on="week", how="left", maintain_order="left")
    weeks = weeks.with_columns(pl.col("days").fill_null(0).cast(pl.Int64))
    yield Series(office, name, weeks.join(counted, on="week", how="left"), last)
