"""Shapes of live feeds as cities have them, read by mapping alone; samples by hand."""

import json
from datetime import UTC, datetime

import pytest

from ingest.adapters import queue_feed
from ingest.adapters.base import Download
from ingest.checks import check
from ingest.errors import DeliveryRefused

NAMES = {"Bad Cannstatt": "ema", "Mitte": "kfz"}


@pytest.fixture
def look(feed_source, read):
    def look(mapping, answer):
        return read(feed_source(mapping), json.dumps(answer).encode(), "warten.json")

    return look


# 0 closed, 1 below 30 minutes, 2 = 30, 3 = 45 … 8 = 120, 10 above 120, 11 sold out
ORDINALS = {
    "queues": "@",
    "office": {"column": "label", "values": NAMES},
    "wait_minutes": {
        "column": "status",
        "values": {
            "0": None, "1": None, "2": "30", "3": "45", "4": "60", "5": "75",
            "6": "90", "7": "105", "8": "120", "11": None,
        },
    },
    "censored": {"10": 120},
    "state": {
        "column": "status",
        "values": {
            "0": "closed", "11": "sold_out",
            **dict.fromkeys(("1", "2", "3", "4", "5", "6", "7", "8", "10"), "open"),
        },
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state", "wait", "at_least"),
    [
        (0, "closed", None, None),
        (1, "open", None, None),  # below 30 minutes: open, but how long nobody says
        (2, "open", 30, None),
        (3, "open", 45, None),
        (8, "open", 120, None),
        (10, "open", None, 120),
        (11, "sold_out", None, None),  # no more tickets is not "no wait"
    ],
)
def test_codes_that_stand_for_waits_are_no_minutes(look, status, state, wait, at_least):
    answer = [{"id": 15, "label": "Bad Cannstatt", "status": status, "url": "x"}]
    (row,) = look(ORDINALS, answer).rows.rows(named=True)
    assert row["state"] == state
    assert (row["wait_minutes"], row["wait_minutes_at_least"]) == (wait, at_least)


def test_a_code_that_nobody_explained_is_refused_not_read_as_minutes(look):
    answer = [
        {"label": "Bad Cannstatt", "status": 9},
        {"label": "Mitte", "status": 2},
    ]
    found = look(ORDINALS, answer)
    assert found.rows["office"].to_list() == ["kfz"]
    assert found.refused["reason"].to_list() == ["unknown_category"]


# One object, districts as its fields, a clock without a date, 0 while closed.
DISTRICTS = {
    "queues": "[{name: 'MBA10', wait: MBA10}, {name: 'MBA1_8', wait: MBA1_8}]",
    "office": {"column": "name", "values": {"MBA10": "ema", "MBA1_8": "kfz"}},
    "wait_minutes": {"column": "wait"},
    "state": {"column": "$.IsOpen", "values": {"true": "open", "false": "closed"}},
    "source_time_at": {"column": "$.Timestamp", "format": "%H:%M"},
}


def districts(clock, is_open=True):
    return {"IsOpen": is_open, "MBA10": 7, "MBA1_8": 0, "Timestamp": clock}


def test_fields_of_one_object_are_queues_and_its_clock_has_the_day_of_the_look(look):
    rows = look(DISTRICTS, districts("08:58")).rows  # looked at 9:00 local time
    assert rows.select("office", "wait_minutes").rows() == [("ema", 7), ("kfz", 0)]
    assert set(rows["source_time_at"]) == {datetime(2026, 11, 22, 7, 58, tzinfo=UTC)}


def test_a_clock_that_would_be_ahead_shows_the_evening_before(look):
    rows = look(DISTRICTS, districts("23:58")).rows
    assert set(rows["source_time_at"]) == {datetime(2026, 11, 21, 22, 58, tzinfo=UTC)}


def test_a_clock_that_is_a_little_fast_is_not_a_day_old(look, feed_source, city, now):
    parsed = look(DISTRICTS, districts("09:03"))
    assert set(parsed.rows["source_time_at"]) == {
        datetime(2026, 11, 22, 8, 3, tzinfo=UTC)
    }
    checked = check(parsed, feed_source(DISTRICTS), city, None, now)
    assert checked.rows.height == 2


def test_zeros_of_a_closed_office_are_no_waits(look):
    rows = look(DISTRICTS, districts("08:58", is_open=False)).rows
    assert set(rows["state"]) == {"closed"}
    assert rows["wait_minutes"].null_count() == 2


def test_a_clock_that_shows_no_time_is_refused(look):
    found = look(DISTRICTS, districts("gleich"))
    assert found.refused["reason"].to_list() == ["unreadable_time"] * 2


def test_a_file_has_no_day_for_a_clock_without_one(
    feed_source, city, hashed, now, tmp_path
):
    path = tmp_path / "warten.json"
    path.write_text(json.dumps(districts("08:58")))
    with pytest.raises(DeliveryRefused, match="without a date"):
        queue_feed.parse(
            Download(path.name, path, now), feed_source(DISTRICTS), city, hashed
        )


def test_local_time_that_is_labelled_utc_is_read_as_local(look):
    mapping = {
        "queues": "[@]",
        "office": {"value": "ema"},
        "wait_minutes": {"column": "wartezeit", "format": "words"},
        "waiting": {"column": "warteende"},
        "source_time_at": {
            "column": "aktualisiert",
            "format": "%Y-%m-%dT%H:%M:%S+00:00",  # the offset is read, not believed
        },
        "state": {"value": "open"},
    }
    answer = {
        "id": 1,
        "wartezeit": "1 Stunde 5 Minuten",
        "warteende": "12",
        "naechste_nummer": "152",
        "aktualisiert": "2026-11-22T08:59:48+00:00",
    }
    (row,) = look(mapping, answer).rows.rows(named=True)
    assert (row["wait_minutes"], row["waiting"]) == (65, 12)
    assert row["source_time_at"] == datetime(2026, 11, 22, 7, 59, 48, tzinfo=UTC)


# QueueMonitor of the smart data models (NGSI-LD): no wait, but who is to be served
def monitor(*, long):
    said = {
        "officeName": "Bad Cannstatt",
        "serviceName": "Meldewesen",
        "serviceStatus": "Open",
        "queueLine": "A",
        "lastTicketIssued": 33,
        "ticketServed": 21,
        "ticketsToServe": 12,
    }
    if long:
        said = {
            key: {"type": "Property", "value": value} for key, value in said.items()
        }
    date = {"type": "DateTime", "value": "2026-11-22T07:59:00Z"} if long else (
        "2026-11-22T07:59:00Z"
    )  # fmt: skip
    return {"id": "urn:1", "type": "QueueMonitor", **said, "dateModified": date}


@pytest.mark.parametrize("long", [False, True])
def test_queue_monitors_say_how_many_wait_but_not_how_long(look, long):
    value = ".value" if long else ""
    mapping = {
        "queues": "[?type=='QueueMonitor']",
        "office": {"column": f"officeName{value}", "values": NAMES},
        "queue": {"column": [f"serviceName{value}", f"queueLine{value}"]},
        "waiting": {"column": f"ticketsToServe{value}"},
        "source_time_at": {"column": f"dateModified{value}"},
        "state": {
            "column": f"serviceStatus{value}",
            "values": {"Open": "open", "Closed": "closed", "Suspended": "unknown"},
        },
    }
    other = {"id": "urn:2", "type": "Building"}
    (row,) = look(mapping, [monitor(long=long), other]).rows.rows(named=True)
    assert (row["queue"], row["waiting"], row["state"]) == ("Meldewesen A", 12, "open")
    assert row["source_time_at"] == datetime(2026, 11, 22, 7, 59, tzinfo=UTC)
    assert "wait_minutes" not in row
