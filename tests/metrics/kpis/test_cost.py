"""What a transaction costs, worked out by hand, and once more on the plain way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from metrics.calendar import Calendar
from metrics.compute import compute
from metrics.explain import Explainer, explain
from metrics.protect import protect_figures

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
LATE = datetime(2026, 1, 1, tzinfo=BERLIN)  # the end of what is delivered
TEXT = {"de": "x", "en": "x"}
CELLS = [{"kpis": ["cost.*"], "by": ["office", "office_service"], "grains": ["year"]}]


def cost(amount: float, **fields: Any) -> dict[str, Any]:
    common = {"year": 2025, "per": "visits", "includes": TEXT, "decided_by": TEXT}
    return common | {"amount_eur": amount} | fields


def opening_days(city, office: str = "meldeamt") -> Iterator[date]:
    calendar, day = Calendar(city), date(2025, 1, 1)
    while day.year == 2025:
        if calendar.is_open(office, day):
            yield day
        day += timedelta(days=1)


def visit(day: date, outcome: str = "served", **fields: Any) -> dict[str, Any]:
    came = datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)
    times = {"arrived_at": came, "called_at": came if outcome == "served" else None}
    return {"office": "meldeamt", "outcome": outcome, **times, **fields}


def case(number: int, day: date, **fields: Any) -> dict[str, Any]:
    received = datetime(day.year, day.month, day.day, 9, tzinfo=BERLIN)
    decided = received + timedelta(hours=2)
    return {
        "office": "bauamt",
        "service": "bauantrag",
        "received_at": received,
        "decided_at": decided,
        "outcome": "granted",
        "case_key": f"case{number}",
    } | fields


def figures_of(connection, city) -> dict[str, dict[str, Any]]:
    """Compute the cost figures; each must come to the same when counted again."""
    explainer = Explainer(connection, city, NOW)
    ids = [name for name in explainer.figure_ids if name.startswith("cost.")]
    for name in ids:
        told = explainer.explain(name)
        assert told.agrees, told
        # By itself, and so with no more rows than it needs, it comes to the same.
        assert explain(connection, city, name, NOW) == told
    costs = compute(connection, city, NOW).figures
    return {
        row["figure_id"]: row for row in costs.iter_rows(named=True)
        if row["kpi"].startswith("cost.")
    }  # fmt: skip


OFFICE = "cost.per_visit/meldeamt/all/all/year/2025"


def test_a_year_is_divided_by_the_visits_that_were_served(
    connection, make_city, deliver
) -> None:
    city = make_city(cost=[cost(100_000, office="meldeamt")])
    days = list(opening_days(city))
    visits = [visit(day) for day in days] + [visit(days[0]) for _ in range(750)]
    visits += [visit(days[1], "left"), visit(days[2], "no_show", appointment_at=NOW)]
    deliver("tickets", visits, until=LATE)
    found = figures_of(connection, city)
    assert list(found) == [OFFICE]
    figure = found[OFFICE]
    assert (figure["state"], figure["n"]) == ("final", len(days) + 750)
    assert figure["value"] == pytest.approx(100_000 / (len(days) + 750))


def test_a_year_with_an_opening_day_without_data_has_no_cost(
    connection, make_city, deliver
) -> None:
    city = make_city(cost=[cost(100_000, office="meldeamt")])
    days = [day for day in opening_days(city) if day != date(2025, 7, 8)]
    deliver("tickets", [visit(day) for day in days], until=LATE)
    figure = figures_of(connection, city)[OFFICE]
    assert (figure["value"], figure["state"]) == (None, "no_data")
    assert figure["reason"] == "year_not_whole"


def test_a_year_that_is_not_delivered_to_its_end_has_no_cost(
    connection, make_city, deliver
) -> None:
    city = make_city(cost=[cost(100_000, office="meldeamt")])
    early = datetime(2025, 12, 31, 12, tzinfo=BERLIN)
    deliver("tickets", [visit(day) for day in opening_days(city)], until=early)
    assert figures_of(connection, city)[OFFICE]["reason"] == "year_not_whole"


def test_a_service_has_a_cost_of_its_own_and_makes_none_for_its_office(
    connection, make_city, deliver
) -> None:
    city = make_city(
        cost=[
            cost(9_000, service="pass"),
            cost(50_000, service="bauantrag", per="cases"),
        ]
    )
    days = list(opening_days(city))
    visits = [visit(day) for day in days]
    visits += [visit(day, service="pass") for day in days[:90]]
    deliver("tickets", visits, until=LATE)
    cases = [case(n, day) for n, day in enumerate(days[:100])]
    cases += [case(200, days[5], outcome="withdrawn"), case(201, days[-1])]
    deliver("cases", cases, until=LATE, source="antraege")
    found = figures_of(connection, city)
    assert {name: row["value"] for name, row in found.items()} == {
        "cost.per_visit/meldeamt/pass/all/year/2025": 100,
        # The withdrawn one was not decided: 101 cases.
        "cost.per_case/bauamt/bauantrag/all/year/2025": pytest.approx(50_000 / 101),
    }


def test_without_stated_costs_there_is_no_figure(
    connection, make_city, deliver
) -> None:
    city = make_city()
    deliver("tickets", [visit(day) for day in opening_days(city)], until=LATE)
    assert figures_of(connection, city) == {}


def test_the_exact_number_of_visits_does_not_follow_from_the_price(
    connection, make_city, deliver
) -> None:
    plan = [cost(61_000, service="pass"), cost(490_000, service="ausweis")]
    city = make_city(cost=plan, publish={"cells": CELLS})
    days = list(opening_days(city))
    visits = [visit(day, service="pass") for day in days[:61]]
    visits += [visit(day, service="ausweis") for day in days[:49]]
    visits += [visit(day) for day in days]
    deliver("tickets", visits, until=LATE)
    figures = compute(connection, city, NOW).figures
    shown = protect_figures(figures, city, NOW)
    by_service = {row["service"]: row for row in shown.iter_rows(named=True)}
    # 61 visits are told as 60, and 61 000 / 60 = 1 016.67: not 1 000.
    assert (by_service["pass"]["value"], by_service["pass"]["n"]) == (1017, 60)
    assert (by_service["ausweis"]["value"], by_service["ausweis"]["reason"]) == (
        None,
        "too_few",
    )
    again = protect_figures(shown, city, NOW).filter(pl.col("service") == "pass")
    assert again["value"].to_list() == [1017]
