"""The samples that ZMS is tested with, from the files to loaded rows.

The files are no part of this repository; without them these tests are skipped.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ingest.city import read_city
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse, read_frame, read_rows
from tests.real_inputs import DATA, ROOT

ZMS = DATA / "zms-statistik"
BERLIN = ZoneInfo("Europe/Berlin")
WAITS = ("GET_waitingscope_141_012016.json", "GET_waitingscope_141,142_032016.json")
SLOTS = ("GET_slotscope_141_report.json", "GET_slotscope_141_142_report.json")
OFFICES = {"141": "heerstrasse", "142": "heerstrasse-2"}

pytestmark = pytest.mark.skipif(not ZMS.is_dir(), reason=f"{ZMS} is not there")


@pytest.fixture(scope="module")
def city():
    return read_city(ROOT / "data" / "cities" / "zms-beispiel.toml")


@pytest.fixture
def load(city, now, tmp_path):
    connection = open_warehouse(tmp_path / "warehouse.duckdb")

    def loaded(source, *names):
        runs = run_source(
            connection, city, city.source(source), data_dir=tmp_path, now=now,
            files=[ZMS / name for name in names],
        )  # fmt: skip
        refused = read_frame(
            connection, "SELECT reason, count(*) FROM quarantine GROUP BY reason"
        )
        rows = read_rows(connection, city.source(source).table)
        return runs, rows, dict(refused.iter_rows())

    return loaded


def said(name):
    """Read a file by its dictionary, as plain dictionaries of numbers."""
    data = json.loads((ZMS / name).read_text())["data"]
    names = [entry["variable"] for entry in data["dictionary"]]
    return [dict(zip(names, row, strict=True)) for row in data["data"]]


def waits_by_hand(rows):
    """Sort the hours of all channels into those that count and those that do not."""
    counts, kept = Counter(), {}
    for row in rows:
        told = [row[name] for name in row if name not in ("subjectid", "date", "hour")]
        if not any(float(value) for value in told):
            continue
        day = date.fromisoformat(row["date"])
        local = datetime(day.year, day.month, day.day, int(row["hour"]), tzinfo=BERLIN)
        for channel, ending in (("walk_in", ""), ("appointment", "_termin")):
            people = int(row[f"waitingcount{ending}"])
            minutes = float(row[f"waitingtime{ending}"]) or None
            if minutes and not people:
                counts["mean_of_nobody"] += 1
            elif minutes and minutes > 480:
                counts["implausible_wait"] += 1
            else:
                office = OFFICES[row["subjectid"]]
                kept[office, channel, local.astimezone(UTC)] = (people, minutes)
    return counts, kept


def test_every_hour_in_which_somebody_came_is_there_once(load):
    runs, rows, refused = load("wartestatistik", *WAITS)
    assert [run.outcome for run in runs] == ["loaded", "loaded"]
    by_hand, kept = waits_by_hand([row for name in WAITS for row in said(name)])
    found = rows.select(
        "office", "channel", "hour_at", "customers", "mean_wait_minutes"
    ).rows()
    assert {row[:3]: row[3:] for row in found} == kept
    assert len(found) == len(kept) == 476
    assert refused == by_hand == {"mean_of_nobody": 4, "implausible_wait": 4}


def test_the_two_layouts_say_the_same_though_their_columns_differ(load):
    _, eleven, _ = load("wartestatistik", "GET_waitingscope_141_032016.json")
    _, nine, _ = load("wartestatistik", "GET_warehouse_waitingscope_141_report.json")
    assert nine.drop("delivery_id").equals(eleven.drop("delivery_id"))
    assert nine.height == 238


def test_march_by_weight_is_not_the_mean_of_its_hours(load):
    _, rows, _ = load("wartestatistik", "GET_waitingscope_141_032016.json")
    waited = rows.drop_nulls("mean_wait_minutes")
    people, means = waited["customers"], waited["mean_wait_minutes"]
    hours = [
        (int(row["waitingcount"]), float(row["waitingtime"]))
        for row in said("GET_waitingscope_141_032016.json")
        if 0 < float(row["waitingtime"]) <= 480 and row["waitingcount"] != "0"
    ]
    by_hand = sum(n * minutes for n, minutes in hours) / sum(n for n, _ in hours)
    assert (people * means).sum() / people.sum() == pytest.approx(by_hand)
    assert round(by_hand) != round(means.mean())


def test_appointment_minutes_of_overlapping_reports_count_once(load):
    runs, rows, refused = load("terminkapazitaet", *SLOTS)
    assert [run.outcome for run in runs] == ["loaded"]
    expected = {}
    for row in (row for name in SLOTS for row in said(name)):
        place = (OFFICES[row["subjectid"]], date.fromisoformat(row["date"]))
        online = (row["bookedminutes_public"], row["plannedminutes_public"])
        expected[*place, "online"] = online
        expected[*place, "internal"] = (
            row["bookedminutes"] - online[0], row["plannedminutes"] - online[1],
        )  # fmt: skip
    found = rows.select(
        "office", "slots_on", "channel", "booked_minutes", "planned_minutes"
    ).rows()
    assert {row[:3]: row[3:] for row in found} == expected
    assert len(found) == 10
    assert refused == {"duplicate": 4}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GET_waitingscope_141_2016.json", "grouped by month"),
        ("GET_clientscope_141_042016.json", "another kind of report"),
        ("GET_requestscope_141_042016.json", "another kind of report"),
        ("GET_warehouse_waitingscope_141.json", "another kind of report"),
        ("GET_scope_141.json", "no report of ZMS"),
    ],
)
def test_other_files_of_zms_are_refused_in_words(load, name, words):
    (run,), rows, _ = load("wartestatistik", name)
    assert run.outcome == "refused"
    assert words in run.error
    assert rows.is_empty()
