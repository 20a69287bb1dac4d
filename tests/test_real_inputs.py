"""Real open data, from the files to loaded rows, counted again by plain loops.

The files are no part of this repository; without them these tests are skipped.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from ingest.warehouse import read_frame
from metrics.reading import Reading
from metrics.rest_forecast import forecasts, judged, lately_of, verdicts_of
from metrics.rest_of_day import rest_of_day
from tests.real_inputs import DATA, ONLY_WITH_DATA, Loaded

BERLIN = ZoneInfo("Europe/Berlin")

pytestmark = ONLY_WITH_DATA


def objects(path):
    return [json.loads(text) for text in re.findall(r"\{[^}]*\}", path.read_text())]


# ------------------------------------------------------------------------------- Moers


@pytest.fixture(scope="module")
def moers_files():
    return sorted(DATA.glob("moers-buergerservice/*/*.json"))


@pytest.fixture(scope="module")
def moers(tmp_path_factory, moers_files):
    folder = tmp_path_factory.mktemp("moers")
    return Loaded(folder, "moers", "buergerservice-wartezeiten", moers_files)


@pytest.fixture(scope="module")
def moers_days(moers_files):
    """Per day all (hour, wait) as they stand in the files, one after the other."""
    days = defaultdict(list)
    for path in moers_files:
        for one in objects(path):
            day = date.fromisocalendar(one["year"], one["week"], one["weekday"] + 1)
            days[day].append((one["hour"], one["wait"]))
    return days


def moers_by_hand(days):
    """Sort the hours of each day into those that count and those that do not."""
    counts, kept = Counter(), {}
    for day, said in days.items():
        counts["duplicate"] += len(said) - len(set(said))
        waits = defaultdict(set)
        for hour, wait in said:
            waits[hour].add(wait)
        sure = {hour: min(wait) for hour, wait in waits.items() if len(wait) == 1}
        counts["contradiction"] += sum(len(w) for w in waits.values() if len(w) > 1)
        if set(sure.values()) == {2}:
            counts["closed"] += len(sure)
            continue
        run = [sure[hour] for hour in sorted(sure)]
        if len(run) > 4 and len(set(run)) == 1:
            counts["frozen"] += len(run)
            continue
        kept |= {
            datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN).astimezone(UTC):
            wait
            for hour, wait in sure.items()
        }  # fmt: skip
    return counts, kept


def test_moers_every_file_is_loaded(moers, moers_files):
    assert len(moers_files) == 60
    assert Counter(run.outcome for run in moers.runs) == {"loaded": 60}
    assert sum(run.rows_read for run in moers.runs) == 2321


def test_moers_closed_frozen_and_repeated_days_are_found_by_the_checks(
    moers, moers_days
):
    by_hand, _ = moers_by_hand(moers_days)
    assert moers.refused() == by_hand
    assert by_hand == {
        "closed": 130, "duplicate": 55, "contradiction": 12, "frozen": 5,
    }  # fmt: skip


def test_moers_every_hour_that_counts_is_there_with_its_wait(moers, moers_days):
    _, kept = moers_by_hand(moers_days)
    rows = moers.rows("queue_hours")
    assert dict(rows.select("hour_at", "mean_wait_minutes").iter_rows()) == kept
    assert rows.height == len(kept) == 2119
    assert rows["customers"].null_count() == rows.height  # nobody was counted


def test_moers_christmas_is_closed_and_no_day_of_two_minutes(moers):
    hours = moers.rows("queue_hours")["hour_at"].dt.convert_time_zone("Europe/Berlin")
    days = set(hours.dt.date())
    closed = [date(2014, 12, day) for day in (24, 25, 26, 27, 29, 30, 31)]
    assert not days & {*closed, date(2015, 1, 1), date(2015, 5, 14)}
    assert date(2014, 12, 23) in days


def test_moers_the_gap_of_twelve_weeks_stays_a_gap(moers):
    hours = moers.rows("queue_hours")["hour_at"].dt.convert_time_zone("Europe/Berlin")
    days = sorted(set(hours.dt.date()))
    gaps = [(a, b) for a, b in pairwise(days) if (b - a).days > 30]
    assert gaps == [(date(2015, 6, 6), date(2015, 9, 3))]


def test_moers_a_rush_goes_on_for_two_hours_and_hardly_for_four(moers):
    """Of real waits of a spring, one mean an hour stands for what a look shows."""
    at = pl.col("hour_at").dt.convert_time_zone("Europe/Berlin")
    first, last = date(2014, 12, 15), date(2015, 3, 8)
    looks = (
        moers.rows("queue_hours")
        .select(
            "office",
            at=at.dt.replace_time_zone("UTC"),
            day=at.dt.date(),
            hour=at.dt.hour(),
            weekday=at.dt.weekday(),
            week=(at.dt.date() - pl.lit(first)).dt.total_days() // 7,
            at_least="mean_wait_minutes",
            at_most="mean_wait_minutes",
        )
        .filter(pl.col("day").is_between(first, last))
    )
    made = forecasts(lately_of(looks, looks.select("office").unique(), 5))
    verdicts = verdicts_of(judged(made, 5)).sort("hours_ahead")
    assert verdicts.select("hours_ahead", "judged_days", "reason").rows() == [
        (1, 32, None),
        (2, 32, None),
        (3, 32, "not_better"),
        (4, 30, "not_better"),
    ]
    assert verdicts["held_percent"].is_between(70, 80).all()


def test_moers_the_same_files_again_change_nothing(moers, moers_files):
    again = moers.load("buergerservice-wartezeiten", moers_files[:3])
    assert {run.outcome for run in again} == {"unchanged"}


# -------------------------------------------------------------------------------- Köln


@pytest.fixture(scope="module")
def koeln(tmp_path_factory):
    files = sorted(DATA.glob("koeln-kundenzentren/*.json"))
    return Loaded(tmp_path_factory.mktemp("koeln"), "koeln", "wartezeiten", files)


def test_koeln_every_entry_of_both_areas_is_a_look_at_its_own_office(koeln):
    expected = {}
    for path in DATA.glob("koeln-kundenzentren/*.json"):
        answer = json.loads(path.read_text())
        at = datetime.fromisoformat(answer["stand_iso"]).astimezone(UTC)
        for area in answer["bereiche"]:
            kind = {
                "meldeangelegenheiten": "kundenzentrum",
                "fuehrerscheinwesen": "fuehrerscheinstelle",
            }[area["id"]]
            for group in area["gruppen"]:
                for entry in group["eintraege"]:
                    name = entry["name"].strip().lower().replace("ü", "ue")
                    expected[f"{kind}-{name}", at] = float(entry["wartezeit"])
    rows = koeln.rows("queue_samples")
    found = rows.select("office", "observed_at", "wait_minutes").rows()
    assert {(office, at): wait for office, at, wait in found} == expected
    assert len(found) == len(expected) == 34
    assert rows["source_time_at"].equals(rows["observed_at"], check_names=False)
    assert koeln.refused() == {}


def test_koeln_the_same_name_in_two_areas_is_two_offices(koeln):
    eight = datetime(2026, 10, 5, 6, 0, 4, tzinfo=UTC)
    rows = koeln.rows("queue_samples").filter(pl.col("observed_at") == eight)
    waits = dict(rows.select("office", "wait_minutes").iter_rows())
    assert waits["kundenzentrum-kalk"] == 28
    assert waits["fuehrerscheinstelle-kalk"] == 200


@pytest.mark.parametrize("status", [2, 3])
def test_koeln_without_a_queue_to_join_there_is_no_wait(koeln, tmp_path, status):
    """Closed, or by appointment only: the snapshots at hand have neither."""
    answer = json.loads(next(DATA.glob("koeln-kundenzentren/*-0800.json")).read_text())
    day = f"2026-10-0{5 + status}"
    answer |= {"status": str(status), "stand_iso": f"{day}T08:00:04+02:00"}
    path = tmp_path / "wartezeiten-x.json"
    path.write_text(json.dumps(answer))
    (run,) = koeln.load("wartezeiten", [path])
    assert (run.outcome, run.rows_loaded) == ("loaded", 17)
    rows = koeln.rows("queue_samples").filter(
        pl.col("observed_at").dt.date() == date.fromisoformat(day)
    )
    assert set(rows["state"]) == {"closed"}
    assert rows["wait_minutes"].null_count() == 17


# ---------------------------------------------------------------------------- Warszawa


@pytest.fixture(scope="module")
def warschau(tmp_path_factory):
    files = [DATA / "warschau-kolejki" / "warsaw_queues.parquet"]
    folder = tmp_path_factory.mktemp("warschau")
    return Loaded(folder, "warschau", "kolejki-archiv", files)


@pytest.fixture(scope="module")
def warschau_rows():
    path = DATA / "warschau-kolejki" / "warsaw_queues.parquet"
    rows = pl.read_parquet(path).select(
        "name", "date", "time", "nazwaGrupy", "status",
        "liczbaKlwKolejce", "liczbaCzynnychStan",
    )  # fmt: skip
    return rows.rows()


def warschau_by_hand(rows):
    """Count what is refused, and add up who was seen waiting in opening hours."""
    counts, displays = warschau_displays(rows)
    waiting = 0
    for looks in displays.values():
        for run in unchanged_runs(looks):
            if minutes(run[-1]) - minutes(run[0]) > 180:
                counts["frozen"] += sum(len(looks[time]) for time in run)
            else:
                waiting += sum(one[2] or 0 for time in run for one in looks[time])
    return counts, waiting


def warschau_displays(rows):
    """Sort the looks in opening hours by office, day and time."""
    counts, seen = Counter(), set()
    displays = defaultdict(lambda: defaultdict(list))
    for office, day, time, queue, status, people, desks in rows:
        if day < "2019-12-30":
            counts["too_early"] += 1
        elif day > "2020-01-22":
            counts["too_late"] += 1
        elif (office, day, time, queue) in seen:
            counts["duplicate"] += 1
        else:
            seen.add((office, day, time, queue))
            closes = "18:00" if date.fromisoformat(day).weekday() == 0 else "16:00"
            if "08:00" <= time < closes:
                shown = (queue, desks, None if status == 0 else people)
                displays[office, day][time].append(shown)
    return counts, displays


def unchanged_runs(looks):
    """Yield the times between which a display of several queues shows the same."""
    run, before = [], None
    for time in sorted(looks):
        shown = sorted(looks[time], key=str)
        if run and shown != before:
            yield run
            run = []
        run, before = [*run, time], shown
    yield run


def minutes(time):
    return int(time[:2]) * 60 + int(time[3:])


def test_warschau_what_is_refused_is_what_a_loop_finds(warschau, warschau_rows):
    by_hand, waiting = warschau_by_hand(warschau_rows)
    assert [run.outcome for run in warschau.runs] == ["loaded"]
    assert warschau.refused() == by_hand
    assert by_hand == {
        "frozen": 71_986, "too_late": 50_115, "too_early": 11_260, "duplicate": 189,
    }  # fmt: skip
    assert len(warschau_rows) == warschau.runs[0].rows_read == 830_172
    rows = warschau.rows("queue_samples")
    assert rows.height == 830_172 - sum(by_hand.values()) == 696_622
    assert rows["waiting"].sum() == waiting


def test_warschau_displays_stood_still_on_the_two_holidays_alone(warschau):
    """Nobody listed them; what is left of them are looks beside a timed change."""
    assert warschau.city.closures == ()
    moments = read_frame(
        warschau.connection,
        "SELECT json_extract_string(row_json, 'observed_at') AS at FROM quarantine"
        " WHERE reason = 'frozen'",
    )["at"].str.to_datetime(time_zone="UTC")
    holidays = {date(2020, 1, 1), date(2020, 1, 6)}
    assert set(moments.dt.date()) == holidays
    left = warschau.rows("queue_samples").filter(
        pl.col("observed_at").dt.date().is_in(holidays), pl.col("state") == "open"
    )
    assert left.height == 2_700
    assert left["waiting"].sum() == 58


def test_warschau_minutes_at_the_desk_are_not_taken_for_waits(warschau):
    rows = warschau.rows("queue_samples")
    assert rows["wait_minutes"].null_count() == rows.height
    assert rows.filter(pl.col("state") != "open")["waiting"].null_count() == 221_045
    assert set(rows["state"]) == {"open", "closed"}
    assert rows["office"].n_unique() == 20  # the clock of one stood in 2012
    assert rows.select(pl.struct("office", "queue").n_unique()).item() == 369


def test_warschau_without_minutes_nothing_is_said_of_the_hours_to_come(warschau):
    now = datetime(2020, 1, 23, 8, tzinfo=UTC)
    found = rest_of_day(Reading(warschau.connection, warschau.city, now))
    assert found.is_empty()


def test_warschau_one_answer_of_the_interface_is_a_look(warschau):
    path = DATA / "warschau-kolejki" / "api_response_sample.json"
    (run,) = warschau.load("kolejki-mokotow-1", [path])
    assert (run.outcome, run.rows_loaded) == ("loaded", 3)
    looked_at = datetime(2019, 12, 27, 14, 41, tzinfo=UTC)
    rows = warschau.rows("queue_samples").filter(pl.col("observed_at") == looked_at)
    assert rows.select("queue", "waiting", "counters_open", "state").rows() == [
        ("G: Geodezja i kataster", None, 1, "closed"),
        ("K: Kasa", 2, 2, "open"),
        ("E: Dowody osobiste - odbiór", 1, 2, "open"),
    ]


# ---------------------------------------------------------------------- Köln, Open311


@pytest.fixture(scope="module")
def sags_uns(tmp_path_factory):
    files = sorted(DATA.glob("open311-koeln/*.json"))
    folder = tmp_path_factory.mktemp("sags-uns")
    return Loaded(folder, "koeln-sags-uns", "sags-uns", files)


def test_sags_uns_every_report_counts_once(sags_uns):
    newest = {}
    for path in DATA.glob("open311-koeln/*.json"):
        answer = json.loads(path.read_text())
        for one in answer if isinstance(answer, list) else [answer]:
            number, updated = one["service_request_id"], one["updated_datetime"]
            if number not in newest or newest[number]["updated_datetime"] <= updated:
                newest[number] = one
    rows = sags_uns.rows("cases")
    assert rows.height == len(newest) == 99  # of 101: one on two pages, one twice
    closed = [one for one in newest.values() if one["status"] == "closed"]
    assert rows["decided_at"].count() == len(closed) == 15
    assert sorted(rows["received_at"]) == sorted(
        datetime.fromisoformat(one["requested_datetime"]) for one in newest.values()
    )
    assert sags_uns.refused() == {}


def test_sags_uns_services_go_by_name_since_codes_changed_their_meaning(sags_uns):
    names = defaultdict(set)
    for path in DATA.glob("open311-koeln/requests_*.json"):
        for one in json.loads(path.read_text()):
            names[one["service_code"]].add(one["service_name"])
    changed = {code for code, known in names.items() if len(known) > 1}
    assert changed == {"010", "011"}
    counted = sags_uns.rows("cases")["service"].value_counts()
    services = dict(counted.iter_rows())
    # By code, the 15 scrap vehicles of 2016 would be playgrounds.
    assert services["spielplaetze"] == 1
    assert services["schrottfahrzeuge"] == 15 + 28
    # One report stands there twice; it was moved from damaged roads to scrap vehicles.
    assert "strassenschaeden" not in services
    assert sum(services.values()) == 99


def test_sags_uns_no_word_of_a_report_is_kept(sags_uns):
    words = set()
    for path in DATA.glob("open311-koeln/requests_*.json"):
        for one in json.loads(path.read_text()):
            text = f"{one.get('description')} {one['address']} {one['lat']}"
            words |= {word for word in text.split() if len(word) > 8}
    assert len(words) > 300
    stored = b"".join(
        path.read_bytes() for path in sags_uns.folder.rglob("*") if path.is_file()
    )
    assert not [word for word in words if word.encode() in stored]


# ---------------------------------------------------------------------------- New York


@pytest.fixture(scope="module")
def nyc(tmp_path_factory):
    files = [DATA / "nyc311-animals" / "311_Animals_short.csv"]
    return Loaded(tmp_path_factory.mktemp("nyc"), "nyc-animals", "animals", files)


def test_nyc_every_case_is_there_with_its_two_times(nyc):
    zone = ZoneInfo("America/New_York")

    def moment(text):
        if not text:
            return None
        local = datetime.strptime(text, "%m/%d/%Y %H:%M").replace(tzinfo=zone)
        return local.astimezone(UTC)

    path = DATA / "nyc311-animals" / "311_Animals_short.csv"
    with path.open(newline="") as file:
        cases = list(csv.DictReader(file))
    expected = Counter(
        (one["Agency"].lower(), moment(one["Created Date"]), moment(one["Closed Date"]))
        for one in cases
    )
    rows = nyc.rows("cases")
    found = rows.select("office", "received_at", "decided_at").iter_rows()
    assert Counter(found) == expected
    assert rows.height == len(cases) == 4_969
    assert rows["case_key"].n_unique() == 4_969
    assert nyc.refused() == {}


def test_nyc_open_cases_stay_open_and_closures_within_a_minute_stay_in(nyc):
    rows = nyc.rows("cases")
    assert rows.filter(pl.col("decided_at").is_null()).height == 277
    at_once = pl.col("decided_at") - pl.col("received_at") == timedelta(0)
    assert rows.filter(at_once).height == 309
    assert rows.filter(pl.col("service") == "unsanitary-facility").height == 7


def test_nyc_covers_the_days_it_is_about_and_no_address_is_kept(nyc):
    (span,) = read_frame(
        nyc.connection, "SELECT covers_from, covers_to FROM deliveries"
    ).rows()
    assert span == (
        datetime(2025, 1, 1, 5, tzinfo=UTC),
        datetime(2025, 3, 15, 4, tzinfo=UTC),
    )
    stored = b"".join(
        path.read_bytes() for path in nyc.folder.rglob("*") if path.is_file()
    )
    assert b"COZINE AVENUE" not in stored
    assert b"64345465" not in stored
