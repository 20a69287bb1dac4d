"""More real open data, counted again by plain loops: logs, reports, slots, car parks.

The files are no part of this repository; without them these tests are skipped.
"""

import csv
import gzip
import io
import json
import tarfile
from calendar import monthrange
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from defusedxml import ElementTree

from ingest.adapters.base import REFUSED, Parsed
from ingest.checks import check
from ingest.city import read_city
from ingest.sources import Checks
from metrics.compute import compute, with_frames_of_the_desk
from metrics.protect import protect_figures
from tests.real_inputs import DATA, NOW, ONLY_WITH_DATA, ROOT, Loaded

BERLIN = ZoneInfo("Europe/Berlin")

pytestmark = ONLY_WITH_DATA


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    def load(city, source, *files):
        return Loaded(tmp_path_factory.mktemp(city), city, source, list(files))

    return load


# -------------------------------------------------------------- Stuttgart, Gelbe Karten


@pytest.fixture(scope="module")
def stuttgart(load):
    path = DATA / "gelbekarten-stuttgart" / "gelbekarten_2020-12_2026-08.parquet"
    return load("gelbekarten-stuttgart", "gelbe-karten", path)


def first_sights():
    """Give each report's first sight, and how often rows came again, as a loop does."""
    path = DATA / "gelbekarten-stuttgart" / "gelbekarten_2020-12_2026-08.parquet"
    counts, first, seen = Counter(), {}, set()
    wanted = ["first_seen_at_timestamp", "category", "location", "lat", "lon"]
    for row in pl.read_parquet(path, columns=wanted).select(wanted).iter_rows():
        report = row[1:]
        if row in seen:
            counts["duplicate"] += 1
        elif report in first:
            counts["seen_before"] += 1
        else:
            first[report] = datetime.fromisoformat(row[0]).replace(tzinfo=UTC)
        seen.add(row)
    return counts, first


def test_stuttgart_what_a_day_shows_again_counts_once_when_first_seen(stuttgart):
    counts, first = first_sights()
    assert stuttgart.refused() == counts
    assert counts == {"seen_before": 78_246, "duplicate": 1_019}
    rows = stuttgart.rows("cases")
    assert rows.height == len(first) == 55_362
    assert sorted(rows["received_at"]) == sorted(first.values())
    assert stuttgart.runs[0].rows_read == 134_627


def test_stuttgart_nobody_knows_when_a_report_was_dealt_with(stuttgart):
    assert stuttgart.rows("cases")["decided_at"].null_count() == 55_362
    kpis = {kpi for cells in stuttgart.city.publish.cells for kpi in cells.kpis}
    assert kpis == {"backlog.received"}


def test_stuttgart_a_model_comes_nearer_than_the_year_before(stuttgart):
    computed = compute(stuttgart.connection, stuttgart.city, NOW)
    frame = with_frames_of_the_desk(computed, stuttgart.city).frames["forecast"]
    received = frame.filter(pl.col("series") == "received").sort("week_start")
    assert set(received["method"]) == {"theta"}
    assert 0.7 < received["relative_error"][0] < 0.9
    assert 0.7 <= received["coverage"][0] <= 0.9
    assert received["lower"].null_count() == 0
    newest = max(first_sights()[1].values()).date()
    assert received["week_start"][0] > newest - timedelta(weeks=2)


def test_stuttgart_day_files_with_and_without_a_header_are_read_alike(load):
    files = sorted(DATA.glob("gelbekarten-stuttgart/raw/*.csv"))
    lines = headers = 0
    for path in files:
        text = path.read_text(encoding="utf-8").splitlines()
        headers += text[0].startswith("first_seen")
        lines += len([line for line in text if line])
    loaded = load("gelbekarten-stuttgart", "gelbe-karten", *files)
    assert {run.outcome for run in loaded.runs} == {"loaded"}
    assert sum(run.rows_read for run in loaded.runs) == lines - headers
    assert (len(files), headers) == (10, 5)
    assert b"Oberschlesische" not in loaded.stored()


# ----------------------------------------------------------------------------- Konstanz


def test_konstanz_every_report_with_a_unit_is_there(load):
    path = DATA / "konstanz-maengelmelder" / "data.stripped.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        reports = list(csv.DictReader(file))
    assert all(
        one["Gemeldet-am"] == one["Freigegeben-am"] == one["Geprueft-am"]
        for one in reports
    )  # hence no report is said to be decided
    units = Counter(one["Gruppe"].strip() for one in reports)
    loaded = load("konstanz-maengelmelder", "maengelmelder", path)
    assert loaded.refused() == {"missing_value": units[""]} == {"missing_value": 61}
    rows = loaded.rows("cases")
    assert rows.height == len(reports) - 61 == 3_730
    names = loaded.city.source("maengelmelder").mapping.columns["office"].values
    found = dict(rows["office"].value_counts().iter_rows())
    assert found == {names[unit]: n for unit, n in units.items() if unit}
    expected = Counter(
        datetime.fromisoformat(one["Gemeldet-am"])
        .replace(tzinfo=BERLIN)
        .astimezone(UTC)
        for one in reports
        if one["Gruppe"].strip()
    )
    assert Counter(rows["received_at"]) == expected
    assert rows["decided_at"].null_count() == rows.height


# ----------------------------------------------------------------- a hospital's billing


def billing_by_hand():
    """Walk through the log event by event."""
    path = DATA / "hospital-billing" / "14_Billing_1t_per_variant.xes.gz"
    zone = ZoneInfo("Europe/Amsterdam")
    cases, doubtful = Counter(), 0
    log = ElementTree.fromstring(gzip.decompress(path.read_bytes()))
    for trace in log.iter("trace"):
        opened = ended = how = None
        for event in trace.iter("event"):
            said = {child.get("key"): child.get("value") for child in event}
            name, time = said["concept:name"], said["time:timestamp"]
            if name == "NEW" and opened is None:
                opened = time
            elif name in ("BILLED", "DELETE"):
                ended, how = time, {"BILLED": "done", "DELETE": "withdrawn"}[name]
            elif name == "REOPEN":
                ended = how = None
        moments = [_sure(time, zone) for time in (opened, ended) if time]
        if None in moments:
            doubtful += 1
        else:
            cases[moments[0], moments[1] if ended else None, how] += 1
    return cases, doubtful


def _sure(time, zone):
    """Give the moment, unless the clocks went back in that hour."""
    local = datetime.fromisoformat(time).replace(tzinfo=zone)
    later = local.replace(fold=1)
    return None if later.utcoffset() != local.utcoffset() else local.astimezone(UTC)


def test_billing_reopened_cases_are_open_until_they_are_billed_again(load):
    path = DATA / "hospital-billing" / "14_Billing_1t_per_variant.xes.gz"
    cases, doubtful = billing_by_hand()
    loaded = load("hospital-billing", "billing", path)
    rows = loaded.rows("cases")
    found = rows.select("received_at", "decided_at", "outcome").iter_rows()
    assert Counter(found) == cases
    assert loaded.refused() == {"ambiguous_time": doubtful} == {"ambiguous_time": 1}
    assert rows.height == 1_019
    assert rows["case_key"].n_unique() == 1_019
    never_closed = rows.filter(pl.col("decided_at").is_null()).height
    assert never_closed == sum(n for (_, end, _), n in cases.items() if end is None)
    assert never_closed > 50


def test_billing_old_cases_and_the_index_are_what_a_loop_finds(load):
    """At the end of each month; three months end on the same day of a later month."""
    path = DATA / "hospital-billing" / "14_Billing_1t_per_variant.xes.gz"
    loaded = load("hospital-billing", "billing", path)
    zone, first_day = loaded.city.timezone, loaded.city.info.first_day
    spells = [
        (begun.astimezone(zone).date(), ended and ended.astimezone(zone).date())
        for (begun, ended, _), times in billing_by_hand()[0].items()
        for _ in range(times)
    ]
    figures = compute(loaded.connection, loaded.city, NOW).figures
    compared = 0
    for row in figures.filter(
        pl.col("kpi").is_in(
            ["backlog.older_than_3_months", "backlog.old_case_percent"]
        ),
        pl.col("office") == "billing",
        pl.col("grain") == "month",
        pl.col("state") == "final",
    ).iter_rows(named=True):
        day = row["period_end"]
        still_open = [
            begun
            for begun, ended in spells
            if begun <= day and (ended is None or ended > day)
        ]
        old = sum(months_later(begun, 3) < day for begun in still_open)
        if row["kpi"] == "backlog.older_than_3_months":
            assert row["value"] == old, day
        else:
            before = months_later(day, -12)
            closed = sum(before < (ended or day.max) <= day for _, ended in spells)
            assert before >= first_day - timedelta(days=1)
            assert row["n"] == len(still_open) + closed, day
            assert row["value"] == pytest.approx(100 * old / row["n"]), day
        compared += old > 0
    assert compared > 40


OLD = ("older_than_3_months", "old_case_percent")


def months_later(day, months):
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(years, month + 1)[1]
    return day.replace(year=years, month=month + 1, day=min(day.day, last))


# ------------------------------------------------------------------------ a call centre


@pytest.fixture(scope="module")
def bank(load, tmp_path_factory):
    path = tmp_path_factory.mktemp("anrufe") / "october.txt"
    packed = DATA / "anonymous-bank" / "october.txt.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    return load("anonymous-bank", "anrufe", path)


def calls_by_hand():
    packed = DATA / "anonymous-bank" / "october.txt.gz"
    lines = gzip.decompress(packed.read_bytes()).decode("latin-1").splitlines()
    names = lines[0].split("\t")
    zone = ZoneInfo("Asia/Jerusalem")
    counts, refused = defaultdict(Counter), Counter()
    for line in filter(None, lines[1:]):
        fields = line.split("\t")
        if len(fields) != len(names):
            refused["broken_row"] += 1
            continue
        call = dict(zip(names, fields, strict=True))
        wait, speak = int(call["q_time"]), int(call["ser_time"])
        given_up = call["outcome"] == "HANG"
        if call["outcome"] == "PHANTOM" or (given_up and wait < 1):
            refused["no_contact"] += 1
            continue
        day, (hour, minute, _) = call["date"], call["vru_entry"].split(":")
        half = datetime(
            1900 + int(day[:2]), int(day[2:4]), int(day[4:]), int(hour),
            int(minute) // 30 * 30, tzinfo=zone,
        )  # fmt: skip
        count = counts[half.astimezone(UTC)]
        count["offered"] += 1
        count["abandoned"] += given_up
        if not given_up:
            count["answered"] += 1
            count["answered_in_target"] += wait <= 30
            count["wait_seconds"] += wait
            count["handling_seconds"] += speak
    return counts, refused


def test_bank_every_half_hour_counts_the_calls_that_a_loop_counts(bank):
    counts, refused = calls_by_hand()
    rows = bank.rows("contacts")
    names = (
        "offered", "abandoned", "answered", "answered_in_target", "wait_seconds",
        "handling_seconds",
    )  # fmt: skip
    found = {
        row["interval_at"]: {name: row[name] for name in names}
        for row in rows.iter_rows(named=True)
    }
    expected = {at: {name: n[name] for name in names} for at, n in counts.items()}
    assert found == expected
    assert bank.refused() == refused == {"no_contact": 1_673, "broken_row": 2}
    assert rows["offered"].sum() == 34_625 - 1_675


def test_bank_every_figure_is_what_a_loop_over_the_file_comes_to(bank):
    counts, _ = calls_by_hand()
    zone = ZoneInfo("Asia/Jerusalem")
    by_period = {"month": Counter(), "day": defaultdict(Counter)}
    for at, n in counts.items():
        by_period["month"] += n
        by_period["day"][at.astimezone(zone).date()] += n
    figures = compute(bank.connection, bank.city, NOW).figures.filter(
        pl.col("kpi").str.starts_with("contacts."),
        pl.col("office") == "callcenter",
    )
    is_month, of_phone = pl.col("grain") == "month", pl.col("channel") == "phone"
    month = figures.filter(is_month, of_phone).to_dicts()
    # There is one line only, so that of all lines is the same.
    of_all = pl.col("channel").is_null()
    days = figures.filter(pl.col("grain") == "day", of_all).to_dicts()
    assert len(by_period["day"]) == len(days) / 7 == 31
    for figure in (*month, *days):
        is_day = figure["grain"] == "day"
        n = by_period["day"][figure["period_start"]] if is_day else by_period["month"]
        assert figure["value"] == pytest.approx(by_hand(figure["kpi"], n)), figure
    values = {figure["kpi"]: figure["value"] for figure in month}
    assert values["contacts.offered"] == 32_950
    assert values["contacts.solved_first_share"] is None  # the file does not say


def by_hand(kpi, n):
    share = {
        "answered_share": ("answered", n["offered"]),
        "abandoned_share": ("abandoned", n["offered"]),
        "service_level": ("answered_in_target", n["answered"] + n["abandoned"]),
    }
    mean = {
        "mean_wait_seconds": "wait_seconds",
        "mean_handling_seconds": "handling_seconds",
    }
    name = kpi.removeprefix("contacts.")
    if name in share:
        part, whole = share[name]
        return 100 * n[part] / whole
    if name in mean:
        return n[mean[name]] / n["answered"]
    return n["offered"] if name == "offered" else None


def test_bank_its_published_month_tells_the_rounded_counts(bank):
    figures = compute(bank.connection, bank.city, NOW).figures
    shown = protect_figures(figures, bank.city, NOW)
    month = shown.filter(pl.col("grain") == "month", pl.col("channel") == "phone")
    values = dict(month.select("kpi", "value").iter_rows())
    assert values["contacts.offered"] == 32_950
    assert 0 < values["contacts.service_level"] < values["contacts.answered_share"]
    assert "contacts.mean_handling_seconds" not in values  # of all lines only


def test_bank_no_name_of_an_agent_and_no_number_of_a_customer_is_kept(bank):
    stored = bank.stored()
    assert b"contacts" in stored
    assert not [name for name in (b"BASCH", b"DORIT", b"AA0101") if name in stored]


# ----------------------------------------------------- free appointments: Wuppertal, KL


def offers_by_hand(prefix):
    """Give the first free slot of every look, read cell by cell."""
    offers = {}
    for path in sorted(DATA.glob("termine-netappoint/*.tar.gz"))[:3]:
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                if not member.name.startswith(prefix):
                    continue
                text = io.TextIOWrapper(archive.extractfile(member), encoding="utf-8")
                header, *looks = csv.reader(text)
                for look in looks:
                    free = [
                        slot
                        for slot, cell in zip(header[3:], look[3:], strict=True)
                        if cell == "1"
                    ]
                    offers[f"{look[1]} {look[2]}", _utc(look[0])] = (
                        _utc(min(free)) if free else None
                    )
    return offers


def _utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.fixture(scope="module")
def appointments(load):
    files = sorted(DATA.glob("termine-netappoint/*.tar.gz"))[:3]
    return {
        city: load(f"{city}-termine", "termine", *files)
        for city in ("wuppertal", "kaiserslautern")
    }


@pytest.mark.parametrize(
    ("city", "looks"), [("wuppertal", 15_944), ("kaiserslautern", 4_032)]
)
def test_appointments_every_look_gives_its_first_offer(appointments, city, looks):
    loaded = appointments[city]
    places = loaded.city.source("termine").mapping.office.values
    expected = {
        (places[place], at): offer
        for (place, at), offer in offers_by_hand(city).items()
    }
    rows = loaded.rows("slot_offers")
    found = rows.select("office", "observed_at", "first_free_at").rows()
    assert {(office, at): offer for office, at, offer in found} == expected
    assert len(found) == len(expected) == looks
    assert loaded.refused() == {}


def test_appointments_missing_looks_stay_missing(appointments):
    rows = appointments["wuppertal"].rows("slot_offers")
    looks = rows.filter(pl.col("office") == "geo-kataster")["observed_at"].sort()
    gaps = looks.diff().drop_nulls()
    quarters = 3 * 7 * 24 * 4
    assert looks.len() < quarters
    assert gaps.max() > timedelta(minutes=29)


def test_appointments_an_office_that_never_offers_is_none_not_zero(appointments):
    rows = appointments["kaiserslautern"].rows("slot_offers")
    assert rows["first_free_at"].null_count() == rows.height
    assert set(rows["office"]) == {"auslaenderbehoerde", "buergercenter"}


def weeks_by_hand(loaded, prefix):
    """Give what the searches of every place and week found, in days; None nothing."""
    places = loaded.city.source("termine").mapping.office.values
    weeks = defaultdict(list)
    for (place, at), offer in offers_by_hand(prefix).items():
        looked, free = (one and one.astimezone(BERLIN).date() for one in (at, offer))
        year, week, _ = looked.isocalendar()
        days = None if free is None else (free - looked).days
        weeks[places[place], f"{year}-W{week:02}"].append(days)
    return weeks


@pytest.mark.parametrize("city", ["wuppertal", "kaiserslautern"])
def test_appointments_every_published_week_says_what_a_loop_finds(appointments, city):
    loaded = appointments[city]
    figures = compute(loaded.connection, loaded.city, NOW).figures
    published = protect_figures(figures, loaded.city, NOW)
    said = {row["figure_id"]: row for row in published.iter_rows(named=True)}
    checked = 0
    for (office, week), days in weeks_by_hand(loaded, city).items():
        found = sorted(each for each in days if each is not None)
        soon = sum(each <= 14 for each in found)
        expected = {
            "median_days_to_next_free": found[(len(found) - 1) // 2] if found else None,
            "share_offered_within_14_days": int(100 * soon / len(days) + 0.5),
            "search_success_share": int(100 * len(found) / len(days) + 0.5),
        }
        for kpi, value in expected.items():
            figure = said[f"appointments.{kpi}/{office}/all/all/week/{week}"]
            assert figure["value"] == value, figure["figure_id"]
            checked += 1
        assert figure["n"] == len(days)
    assert checked == 3 * 3 * len(loaded.city.offices)


# ---------------------------------------------------------------------------- car parks


def test_basel_an_empty_record_and_more_free_than_there_are_are_refused(load):
    path = DATA / "parkapi-fixtures" / "basel.json"
    records = json.loads(path.read_text())
    loaded = load("basel-parken", "parkhaeuser", path)
    expected = {
        one["id2"]: (one["free"], one["total"])
        for one in records
        if one.get("id2") and one["free"] <= one["total"]
    }
    rows = loaded.rows("parking")
    found = {
        row["car_park"]: (row["free"], row["capacity"])
        for row in rows.iter_rows(named=True)
    }
    assert found == expected
    assert len(found) == 15
    assert loaded.refused() == {"missing_value": 1, "part_exceeds_whole": 1}


def test_bielefeld_only_places_that_somebody_counts_are_looks(load):
    path = DATA / "parkapi-fixtures" / "bielefeld.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        counted = [
            one for one in csv.DictReader(file, delimiter=";") if one["b_pls_zeit"]
        ]
    loaded = load("bielefeld-parken", "parkhaeuser", path)
    rows = loaded.rows("parking").sort("car_park")
    found = rows.select("car_park", "free", "capacity").rows()
    assert found == sorted(
        (one["gid"], int(one["b_pls_rest"]), int(one["kapazitaet"])) for one in counted
    )
    assert len(found) == 21
    states = Counter(one["b_pls_status"] for one in counted)
    assert Counter(rows["state"]) == {
        "open": states["FREI"], "closed": states["GESCHLOSSEN"],
    }  # fmt: skip


# ------------------------------------------------ Moers, pedestrians: a check, no table


def _pedestrians(name):
    """Read the counts by their header, as a careless reader does."""
    path = DATA / "moers-besucher" / name
    with path.open(newline="", encoding="cp1252") as file:
        return [
            [int(one[column]) if one[column] else None for column in COUNTS]
            for one in csv.DictReader(file, delimiter=";")
        ]


COUNTS = ("Fußgänger insgesamt", "Erwachsene", "Kinder")


@pytest.mark.parametrize(
    ("month", "wrong"), [("bes_juni.csv", 0), ("bes_juli.csv", 700)]
)
def test_moers_the_month_whose_values_slipped_is_found_by_its_sums(month, wrong):
    """No table takes passers-by, so the columns of calls stand in for the check's."""
    counts = _pedestrians(month)
    start = datetime(2022, 6, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        [
            (n + 2, "a", "phone", start + timedelta(hours=n), 60, *row)
            for n, row in enumerate(counts)
        ],
        schema=["row_number", "office", "line", "interval_at", "interval_minutes",
                "offered", "answered", "abandoned"],
        orient="row",
    )  # fmt: skip
    city = read_city(ROOT / "data" / "cities" / "moers.toml")
    sums = {"total": "offered", "parts": ["answered", "abandoned"]}
    source = city.sources[0].model_copy(
        update={"checks": Checks.model_validate({"sums": [sums]})}
    )
    parsed = Parsed(
        "contacts",
        rows.with_columns(office=pl.lit("buergerservice")),
        REFUSED.to_frame(),
        rows.height,
        None,
    )
    found = check(parsed, source, city, None, NOW).count("sum_differs")
    by_hand = sum(
        1 for total, *parts in counts if None not in parts and total != sum(parts)
    )
    assert found == by_hand
    assert (found == 0) if wrong == 0 else (found >= wrong)
