import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from ingest.adapters import zms_warehouse
from ingest.adapters.base import Loaded, Seen
from ingest.checks import check
from ingest.city_errors import reference_errors
from ingest.delivery import run_source
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session
from ingest.warehouse import open_warehouse, read_rows

OLD = (
    "subjectid", "date", "hour", "waitingcount", "waitingtime", "waitingcalculated",
    "waitingcount_termin", "waitingtime_termin", "waitingcalculated_termin",
    "waytime", "waytime_termin",
)  # fmt: skip
NEW = (
    "subjectid", "date", "hour", "waitingcount", "waitingtime", "waytime",
    "waitingcalculated", "waitingcount_termin", "waitingtime_termin",
    "waytime_termin", "waitingcalculated_termin",
)  # fmt: skip
SLOTS = (
    "subjectid", "date", "bookedcount", "plannedcount", "bookedminutes",
    "plannedminutes", "bookedcount_public", "plannedcount_public",
    "bookedminutes_public", "plannedminutes_public",
)  # fmt: skip
NINE = {  # one hour: six walk-ins and four people with an appointment
    "subjectid": "141", "date": "2026-03-02", "hour": 9, "waitingcount": "6",
    "waitingtime": "24.5", "waytime": 2, "waitingcalculated": "40",
    "waitingcount_termin": "4", "waitingtime_termin": "3", "waytime_termin": 1,
    "waitingcalculated_termin": "10",
}  # fmt: skip
NOTHING = {name: 0 if name in ("hour", "waytime") else "0" for name in NEW}
EIGHT_UTC = datetime(2026, 3, 2, 8, tzinfo=UTC)
WAITING = {"subject": "waitingscope", "offices": {"141": "ema", "142": "kfz"}}
CAPACITY = {"subject": "capacityscope", "offices": {"141": "ema", "142": "kfz"}}


def report(variables, *rows, period="day", order=None, **more):
    dictionary = [
        {"position": position, "variable": variable, "type": "string"}
        for position, variable in enumerate(variables)
    ]
    data = [[row[name] for name in variables] for row in rows]
    if order is not None:
        dictionary = [dictionary[index] for index in order]
    body = {"period": period, "dictionary": dictionary, "data": data, **more}
    return {"meta": {"generated": "2026-03-03T01:00:00+01:00"}, "data": body}


def encoded(document):
    return json.dumps(document).encode()


@pytest.fixture
def waiting(any_source):
    return any_source("zms_warehouse", WAITING)


@pytest.fixture
def capacity(any_source):
    return any_source("zms_warehouse", CAPACITY)


def hours(parsed):
    return parsed.rows.select(
        "office", "channel", "hour_at", "customers", "mean_wait_minutes",
        "mean_walk_minutes", "estimated_wait_minutes",
    ).rows()  # fmt: skip


NINE_READ = [
    ("ema", "walk_in", EIGHT_UTC, 6, 24.5, 2.0, 40.0),
    ("ema", "appointment", EIGHT_UTC, 4, 3.0, 1.0, 10.0),
]


@pytest.mark.parametrize("variables", [OLD, NEW], ids=["old", "new"])
def test_both_layouts_of_eleven_columns_give_the_same_hours(waiting, read, variables):
    parsed = read(waiting, encoded(report(variables, NINE)))
    assert hours(parsed) == NINE_READ


def test_nine_columns_without_the_way_to_the_desk_are_read(waiting, read):
    parsed = read(waiting, encoded(report(OLD[:9], NINE)))
    assert hours(parsed) == [(*row[:5], None, row[6]) for row in NINE_READ]


@settings(max_examples=40)
@given(st.permutations(NEW), st.permutations(range(len(NEW))))
def test_any_order_of_columns_and_of_the_dictionary_gives_the_same_rows(
    variables, order
):
    document = encoded(report(variables, NINE, order=order))
    raw, broken = zms_warehouse.raw_of(
        "x", zms_warehouse.read_reports("x", document), "queue_hours", ()
    )
    assert broken.is_empty()
    expected = {name: str(value) for name, value in NINE.items()}
    assert raw.drop("row_number", "period").rows(named=True) == [expected]


def test_an_hour_without_visitors_has_no_wait_and_an_empty_night_is_left_out(
    waiting, read
):
    empty = NOTHING | {"subjectid": "141", "date": "2026-03-02", "hour": 3}
    booked = empty | {"hour": 9, "waitingcount_termin": "4", "waitingtime_termin": "3"}
    parsed = read(waiting, encoded(report(NEW, empty, booked)))
    assert hours(parsed) == [
        ("ema", "walk_in", EIGHT_UTC, 0, None, None, None),
        ("ema", "appointment", EIGHT_UTC, 4, 3.0, None, None),
    ]
    assert parsed.refused.is_empty()


def test_a_mean_of_zero_of_people_who_waited_is_not_known(waiting, read):
    row = NINE | {"waitingcount": "17", "waitingtime": "0"}
    (walk_in, _) = hours(read(waiting, encoded(report(NEW, row))))
    assert walk_in[3:5] == (17, None)


def test_a_mean_of_nobody_is_refused(waiting, read):
    parsed = read(waiting, encoded(report(NEW, NINE | {"waitingcount": "0"})))
    assert hours(parsed) == NINE_READ[1:]
    assert parsed.refused["reason"].to_list() == ["mean_of_nobody"]


def test_a_month_is_rebuilt_by_weight_and_not_as_zms_averages_it(waiting, read):
    """Five days, but people only on Thursday: ZMS prints 12 minutes for 60."""
    week = [
        NOTHING | {"subjectid": "141", "date": f"2026-03-0{day}", "hour": 17}
        for day in range(2, 7)
    ]
    week[3] |= {"waitingcount": "8", "waitingtime": "60"}
    rows = read(waiting, encoded(report(NEW, *week))).rows
    waited = rows.drop_nulls("mean_wait_minutes")
    minutes = (waited["customers"] * waited["mean_wait_minutes"]).sum()
    assert minutes / waited["customers"].sum() == 60


def test_a_wait_beyond_what_is_plausible_is_refused_by_the_checks(
    any_source, read, city, now
):
    source = any_source("zms_warehouse", WAITING, checks={"max_wait_minutes": 480})
    parsed = read(source, encoded(report(NEW, NINE | {"waitingtime": "532"})))
    checked = check(parsed, source, city, None, now)
    assert checked.counts_by_rule() == {"implausible_wait": 1}
    assert checked.rows["channel"].to_list() == ["appointment"]


def test_a_wild_estimate_does_not_take_the_measured_wait_with_it(
    any_source, read, city, now
):
    source = any_source("zms_warehouse", WAITING, checks={"max_wait_minutes": 480})
    parsed = read(source, encoded(report(NEW, NINE | {"waitingcalculated": "695"})))
    checked = check(parsed, source, city, None, now)
    assert checked.rows["estimated_wait_minutes"].to_list() == [None, 10.0]
    assert checked.rows["mean_wait_minutes"].to_list() == [24.5, 3.0]


def test_every_row_has_a_number_of_its_own(waiting, read):
    """What is there twice is found by the number of its row."""
    parsed = read(waiting, encoded(report(NEW, NINE, NINE | {"hour": 10})))
    assert parsed.rows["row_number"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"waitingcount": "viele"}, "unreadable_number"),
        ({"waitingcount": "2.5"}, "unreadable_number"),
        ({"date": "gestern"}, "unreadable_time"),
        ({"hour": 25}, "unreadable_time"),
        ({"date": "2026-03-29", "hour": 2}, "nonexistent_time"),
        ({"date": "2025-10-26", "hour": 2}, "ambiguous_time"),
        ({"subjectid": "999"}, "unknown_category"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(waiting, read, wrong, reason):
    parsed = read(waiting, encoded(report(NEW, NINE, NINE | {"hour": 10} | wrong)))
    assert hours(parsed)[:1] == NINE_READ[:1]
    assert set(parsed.refused["reason"]) == {reason}
    assert set(parsed.refused["row_number"]) <= {3, 4}  # the two of the second


def test_offices_may_be_ignored_by_their_number(any_source, read):
    source = any_source("zms_warehouse", WAITING | {"ignored_offices": ["999"]})
    other = NINE | {"subjectid": "999"}
    assert hours(read(source, encoded(report(NEW, other, NINE)))) == NINE_READ


def test_a_row_of_another_length_is_refused_and_nothing_shifts(waiting, read):
    document = report(NEW, NINE, NINE)
    document["data"]["data"][1].pop(5)
    parsed = read(waiting, encoded(document))
    assert hours(parsed) == NINE_READ
    assert parsed.refused.select("row_number", "reason").rows() == [(3, "broken_row")]


def without_dictionary(document):
    del document["data"]["dictionary"]


def with_a_gap(document):
    document["data"]["dictionary"][3]["position"] = 17


def with_a_name_twice(document):
    document["data"]["dictionary"][3]["variable"] = "hour"


def with_a_name_gone(document):
    document["data"]["dictionary"][3]["variable"] = "wartende"


def without_rows(document):
    del document["data"]["data"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_dictionary, "no complete dictionary"),
        (with_a_gap, "no complete dictionary"),
        (with_a_name_twice, "names a column twice"),
        (with_a_name_gone, "has no waitingcount"),
        (without_rows, "no report of ZMS"),
    ],
)
def test_a_report_that_nobody_can_read_is_refused_as_a_whole(
    waiting, read, change, words
):
    document = report(NEW, NINE)
    change(document)
    with pytest.raises(SourceChanged, match=words):
        read(waiting, encoded(document))


def test_a_new_variable_is_refused_until_somebody_has_looked_at_it(any_source, read):
    document = encoded(report((*NEW, "waitingcount_spontan"), NINE | {
        "waitingcount_spontan": 6,
    }))  # fmt: skip
    with pytest.raises(SourceChanged, match="waitingcount_spontan is new"):
        read(any_source("zms_warehouse", WAITING), document)
    known = WAITING | {"ignored_variables": ["waitingcount_spontan"]}
    assert hours(read(any_source("zms_warehouse", known), document)) == NINE_READ


def test_months_that_zms_averaged_itself_are_refused(waiting, read):
    document = report(NEW, NINE | {"date": "2026-03"}, period="month")
    with pytest.raises(DeliveryRefused, match="grouped by month"):
        read(waiting, encoded(document))


@pytest.mark.parametrize("content", [b"", b'{"data": {"data": [[', b"[1]", b"<html>"])
def test_an_answer_that_is_no_report_is_refused(waiting, read, content):
    with pytest.raises((DeliveryRefused, SourceChanged)):
        read(waiting, content)


def test_a_row_of_another_age_does_not_stretch_what_is_replaced(waiting, read):
    document = report(NEW, NINE, NINE | {"date": "9999-12-31"}, NINE | {"date": "0001"})
    assert read(waiting, encoded(document)).covers == (
        datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 23, tzinfo=UTC),
    )  # fmt: skip


# ------------------------------------------------------------------ appointment minutes


def slot(day, booked, planned, online, online_planned, office="141"):
    return {
        "subjectid": office, "date": day, "bookedcount": 1, "plannedcount": 2,
        "bookedminutes": booked, "plannedminutes": planned, "bookedcount_public": 1,
        "plannedcount_public": 1, "bookedminutes_public": online,
        "plannedminutes_public": online_planned,
    }  # fmt: skip


def slots(parsed):
    return parsed.rows.select(
        "office", "slots_on", "channel", "booked_minutes", "planned_minutes"
    ).rows()


FIRST = date(2026, 4, 1)


def test_minutes_are_split_into_the_internets_and_the_rest(capacity, read):
    here = slot("2026-04-01", 100, 200, 60, 120)
    there = slot("2026-04-01", 50, 100, 0, 0, "142")
    parsed = read(capacity, encoded(report(SLOTS, here, there)))
    assert slots(parsed) == [
        ("ema", FIRST, "internal", 40.0, 80.0),
        ("ema", FIRST, "online", 60.0, 120.0),
        ("kfz", FIRST, "internal", 50.0, 100.0),
        ("kfz", FIRST, "online", 0.0, 0.0),
    ]


def test_without_the_internets_share_there_is_one_row_for_all(capacity, read):
    row = slot("2026-04-01", 100, 200, 60, 120)
    parsed = read(capacity, encoded(report(SLOTS[:6], row)))
    assert slots(parsed) == [("ema", FIRST, None, 100.0, 200.0)]


def test_hours_are_summed_to_days_and_an_hour_told_twice_counts_once(capacity, read):
    eight = slot("2026-04-01 08:00", 50, 100, 30, 60)
    nine = slot("2026-04-01 09:00", 80, 120, 50, 70)
    parsed = read(capacity, encoded(report(SLOTS, eight, nine, eight, period="hour")))
    assert slots(parsed) == [
        ("ema", FIRST, "internal", 50.0, 90.0),
        ("ema", FIRST, "online", 80.0, 130.0),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        slot("2026-04-01 09:00", "viele", 120, 50, 70),
        slot("2026-04-01 08:00", 51, 100, 30, 60),  # the same hour, another value
        slot("2026-04-01 09:00", 40, 120, 50, 70),
    ],
)
def test_a_day_with_a_doubtful_hour_has_no_sum(capacity, read, wrong):
    good = slot("2026-04-01 08:00", 50, 100, 30, 60)
    next_day = slot("2026-04-02 08:00", 10, 20, 0, 0)
    parsed = read(
        capacity, encoded(report(SLOTS, good, wrong, next_day, period="hour"))
    )
    assert {row[1] for row in slots(parsed)} == {date(2026, 4, 2)}
    assert set(parsed.refused["row_number"]) == {1, 3}


def test_more_booked_on_the_internet_than_at_all_is_refused(capacity, read):
    parsed = read(capacity, encoded(report(SLOTS, slot("2026-04-01", 50, 90, 60, 70))))
    assert parsed.rows.is_empty()
    assert parsed.refused["reason"].to_list() == ["part_exceeds_whole"]


# ------------------------------------------------------------------------- the network


@pytest.fixture
def asked(server, any_source, city, now, tmp_path):
    """Run the adapter against the server; give what it brought."""

    def ask(mapping, seen=None, **more):
        source = any_source(
            "zms_warehouse", {"first_day": "2026-09-10", **mapping},
            url=f"{server.url}/warehouse/", private_host=True, **more,
        )  # fmt: skip
        http = Session(source, city.id)
        try:
            found = zms_warehouse.downloads(
                source, city, http, seen or Seen(), now, tmp_path
            )
            yield from found
        finally:
            http.close()

    return ask


def answer_of_months(path, parameters):
    _, _, subject, office, month, _ = path.split("/")
    if (subject, office, month) == ("waitingscope", "142", "2026-10"):
        return None  # ReportNotFound
    row = NINE | {"subjectid": office, "date": f"{month}-02"}
    return encoded(report(NEW, row)) if month != "2026-09" else None


def test_months_are_asked_for_office_by_office_and_404_is_no_data(
    asked, server, read, waiting, monkeypatch
):
    monkeypatch.setenv("ZMS_KEY", "geheim")
    server.answer = answer_of_months
    found = list(asked(WAITING, secrets={"X-Authkey": "ZMS_KEY"}))
    october = datetime(2026, 9, 30, 22, tzinfo=UTC)
    november = datetime(2026, 10, 31, 23, tzinfo=UTC)
    december = datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert [download.covers for download in found] == [
        (november, december),
        (october, november),
    ]
    offices = [
        set(read(waiting, one.content, covers=one.covers).rows["office"])
        for one in found
    ]
    assert offices == [{"ema", "kfz"}, {"ema"}]
    assert {headers["X-Authkey"] for _, _, headers in server.asked} == {"geheim"}
    assert "geheim" not in str(found)
    paths = [path for path, _, _ in server.asked]
    assert paths[0] == "/warehouse/waitingscope/141/2026-11/"
    assert len(paths) == 6


def test_the_same_statistics_are_the_same_bytes_whenever_they_were_made(asked, server):
    server.answer = answer_of_months
    first = [download.content for download in asked(WAITING)]

    def later(path, parameters):
        content = answer_of_months(path, parameters)
        return content and content.replace(b"2026-03-03T01", b"2026-03-04T01")

    server.answer = later
    assert [download.content for download in asked(WAITING)] == first


def test_when_every_month_is_missing_the_address_is_doubted(asked, server):
    server.answer = lambda path, parameters: None
    with pytest.raises(SourceUnavailable, match="404 for every month"):
        list(asked(WAITING))


def test_old_months_are_asked_for_again_ever_more_rarely(asked, server, now):
    server.answer = answer_of_months
    loaded = {
        one.name: Loaded(datetime(2026, 11, 21, 8, tzinfo=UTC), one.covers)
        for one in asked(WAITING)
    }
    server.asked.clear()
    again = list(asked(WAITING, Seen(loaded)))
    assert ["2026-11" in one.name for one in again] == [True]


def test_appointment_minutes_are_asked_for_from_day_to_day(asked, server):
    row = slot("2026-11-02", 100, 200, 60, 120)
    server.answer = lambda path, parameters: encoded(report(SLOTS, row))
    next(asked(CAPACITY))
    path, parameters, _ = server.asked[0]
    assert path == "/warehouse/capacityscope/141/_/"
    assert parameters == {"fromDate": "2026-11-01", "toDate": "2026-11-30"}


def test_a_rewritten_month_replaces_itself_and_keeps_what_was_said(
    server, any_source, city, now, tmp_path
):
    source = any_source(
        "zms_warehouse", WAITING | {"first_day": "2026-11-01"},
        url=f"{server.url}/warehouse/", private_host=True,
    )  # fmt: skip
    connection = open_warehouse(tmp_path / "warehouse.duckdb")
    outcomes = []
    for day, wait in enumerate(("24.5", "24.5", "30")):

        def answer(path, parameters, wait=wait):
            row = NINE | {"subjectid": path.split("/")[3], "date": "2026-11-02"}
            return encoded(report(NEW, row | {"waitingtime": wait}))

        server.answer = answer
        moment = now + timedelta(days=day)
        (run,) = run_source(connection, city, source, data_dir=tmp_path, now=moment)
        outcomes.append((run.outcome, run.rows_loaded))
    assert outcomes == [("loaded", 4), ("unchanged", 0), ("loaded", 4)]

    def waits(**more):
        rows = read_rows(connection, "queue_hours", **more)
        return sorted(rows["mean_wait_minutes"])

    assert waits() == [3, 3, 30, 30]
    assert waits(as_of=now + timedelta(days=1)) == [3, 3, 24.5, 24.5]


def test_a_page_instead_of_a_report_is_an_error(asked, server):
    server.answer = lambda path, parameters: b"<!DOCTYPE html><title>Anmelden</title>"
    with pytest.raises(SourceChanged, match="web page"):
        list(asked(WAITING))


def test_files_about_the_same_days_are_one_delivery(waiting, city, now, read, tmp_path):
    days = {"firstDay": {"year": "2026", "month": "03", "day": "01"},
            "lastDay": {"year": "2026", "month": "03", "day": "31"}}  # fmt: skip
    paths = []
    for office, month in (("141", "03"), ("142", "03"), ("141", "04")):
        row = NINE | {"subjectid": office, "date": f"2026-{month}-02"}
        path = tmp_path / f"{office}-{month}.json"
        path.write_bytes(encoded(report(NEW, row, **days if month == "03" else {})))
        paths.append(path)
    march, april = zms_warehouse.handed_in(paths, waiting, city, now)
    assert march.name == "141-03.json + 142-03.json"
    assert march.covers == (
        datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC),
    )  # fmt: skip
    assert set(read(waiting, march.content).rows["office"]) == {"ema", "kfz"}
    assert april.covers[0] == datetime(2026, 4, 1, 22, tzinfo=UTC)


# ---------------------------------------------------------------------- the city file


def test_an_office_that_the_city_does_not_have_is_found_in_the_mapping():
    mapping = {"subject": "waitingscope", "offices": {"141": "emma"}}
    document = {
        "office": [{"id": "ema"}],
        "source": [{"id": "zms", "adapter": "zms_warehouse", "mapping": mapping}],
    }
    assert list(reference_errors(document)) == [
        "[[source]] \"zms\" mapping.offices: 'emma' is no office; expected one of: ema"
    ]


def test_two_numbers_of_zms_cannot_lead_to_one_office(any_source):
    offices = {"141": "ema", "142": "ema"}
    with pytest.raises(ValidationError, match="two ids lead to one office"):
        any_source("zms_warehouse", {"subject": "waitingscope", "offices": offices})
