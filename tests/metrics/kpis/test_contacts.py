"""Phone, chat and mail, worked out by hand."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect_figures
from metrics.protect_counts import protect_counts

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


EVERYTHING = {
    "cells": [
        {
            "kpis": ["contacts.*"],
            "by": ["city", "office", "office_channel"],
            "grains": ["day", "month"],
        }
    ]
}


def interval(clock: str, offered: int, **fields: object) -> dict[str, object]:
    moment = datetime.fromisoformat(clock).replace(tzinfo=BERLIN)
    common = {"office": "meldeamt", "line": "phone", "interval_minutes": 30}
    return common | {"interval_at": moment, "offered": offered} | fields


def of_september(figures: pl.DataFrame, line: str | None = "phone"):
    rows = figures.filter(
        pl.col("grain") == "month",
        pl.col("office") == "meldeamt",
        pl.col("channel").eq_missing(pl.lit(line)),
        pl.col("period_start") == date(2026, 9, 1),
    )
    return {row["kpi"].removeprefix("contacts."): row for row in rows.to_dicts()}


# 10 came, of whom 6 were answered, 5 in time, 3 gave up and 1 was turned away; then
# 30 came, of whom 24 were answered, 15 in time, and 6 gave up.
TWO = [
    interval(
        "2026-09-07T08:00", 10, answered=6, answered_in_target=5, abandoned=3,
        wait_seconds=60.0, handling_seconds=1200.0, solved_first=3,
    ),
    interval(
        "2026-09-08T09:30", 30, answered=24, answered_in_target=15, abandoned=6,
        wait_seconds=1140.0, handling_seconds=4800.0, solved_first=18,
    ),
]  # fmt: skip


def test_shares_are_pooled_and_each_has_its_own_whole(
    connection, make_city, deliver
) -> None:
    deliver("contacts", TWO, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert (found["offered"]["value"], found["offered"]["n"]) == (40, 40)
    expected = {
        "answered_share": (30, 40),
        "service_level": (
            20,
            39,
        ),  # 30 and 9, without the one turned away
        "abandoned_share": (9, 40),
        "solved_first_share": (21, 30),
    }
    for kpi, (part, whole) in expected.items():
        figure = found[kpi]
        assert (figure["numerator"], figure["n"]) == (part, whole), kpi
        assert figure["value"] == pytest.approx(100 * part / whole)


def test_means_are_seconds_over_answered_and_no_mean_of_means(
    connection, make_city, deliver
) -> None:
    deliver("contacts", TWO, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    # (60 + 1140) / (6 + 24); the mean of the means 10 and 47.5 would be 28.75.
    assert (found["mean_wait_seconds"]["value"], found["mean_wait_seconds"]["n"]) == (
        40,
        30,
    )
    assert found["mean_handling_seconds"]["value"] == 200


@pytest.mark.parametrize(
    ("unknown", "lost"),
    [
        ("answered_in_target", {"service_level"}),
        ("abandoned", {"service_level", "abandoned_share"}),
        ("wait_seconds", {"mean_wait_seconds"}),
        ("handling_seconds", {"mean_handling_seconds"}),
        ("solved_first", {"solved_first_share"}),
        (
            "answered",
            {
                *("answered_share", "service_level", "solved_first_share"),
                *("mean_wait_seconds", "mean_handling_seconds"),
            },
        ),
    ],
)
def test_what_one_interval_does_not_say_nobody_knows_of_the_month(
    unknown, lost, connection, make_city, deliver
) -> None:
    deliver("contacts", [TWO[0] | {unknown: None}, TWO[1]], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    without = {kpi for kpi, figure in found.items() if figure["value"] is None}
    assert without == lost
    assert {found[kpi]["reason"] for kpi in lost} == {"not_recorded"}
    assert {found[kpi]["n"] for kpi in lost} == {None}


def test_a_blank_where_nobody_was_answered_is_no_gap(
    connection, make_city, deliver
) -> None:
    quiet = interval("2026-09-09T17:30", 0)
    missed = interval("2026-09-09T17:00", 2, answered=0, abandoned=2)
    deliver("contacts", [*TWO, quiet, missed], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert found["mean_wait_seconds"]["value"] == 40
    level = found["service_level"]
    assert (level["numerator"], level["n"]) == (20, 41)


def test_lines_are_not_mixed_where_different_things_are_promised(
    connection, make_city, deliver
) -> None:
    chat = interval(
        "2026-09-07T08:00", 10, line="chat", answered=10, answered_in_target=10,
        abandoned=0, wait_seconds=900.0, handling_seconds=6000.0, solved_first=10,
    )  # fmt: skip
    deliver("contacts", [*TWO, chat], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    every = of_september(figures, line=None)
    assert every["offered"]["value"] == 50
    # How long staff need is told of all lines together: (1200 + 4800 + 6000) / 40.
    assert every["mean_handling_seconds"]["value"] == 300
    rest = every.keys() - {"offered", "mean_handling_seconds"}
    assert {every[kpi]["value"] for kpi in rest} == {None}
    assert {every[kpi]["reason"] for kpi in rest} == {"several_lines"}
    assert of_september(figures, line="chat")["mean_wait_seconds"]["value"] == 90


def test_a_day_on_which_one_line_fell_silent_is_a_gap(
    connection, make_city, deliver
) -> None:
    """Though there were chats, nobody may read that nobody called."""
    phone = [interval(f"2026-09-{day:02}T08:00", 50) for day in (7, 9)]
    chat = [interval(f"2026-09-{day:02}T08:00", 20, line="chat") for day in (7, 8, 9)]
    # The mail began later: before, it is not missing.
    mail = [interval("2026-09-09T08:00", 20, line="mail")]
    deliver("contacts", [*phone, *chat, *mail], until=NOW)
    city = make_city(publish=EVERYTHING)
    figures = compute(connection, city, NOW).figures
    silent = "contacts.offered/meldeamt/all/phone/day/2026-09-08"
    shown = protect_figures(figures, city, NOW)
    (day,) = shown.filter(pl.col("figure_id") == silent).to_dicts()
    assert (day["state"], day["reason"], day["coverage"]) == ("no_data", "no_rows", 0)
    # Of 22 opening days in September two have everything.
    assert of_september(figures)["offered"]["coverage"] == pytest.approx(2 / 22)


def test_a_target_of_one_line_is_not_one_of_the_others(
    connection, make_city, deliver
) -> None:
    target = {
        "kpi": "contacts.service_level",
        "office": "meldeamt",
        "channel": "phone",
        "value": 75,
        "limit": 30,
        "valid_from": date(2026, 1, 1),
        "decided_by": {"de": "115", "en": "115"},
    }
    chat = interval("2026-09-07T08:00", 4, line="chat", answered=4)
    deliver("contacts", [*TWO, chat], until=NOW)
    figures = compute(connection, make_city(target=[target]), NOW).figures
    assert of_september(figures)["service_level"]["target"] == 75
    assert of_september(figures, line="chat")["service_level"]["target"] is None
    assert of_september(figures, line=None)["service_level"]["target"] is None


def test_a_closed_day_that_the_exchange_lists_has_no_figures(
    connection, make_city, deliver
) -> None:
    sunday = interval("2026-09-06T10:00", 0, answered=0, abandoned=0)
    deliver("contacts", [sunday, *TWO], until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    days = figures.filter(
        pl.col("grain") == "day",
        pl.col("kpi") == "contacts.offered",
        pl.col("office") == "meldeamt",
        pl.col("channel").is_null(),
    )
    assert date(2026, 9, 6) not in days["period_start"].to_list()
    assert date(2026, 9, 7) in days["period_start"].to_list()


def test_calls_are_protected_as_people_are(connection, make_city, deliver) -> None:
    many = interval(
        "2026-09-07T08:00", 112, answered=101, answered_in_target=64, abandoned=6,
        wait_seconds=3030.0, handling_seconds=20200.0, solved_first=98,
    )  # fmt: skip
    deliver("contacts", [many], until=NOW)
    city = make_city(publish=EVERYTHING)
    figures = compute(connection, city, NOW).figures
    found = of_september(protect_figures(figures, city, NOW))
    assert (found["offered"]["value"], found["offered"]["n"]) == (110, 110)
    # 101 and 112 become 100 and 110.
    assert (found["answered_share"]["value"], found["answered_share"]["n"]) == (91, 110)
    # Six who gave up are fewer than eight: of 80 or more that is below 10 percent.
    lost = found["abandoned_share"]
    assert (lost["value"], lost["n"], lost["reason"]) == (10, None, "below")
    assert found["mean_wait_seconds"]["value"] == 30


def test_handling_time_is_told_of_a_whole_office_and_month_only(
    connection, make_city, deliver
) -> None:
    deliver("contacts", TWO, until=NOW)
    city = make_city(publish=EVERYTHING)
    figures = compute(connection, city, NOW).figures
    handling = pl.col("kpi") == "contacts.mean_handling_seconds"
    shown = protect_figures(figures, city, NOW).filter(handling)
    assert shown["channel"].null_count() == shown.height
    assert set(shown["grain"]) == {"month"}
    assert 200 in shown["value"].to_list()


def test_how_many_calls_a_delivery_held_is_not_told_exactly(make_city) -> None:
    """A file of single calls has as many rows as there were calls."""
    about = {"rows_read": 34_623, "rows_loaded": 859, "rows_quarantined": 3}
    said = protect_counts({"table": "contacts", **about}, make_city())
    assert (said["rows_loaded"], said["rows_read"]) == (860, 863)
