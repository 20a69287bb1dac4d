"""How far ahead appointments are, worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect_figures

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def visit(due: str, booked: str | None, **fields: object) -> dict[str, object]:
    return {
        "office": "meldeamt",
        "channel": "appointment",
        "booked_at": at(booked) if booked else None,
        "appointment_at": at(due),
        "arrived_at": at(due),
        "called_at": at(due),
        "outcome": "served",
    } | fields


def search(searched: str, free: str | None, **fields: object) -> dict[str, object]:
    return {
        "office": "meldeamt",
        "observed_at": at(searched),
        "first_free_at": at(free) if free else None,
    } | fields


def slots(day: str, planned: float | None, booked: float | None, **fields: object):
    return {
        "office": "meldeamt",
        "slots_on": date.fromisoformat(day),
        "planned_minutes": planned,
        "booked_minutes": booked,
    } | fields


def september(
    figures: pl.DataFrame, office: str = "meldeamt", **group: str
) -> dict[str, dict[str, object]]:
    rows = figures.filter(
        pl.col("grain") == "month",
        pl.col("office") == office,
        pl.col("period_start") == date(2026, 9, 1),
        *(
            pl.col(name) == group[name] if name in group else pl.col(name).is_null()
            for name in ("service", "channel")
        ),
    )
    return {
        row["kpi"].removeprefix("appointments."): row
        for row in rows.to_dicts()
        if row["kpi"].startswith("appointments.")
    }


def test_lead_time_is_counted_in_calendar_days_of_the_city(
    connection, make_city, deliver
) -> None:
    visits = [
        # Booked at half past eleven at night for the next morning: one day, not ten
        # hours; in UTC it would have been the same day.
        visit("2026-09-08T09:00", "2026-09-07T23:30"),
        visit("2026-09-08T10:00", "2026-09-08T08:00"),  # on the day itself: 0
        visit("2026-09-09T10:00", "2026-08-26T10:00"),  # 14
        visit("2026-09-09T10:00", "2026-08-25T23:59"),  # 15
        visit(
            "2026-09-10T10:00", "2026-07-10T10:00", outcome="no_show", called_at=None
        ),  # 62: nobody came, but it had been booked
        visit("2026-09-10T10:00", None),  # nobody knows when
    ]
    walk_in = visit("2026-09-08T09:00", None, channel="walk_in", appointment_at=None)
    deliver("tickets", [*visits, walk_in], until=NOW)
    found = september(compute(connection, make_city(), NOW).figures)
    # 0 1 14 15 62: the third is 14, and the fifth of five is 62.
    assert found["median_lead_days"]["value"] == 14
    assert found["p90_lead_days"]["value"] == 62
    share = found["share_booked_within_14_days"]
    assert (share["value"], share["numerator"], share["n"]) == (60, 3, 5)


def test_the_newest_period_does_not_look_better_for_long_leads_to_come(
    connection, make_city, deliver
) -> None:
    """Everybody books 60 days ahead; by the day of booking autumn would know nobody.

    Two book at short notice in November. Counted by the day of booking, November would
    have a lead time of 2 days, as the appointments of the others are yet to come.
    """
    first = date(2026, 3, 2)
    visits = []
    for number in range(60):
        booked = first + timedelta(days=4 * number)
        due = booked + timedelta(days=60)
        if due < NOW.date():
            visits.append(visit(f"{due}T09:00", f"{booked}T09:00"))
    visits += [visit("2026-11-16T09:00", "2026-11-14T09:00") for _ in range(2)]
    deliver("tickets", visits, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    november = figures.filter(
        pl.col("figure_id")
        == "appointments.median_lead_days/meldeamt/all/all/month/2026-11"
    )
    assert november["value"].item() == 60


def test_without_appointments_there_is_no_lead_time(
    connection, make_city, deliver
) -> None:
    walk_in = visit("2026-09-08T09:00", None, channel="walk_in", appointment_at=None)
    unknown = visit("2026-09-08T09:00", None, office="bauamt")
    deliver("tickets", [walk_in, unknown], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    for kpi in ("median_lead_days", "share_booked_within_14_days"):
        assert september(figures)[kpi]["reason"] == "no_appointments"
        assert september(figures, "bauamt")[kpi]["reason"] == "not_recorded"


def test_a_search_that_finds_nothing_is_none_of_zero_days_and_no_success(
    connection, make_city, deliver
) -> None:
    searches = [
        search("2026-09-07T08:00", "2026-09-07T11:00"),  # 0: on the same day
        search("2026-09-07T23:59", "2026-09-08T08:00"),  # 1: the next morning
        search("2026-09-08T08:00", "2026-09-22T08:00"),  # 14
        search("2026-09-09T08:00", "2026-09-24T08:00"),  # 15
        search("2026-09-10T08:00", None),
        search("2026-09-10T12:00", None),
    ]
    deliver("slot_offers", searches, until=NOW)
    found = september(compute(connection, make_city(), NOW).figures)
    # Of 0 1 14 15 the second is the median (rank 2 of 4).
    next_free = found["median_days_to_next_free"]
    assert (next_free["value"], next_free["n"]) == (1, 4)
    within = found["share_offered_within_14_days"]
    assert (within["value"], within["numerator"], within["n"]) == (50, 3, 6)
    success = found["search_success_share"]
    assert (success["numerator"], success["n"]) == (4, 6)
    assert success["value"] == pytest.approx(400 / 6)


def test_an_office_that_never_offers_anything_has_no_days_but_a_share_of_0(
    connection, make_city, deliver
) -> None:
    looks = [search(f"2026-09-{day:02}T08:00", None) for day in range(7, 12)]
    deliver("slot_offers", looks, until=NOW)
    found = september(compute(connection, make_city(), NOW).figures)
    assert found["median_days_to_next_free"]["state"] == "no_data"
    assert found["median_days_to_next_free"]["reason"] == "nothing_offered"
    assert found["search_success_share"]["value"] == 0


def test_searches_for_a_service_are_told_of_it_and_of_its_office(
    connection, make_city, deliver
) -> None:
    searches = [
        search("2026-09-07T08:00", "2026-09-09T08:00", service="ausweis"),
        search("2026-09-07T08:00", None, service="pass"),
    ]
    deliver("slot_offers", searches, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert september(figures)["search_success_share"]["value"] == 50
    passports = september(figures, service="pass")
    assert passports["search_success_share"]["value"] == 0
    cards = september(figures, service="ausweis")
    assert cards["median_days_to_next_free"]["value"] == 2


def test_capacity_is_pooled_over_days_of_which_both_minutes_are_known(
    connection, make_city, deliver
) -> None:
    days = [
        slots("2026-09-07", 480, 480, channel="online"),
        slots("2026-09-07", 120, 30, channel="phone"),
        slots("2026-09-08", 400, 240, channel="online"),
        slots("2026-09-09", None, 300, channel="online"),  # or it would look full
        slots("2026-09-10", 300, None, channel="online"),  # or empty
    ]
    deliver("slots", days, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    used = september(figures)["capacity_used_percent"]
    # (480 + 30 + 240) / (480 + 120 + 400); the mean of the days would be another.
    assert (used["value"], used["n"]) == (75, 3)
    by_phone = september(figures, channel="phone")["capacity_used_percent"]
    assert by_phone["value"] == 25


def test_days_to_come_do_not_make_capacity_look_unused(
    connection, make_city, deliver
) -> None:
    told_at = at("2026-09-09T05:00")  # on the third day, with the rest of the month
    days = [slots("2026-09-07", 100, 90), slots("2026-09-08", 100, 80)]
    to_come = [slots("2026-09-09", 100, 40), slots("2026-09-10", 100, 5)]
    deliver("slots", days + to_come, until=at("2026-10-01T00:00"), received_at=told_at)
    now = told_at.astimezone(UTC) + timedelta(hours=1)
    used = september(compute(connection, make_city(), now).figures)
    assert used["capacity_used_percent"]["value"] == 85
    assert used["capacity_used_percent"]["state"] == "provisional"


def test_an_export_of_everything_does_not_say_until_when_it_reaches(
    connection, make_city, deliver
) -> None:
    deliver("slots", [slots("2026-09-07", 100, 90)], until=None, received_at=NOW)
    used = september(compute(connection, make_city(), NOW).figures)
    assert used["capacity_used_percent"]["value"] == 90


def test_nothing_planned_is_no_use_of_0_percent(connection, make_city, deliver) -> None:
    days = [slots("2026-09-07", 0, 0), slots("2026-09-07", None, 5, office="bauamt")]
    deliver("slots", days, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    used = september(figures)["capacity_used_percent"]
    assert (used["value"], used["reason"]) == (None, "nothing_planned")
    unknown = september(figures, "bauamt")["capacity_used_percent"]
    assert (unknown["value"], unknown["reason"]) == (None, "not_recorded")


def test_few_searches_prove_nothing_and_none_of_them_is_rounded(
    connection, make_city, deliver
) -> None:
    cells = {"kpis": ["appointments.*"], "by": ["office"], "grains": ["month"]}
    city = make_city(publish={"cells": [cells]})
    few = [
        search(f"2026-09-{day:02}T{hour:02}:00", f"2026-09-{day + 1:02}T08:00")
        for day in range(1, 8)
        for hour in range(7)
    ]
    more = [search(f"2026-10-{day:02}T01:00", None) for day in range(1, 31)]
    more += [
        search(f"2026-10-{day:02}T02:00", "2026-11-20T08:00") for day in range(1, 24)
    ]
    deliver("slot_offers", few + more, until=NOW)
    published = protect_figures(compute(connection, city, NOW).figures, city, NOW)
    said = {row["figure_id"]: row for row in published.to_dicts()}

    def told(kpi: str, month: str) -> dict[str, object]:
        return said[f"appointments.{kpi}/meldeamt/all/all/month/2026-{month}"]

    assert told("search_success_share", "09")["reason"] == "too_few"  # 49
    assert told("median_days_to_next_free", "09")["value"] == 1
    success = told("search_success_share", "10")
    assert (success["value"], success["n"], success["numerator"]) == (43, 53, 23)
