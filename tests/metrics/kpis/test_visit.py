"""The way from the call to the end of a visit, worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect_figures

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def visit(walk: float | None, desk: float | None, **fields: object):
    called = datetime(2026, 9, 7, 9, tzinfo=BERLIN)
    shown = called + timedelta(minutes=walk) if walk is not None else None
    begin = shown or called
    return {
        "office": "meldeamt",
        "service": "ausweis",
        "channel": "walk_in",
        "arrived_at": called,
        "called_at": called,
        "shown_at": shown,
        "finished_at": begin + timedelta(minutes=desk) if desk is not None else None,
        "outcome": "served",
    } | fields


def of_september(figures: pl.DataFrame) -> dict[str, dict[str, object]]:
    rows = figures.filter(
        pl.col("grain") == "month",
        pl.col("office") == "meldeamt",
        pl.col("service").is_null(),
        pl.col("channel").is_null(),
        pl.col("period_start") == date(2026, 9, 1),
    )
    return {row["kpi"]: row for row in rows.to_dicts()}


def test_desk_time_is_from_sitting_down_to_the_end(
    connection, make_city, deliver
) -> None:
    visits = [visit(1, 5), visit(2, 9), visit(0.5, 30), visit(3, None)]
    # At the desk unknown, so the walk is as well: never from the call to the end.
    visits += [visit(None, 60)]
    left = visit(None, None, outcome="left", called_at=None)
    deliver("tickets", [*visits, left], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    desk = found["visit.median_desk_minutes"]
    assert (desk["value"], desk["n"]) == (9, 3)  # 5 9 30
    assert found["visit.p90_desk_minutes"]["value"] == 30
    walk = found["visit.median_walk_minutes"]
    assert (walk["value"], walk["n"]) == (1, 4)  # 0.5 1 2 3


def test_what_is_not_recorded_is_not_0_minutes(connection, make_city, deliver) -> None:
    deliver("tickets", [visit(None, None)], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    for kpi in ("median_desk_minutes", "p90_desk_minutes", "median_walk_minutes"):
        assert found[f"visit.{kpi}"]["value"] is None
        assert found[f"visit.{kpi}"]["reason"] == "not_recorded"


def test_means_by_the_hour_have_no_median(connection, make_city, deliver) -> None:
    hour = {
        "office": "meldeamt",
        "hour_at": datetime(2026, 9, 7, 9, tzinfo=BERLIN),
        "customers": 9,
        "mean_wait_minutes": 4.0,
        "mean_walk_minutes": 1.0,
    }
    deliver("queue_hours", [hour], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert found["visit.median_walk_minutes"]["reason"] == "only_means"


@pytest.fixture
def published(connection, make_city, deliver) -> pl.DataFrame:
    """Many visits, and a city file that would publish everything."""
    everything = {
        "kpis": ["*"],
        "by": ["city", "office", "office_service", "office_channel"],
        "grains": ["day", "week", "month", "quarter", "year"],
    }
    city = make_city(publish={"cells": [everything]})
    deliver("tickets", [visit(1, 5 + number % 7) for number in range(200)], until=NOW)
    return protect_figures(compute(connection, city, NOW).figures, city, NOW)


@pytest.mark.parametrize("kpi", ["median_desk_minutes", "p90_desk_minutes"])
def test_no_city_file_can_publish_how_fast_a_single_person_works(
    published, kpi
) -> None:
    """On one day, in one month of one service, it may be one person at one desk."""
    said = published.filter(pl.col("kpi") == f"visit.{kpi}")
    dimensions = said.select(
        pl.col("grain").cast(pl.String),
        has_service=pl.col("service").is_not_null(),
        has_channel=pl.col("channel").is_not_null(),
    )
    # The year is not over.
    assert set(dimensions.unique().rows()) == {
        ("month", False, False),
        ("quarter", False, False),
        ("quarter", True, False),
    }


def test_waits_and_walks_are_not_what_staff_do(published) -> None:
    for kpi in ("waiting.median_minutes", "visit.median_walk_minutes"):
        grains = set(published.filter(pl.col("kpi") == kpi)["grain"])
        assert {"day", "week", "month", "quarter"} <= grains
