"""The rules, each against rows that keep it and rows that break it."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from ingest.adapters.base import REFUSED, Parsed
from ingest.checks import RULES, check, refuse_what_cannot_be_trusted
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.rules import CATEGORIES
from ingest.warehouse import columns_of, read_frame, schema_of


def at(clock, day="2026-10-26"):
    """Return a moment, given in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=UTC)


@pytest.fixture
def checked(make_city, visits, now):
    """Check rows, given as dicts, of a table."""

    def checked(table, *rows, covers=None, previous=None, refused=None, **checks):
        source = visits(checks=checks, min_rows=0)
        source["mapping"]["table"] = table
        city = make_city(source, closure=CLOSURES)
        schema = schema_of(table)
        frame = pl.DataFrame(
            {
                name: pl.Series([row.get(name) for row in rows], dtype=dtype)
                for name, dtype in schema.items()
            }
        ).select(pl.int_range(2, pl.len() + 2).alias("row_number"), pl.all())
        parsed = Parsed(
            table=table,
            rows=frame,
            refused=pl.DataFrame(schema=REFUSED) if refused is None else refused,
            rows_read=len(rows) + (0 if refused is None else refused.height),
            covers=covers,
        )
        return check(parsed, city.source("visits"), city, previous, now)

    return checked


CLOSURES = (
    {
        "first_on": "2026-10-28",
        "last_on": "2026-10-28",
        "reason": {"de": "Betriebsausflug", "en": "Staff outing"},
    },
)
VISIT = {
    "office": "meldeamt",
    "service": "ausweis",
    "channel": "walk_in",
    "arrived_at": at("08:00"),
    "called_at": at("08:10"),
    "shown_at": at("08:11"),
    "finished_at": at("08:20"),
    "outcome": "served",
    "persons": 1,
    "ticket_key": "0" * 32,
}
CASE = {
    "office": "bauamt",
    "received_at": at("08:00"),
    "complete_at": at("09:00"),
    "decided_at": at("10:00"),
    "closed_at": at("11:00"),
    "case_key": "0" * 32,
}
LOOK = {
    "office": "meldeamt",
    "observed_at": at("08:00"),
    "waiting": 3,
    "wait_minutes": 15.0,
    "state": "open",
}
HOUR = {"office": "meldeamt", "hour_at": at("08:00"), "mean_wait_minutes": 12.0}


def reasons(checked):
    return checked.refused["reason"].to_list()


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("tickets", VISIT),
        ("cases", CASE),
        ("queue_samples", LOOK),
        ("queue_hours", HOUR),
    ],
)
def test_a_good_row_is_kept_as_it_is(checked, table, row):
    result = checked(table, row, not_before="2026-10-01", frozen_after="30min")
    assert reasons(result) == []
    assert {
        k: v for k, v in result.rows.row(0, named=True).items() if v is not None
    } == row


@pytest.mark.parametrize(
    ("table", "row", "changed", "reason", "field"),
    [
        ("tickets", VISIT, {"office": None}, "missing_value", "office"),
        ("tickets", VISIT, {"office": "rathaus"}, "unknown_office", "office"),
        ("tickets", VISIT, {"service": "hund"}, "unknown_service", "service"),
        ("tickets", VISIT, {"channel": "fax"}, "unknown_category", "channel"),
        ("tickets", VISIT, {"persons": -1}, "negative_value", "persons"),
        (
            "tickets",
            VISIT,
            {"called_at": at("07:59")},
            "called_before_arrived",
            "called_at",
        ),
        (
            "tickets",
            VISIT,
            {"shown_at": at("08:09")},
            "shown_before_called",
            "shown_at",
        ),
        (
            "tickets",
            VISIT,
            {"shown_at": None, "finished_at": at("08:09")},
            "finished_before_called",
            "finished_at",
        ),
        (
            "tickets",
            VISIT,
            {"shown_at": at("08:30")},
            "finished_before_shown",
            "finished_at",
        ),
        (
            "tickets",
            VISIT,
            {"booked_at": at("08:00"), "appointment_at": at("07:00")},
            "appointment_before_booked",
            "appointment_at",
        ),
        (
            "tickets",
            VISIT,
            {"arrived_at": at("08:00", "2026-10-24")},
            "implausible_wait",
            "called_at",
        ),
        (
            "tickets",
            VISIT,
            {"finished_at": at("12:06", "2026-11-02")},
            "future_time",
            "finished_at",
        ),
        (
            "cases",
            CASE,
            {"decided_at": at("07:59")},
            "decided_before_received",
            "decided_at",
        ),
        (
            "cases",
            CASE,
            {"complete_at": at("07:59")},
            "complete_before_received",
            "complete_at",
        ),
        (
            "cases",
            CASE,
            {"closed_at": at("07:59")},
            "closed_before_received",
            "closed_at",
        ),
        (
            "queue_samples",
            LOOK,
            {"observed_at": at("08:00", "2027-10-26")},
            "future_time",
            "observed_at",
        ),
        (
            "queue_samples",
            LOOK,
            {"wait_minutes": 1441.0},
            "implausible_wait",
            "wait_minutes",
        ),
        (
            "queue_hours",
            HOUR,
            {"mean_wait_minutes": 1441.0},
            "implausible_wait",
            "mean_wait_minutes",
        ),
        (
            "queue_hours",
            HOUR,
            {"mean_wait_minutes": -2.0},
            "negative_value",
            "mean_wait_minutes",
        ),
        (
            "queue_hours",
            HOUR,
            {"hour_at": at("08:00", "2012-02-09")},
            "too_early",
            "hour_at",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_with_it(
    checked, table, row, changed, reason, field
):
    result = checked(table, row, {**row, **changed}, not_before="2026-10-01")
    assert reasons(result) == [reason]
    assert result.refused["field"].to_list() == [field]
    assert result.refused["row_number"].to_list() == [3]
    assert result.rows.height == 1


def test_what_is_just_possible_is_kept(checked):
    edges = (
        {**VISIT, "called_at": at("08:00"), "ticket_key": "1" * 32},
        {**VISIT, "finished_at": at("08:11"), "ticket_key": "2" * 32},
        {**VISIT, "arrived_at": at("08:10", "2026-10-25"), "ticket_key": "3" * 32},
        # Called before the appointment, since the office was early.
        {**VISIT, "appointment_at": at("08:30"), "ticket_key": "4" * 32},
        {
            **VISIT,
            "appointment_at": at("08:00", "2026-12-24"),
            "arrived_at": None,
            "called_at": None,
            "shown_at": None,
            "finished_at": None,
            "outcome": "no_show",
            "ticket_key": "5" * 32,
        },
        {
            **VISIT,
            "arrived_at": at("12:00", "2026-11-02"),
            "called_at": at("12:04", "2026-11-02"),
            "shown_at": None,
            "finished_at": at("12:05", "2026-11-02"),
            "ticket_key": "6" * 32,
        },
    )
    assert reasons(checked("tickets", *edges)) == []


def test_a_closed_archive_ends_when_the_city_file_says(checked):
    rows = [
        {**LOOK, "observed_at": at(clock, day)}
        for day, clock in (
            ("2020-01-21", "22:59"),  # in Berlin still 21 January
            ("2020-01-22", "22:59"),  # the last minute of 22 January
            ("2020-01-22", "23:00"),  # 23 January
            ("2020-12-30", "08:00"),
        )
    ]
    result = checked("queue_samples", *rows, not_after="2020-01-22")
    assert reasons(result) == ["too_late", "too_late"]
    assert result.refused["row_number"].to_list() == [4, 5]


def test_rows_outside_what_a_delivery_covers_belong_to_another(checked):
    october = (at("23:00", "2026-09-30"), at("23:00", "2026-10-31"))
    november = {**LOOK, "observed_at": at("23:00", "2026-10-31")}
    result = checked("queue_samples", LOOK, november, covers=october)
    assert reasons(result) == ["outside_span"]
    # A case belongs to the month in which it came and to that in which it was decided.
    decided = {**CASE, "received_at": at("08:00", "2026-08-03"), "complete_at": None}
    neither = {
        **decided,
        "decided_at": at("08:00", "2026-09-03"),
        "closed_at": None,
        "case_key": "1" * 32,
    }
    result = checked("cases", decided, neither, covers=october)
    assert reasons(result) == ["outside_span"]
    assert result.rows["case_key"].to_list() == [CASE["case_key"]]


def test_the_same_row_counts_once_and_of_one_number_the_last_row(checked):
    reopened = {**CASE, "decided_at": None, "closed_at": None}
    result = checked(
        "cases",
        reopened,
        {**CASE, "case_key": "1" * 32},
        reopened,
        CASE,
        {**CASE, "case_key": "1" * 32},
    )
    assert list(zip(result.refused["row_number"], reasons(result), strict=True)) == [
        (2, "repeated_key"),
        (4, "duplicate"),
        (6, "duplicate"),
    ]
    assert sorted(result.rows["decided_at"].to_list()) == [at("10:00"), at("10:00")]


def test_of_two_measurements_of_the_same_hour_neither_is_believed(checked):
    other = {**HOUR, "mean_wait_minutes": 20.0}
    elsewhere = {**HOUR, "office": "bauamt"}
    result = checked("queue_hours", HOUR, elsewhere, other, HOUR)
    assert list(zip(result.refused["row_number"], reasons(result), strict=True)) == [
        (2, "contradiction"),
        (4, "contradiction"),
        (5, "duplicate"),
    ]
    assert result.rows["office"].to_list() == ["bauamt"]


def test_a_ticket_number_may_come_again_on_another_day_or_at_another_office(checked):
    tomorrow = {
        name: value + timedelta(days=1) if isinstance(value, datetime) else value
        for name, value in VISIT.items()
    }
    elsewhere = {**VISIT, "office": "bauamt"}
    again = {**VISIT, "finished_at": at("08:25")}
    result = checked("tickets", VISIT, tomorrow, elsewhere, again)
    assert reasons(result) == ["repeated_key"]
    assert result.refused["row_number"].to_list() == [2]


def test_visits_without_a_number_are_told_apart_by_all_that_is_known(checked):
    nameless = {**VISIT, "ticket_key": None}
    other = {**nameless, "finished_at": at("08:25")}
    result = checked("tickets", nameless, other, nameless)
    assert reasons(result) == ["duplicate"]
    assert result.rows.height == 2


def test_several_queues_of_an_office_are_no_duplicates(checked):
    rows = [{**LOOK, "queue": name} for name in ("A: Meldung", "B: Kasse")]
    assert reasons(checked("queue_samples", *rows)) == []


def hours(day, waits):
    begin = at("07:00", day)
    return [
        {**HOUR, "hour_at": begin + timedelta(hours=n), "mean_wait_minutes": wait}
        for n, wait in enumerate(waits)
    ]


SENTINEL = [{"column": "mean_wait_minutes", "value": 2, "whole_day": True}]


def test_a_sentinel_in_every_hour_of_a_day_means_closed(checked):
    rows = hours("2026-10-26", [2, 2, 2]) + hours("2026-10-27", [2, 7, 2])
    other_office = [{**row, "office": "bauamt"} for row in hours("2026-10-26", [2, 5])]
    result = checked("queue_hours", *rows, *other_office, closed=SENTINEL)
    assert reasons(result) == ["closed"] * 3
    assert result.refused["row_number"].to_list() == [2, 3, 4]
    assert result.rows.height == 5


def test_days_of_a_sentinel_are_local_days(checked):
    # 22:30 UTC is 23:30 of the same winter day in Berlin, 23:30 UTC the next day.
    late = {**HOUR, "hour_at": at("22:30"), "mean_wait_minutes": 9.0}
    next_day = {**HOUR, "hour_at": at("23:30"), "mean_wait_minutes": 2.0}
    result = checked("queue_hours", late, next_day, closed=SENTINEL)
    assert result.refused["row_number"].to_list() == [3]


def test_a_live_queue_that_says_closed_has_no_wait(checked):
    shut = {**LOOK, "wait_minutes": 0.0, "office": "bauamt"}
    result = checked(
        "queue_samples", LOOK, shut, closed=[{"column": "wait_minutes", "value": 0}]
    )
    assert reasons(result) == []
    assert result.rows["state"].to_list() == ["open", "closed"]
    assert result.rows["wait_minutes"].to_list() == [15.0, None]
    assert result.rows["waiting"].to_list() == [3, None]


def test_a_sentinel_for_a_column_that_is_not_there_is_an_error(checked):
    with pytest.raises(SourceChanged, match="no column 'wait'"):
        checked("queue_hours", HOUR, closed=[{"column": "wait", "value": 2}])


def test_closed_and_frozen_rows_do_not_speak_against_the_rest(
    checked, make_city, visits
):
    rows = hours("2026-10-26", [2] * 6) + hours("2026-10-27", [2, 7, 2])
    source = make_city(visits(min_rows=9)).source("visits")
    refuse_what_cannot_be_trusted(
        checked("queue_hours", *rows, closed=SENTINEL), source
    )
    wrong = checked("queue_hours", *rows, {**HOUR, "office": "rathaus"})
    with pytest.raises(DeliveryRefused, match=r"1 of 10 rows are wrong \(unknown_off"):
        refuse_what_cannot_be_trusted(wrong, source)


def test_the_share_of_wrong_rows_may_be_reached_but_not_passed(
    checked, make_city, visits
):
    source = make_city(visits()).source("visits")
    good = [{**VISIT, "ticket_key": f"{n:032}"} for n in range(19)]
    bad = {**VISIT, "office": "rathaus", "ticket_key": "a" * 32}
    refuse_what_cannot_be_trusted(checked("tickets", *good, bad), source)
    with pytest.raises(DeliveryRefused, match="1 of 19 rows"):
        refuse_what_cannot_be_trusted(checked("tickets", *good[1:], bad), source)


def test_what_an_adapter_refused_stays_refused_and_shows_no_words(checked):
    refused = pl.DataFrame(
        {
            "row_number": [9],
            "field": ["called_at"],
            "reason": ["unreadable_time"],
            "row_json": [json.dumps({"called_at": "gestern, Erika"})],
        },
        schema=REFUSED,
    )
    result = checked("tickets", VISIT, refused=refused)
    assert result.counts_by_rule() == {"unreadable_time": 1}
    assert json.loads(result.refused["row_json"][0]) == {"called_at": "xxxxxxx, xxxxx"}


def test_every_reason_has_words_in_both_languages():
    for code, rule in RULES.items():
        assert code.replace("_", "").isalpha()
        assert rule.text.de
        assert rule.text.en
        assert rule.text.de != rule.text.en


def test_the_words_of_a_category_are_those_that_the_schema_allows(warehouse):
    allowed = read_frame(
        warehouse,
        "SELECT table_name, expression FROM duckdb_constraints()"
        " WHERE constraint_type = 'CHECK' AND expression LIKE '%IN (%'",
    )
    by_schema = {
        (table, expression.strip("(").split(" ")[0]): set(expression.split("'")[1::2])
        for table, expression in allowed.iter_rows()
        if table != "runs"
    }
    by_rules = {
        (table, name): set(words)
        for table, columns in CATEGORIES.items()
        for name, words in columns.items()
    }
    assert by_schema == by_rules
    assert all(name in columns_of(table) for table, name in by_rules)


CALLS = {
    "office": "meldeamt",
    "line": "phone",
    "interval_at": at("08:00"),
    "interval_minutes": 15,
    "offered": 20,
    "answered": 17,
    "abandoned": 3,
}
SUM = {"total": "offered", "parts": ["answered", "abandoned"]}


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({}, {}),
        ({"answered": 16}, {"sum_differs": 1}),
        ({"offered": 19}, {"sum_differs": 1}),
        ({"answered": None}, {}),  # not known: nothing to test
        ({"answered": 20, "abandoned": 0}, {}),
    ],
)
def test_what_must_add_up_adds_up(checked, changed, refused):
    found = checked("contacts", CALLS | changed, sums=[SUM])
    assert found.counts_by_rule() == refused


def test_rounded_parts_may_differ_by_the_tolerance(checked):
    rows = [CALLS | {"answered": n, "interval_at": at(f"{n:02}:00")} for n in (15, 16)]
    found = checked("contacts", *rows, sums=[SUM | {"tolerance": 1}])
    assert found.rows["answered"].to_list() == [16]


def test_a_sum_of_columns_that_the_table_lacks_is_a_fault_of_the_city_file(checked):
    with pytest.raises(SourceChanged, match="calls"):
        checked("contacts", CALLS, sums=[SUM | {"total": "calls"}])


def test_of_a_case_that_is_seen_again_the_first_row_counts_where_asked(checked):
    rows = [
        {"office": "meldeamt", "case_key": "0" * 32, "received_at": at(clock)}
        for clock in ("08:00", "09:00", "10:00")
    ]
    first = checked("cases", *rows, first_counts=True)
    assert first.rows["received_at"].to_list() == [at("08:00")]
    assert first.counts_by_rule() == {"seen_before": 2}
    assert not RULES["seen_before"].is_fault
    last = checked("cases", *rows)
    assert last.rows["received_at"].to_list() == [at("10:00")]
    assert last.counts_by_rule() == {"repeated_key": 2}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"answered": 21}, "answered"),
        ({"abandoned": 21}, "abandoned"),
        ({"answered_in_target": 18}, "answered_in_target"),
        ({"solved_first": 18}, "solved_first"),
    ],
)
def test_more_cannot_be_answered_than_came(checked, changed, field):
    found = checked("contacts", CALLS | changed)
    assert found.counts_by_rule() == {"part_exceeds_whole": 1}
    assert found.refused["field"].to_list() == [field]


RATING = {"office": "meldeamt", "rated_on": date(2026, 10, 26), "count": 4, "answer": 5}


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({}, {}),
        ({"answer": 1, "asked": 4}, {}),
        ({"answer": 6}, {"unknown_category": 1}),
        ({"answer": 0}, {"unknown_category": 1}),
        ({"asked": 3}, {"part_exceeds_whole": 1}),
        ({"rated_on": date(2036, 10, 26)}, {"future_time": 1}),
    ],
)
def test_an_answer_is_one_of_five_and_of_a_day_that_was(checked, changed, refused):
    assert checked("ratings", RATING | changed).counts_by_rule() == refused


def test_a_rule_that_only_warns_lets_the_row_pass_and_counts_it(checked):
    long = {"called_at": at("08:00") + timedelta(hours=30), "shown_at": None}
    rows = [VISIT, VISIT | long | {"finished_at": None, "ticket_key": "1" * 32}]
    assert reasons(checked("tickets", *rows)) == ["implausible_wait"]
    result = checked("tickets", *rows, warn=["implausible_wait"])
    assert reasons(result) == []
    assert result.rows.height == 2
    assert result.warned_by_rule == {"implausible_wait": 1}


def test_a_row_that_breaks_another_rule_too_is_refused_and_not_counted(checked):
    wrong = VISIT | {
        "called_at": at("08:00") + timedelta(hours=30),
        "persons": -1,
    }
    result = checked("tickets", wrong, warn=["implausible_wait"])
    assert reasons(result) == ["negative_value"]
    assert result.warned_by_rule == {}


def test_a_frozen_display_may_be_warned_of(checked):
    looks = [LOOK | {"observed_at": at(f"{hour:02}:00")} for hour in range(8, 14)]
    result = checked("queue_samples", *looks, frozen_after="2h", warn=["frozen"])
    assert (result.rows.height, reasons(result)) == (6, [])
    assert result.warned_by_rule == {"frozen": 6}
