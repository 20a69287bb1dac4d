"""Which series of an office are charted, on what scale, with which baseline."""

import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from metrics.calendar import Calendar
from metrics.control_charts import control_charts
from metrics.figures import FIGURES, FigureId
from metrics.frames import SPC
from metrics.periods import Period, period_of

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def weeks(first: date, count: int) -> list[Period]:
    return [period_of(first + timedelta(weeks=i), "week") for i in range(count)]


def figures_of(kpi, periods, values, **fields):
    rows = [
        {
            "figure_id": str(
                FigureId(kpi, "meldeamt", None, None, period.grain, period.id)
            ),
            "kpi": kpi,
            "office": "meldeamt",
            "grain": period.grain,
            "period_start": period.start,
            "period_end": period.end,
            "value": value,
            "n": 100,
            "state": "no_data" if value is None else "final",
            **fields,
        }
        for period, value in zip(periods, values, strict=True)
    ]
    return pl.DataFrame(rows, schema=FIGURES)


@pytest.fixture
def charts(make_city):
    def draw(figures: pl.DataFrame) -> pl.DataFrame:
        return control_charts(figures, Calendar(make_city()))

    return draw


def test_fewer_than_twenty_points_make_no_chart(charts) -> None:
    periods = weeks(date(2026, 1, 5), 20)
    median = "waiting.median_minutes"
    assert charts(figures_of(median, periods[:19], [10.0] * 19)).is_empty()
    known = charts(figures_of(median, periods, [10.0] * 20))
    assert known.height == 20
    assert known.schema == SPC


def test_durations_are_charted_on_a_log_scale(charts) -> None:
    values = [0.0, 24.0] * 10  # ln(1 + x): 0 and 3.2189
    found = charts(
        figures_of("waiting.median_minutes", weeks(date(2026, 1, 5), 20), values)
    ).row(0, named=True)
    # Centre: half of ln 25, so 5 - 1 = 4 minutes. Each range is ln 25.
    assert found["centre"] == pytest.approx(4)
    assert found["upper"] == pytest.approx(5 * math.exp(2.66 * math.log(25)) - 1)
    assert found["is_log"]
    assert found["value"] == 0


def test_a_shift_after_the_baseline_is_seen_and_called_by_its_name(charts) -> None:
    before = [*[10.0, 12.0] * 26, 10.0]  # from 30 December 2024 to the end of 2025
    after = [19.0, 21.0] * 5
    found = charts(
        figures_of(
            "waiting.median_minutes",
            weeks(date(2024, 12, 30), 63),
            [*before, *after],
            target=15.0,
        )
    )
    # The week of 30 December 2024 begins in the year before the last.
    assert found["period_start"][0] == date(2025, 1, 6)
    assert found["is_baseline"].sum() == 52
    last = found.row(-1, named=True)
    assert (last["class"], last["rule"], last["direction"]) == ("concern", "outside", 1)
    assert found["rule"][:40].null_count() == 40
    assert found["centre"].n_unique() == 1
    # 15 minutes lie within the limits of a usual week: met by chance.
    assert last["assurance"] == "inconsistent"


def test_counts_are_taken_per_opening_day(charts) -> None:
    # Every week 40 visits a day; the weeks of Easter and of 1 May have a day less.
    periods = weeks(date(2026, 3, 2), 20)
    days = [5.0] * 20
    for holiday in (
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 6, 4),
    ):
        days[(holiday - date(2026, 3, 2)).days // 7] -= 1
    found = charts(
        figures_of("waiting.visits", periods, [40 * each for each in days], target=9.0)
    )
    assert found["value"].to_list() == [40.0] * 20
    assert set(found["class"]) == {"common"}
    assert set(found["per"]) == {"opening_day"}
    assert found["assurance"].null_count() == 20


def test_months_are_taken_per_working_day_over_three_years_and_this_one(charts) -> None:
    months = [date(year, month, 1) for year in (2022, 2023, 2024, 2025, 2026)
              for month in range(1, 13)][:57]  # fmt: skip
    periods = [period_of(month, "month") for month in months]
    found = charts(figures_of("backlog.received", periods, [2100.0] * 57))
    assert found["period_start"].min() == date(2023, 1, 1)
    assert found["is_baseline"].sum() == 36
    # September 2026 has 22 working days.
    assert found["value"][-1] == pytest.approx(2100 / 22)


def test_gaps_few_cases_and_what_may_change_are_no_points(charts) -> None:
    periods = weeks(date(2026, 1, 5), 25)
    values = [None, *[10.0] * 24]
    figures = figures_of("waiting.median_minutes", periods, values).with_columns(
        n=pl.when(pl.col("period_start") == date(2026, 1, 12)).then(7).otherwise(100),
        state=pl.when(pl.col("period_start") == date(2026, 1, 19))
        .then(pl.lit("provisional"))
        .otherwise(pl.col("state").cast(pl.String))
        .cast(FIGURES["state"]),
    )
    found = charts(figures)
    assert found.height == 22
    assert found["period_start"].min() == date(2026, 1, 26)


def test_services_channels_and_the_whole_city_are_not_charted(charts) -> None:
    periods = weeks(date(2026, 1, 5), 30)
    for fields in ({"office": None}, {"service": "pass"}, {"channel": "walk_in"}):
        figures = figures_of("waiting.visits", periods, [9.0] * 30, **fields)
        assert charts(figures).is_empty()
