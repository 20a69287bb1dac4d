"""The desk's forecasts: worked out by hand, and blind to what comes later."""

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.calendar import Calendar
from metrics.compute import compute, with_frames_of_the_desk
from metrics.forecast import AHEAD, forecast_weeks
from metrics.frames import FORECAST
from metrics.protect import PROTECTED
from metrics.theta import Theta

WEEK = timedelta(weeks=1)
FIRST = date(2023, 1, 2)  # a Monday
LAST = FIRST + 149 * WEEK


def weeks_of(count_of, days_of=lambda _: 5, number=150 + AHEAD):
    return pl.DataFrame(
        [
            (FIRST + i * WEEK, days_of(i), count_of(i) if i < 150 else None)
            for i in range(number)
        ],
        {"week": pl.Date, "days": pl.UInt32, "count": pl.Int64},
        orient="row",
    )


def test_a_week_brings_per_day_what_it_brought_a_year_before():
    """Week 150 is the like of week 98: 100 a week, but it has a holiday."""
    weeks = weeks_of(lambda i: 100 + i % 52, lambda i: 4 if i == 150 else 5)
    said = forecast_weeks(weeks, LAST).sort("week_start")
    assert said["week_start"].to_list() == [LAST + i * WEEK for i in range(1, 9)]
    assert said["value"].to_list()[:2] == pytest.approx([146 / 5 * 4, 147])
    assert set(said["method"]) == {"a_year_before"}


def test_where_the_level_has_changed_for_good_it_is_taken_into_account():
    """Every year half as many come again: so it does with what the year before had."""
    weeks = weeks_of(lambda i: round(1000 * 1.5 ** (i // 52)))
    said = forecast_weeks(weeks, LAST)
    assert set(said["method"]) == {"a_year_before_at_this_level"}
    assert said["relative_error"][0] < 0.5
    assert said.sort("week_start")["value"][0] == pytest.approx(1500 * 1.5)


def noisy(seed=4):
    chance = random.Random(seed)  # noqa: S311
    return weeks_of(lambda i: round(500 + 20 * (i % 52) + chance.gauss(0, 60)))


def test_the_band_holds_about_eight_of_ten_or_is_not_given():
    said = forecast_weeks(noisy(), LAST)
    assert 0.7 <= said["coverage"][0] <= 0.9
    assert (said["lower"] < said["value"]).all()
    assert (said["value"] < said["upper"]).all()
    calm_then_wild = random.Random(1)  # noqa: S311
    weeks = weeks_of(
        lambda i: round(500 + calm_then_wild.gauss(0, 2 if i < 98 else 200))
    )
    wild = forecast_weeks(weeks, LAST)
    assert wild["coverage"][0] < 0.7
    assert wild["lower"].null_count() == wild["upper"].null_count() == AHEAD
    assert wild["value"].null_count() == 0


def wild(seed=4):
    """Weeks that scatter: the mean of the years is nearer than the last one."""
    chance = random.Random(seed)  # noqa: S311
    return weeks_of(lambda i: round(500 + 200 * (i % 52 > 30) + chance.gauss(0, 80)))


def test_where_a_model_came_nearer_it_is_the_model_that_says():
    weeks = wild()
    plain = forecast_weeks(weeks, LAST)
    assert set(plain["method"]) == {"a_year_before"}
    said = forecast_weeks(weeks, LAST, Theta(AHEAD))
    assert set(said["method"]) == {"theta"}
    assert said["relative_error"][0] < 0.9
    assert said["judged"][0] >= 100
    known = weeks.filter(pl.col("week") <= LAST).sort("week")
    per_day = Theta(AHEAD).says((known["count"] / known["days"]).to_numpy())
    assert said.sort("week_start")["value"].to_list() == pytest.approx(
        [5 * each for each in per_day]
    )


def test_where_the_year_before_came_nearer_the_model_is_silent():
    weeks = weeks_of(lambda i: 500 + 37 * (i * i % 52))
    said = forecast_weeks(weeks, LAST, Theta(AHEAD)).drop("judged")
    alone = forecast_weeks(weeks, LAST).drop("judged")
    assert_frame_equal(said, alone, check_row_order=False, check_exact=True)


def test_where_the_nearer_way_is_silent_today_the_plain_one_says():
    """Days of the newest week are missing, so nobody knows its level."""
    weeks = weeks_of(lambda i: round(1000 * 1.5 ** (i // 52)))
    weeks = weeks.with_columns(count=pl.when(pl.col("week") != LAST).then("count"))
    said = forecast_weeks(weeks, LAST)
    assert set(said["method"]) == {"a_year_before"}
    assert said["value"].to_list() == pytest.approx([1500] * 6 + [2250] * 2)


@pytest.mark.parametrize("model", [None, Theta(AHEAD)])
def test_later_weeks_change_no_forecast(model):
    weeks = noisy()
    last = FIRST + 130 * WEEK
    is_later = pl.col("week") > last
    other = weeks.with_columns(count=pl.when(is_later).then(9999).otherwise("count"))
    said = forecast_weeks(weeks, last, model)
    assert said.height == AHEAD
    assert_frame_equal(
        said,
        forecast_weeks(other, last, model),
        check_row_order=False,
        check_exact=True,
    )


def test_without_two_years_there_is_a_value_but_no_band():
    weeks = noisy()
    said = forecast_weeks(weeks, FIRST + 60 * WEEK)
    assert said.height == AHEAD
    assert said["coverage"].null_count() == AHEAD
    assert said["lower"].null_count() == AHEAD


def test_a_year_before_that_is_not_known_is_not_guessed():
    weeks = noisy().with_columns(
        count=pl.when(pl.col("week") != FIRST + 100 * WEEK).then("count")
    )
    said = forecast_weeks(weeks, LAST)
    assert LAST + 3 * WEEK not in said["week_start"].to_list()
    assert said.height == AHEAD - 1


NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)  # a Monday


def applications(calendar):
    """Ten come on each working day and are decided after four weeks."""
    for day in calendar.working_days(date(2025, 9, 1), date(2026, 11, 22)):
        at = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
        decided = at + timedelta(weeks=4)
        for number in range(10):
            is_over = decided < NOW
            yield {
                "office": "bauamt",
                "service": "bauantrag",
                "received_at": at,
                "decided_at": decided if is_over else None,
                "outcome": "granted" if is_over else None,
                "case_key": f"{day}-{number}",
            }


def test_the_backlog_is_a_fan_of_three_and_stays_inside(make_city, connection, deliver):
    """200 are open, 50 a week come in. As now 50 are decided, 45 or 55 otherwise."""
    city = make_city(info={"state": "none"})
    deliver("cases", list(applications(Calendar(city))), until=NOW)
    computed = with_frames_of_the_desk(compute(connection, city, NOW), city)
    frame = computed.frames["forecast"]
    assert frame.schema == FORECAST
    backlog = frame.filter(pl.col("series") == "backlog")
    values = {
        name: rows.sort("week_start")["value"].to_list()
        for (name,), rows in backlog.partition_by("scenario", as_dict=True).items()
    }
    assert values["as_now"] == pytest.approx([200] * AHEAD)
    assert values["fewer_decided"] == pytest.approx(
        [200 + 5 * week for week in range(1, AHEAD + 1)]
    )
    assert values["more_decided"] == pytest.approx(
        [200 - 5 * week for week in range(1, AHEAD + 1)]
    )
    assert "forecast" not in PROTECTED
