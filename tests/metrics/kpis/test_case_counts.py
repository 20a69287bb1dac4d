"""Offices that report only sums, worked out by hand."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def month(number: int, received: int | None, decided: int | None, open_: int | None,
          *, months: int = 1, **more: Any) -> dict[str, Any]:  # fmt: skip
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "period_from": date(2026, number, 1),
        "period_to": date(2026, number + months, 1),
        "received": received,
        "decided": decided,
        "open_at_end": open_,
        **more,
    }


SUMMER = [month(6, 30, 20, 110), month(7, 25, 35, 100), month(8, 10, 40, 70)]


@pytest.fixture
def figures_of(connection, make_city, deliver):
    def figures_of(rows, until=datetime(2026, 9, 1, tzinfo=UTC), **city):
        deliver("case_counts", rows, until=until, source="summen")
        return compute(connection, make_city(**city), NOW)

    return figures_of


def told(computed, kpi: str, period: str, group: str = "bauamt/all/all") -> Any:
    wanted = f"backlog.{kpi}/{group}/{period}"
    row = computed.figures.filter(pl.col("figure_id") == wanted).row(0, named=True)
    return row["reason"] if row["value"] is None else row["value"]


def test_months_become_months_quarters_and_years(figures_of) -> None:
    computed = figures_of(SUMMER)
    assert told(computed, "received", "month/2026-07") == 25
    assert told(computed, "decided", "month/2026-07") == 35
    assert told(computed, "open", "month/2026-07") == 100
    assert told(computed, "clearance_percent", "month/2026-07") == 140
    assert told(computed, "received", "year/2026") == 65
    assert told(computed, "open", "year/2026") == 70
    assert told(computed, "open", "month/2026-08", "bauamt/bauantrag/all") == 70


def test_a_month_is_no_week_and_no_day(figures_of) -> None:
    computed = figures_of(SUMMER)
    for period in ("week/2026-W29", "day/2026-07-15", "day/2026-07-31"):
        assert told(computed, "received", period) == "longer_periods"
    assert told(computed, "open", "week/2026-W29") == "longer_periods"
    assert told(computed, "open", "day/2026-07-31") == 100
    # The last week of July holds the end of that month, and a part of August.
    assert told(computed, "decided", "week/2026-W31") == "longer_periods"


def test_a_quarter_is_not_split_into_months(figures_of) -> None:
    computed = figures_of([month(4, 90, 60, 110, months=3), *SUMMER[1:]])
    assert told(computed, "received", "month/2026-05") == "longer_periods"
    assert told(computed, "received", "month/2026-06") == "longer_periods"
    assert told(computed, "open", "month/2026-06") == 110
    assert told(computed, "received", "quarter/2026-Q2") == 90
    assert told(computed, "received", "year/2026") == 125


def test_months_count_and_not_the_quarter_that_holds_them(figures_of) -> None:
    computed = figures_of([*SUMMER, month(6, 65, 95, 70, months=3)])
    assert told(computed, "received", "year/2026") == 65


def test_what_was_not_told_is_missing_and_not_0(figures_of) -> None:
    computed = figures_of([month(6, None, 20, 110), month(7, 25, 35, None), SUMMER[2]])
    assert told(computed, "received", "month/2026-06") == "not_recorded"
    assert told(computed, "decided", "month/2026-06") == 20
    assert told(computed, "received", "year/2026") == "not_recorded"
    assert told(computed, "open", "month/2026-07") == "not_recorded"
    assert told(computed, "clearance_percent", "month/2026-06") == "not_recorded"
    assert told(computed, "open", "month/2026-08") == 70


def test_a_missing_month_makes_a_gap(figures_of) -> None:
    computed = figures_of([SUMMER[0], SUMMER[2]])
    assert told(computed, "received", "month/2026-07") == "not_recorded"
    assert told(computed, "open", "month/2026-07") == "not_recorded"
    assert told(computed, "received", "quarter/2026-Q3") == "not_recorded"
    assert told(computed, "open", "quarter/2026-Q3") == 70


def test_sums_say_nothing_of_age_or_pace(figures_of) -> None:
    computed = figures_of(SUMMER)
    for kpi in (
        "older_than_deadline",
        "older_than_3_months",
        "old_case_percent",
        "reach_working_days",
    ):
        assert told(computed, kpi, "month/2026-07") in ("only_counts", "no_deadline")
    assert told(computed, "older_than_3_months", "month/2026-07") == "only_counts"
    assert computed.frames["ageing"].is_empty()


def case(key: str, received: datetime, office: str = "meldeamt") -> dict[str, Any]:
    return {"office": office, "received_at": received, "case_key": key}


def test_the_city_adds_sums_to_cases_but_takes_the_pace_from_cases(
    connection, make_city, deliver
) -> None:
    july = datetime(2026, 7, 3, 9, tzinfo=UTC)
    deliver("cases", [case("a", july), case("b", july)], until=NOW)
    deliver("case_counts", SUMMER, until=datetime(2026, 9, 1, tzinfo=UTC), source="s")
    computed = compute(connection, make_city(), NOW)
    assert told(computed, "received", "month/2026-07", "all/all/all") == 27
    assert told(computed, "open", "month/2026-08", "all/all/all") == 72
    city = computed.frames["ageing"].filter(pl.col("office").is_null())
    of_august = city.filter(pl.col("at") == date(2026, 8, 31))
    assert of_august["count"].to_list() == [0, 2, 0, 0]
    # September has no sums yet: what is known of the city is not all of it.
    september = computed.figures.filter(
        pl.col("figure_id") == "backlog.received/all/all/all/month/2026-09"
    )
    assert september["state"].to_list() == ["provisional"]


def test_an_office_with_cases_is_counted_by_its_cases(
    connection, make_city, deliver
) -> None:
    july = datetime(2026, 7, 3, 9, tzinfo=UTC)
    deliver("cases", [case("a", july, "bauamt")], until=NOW)
    deliver("case_counts", SUMMER, until=datetime(2026, 9, 1, tzinfo=UTC), source="s")
    computed = compute(connection, make_city(), NOW)
    assert told(computed, "received", "month/2026-07") == 1
    assert told(computed, "received", "month/2026-07", "all/all/all") == 1


def test_a_later_delivery_corrects_a_month(figures_of, deliver) -> None:
    later = datetime(2026, 10, 1, tzinfo=UTC)
    deliver("case_counts", [month(8, 11, 40, 71)], until=later, source="summen")
    computed = figures_of(SUMMER)
    assert told(computed, "received", "month/2026-08") == 11


def test_sums_that_do_not_add_up_are_named_without_the_sums(
    figures_of, make_city
) -> None:
    """110 open, 25 more, 35 less is 100; then 10 more and 40 less is 70, not 75."""
    computed = figures_of([*SUMMER[:2], month(8, 10, 40, 75)])
    unbalanced = computed.frames["unbalanced"]
    august = ("bauamt", "bauantrag", date(2026, 8, 1), date(2026, 8, 31))
    assert unbalanced.rows() == [august]
    assert protect(computed, make_city(), NOW).frames["unbalanced"].rows() == [august]
    assert not {"received", "open_at_end"} & set(unbalanced.columns)


def test_sums_with_a_gap_between_them_are_not_held_against_each_other(
    figures_of,
) -> None:
    computed = figures_of([SUMMER[0], month(8, 10, 40, 75)])
    assert computed.frames["unbalanced"].is_empty()


def test_figures_begin_with_the_citys_first_day(figures_of) -> None:
    computed = figures_of(SUMMER, info={"first_day": "2026-07-15"})
    assert told(computed, "received", "month/2026-07") == "longer_periods"
    assert told(computed, "open", "month/2026-07") == 100
    assert told(computed, "received", "month/2026-08") == 10
