"""Nothing small leaves: hand-worked cases, a plain checker, each rule switched off."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ingest.city import City
from metrics import protect as protect_module
from metrics import small_numbers
from metrics.catalogue import Kpi
from metrics.figures import FIGURES
from metrics.frames import AGEING, WAIT_BY_HOUR
from metrics.protect import (
    protect_ageing,
    protect_figures,
    protect_live,
    protect_wait_by_hour,
)
from metrics.small_offices import merged_offices, with_merged_offices

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KINDS = {
    "waiting.visits": ("count", "count"),
    "waiting.hours_waited": ("sum", "hours"),
    "waiting.mean_minutes": ("mean", "minutes"),
    "waiting.median_minutes": ("quantile", "minutes"),
    "waiting.p90_minutes": ("quantile", "minutes"),
    "waiting.no_show_share": ("share", "percent"),
    "backlog.open": ("count", "count"),
    "backlog.with_office": ("count", "count"),
    "backlog.with_applicant": ("count", "count"),
    "backlog.with_third_party": ("count", "count"),
    "backlog.clearance_percent": ("ratio", "percent"),
    "processing.expected_days": ("ratio", "days"),
    "queue.median_wait_minutes": ("quantile", "minutes"),
    "queue.hours_observed": ("count", "hours"),
}


def kpi(name: str) -> Kpi:
    kind, unit = KINDS[name]
    words = dict.fromkeys(("label", "definition", "population", "left_out"), "x")
    words["sentence"] = "{value}"
    family, short = name.split(".")
    return Kpi.model_validate(
        {
            "id": name,
            "family": family,
            "name": short,
            "unit": unit,
            "decimals": 0,
            "direction": "neither",
            "kind": kind,
            "counts": "opening_hours" if family == "queue" else "cases",
            "tables": ["tickets"],
            "formula": "x",
            "texts": {"de": words, "en": words},
        }
    )


CATALOGUE = {name: kpi(name) for name in KINDS}


def make_city(**publish: Any) -> City:
    text = {"de": "x", "en": "x"}
    cells = [
        {
            "kpis": ["*"],
            "by": ["city", "office"],
            "grains": ["day", "month", "quarter"],
        },
        {
            "kpis": ["*"],
            "by": ["office_service", "office_channel"],
            "grains": ["quarter"],
        },
        {
            "kpis": ["waiting.median_minutes"],
            "by": ["office"],
            "grains": ["hour_of_week"],
        },
    ]
    return City.model_validate(
        {
            "city": {
                "id": "testheim",
                "name": "Testheim",
                "ars": "059999999999",
                "state": "NW",
                "timezone": "Europe/Berlin",
                "contact": {"name": "x"},
                "publisher": "x",
                "licence": "x",
            },
            "office": [
                {"id": "amt", "name": text, "staff": 30},
                {"id": "standesamt", "name": text, "staff": 12},
                {"id": "aussenstelle", "name": text, "staff": 2, "parent": "amt"},
                {"id": "winzig", "name": text, "staff": 3},
            ],
            "service": [
                {
                    "id": "pass",
                    "leika": "1" * 14,
                    "name": text,
                    "office": "amt",
                },
                {
                    "id": "beratung",
                    "leika": "2" * 14,
                    "name": text,
                    "office": "amt",
                    "sensitive": True,
                },
            ],
            "publish": {"cells": cells, **publish},
        }
    )


CITY = make_city()


def row(name: str, **values: Any) -> dict[str, Any]:
    given_values = {
        "kpi": name,
        "office": "amt",
        "service": None,
        "channel": None,
        "grain": "month",
        "period_start": date(2026, 9, 1),
        "period_end": date(2026, 9, 30),
        "state": "final",
        "coverage": 1.0,
        **values,
    }
    place = "/".join(
        given_values[part] or "all" for part in ("office", "service", "channel")
    )
    period = given_values["period_start"]
    given_values["figure_id"] = f"{name}/{place}/{given_values['grain']}/{period}"
    return given_values


def figures(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=FIGURES)


def protected(*rows: dict[str, Any], city: City = CITY) -> list[dict[str, Any]]:
    return protect_figures(figures(*rows), city, NOW, CATALOGUE).to_dicts()


def only(*rows: dict[str, Any], city: City = CITY) -> SimpleNamespace:
    (found,) = protected(*rows, city=city)
    return SimpleNamespace(**found)


# Hand-worked cases ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("true", "base", "said"),
    [(8, 5, 10), (11, 5, 10), (12, 5, 10), (13, 5, 15), (128, 5, 130), (15, 10, 20)],
)
def test_a_count_of_eight_or_more_is_rounded_to_the_nearest_multiple(true, base, said):
    found = only(
        row("waiting.visits", value=float(true), n=true),
        city=make_city(rounding_base=base),
    )
    assert (found.state, found.value, found.n) == ("final", said, said)


@pytest.mark.parametrize("true", [0, 1, 7])
def test_a_count_below_eight_is_one_class_and_carries_nothing(true):
    found = only(row("waiting.visits", value=float(true), n=true))
    assert (found.state, found.reason) == ("hidden", "fewer_than_8")
    assert (found.value, found.n, found.numerator) == (None, None, None)


def test_each_cell_is_rounded_by_itself_so_parts_need_not_add_up():
    whole, part, other = protected(
        row("waiting.visits", office=None, value=24.0, n=24),
        row("waiting.visits", office="amt", value=12.0, n=12),
        row("waiting.visits", office="standesamt", value=12.0, n=12),
    )
    assert [whole["value"], part["value"], other["value"]] == [25, 10, 10]


@pytest.mark.parametrize(
    ("name", "n", "state", "reason"),
    [
        ("waiting.median_minutes", 7, "hidden", "fewer_than_8"),
        ("waiting.median_minutes", 8, "final", None),
        ("waiting.p90_minutes", 7, "hidden", "fewer_than_8"),
        ("waiting.p90_minutes", 19, "hidden", "too_few"),
        ("waiting.p90_minutes", 20, "final", None),
        ("waiting.mean_minutes", 7, "hidden", "fewer_than_8"),
        ("waiting.mean_minutes", 8, "final", None),
        ("waiting.mean_minutes", None, "hidden", "fewer_than_8"),
        ("processing.expected_days", 7, "hidden", "fewer_than_8"),
        ("processing.expected_days", 8, "final", None),
    ],
)
def test_times_need_enough_people(name, n, state, reason):
    found = only(row(name, value=14.4, n=n))
    assert (found.state, found.reason) == (state, reason)
    assert found.value == (14 if state == "final" else None)


def test_the_interval_of_a_median_is_left_out_where_its_ends_are_single_people():
    few = only(row("waiting.median_minutes", value=9.0, n=19, lower=1.0, upper=80.0))
    many = only(row("waiting.median_minutes", value=9.0, n=20, lower=4.4, upper=12.2))
    assert (few.value, few.lower, few.upper) == (9, None, None)
    assert (many.lower, many.upper) == (4, 13)


@pytest.mark.parametrize(
    ("numerator", "n", "said"),
    [
        (13, 52, ("final", 30, 15, 50, None)),  # 15 of 50, not 13 of 52 = 25 %
        (333, 1001, ("final", 34, 335, 1000, None)),
        (7, 60, ("final", 16, None, None, "below")),  # 8 of 50 = 16 %: it is less
        (0, 79, ("final", 10, None, None, "below")),
        (0, 1000, ("final", 5, None, None, "below")),
        (53, 60, ("final", 84, None, None, "above")),
        (1000, 1000, ("final", 95, None, None, "above")),
        (9, 3000, ("final", 5, None, None, "below")),  # 10 of 3000 rounds to 0 %
        (20, 49, ("hidden", None, None, None, "too_few")),
        (3, 7, ("hidden", None, None, None, "fewer_than_8")),
        (None, 100, ("hidden", None, None, None, "no_counts")),
    ],
)
def test_a_share_is_what_the_rounded_counts_say(numerator, n, said):
    found = only(row("waiting.no_show_share", value=1.23, n=n, numerator=numerator))
    assert (found.state, found.value, found.numerator, found.n, found.reason) == said


def test_a_few_do_not_follow_from_all_and_the_count_of_the_others():
    """Others 98 to 102, all 103 to 107, "fewer than eight": it was somebody."""
    others = only(row("waiting.visits", value=102.0, n=102))
    few = only(row("waiting.no_show_share", value=0.9, n=103, numerator=1))
    assert others.value == 100
    assert (few.reason, few.value, few.n) == ("below", 10, None)


@pytest.mark.parametrize("n", range(50, 400))
def test_what_fewer_than_eight_are_below_is_true_of_every_denominator(n):
    found = only(row("waiting.no_show_share", value=0, n=n, numerator=7))
    assert 100 * 7 / n < found.value


def test_the_interval_of_a_share_comes_from_the_rounded_counts_too():
    """Wilson's interval of 20 of 100, worked out by hand: 13.3 to 28.9 percent."""
    found = only(
        row("waiting.no_show_share", value=0, n=99, numerator=21, lower=1.0, upper=2.0)
    )
    assert (found.numerator, found.n) == (20, 100)
    assert (found.lower, found.upper) == (13, 29)


def test_clearance_is_a_percentage_of_rounded_counts_and_needs_fifty():
    found = only(row("backlog.clearance_percent", value=0, n=52, numerator=77))
    assert (found.value, found.n, found.numerator) == (150, 50, 75)
    few = only(row("backlog.clearance_percent", value=0, n=49, numerator=77))
    assert (few.state, few.reason) == ("hidden", "too_few")
    one_side = only(row("backlog.clearance_percent", value=0, n=90, numerator=7))
    assert (one_side.state, one_side.reason) == ("hidden", "fewer_than_8")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ((30, 7, 23), (30, "fewer_than_8", "tells_of_few")),  # of 60 open ones
        ((12, 0, 48), ("tells_of_few", "fewer_than_8", 50)),
        ((30, 5, 6), ("tells_of_few", "fewer_than_8", "fewer_than_8")),
        ((30, 8, 23), (30, 10, 25)),
    ],
)
def test_a_few_open_cases_do_not_follow_from_all_and_who_holds_the_others(held, said):
    names = (
        "backlog.with_office",
        "backlog.with_applicant",
        "backlog.with_third_party",
    )
    rows = [
        row(name, value=float(count), n=count)
        for name, count in zip(names, held, strict=True)
    ]
    # In another month nobody is few, and nothing is kept back.
    others = [fact | {"value": 40.0, "n": 40, "grain": "quarter"} for fact in rows]
    others = [fact | {"figure_id": f"{fact['figure_id']}-q"} for fact in others]
    found = protected(*rows, *others)
    month = {
        each["kpi"]: each["value"] or each["reason"]
        for each in found
        if each["grain"] == "month"
    }
    assert tuple(month[name] for name in names) == said
    assert {each["value"] for each in found if each["grain"] == "quarter"} == {40}


def test_sums_are_rounded_like_counts_and_small_ones_are_said_as_below():
    found = only(row("waiting.hours_waited", value=42.7, n=90))
    assert (found.value, found.n) == (45, 90)
    little = only(row("waiting.hours_waited", value=1.9, n=21))
    assert (little.state, little.value, little.reason) == ("final", 5, "below")
    few = only(row("waiting.hours_waited", value=1.9, n=7))
    assert (few.state, few.value) == ("hidden", None)


def test_hours_looked_at_are_no_people_and_stay_as_they_are():
    found = only(row("queue.median_wait_minutes", value=12.6, n=33))
    assert (found.value, found.n) == (13, 33)
    few = only(row("queue.median_wait_minutes", value=12.6, n=7))
    assert (few.state, few.reason, few.n) == ("hidden", "too_few", None)
    assert only(row("queue.hours_observed", value=3.0, n=3)).value == 3


def test_only_periods_that_are_over_leave():
    """Local days count: at 23:30 UTC on 30 September it is October in Berlin."""
    september = figures(row("waiting.visits", value=100.0, n=100))
    late = datetime(2026, 9, 30, 23, 30, tzinfo=UTC)
    early = datetime(2026, 9, 30, 21, 30, tzinfo=UTC)
    assert protect_figures(september, CITY, late, CATALOGUE).height == 1
    assert protect_figures(september, CITY, early, CATALOGUE).height == 0


@pytest.mark.parametrize(
    "outside",
    [
        {"grain": "week"},
        {"service": "pass", "grain": "month"},
        {"channel": "walk_in", "grain": "day"},
        {"service": "pass", "channel": "walk_in", "grain": "quarter"},
        {"office": None, "channel": "walk_in", "grain": "quarter"},
    ],
)
def test_what_the_lattice_does_not_list_is_left_out(outside):
    assert protected(row("waiting.visits", value=100.0, n=100, **outside)) == []


@pytest.mark.parametrize("empty", ["kpis", "by", "grains"])
def test_a_cell_of_the_lattice_that_names_nothing_publishes_nothing(empty):
    cell = {"kpis": ["*"], "by": ["office"], "grains": ["month"]}
    visits = row("waiting.visits", value=100.0, n=100)
    assert len(protected(visits, city=make_city(cells=[cell]))) == 1
    assert protected(visits, city=make_city(cells=[cell | {empty: []}])) == []


def test_a_kpi_that_does_not_exist_is_left_out():
    assert protected(row("waiting.secret", value=100.0, n=100)) == []


def test_sensitive_services_appear_per_quarter_and_without_the_office_only():
    quarter = {"service": "beratung", "grain": "quarter", "value": 100.0, "n": 100}
    assert protected(row("waiting.visits", **quarter)) == []
    assert only(row("waiting.visits", **quarter | {"office": None})).value == 100
    month = quarter | {"office": None, "grain": "month"}
    everywhere = make_city(
        cells=[{"kpis": ["*"], "by": ["office_service"], "grains": ["month"]}]
    )
    assert protected(row("waiting.visits", **month), city=everywhere) == []


def test_an_office_that_has_only_sensitive_services_is_as_sensitive_as_they_are():
    moved = [
        service.model_copy(update={"office": "standesamt"})
        if service.sensitive
        else service
        for service in CITY.services
    ]
    city = CITY.model_copy(update={"services": tuple(moved)})
    month = row("waiting.visits", office="standesamt", value=100.0, n=100)
    assert protected(month, city=CITY) != []
    assert protected(month, city=city) == []
    assert live(look(office="standesamt"), city=CITY) != []
    assert live(look(office="standesamt"), city=city) == []


def test_a_small_office_is_counted_with_its_parent_or_hidden():
    assert merged_offices(CITY) == {"aussenstelle": "amt", "winzig": None}
    rows = pl.DataFrame({"office": ["aussenstelle", "amt", "winzig"]})
    merged = with_merged_offices(rows, CITY)["office"].to_list()
    assert merged == ["amt", "amt", "winzig"]
    found = only(row("waiting.visits", office="winzig", value=100.0, n=100))
    assert (found.state, found.reason, found.value) == ("hidden", "small_staff", None)


def test_what_was_no_data_stays_so_and_carries_nothing():
    found = only(
        row("waiting.visits", state="no_data", reason="closed", value=9.0, n=9)
    )
    assert (found.state, found.reason, found.value) == ("no_data", "closed", None)
    broken = only(row("waiting.mean_minutes", value=math.nan, n=90, coverage=None))
    assert (broken.state, broken.value, broken.n) == ("no_data", None, None)


@pytest.mark.parametrize(
    ("name", "reason", "coverage", "said"),
    [
        # The office has data: that the group has no rows says that nobody came.
        ("waiting.visits", "no_rows", 0.9, None),
        ("waiting.median_minutes", "no_decisions", 1.0, None),
        ("backlog.clearance_percent", "no_receipts", 1.0, None),
        ("waiting.visits", "no_rows", 0.0, ("no_data", "no_rows")),
        ("waiting.visits", "closed", None, ("no_data", "closed")),
        ("queue.median_wait_minutes", "no_rows", 0.9, ("no_data", "no_rows")),
    ],
)
def test_none_looks_like_a_few(name, reason, coverage, said):
    few = only(row("waiting.visits", value=3.0, n=3, coverage=0.9))
    assert (few.state, few.reason, few.coverage) == ("hidden", "fewer_than_8", None)
    none = row(name, state="no_data", reason=reason, coverage=coverage, value=None)
    found = only(none | {"n": None, "numerator": None})
    assert (found.state, found.reason) == (said or (few.state, few.reason))


def test_when_to_go_hides_hours_with_few_visitors():
    base = {
        "office": "amt",
        "weekday": 1,
        "window_start": date(2026, 9, 28),
        "window_end": date(2026, 11, 15),
        "median_minutes": 12.4,
        "p90_minutes": 33.5,
        "state": "final",
        "basis": "tickets",
    }
    nobody = base | {"state": "no_data", "reason": "no_rows", "n": None}
    hours = pl.DataFrame(
        [
            base | {"hour": 8, "n": 7},
            base | {"hour": 9, "n": 12},
            base | {"hour": 10, "n": 23},
            base | {"hour": 11, "n": 8, "basis": "queue"},
            base | {"hour": 12, "n": 2, "basis": "queue"},
            base | {"hour": 13, "n": 50, "window_end": date(2026, 11, 22)},
            base | {"hour": 14, "n": 50, "office": "winzig"},
            nobody | {"hour": 15},
            nobody | {"hour": 16, "basis": "queue"},
        ],
        schema=WAIT_BY_HOUR,
    )
    found = protect_wait_by_hour(hours, CITY, NOW).select(
        "hour", "state", "reason", "n", "median_minutes", "p90_minutes"
    )
    assert found.rows() == [
        (8, "hidden", "fewer_than_8", None, None, None),
        (9, "final", None, 10, 12, None),
        (10, "final", None, 25, 12, 34),
        (11, "final", None, 8, 12, None),
        (12, "hidden", "too_few", None, None, None),
        (15, "hidden", "fewer_than_8", None, None, None),
        (16, "no_data", "no_rows", None, None, None),
        (14, "hidden", "small_staff", None, None, None),
    ]
    without = make_city(cells=[{"kpis": ["*"], "by": ["office"], "grains": ["day"]}])
    assert protect_wait_by_hour(hours, without, NOW).is_empty()


def test_each_band_of_age_is_a_count_of_its_own():
    base = {"office": "amt", "at": date(2026, 9, 30), "state": "final"}
    ageing = pl.DataFrame(
        [
            base | {"band_from_days": 0, "band_to_days": 30, "count": 104},
            base | {"band_from_days": 31, "band_to_days": 90, "count": 7},
            base | {"band_from_days": 91, "count": 8},
            base | {"band_from_days": 0, "count": 88, "at": date(2026, 11, 30)},
            base | {"band_from_days": 0, "count": 88, "service": "beratung"},
            base | {"band_from_days": 0, "count": 88, "office": "winzig"},
        ],
        schema=AGEING,
    )
    by_month = make_city(
        cells=[
            {
                "kpis": ["backlog.*"],
                "by": ["office", "office_service"],
                "grains": ["month"],
            }
        ]
    )
    found = protect_ageing(ageing, by_month, NOW)
    assert found.select("office", "band_from_days", "count", "reason").rows() == [
        ("amt", 0, 105, None),
        ("amt", 31, None, "fewer_than_8"),
        ("amt", 91, 10, None),
        ("winzig", 0, None, "small_staff"),
    ]


# Live queues ----------------------------------------------------------------------


def look(minutes_ago: float = 1, **values: Any) -> dict[str, Any]:
    return {
        "office": "amt",
        "service": None,
        "queue": None,
        "observed_at": NOW - timedelta(minutes=minutes_ago),
        "source_time_at": None,
        "waiting": 13,
        "wait_minutes": 17.0,
        "wait_minutes_at_least": None,
        "state": "open",
        **values,
    }


SAMPLES = {
    "office": pl.String,
    "service": pl.String,
    "queue": pl.String,
    "observed_at": pl.Datetime("us", "UTC"),
    "source_time_at": pl.Datetime("us", "UTC"),
    "waiting": pl.Int32,
    "wait_minutes": pl.Float64,
    "wait_minutes_at_least": pl.Float64,
    "state": pl.String,
}


def live(*looks: dict[str, Any], city: City = CITY) -> list[dict[str, Any]]:
    frame = pl.DataFrame(list(looks), schema=SAMPLES)
    return protect_live(frame, city, NOW)["queues"]


def test_a_live_queue_says_rounded_minutes_and_people():
    (queue,) = live(look(5, waiting=99), look(1))
    assert queue == {
        "office": "amt",
        "state": "open",
        "observed_at": "2026-11-22T07:59:00Z",
        "source_time_at": None,
        "wait_minutes": 15,
        "wait_minutes_at_least": None,
        "waiting": 15,
        "waiting_fewer_than": None,
        "is_stale": False,
        "rest_of_day": [],
    }


@pytest.mark.parametrize("waiting", [0, 1, 4])
def test_few_people_in_a_live_queue_are_fewer_than_five(waiting):
    (queue,) = live(look(waiting=waiting))
    assert (queue["waiting"], queue["waiting_fewer_than"]) == (None, 5)


def test_the_city_file_can_make_live_queues_coarser():
    coarse = make_city(rounding_base=10, live_wait_base_minutes=15)
    (queue,) = live(look(waiting=16, wait_minutes=23.0), city=coarse)
    assert (queue["waiting"], queue["wait_minutes"]) == (20, 30)
    (queue,) = live(look(waiting=9), city=coarse)
    assert (queue["waiting"], queue["waiting_fewer_than"]) == (None, 10)


@pytest.mark.parametrize("state", ["closed", "sold_out", "unknown"])
def test_a_queue_that_is_not_open_has_no_wait(state):
    (queue,) = live(look(state=state, waiting=0, wait_minutes=0.0))
    assert queue["state"] == state
    assert queue["wait_minutes"] is None
    assert queue["waiting"] is None
    assert queue["waiting_fewer_than"] is None


def test_a_censored_wait_stays_at_least():
    (queue,) = live(look(wait_minutes=None, wait_minutes_at_least=64.0))
    assert (queue["wait_minutes"], queue["wait_minutes_at_least"]) == (None, 60)


def test_an_old_look_is_marked_and_a_very_old_one_says_nothing():
    (queue,) = live(look(16))
    assert (queue["is_stale"], queue["wait_minutes"]) == (True, 15)
    (queue,) = live(look(1, source_time_at=NOW - timedelta(minutes=16)))
    assert queue["is_stale"] is True
    (queue,) = live(look(60 * 13))
    assert (queue["state"], queue["wait_minutes"]) == ("unknown", None)


def test_a_closed_queue_that_is_still_looked_at_is_closed_and_not_stale():
    friday = NOW - timedelta(hours=40)
    (queue,) = live(look(1, state="closed", source_time_at=friday))
    assert (queue["state"], queue["is_stale"]) == ("closed", False)


def test_the_queues_of_an_office_are_told_as_one_with_the_longest_wait():
    (queue,) = live(
        look(service="pass", waiting=4, wait_minutes=3.0),
        look(service="ausweis", waiting=9, wait_minutes=41.0),
        look(service="zu", waiting=50, wait_minutes=90.0, state="closed"),
        look(600, service="weg", waiting=50, wait_minutes=90.0),
    )
    assert (queue["state"], queue["waiting"], queue["wait_minutes"]) == ("open", 15, 40)


def test_queues_that_have_only_a_name_are_told_as_one_too():
    (queue,) = live(
        look(20, queue="Kasse", waiting=80, wait_minutes=60.0),
        look(2, queue="Kasse", waiting=4, wait_minutes=3.0),
        look(2, queue="Urkunden", waiting=9, wait_minutes=41.0),
        look(2, queue="Fundbüro", waiting=7, wait_minutes=None),
    )
    assert (queue["waiting"], queue["wait_minutes"]) == (20, 40)


def test_the_queues_of_a_merged_office_are_added_to_its_parents():
    (queue,) = live(look(1, waiting=12), look(2, office="aussenstelle", waiting=13))
    assert queue["waiting"] == 25


def test_a_queue_without_a_count_makes_the_sum_unknown():
    (queue,) = live(look(service="pass", waiting=40), look(service="x", waiting=None))
    assert (queue["waiting"], queue["waiting_fewer_than"]) == (None, None)


def test_sensitive_services_small_and_unknown_offices_are_never_live():
    queues = live(
        look(service="beratung"),
        look(office="winzig"),
        look(office="elsewhere"),
        look(-5),
    )
    assert queues == []
    (queue,) = live(look(office="aussenstelle"))
    assert queue["office"] == "amt"


# Whatever goes in, nothing small comes out ----------------------------------------


def violations(said: pl.DataFrame, true: pl.DataFrame, city: City) -> Iterator[str]:
    """Read the rules a second time, plainly, row by row."""
    truths = {fact["figure_id"]: fact for fact in true.to_dicts()}
    for found in said.to_dicts():
        fact, name = truths[found["figure_id"]], found["figure_id"]
        if found["state"] in ("hidden", "no_data"):
            if any(
                found[part] is not None
                for part in ("value", "n", "numerator", "lower", "upper")
            ):
                yield f"{name}: hidden, but carries something"
            continue
        if found["value"] is None or found["value"] != int(found["value"]):
            yield f"{name}: {found['value']} is no whole number"
            continue
        yield from _of_place(found, city)
        if not found["kpi"].startswith("queue."):
            yield from _of_people(found, fact, city.publish.rounding_base)


def _of_place(found: dict[str, Any], city: City) -> Iterator[str]:
    if found["period_end"] >= date(2026, 11, 22):
        yield "a period that is not over"
    fine = found["service"] or found["channel"]
    if fine and (
        found["grain"] != "quarter" or (found["service"] and found["channel"])
    ):
        yield "outside the lattice"
    if found["grain"] in ("week", "year", "hour_of_week"):
        yield "outside the lattice"
    if found["service"] == "beratung" and found["office"]:
        yield "a sensitive service in an office"
    if found["office"] == "winzig":
        yield "a small office"


def _fewest(name: str) -> int:
    kind, unit = KINDS[name]
    if name == "waiting.p90_minutes":
        return 20
    return 50 if kind == "share" or (kind, unit) == ("ratio", "percent") else 8


def _of_people(found: dict[str, Any], fact: dict[str, Any], base: int) -> Iterator[str]:
    kind, _ = KINDS[found["kpi"]]
    if fact["n"] is None or fact["n"] < _fewest(found["kpi"]):
        yield f"{kind} over {fact['n']}"
    for part in ("n", "numerator"):
        if found[part] is not None and (found[part] % base or found[part] == 0):
            yield f"{part} {found[part]} is not rounded"
    if found["numerator"] is not None and fact["numerator"] < 8:
        yield "a numerator below eight"
    yield from _of_kind(kind, found, fact, base)


def _of_kind(
    kind: str, found: dict[str, Any], fact: dict[str, Any], base: int
) -> Iterator[str]:
    if kind in ("count", "sum") and found["value"] % base:
        yield f"{found['value']} is no multiple of {base}"
    if kind == "count" and fact["value"] < 8:
        yield f"a count of {fact['value']}"
    if kind == "share":
        yield from _of_share(found, fact)
    if kind == "quantile" and fact["n"] < 20 and found["lower"] is not None:
        yield "an interval that shows single people"


def _of_share(found: dict[str, Any], fact: dict[str, Any]) -> Iterator[str]:
    true = 100 * fact["numerator"] / fact["n"]
    small = min(fact["numerator"], fact["n"] - fact["numerator"]) < 8
    if small and found["reason"] not in ("below", "above"):
        yield "a side below eight, told exactly"
    if found["reason"] == "below" and not true < found["value"]:
        yield f"{true} % is not below {found['value']} %"
    if found["reason"] == "above" and not true > found["value"]:
        yield f"{true} % is not above {found['value']} %"
    if found["reason"] is None:
        if abs(found["value"] - 100 * found["numerator"] / found["n"]) > 0.5 + 1e-9:
            yield "a share that its rounded parts do not say"
        if not 0 < found["value"] < 100:
            yield "0 or 100 percent"


@st.composite
def anything(draw) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(KINDS)))
    n = draw(st.one_of(st.integers(0, 70), st.integers(0, 5000)))
    kind = KINDS[name][0]
    numerator = None
    value = draw(st.one_of(st.floats(0, 500), st.just(math.nan)))
    if kind in ("share", "ratio"):
        numerator = draw(st.one_of(st.integers(0, n), st.integers(0, min(n, 12))))
    if kind == "count" and not name.startswith("queue."):
        value = float(n)
    start = draw(
        st.sampled_from([date(2026, 7, 1), date(2026, 9, 1), date(2026, 10, 1)])
    )
    return row(
        name,
        office=draw(st.sampled_from([None, "amt", "standesamt", "winzig"])),
        service=draw(st.sampled_from([None, None, "pass", "beratung"])),
        channel=draw(st.sampled_from([None, None, "walk_in"])),
        grain=draw(st.sampled_from(["day", "week", "month", "quarter", "year"])),
        period_start=start,
        period_end=start + timedelta(days=draw(st.sampled_from([0, 30, 91]))),
        value=value,
        n=n,
        numerator=numerator,
        lower=draw(st.sampled_from([None, 1.5])),
        upper=draw(st.sampled_from([None, 92.5])),
        state=draw(st.sampled_from(["final", "provisional", "no_data", "hidden"])),
    )


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return figures(*{fact["figure_id"]: fact for fact in rows}.values())


EXAMPLES = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@EXAMPLES
@given(st.lists(anything(), max_size=40), st.sampled_from([5, 10]), st.randoms())
def test_nothing_small_leaves_and_the_order_does_not_matter(rows, base, random):
    city = make_city(rounding_base=base)
    true = frame_of(rows)
    said = protect_figures(true, city, NOW, CATALOGUE)
    assert list(violations(said, true, city)) == []
    assert said.schema == FIGURES
    shuffled = true.to_dicts()
    random.shuffle(shuffled)
    again = protect_figures(frame_of(shuffled), city, NOW, CATALOGUE)
    assert_frame_equal(said, again)


@EXAMPLES
@given(st.lists(anything(), max_size=40), st.sampled_from([5, 10]))
def test_protecting_twice_changes_nothing_more(rows, base):
    city = make_city(rounding_base=base)
    once = protect_figures(frame_of(rows), city, NOW, CATALOGUE)
    assert_frame_equal(once, protect_figures(once, city, NOW, CATALOGUE))


# The checker notices when a rule is off -------------------------------------------


EVERYTHING = [
    row(
        name,
        office=office,
        service=service,
        grain=grain,
        period_start=date(2026, 7, 1),
        period_end=end,
        value=float(n),
        n=n,
        numerator=n // 3 if "share" in name or "percent" in name else None,
        lower=1.0,
        upper=2.0,
    )
    for name in KINDS
    for office in (None, "amt", "winzig")
    for service in (None, "beratung")
    for n, end, grain in [
        (3, date(2026, 7, 2), "day"),
        (12, date(2026, 9, 29), "quarter"),
        (18, date(2026, 9, 30), "quarter"),
        (22, date(2026, 7, 31), "month"),
        (41, date(2026, 8, 31), "month"),
        (57, date(2026, 12, 31), "quarter"),
        (133, date(2026, 7, 7), "week"),
    ]
]


def _unrounded(name: str, _base: int) -> pl.Expr:
    return pl.col(name)


def _let_all_pass(*_: object) -> pl.Expr:
    return pl.lit(value=True)


MUTATIONS = [
    (small_numbers, "FEWEST", 0),
    (small_numbers, "FEWEST_FOR_PERCENTILE", 0),
    (small_numbers, "FEWEST_FOR_SHARE", 0),
    (small_numbers, "FEWEST_FOR_INTERVAL_OF_MEDIAN", 0),
    (small_numbers, "nearest", _unrounded),
    (small_numbers, "whole", lambda name: pl.col(name) + 0.3),
    (small_numbers, "hide", lambda rows, *_: rows),
    (protect_module, "in_lattice", _let_all_pass),
    (protect_module, "_not_too_sensitive", _let_all_pass),
    (protect_module, "_today", lambda *_: date(2030, 1, 1)),
    (protect_module, "hidden_offices", lambda _: frozenset()),
    (protect_module, "_CONTENT", ()),
]


def everything_found() -> list[str]:
    true = frame_of([fact | {"figure_id": f"{i}"} for i, fact in enumerate(EVERYTHING)])
    said = protect_figures(true, CITY, NOW, CATALOGUE)
    return list(violations(said, true, CITY))


def test_with_every_rule_on_the_checker_finds_nothing():
    assert everything_found() == []


@pytest.mark.parametrize(
    ("module", "rule", "off"), MUTATIONS, ids=[rule for _, rule, _ in MUTATIONS]
)
def test_with_any_rule_off_the_checker_finds_it(monkeypatch, module, rule, off):
    monkeypatch.setattr(module, rule, off)
    assert everything_found() != []
