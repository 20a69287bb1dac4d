"""Days, ISO weeks, months, quarters and years."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.periods import (
    GRAINS,
    parse_period,
    period_of,
    periods_between,
    start_of,
)

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("day", "grain", "period_id", "start", "end"),
    [
        # 2026 begins on a Thursday, so it has an ISO week 53 that ends in 2027.
        (date(2027, 1, 3), "week", "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        (date(2027, 1, 4), "week", "2027-W01", date(2027, 1, 4), date(2027, 1, 10)),
        (date(2024, 12, 30), "week", "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        (date(2026, 3, 31), "quarter", "2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        (date(2026, 4, 1), "quarter", "2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
        (
            date(2026, 12, 31),
            "quarter",
            "2026-Q4",
            date(2026, 10, 1),
            date(2026, 12, 31),
        ),
        (date(2024, 2, 29), "month", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        (date(2026, 12, 31), "month", "2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        (date(2026, 7, 1), "year", "2026", date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 9, 30), "day", "2026-09-30", date(2026, 9, 30), date(2026, 9, 30)),
    ],
)
def test_a_day_lies_in_its_period(day, grain, period_id, start, end) -> None:
    period = period_of(day, grain)
    assert (period.id, period.start, period.end) == (period_id, start, end)
    assert parse_period(period_id) == period


@given(DAYS, st.sampled_from(GRAINS))
def test_periods_follow_each_other_without_a_gap(day, grain) -> None:
    period = period_of(day, grain)
    assert period.start <= day <= period.end
    assert period.after.start == period.end + timedelta(days=1)
    assert period.after.before == period
    assert parse_period(period.id) == period


@settings(max_examples=40)
@given(st.lists(DAYS, min_size=1, max_size=20), st.sampled_from(GRAINS))
def test_the_expression_finds_the_same_start(days, grain) -> None:
    found = pl.select(start_of(pl.lit(pl.Series(days)), grain)).to_series().to_list()
    assert found == [period_of(day, grain).start for day in days]


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("2026-Q3", "2025-Q3"),
        ("2025-02", "2024-02"),
        ("2026", "2025"),
        ("2026-W38", "2025-W38"),
        ("2026-W53", None),  # 2025 had 52 weeks
        ("2026-09-30", "2025-10-01"),  # both a Wednesday
        ("2024-02-29", "2023-03-02"),  # both a Thursday
    ],
)
def test_the_same_period_a_year_before(period, before) -> None:
    found = parse_period(period).year_before
    assert (found and found.id) == before


def test_the_leap_day_belongs_to_the_february_it_is_compared_with() -> None:
    february = parse_period("2025-02").year_before
    assert february is not None
    assert february.end == date(2024, 2, 29)


def test_periods_between_two_days_touch_them() -> None:
    found = periods_between(date(2025, 12, 31), date(2026, 4, 1), "quarter")
    assert [period.id for period in found] == ["2025-Q4", "2026-Q1", "2026-Q2"]


@pytest.mark.parametrize(
    "text", ["2026-13", "2025-W53", "2026-Q5", "2026-02-30", "gestern", "", "2026-W00"]
)
def test_what_is_no_period_is_refused(text) -> None:
    with pytest.raises(ValueError, match="is no period; expected"):
        parse_period(text)
