"""When no tickets are left, worked out by hand. The office opens from 8 to 12."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
TWICE = [
    {"opens": "08:00", "closes": "12:00"},
    {"opens": "14:00", "closes": "18:00"},
]


def look(day: str, clock: str, state: str, **fields: object) -> dict[str, object]:
    moment = datetime.fromisoformat(f"2026-09-{day}T{clock}").replace(tzinfo=BERLIN)
    row = {"office": "meldeamt", "observed_at": moment, "state": state}
    return row | fields


def looks(day: str, sold_out_from: str | None, *clocks: str) -> list[dict[str, object]]:
    return [
        look(
            day,
            clock,
            "sold_out" if sold_out_from and clock >= sold_out_from else "open",
        )
        for clock in clocks
    ]


def of_september(figures: pl.DataFrame, **group: str) -> dict[str, dict[str, object]]:
    rows = figures.filter(
        pl.col("grain") == "month",
        pl.col("office") == group.get("office", "meldeamt"),
        pl.col("period_start") == date(2026, 9, 1),
        pl.col("service") == group["service"]
        if "service" in group
        else pl.col("service").is_null(),
    )
    return {
        row["kpi"].removeprefix("sold_out."): row
        for row in rows.to_dicts()
        if row["kpi"].startswith("sold_out.")
    }


def test_each_hour_counts_once_however_often_somebody_looked(
    connection, make_city, deliver
) -> None:
    # 8: open. 9: two of four looks sold out. 10: sold out. (0 + 0.5 + 1) / 3 = 50 %;
    # of the looks it would be 3 of 6, of hours with a sold-out look 2 of 3.
    seen = looks("07", "09:30", "08:10", "09:00", "09:15", "09:30", "09:45", "10:15")
    deliver("queue_samples", seen, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    share = found["share_of_hours"]
    assert (share["value"], share["n"], share["numerator"]) == (50, 3, None)
    assert found["days"]["value"] == 1
    assert found["median_minutes_after_opening"]["value"] == 90


def test_the_time_counts_from_opening_over_days_on_which_it_happened(
    connection, make_city, deliver
) -> None:
    seen = [
        *looks("07", "09:00", "08:45", "09:00"),  # 60
        *looks("08", "11:00", "10:40", "11:00", "11:30"),  # 180
        *looks("09", None, "08:30", "09:30", "11:45"),  # never
        *looks("10", "08:20", "08:00", "08:20"),  # 20
    ]
    deliver("queue_samples", seen, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    minutes = found["median_minutes_after_opening"]
    assert (minutes["value"], minutes["n"]) == (60, 3)  # 20 60 180
    assert found["days"]["value"] == 3


def test_when_nobody_looked_just_before_the_moment_is_not_known(
    connection, make_city, deliver
) -> None:
    """Sold out at eleven, last seen open at eight: it may have been at half past."""
    deliver("queue_samples", looks("07", "11:00", "08:00", "11:00"), until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert found["days"]["value"] == 1
    minutes = found["median_minutes_after_opening"]
    assert (minutes["value"], minutes["reason"]) == (None, "moment_unknown")


def test_a_display_that_outlives_the_opening_hours_is_not_sold_out(
    connection, make_city, deliver
) -> None:
    seen = looks("07", "11:45", "11:30", "11:45", "12:00", "18:00")
    sunday = [look("06", "10:00", "sold_out")]
    closed = {"first_on": "2026-09-08", "last_on": "2026-09-08"}
    closure = closed | {"reason": {"de": "Ausflug", "en": "Outing"}}
    on_closed_day = [look("08", "10:00", "sold_out")]
    deliver("queue_samples", [*seen, *sunday, *on_closed_day], until=NOW)
    city = make_city(closure=[closure])
    found = of_september(compute(connection, city, NOW).figures)
    assert (found["share_of_hours"]["value"], found["share_of_hours"]["n"]) == (50, 1)
    assert found["days"]["value"] == 1


def test_after_a_break_the_time_counts_from_the_second_opening(
    connection, make_city, deliver
) -> None:
    offices = make_city().model_dump(mode="json", by_alias=True)["office"]
    offices[0]["hours"] = {"mon": TWICE}
    seen = looks("07", "14:40", "11:00", "14:20", "14:40")
    deliver("queue_samples", seen, until=NOW)
    found = of_september(compute(connection, make_city(office=offices), NOW).figures)
    assert found["median_minutes_after_opening"]["value"] == 40


def test_a_source_that_never_says_so_says_nothing_of_it(
    connection, make_city, deliver
) -> None:
    """0 % would mean that somebody had watched."""
    silent = [look("07", "09:00", "open", office="bauamt")]
    deliver("queue_samples", [*silent, look("07", "09:00", "sold_out")], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert of_september(figures, office="bauamt") == {}
    assert of_september(figures)["share_of_hours"]["value"] == 100


def test_closed_and_unknown_looks_are_no_observed_opening_time(
    connection, make_city, deliver
) -> None:
    seen = looks("07", "09:00", "08:00", "09:00")
    others = [look("07", "10:00", "closed"), look("07", "11:00", "unknown")]
    deliver("queue_samples", seen + others, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert (found["share_of_hours"]["value"], found["share_of_hours"]["n"]) == (50, 2)


def test_where_nobody_states_the_opening_hours_no_time_counts_from_them(
    connection, make_city, deliver
) -> None:
    offices = make_city().model_dump(mode="json", by_alias=True)["office"]
    offices[0]["hours"] = {}
    deliver("queue_samples", looks("07", "19:10", "19:00", "19:10"), until=NOW)
    found = of_september(compute(connection, make_city(office=offices), NOW).figures)
    assert found["share_of_hours"]["value"] == 50
    assert found["median_minutes_after_opening"]["reason"] == "moment_unknown"


def test_a_month_in_which_tickets_never_ran_out_has_0_days_and_no_minutes(
    connection, make_city, deliver
) -> None:
    before = datetime(2026, 8, 31, 9, tzinfo=BERLIN)
    august = [look("07", "09:00", "sold_out") | {"observed_at": before}]
    deliver("queue_samples", august + looks("07", None, "09:00", "10:00"), until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert (found["days"]["value"], found["share_of_hours"]["value"]) == (0, 0)
    assert found["median_minutes_after_opening"]["reason"] == "never_sold_out"


@pytest.mark.parametrize(("service", "days"), [("ausweis", 1), ("pass", 0)])
def test_queues_run_out_one_by_one(
    connection, make_city, deliver, service, days
) -> None:
    seen = [
        look("07", "09:00", "open", service="ausweis"),
        look("07", "09:00", "open", service="pass"),
        look("07", "09:15", "sold_out", service="ausweis"),
        look("07", "09:15", "open", service="pass"),
    ]
    deliver("queue_samples", seen, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert of_september(figures, service=service)["days"]["value"] == days
    whole = of_september(figures)
    assert whole["share_of_hours"]["value"] == 25
    assert whole["median_minutes_after_opening"]["value"] == 75
