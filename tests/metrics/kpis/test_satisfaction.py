"""What people answered, worked out by hand."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from metrics.compute import compute
from metrics.protect import protect_figures

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)


def day(
    number: int,
    counts: dict[int, int],
    asked: int | None,
    service: str | None = None,
    office: str = "meldeamt",
) -> list[dict[str, object]]:
    common = {"office": office, "service": service, "asked": asked}
    on = date(2026, 9, number)
    return [
        common | {"rated_on": on, "answer": answer, "count": count}
        for answer, count in counts.items()
    ]


def of_september(figures: pl.DataFrame, service: str | None = None):
    rows = figures.filter(
        pl.col("grain") == "month",
        pl.col("office") == "meldeamt",
        pl.col("service").eq_missing(pl.lit(service)),
        pl.col("period_start") == date(2026, 9, 1),
    )
    return {row["kpi"].removeprefix("satisfaction."): row for row in rows.to_dicts()}


# 20 of 60 asked, then 10 of whom nobody knows how many were asked.
TWO = [*day(7, {5: 9, 4: 5, 3: 3, 2: 2, 1: 1}, 60), *day(8, {5: 4, 1: 6}, None)]


def test_answers_are_added_up_and_four_and_five_are_good(
    connection, make_city, deliver
) -> None:
    deliver("ratings", TWO, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    counts = {
        "very_satisfied": 13,
        "satisfied": 5,
        "neither": 3,
        "dissatisfied": 2,
        "very_dissatisfied": 7,
        "answers": 30,
    }
    assert {kpi: found[kpi]["value"] for kpi in counts} == counts
    good = found["satisfied_share"]
    assert (good["value"], good["numerator"], good["n"]) == (60, 18, 30)
    # 95 % after Wilson of 18 in 30.
    assert good["lower"] == pytest.approx(42.32, abs=0.01)
    assert good["upper"] == pytest.approx(75.41, abs=0.01)


def test_the_response_rate_is_of_days_on_which_it_is_known_how_many_were_asked(
    connection, make_city, deliver
) -> None:
    deliver("ratings", TWO, until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    response = found["response_share"]
    # Every one of the five rows of the 7th says 60: they are not 300.
    assert (response["numerator"], response["n"]) == (20, 60)
    assert response["value"] == pytest.approx(100 / 3)


def test_more_answers_than_people_asked_say_nothing_of_the_response(
    connection, make_city, deliver
) -> None:
    deliver("ratings", [*day(7, {5: 9, 4: 5}, 12), *day(8, {5: 3}, 30)], until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    response = found["response_share"]
    assert (response["numerator"], response["n"]) == (3, 30)
    assert found["answers"]["value"] == 17


def test_without_any_number_of_people_asked_there_is_no_response_rate(
    connection, make_city, deliver
) -> None:
    deliver("ratings", day(8, {5: 4, 1: 6}, None), until=NOW)
    found = of_september(compute(connection, make_city(), NOW).figures)
    assert found["response_share"]["value"] is None
    assert found["response_share"]["reason"] == "not_recorded"
    assert found["satisfied_share"]["value"] == 40


def test_services_ask_people_of_their_own(connection, make_city, deliver) -> None:
    rows = [*day(7, {5: 5}, 10, "pass"), *day(7, {4: 5}, 40, "ausweis")]
    deliver("ratings", rows, until=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert of_september(figures)["response_share"]["value"] == 20  # 10 of 50
    assert of_september(figures, "pass")["response_share"]["value"] == 50


def test_each_answer_is_hidden_below_eight_and_rounded_by_itself(
    connection, make_city, deliver
) -> None:
    rows = day(7, {5: 63, 4: 38, 3: 12, 2: 7, 1: 0}, 400)
    deliver("ratings", rows, until=NOW)
    cells = [{"kpis": ["satisfaction.*"], "by": ["office"], "grains": ["month"]}]
    city = make_city(publish={"cells": cells})
    shown = protect_figures(compute(connection, city, NOW).figures, city, NOW)
    found = of_september(shown)
    assert {kpi: figure["value"] for kpi, figure in found.items()} == {
        "very_satisfied": 65,
        "satisfied": 40,
        "neither": 10,
        "dissatisfied": None,
        "very_dissatisfied": None,
        "answers": 120,
        "satisfied_share": 83,  # 101 and 120 become 100 and 120
        "response_share": 30,
    }
    assert found["very_dissatisfied"]["reason"] == "fewer_than_8"


def test_an_export_of_everything_reaches_its_last_day(
    connection, make_city, deliver
) -> None:
    """It has no moments, only days; September is over, so its figures are final."""
    rows = [*TWO, *day(2, {5: 9}, None), *day(30, {3: 9}, None)]
    in_october = [each | {"rated_on": date(2026, 10, 2)} for each in day(1, {4: 9}, 9)]
    deliver("ratings", rows + in_october, until=None, received_at=NOW)
    figures = compute(connection, make_city(), NOW).figures
    assert of_september(figures)["answers"]["value"] == 48
    months = figures.filter(
        pl.col("kpi") == "satisfaction.answers",
        pl.col("grain") == "month",
        pl.col("office") == "meldeamt",
        pl.col("service").is_null(),
    ).sort("period_start")
    assert months["value"].to_list() == [48, 9]
    assert months["state"].to_list() == ["final", "provisional"]
