"""What is told about each source."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from ingest.archive import rebuild
from ingest.delivery import run_source
from ingest.opening import is_any_open, last_open
from ingest.status import source_status
from ingest.warehouse import open_warehouse

LIVE = {
    "id": "live",
    "adapter": "queue_feed",
    "publisher": "Stadt",
    "licence": "dl-de/zero-2.0",
    "every": "5min",
    "max_age": "15min",
    "private_host": True,
    "mapping": {
        "queues": "queues",
        "office": {"column": "name"},
        "wait_minutes": {"column": "minutes"},
        "state": {"value": "open"},
    },
}
QUEUES = '{"queues": [{"name": "meldeamt", "minutes": 15}]}'


@pytest.fixture
def run(folder, warehouse):
    def run(city, source_id, at):
        source = city.source(source_id)
        return run_source(warehouse, city, source, data_dir=folder, now=at)

    return run


def test_a_source_that_never_ran_is_late_and_says_nothing(
    make_city, visits, warehouse, now
):
    (status,) = source_status(warehouse, make_city(visits()), now)
    assert (status.id, status.table, status.adapter) == (
        "visits",
        "tickets",
        "table_file",
    )
    assert status.last_run_at is None
    assert status.last_outcome is None
    assert status.data_until is None
    assert (status.deliveries, status.rows_loaded, status.refused_by_rule) == (0, 0, {})
    assert status.is_late


def test_rows_are_counted_of_what_counts_and_refused_ones_by_rule(
    make_city, visits, put, day_csv, warehouse, run, now
):
    city = make_city(visits(checks={"max_refused_share": 0.5}))
    wrong = "meldeamt;26.10.2026 10:00;26.10.2026 09:00;26.10.2026 11:00;X{}"
    twice = "meldeamt;26.10.2026 08:00;26.10.2026 08:10;26.10.2026 08:15;A000"
    put("a.csv", day_csv("26.10.2026", extra=[wrong.format(n) for n in range(5)]))
    run(city, "visits", now)
    put("b.csv", day_csv("26.10.2026", extra=[wrong.format(1), twice, twice]))
    put("c.csv", day_csv("27.10.2026"))
    run(city, "visits", now + timedelta(hours=1))
    (status,) = source_status(warehouse, city, now + timedelta(hours=2))
    assert (status.deliveries, status.rows_loaded, status.rows_quarantined) == (
        2,
        24,
        3,
    )
    assert status.refused_by_rule == {"duplicate": 2, "called_before_arrived": 1}
    assert status.last_run_at == now + timedelta(hours=1)
    assert status.last_loaded_at == now + timedelta(hours=1, microseconds=1)
    assert status.data_until == datetime(2026, 10, 27, 8, 10, tzinfo=UTC)
    assert (status.last_outcome, status.last_error) == ("loaded", None)


def test_the_worst_of_several_files_is_told(
    make_city, visits, put, day_csv, warehouse, run, now
):
    city = make_city(visits())
    put("a.csv", day_csv("26.10.2026"))
    put("b.csv", "etwas;anderes\n1;2\n")
    run(city, "visits", now)
    (status,) = source_status(warehouse, city, now)
    assert status.last_outcome == "refused"
    assert "b.csv" in status.last_error


MONTHS = {
    "id": "months",
    "adapter": "table_file",
    "publisher": "Stadt",
    "licence": "dl-de/zero-2.0",
    "folder": "in",
    "every": "1h",
    "max_age": "45d",
    "mapping": {
        "table": "case_counts",
        "columns": {
            "office": {"column": "Amt"},
            "period_from": {"column": "Von", "format": "%d.%m.%Y"},
            "period_to": {"column": "Bis", "format": "%d.%m.%Y"},
            "received": {"column": "Eingang"},
        },
    },
}


def test_sums_of_a_month_tell_up_to_the_end_of_its_last_day(
    make_city, put, warehouse, run, now
):
    """In Berlin October ends at 23:00 UTC on the 31st, after the clocks went back."""
    put("a.csv", "Amt;Von;Bis;Eingang\nmeldeamt;01.10.2026;01.11.2026;70\n")
    city = make_city(MONTHS)
    run(city, "months", now)
    (status,) = source_status(warehouse, city, now)
    assert status.is_by_day
    assert status.data_until == datetime(2026, 10, 31, 22, 59, 59, 999999, tzinfo=UTC)


PLANNED = {
    "id": "planned",
    "adapter": "table_file",
    "publisher": "Stadt",
    "licence": "dl-de/by-2-0",
    "folder": "in",
    "every": "1h",
    "max_age": "2d",
    "mapping": {
        "table": "slots",
        "columns": {
            "office": {"column": "Amt"},
            "slots_on": {"column": "Tag", "format": "%d.%m.%Y"},
            "planned_minutes": {"column": "Geplant"},
        },
    },
}


def test_planned_days_that_lie_ahead_make_no_source_fresher(
    make_city, put, warehouse, run, now
):
    """Data reach to the delivery; from then on their age counts, not from the plan."""
    ahead = (now + timedelta(days=20)).strftime("%d.%m.%Y")
    put("a.csv", f"Amt;Tag;Geplant\nmeldeamt;{ahead};400\n")
    city = make_city(PLANNED)
    run(city, "planned", now)
    (status,) = source_status(warehouse, city, now)
    assert status.rows_loaded == 1
    assert status.data_until == now
    assert source_status(warehouse, city, now + timedelta(days=3))[0].is_late


def test_data_that_are_older_than_promised_are_late(
    make_city, visits, put, day_csv, warehouse, run, now
):
    city = make_city(visits(max_age="2d"))
    put("a.csv", day_csv("31.10.2026"))
    run(city, "visits", now)
    until = source_status(warehouse, city, now)[0].data_until
    promised = until + timedelta(days=2)
    late = timedelta(seconds=1)
    assert not source_status(warehouse, city, promised)[0].is_late
    assert source_status(warehouse, city, promised + late)[0].is_late


def test_a_live_queue_is_not_late_while_the_offices_are_closed(
    make_city, web, warehouse, run
):
    hours = [{"opens": "08:00", "closes": "16:00"}]
    office = {"id": "meldeamt", "name": {"de": "x", "en": "y"}, "hours": {"mon": hours}}
    city = make_city({**LIVE, "url": web.says("/q", QUEUES)}, office=[office])
    closing = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)  # Monday, 16:00 in Berlin
    run(city, "live", closing - timedelta(minutes=10))
    night, week = closing + timedelta(hours=9), closing + timedelta(days=6)
    assert not source_status(warehouse, city, night)[0].is_late
    assert not source_status(warehouse, city, week)[0].is_late
    next_monday = datetime(2026, 11, 9, 7, 20, tzinfo=UTC)  # 08:20: twenty minutes
    assert source_status(warehouse, city, next_monday)[0].is_late


def test_offices_are_open_by_their_own_clock(make_city, visits):
    city = make_city(visits())
    margin = timedelta(minutes=30)

    def is_open(*moment):
        return is_any_open(city, datetime(*moment, tzinfo=UTC), margin)

    assert is_open(2026, 11, 2, 6, 30)  # 07:30 in winter
    assert not is_open(2026, 11, 2, 6, 29)
    assert is_open(2026, 7, 6, 5, 30)  # 07:30 in summer
    assert not is_open(2026, 7, 6, 5, 29)
    assert is_open(2026, 11, 2, 15, 30)
    assert not is_open(2026, 11, 2, 15, 31)
    assert not is_open(2026, 11, 1, 11, 0)  # Sunday
    sunday = datetime(2026, 11, 1, 11, 0, tzinfo=UTC)
    assert last_open(city, sunday) == datetime(2026, 10, 30, 15, 0, tzinfo=UTC)
    noon = datetime(2026, 11, 2, 11, 0, tzinfo=UTC)
    assert last_open(city, noon) == noon


def test_without_opening_hours_somebody_may_always_be_there(make_city, visits):
    office = {"id": "meldeamt", "name": {"de": "x", "en": "y"}}
    service = {
        "id": "ausweis",
        "leika": "99115005070000",
        "name": {"de": "x", "en": "y"},
        "office": "meldeamt",
    }
    city = make_city(visits(), office=[office], service=[service])
    night = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    assert is_any_open(city, night, timedelta(0))
    assert last_open(city, night) is None


def test_what_is_only_warned_of_is_counted_by_rule_and_survives_a_rebuild(
    make_city, visits, put, day_csv, warehouse, run, now, folder
):
    checks = {"max_wait_minutes": 60, "warn": ["implausible_wait"]}
    city = make_city(visits(checks=checks))
    put("a.csv", day_csv("26.10.2026", visits=5, wait=90))
    put("b.csv", day_csv("27.10.2026", visits=3, wait=10))
    run(city, "visits", now)
    (status,) = source_status(warehouse, city, now)
    assert (status.rows_loaded, status.refused_by_rule) == (8, {})
    assert status.warned_by_rule == {"implausible_wait": 5}
    anew = open_warehouse(folder / "anew" / "warehouse.duckdb")
    rebuild(anew, folder / "archive")
    (again,) = source_status(anew, city, now)
    anew.close()
    assert again.warned_by_rule == status.warned_by_rule


def test_only_rules_of_plausibility_may_warn(make_city, visits):
    with pytest.raises(ValidationError) as refused:
        make_city(visits(checks={"warn": ["unknown_office"]}))
    assert "implausible_wait" in str(refused.value)
