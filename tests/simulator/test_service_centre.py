"""Calls, chats and answers of the sample city, and what the ingest makes of them."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from data.simulator.opening import CITY_FILE
from data.simulator.people import CLERKS, LAST_NAMES
from data.simulator.service_centre import CHAT_FROM, call_csv, calls, chats
from data.simulator.survey import OFFICES, counts
from ingest.city import read_city
from ingest.delivery import run_source
from ingest.warehouse import open_warehouse, read_rows

SEED = 115
NOW = datetime(2026, 11, 19, 10, 15, tzinfo=UTC)
SEPTEMBER = [date(2026, 9, day) for day in range(1, 31)]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, get):
    """Load September 2026 and its quarter of chats as the city's file reads them."""
    folder = tmp_path_factory.mktemp("city")
    city = read_city(CITY_FILE)
    files = {
        "telefonanlage": "/telefonanlage/intervalle-2026-09.csv",
        "chat": "/chat/statistik-2026-Q3.csv",
        "umfrage": "/umfrage/bewertungen-2026-09.csv",
    }
    with open_warehouse(folder / "warehouse.duckdb") as connection:
        for source, path in files.items():
            file = folder / path.rpartition("/")[2]
            file.write_bytes(get(path).body)
            runs = run_source(
                connection,
                city,
                city.source(source),
                data_dir=folder / "data",
                now=NOW,
                files=[file],
            )
            assert [run.outcome for run in runs] == ["loaded"]
            file.unlink()
        yield connection, folder


def test_every_half_hour_is_loaded_as_it_was_but_for_miscounted_ones(loaded):
    connection, _ = loaded
    rows = read_rows(connection, "contacts", where="line = 'phone'")
    expected = [one for day in SEPTEMBER for one in calls(SEED, day)]
    assert 0.99 * len(expected) <= rows.height <= len(expected)
    offered, answered = rows["offered"].sum(), rows["answered"].sum()
    assert offered == pytest.approx(sum(one.offered for one in expected), rel=0.01)
    assert answered == pytest.approx(sum(one.answered for one in expected), rel=0.01)
    seconds = sum(one.wait for one in expected)
    assert rows["wait_seconds"].sum() == pytest.approx(seconds, rel=0.01)


def test_a_chat_counts_what_it_can_and_leaves_the_rest_open(loaded):
    connection, _ = loaded
    rows = read_rows(
        connection, "contacts", where="line = 'chat' AND month(interval_at) = 9"
    )
    expected = [one for day in SEPTEMBER for one in chats(SEED, day)]
    assert rows["offered"].sum() == sum(one.offered for one in expected)
    assert rows["solved_first"].null_count() == rows.height
    assert rows["answered_in_target"].null_count() == rows.height


def test_school_grades_are_turned_round(loaded):
    connection, _ = loaded
    rows = read_rows(connection, "ratings", where="office = 'einwohnermeldeamt'")
    given = [counts(SEED, OFFICES[0], day)[1] for day in SEPTEMBER]
    by_answer: Counter[int] = Counter()
    for answer, count in rows.select("answer", "count").rows():
        by_answer[answer] += count
    for grade in range(1, 6):
        assert by_answer[6 - grade] == sum(day[grade - 1] for day in given)


def test_nobody_who_answers_a_phone_or_writes_a_remark_is_kept(loaded):
    _, folder = loaded
    stored = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert b"contacts" in stored
    assert [name for name in CLERKS if name.encode() in stored] == []
    assert [name for name in LAST_NAMES if f"{name}, ".encode() in stored] == []


def test_a_year_of_calls_is_that_of_a_city_of_its_size():
    """Wuppertal, as large, had 624 000 in 2012, a tenth of them given up."""
    year = [
        one
        for month in range(1, 13)
        for day in range(1, 29)
        for one in calls(SEED, date(2025, month, day))
    ]
    offered = sum(one.offered for one in year) * 365 / 336
    assert 350_000 < offered < 650_000
    lost = sum(one.abandoned for one in year) / sum(one.offered for one in year)
    assert 0.07 < lost < 0.15
    for one in year:
        assert one.in_target <= one.answered <= one.offered - one.abandoned
        assert 0 <= one.solved <= one.answered


def test_the_chat_opens_on_its_day_and_nobody_calls_on_a_holiday():
    assert chats(SEED, date(2024, 9, 30)) == []
    assert chats(SEED, CHAT_FROM) != []
    assert calls(SEED, date(2026, 10, 3)) == []
    assert call_csv(SEED, date(2026, 10, 3), date(2026, 10, 4)) == b""


def test_a_file_holds_the_days_that_are_over(get):
    body = get("/telefonanlage/intervalle-2026-11.csv").body.decode("cp1252")
    assert "18.11.2026" in body
    assert "19.11.2026" not in body
    assert get("/telefonanlage/intervalle-2026-12.csv").status == 404
    assert get("/telefonanlage/intervalle-2024-03.csv").status == 404
    assert get("/umfrage/bewertungen-2026-13.csv").status == 404
