"""The live feed: what it says while open, after closing, and on a Sunday."""

import csv
import io
import json
from datetime import date, datetime, timedelta

import pytest

from data.simulator.opening import intervals
from data.simulator.tickets import NO_SHOW

OFFICES = [
    "Einwohnermeldeamt",
    "Kfz-Zulassung",
    "Ausländerbehörde",
    "Standesamt",
    "Wohngeld",
]


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001 - local time of the city


@pytest.fixture
def feed(get):
    def look(moment):
        answer = get("/live/wartezeiten.json", moment)
        assert answer.etag is None
        return {q["displayName"]: q for q in json.loads(answer.body)["queues"]}

    return look


def test_every_value_is_text_and_the_time_is_naive(feed):
    queues = feed(at(2026, 11, 19, 10, 15, 42))
    assert list(queues) == [*OFFICES, "Infothek "]
    for queue in queues.values():
        assert all(isinstance(value, str) for value in queue.values())
        assert queue["lastUpdated"] == "2026-11-19 10:15:00"
    assert {queues[office]["status"] for office in OFFICES} == {"1"}


def test_it_changes_from_minute_to_minute_and_not_within_one(feed):
    looks = [feed(at(2026, 11, 19, 10, minute, 5)) for minute in range(30)]
    waiting = [look["Einwohnermeldeamt"]["customersWaiting"] for look in looks]
    assert len(set(waiting)) > 5
    assert feed(at(2026, 11, 19, 10, 3, 59)) == looks[3]


def test_after_closing_it_keeps_its_last_values_and_says_closed(feed):
    last = feed(at(2026, 11, 19, 17, 59))["Einwohnermeldeamt"]
    after = feed(at(2026, 11, 19, 18, 0))["Einwohnermeldeamt"]
    assert (last["status"], after["status"]) == ("1", "2")
    assert after == last | {"status": "2"}
    assert feed(at(2026, 11, 20, 7, 59))["Einwohnermeldeamt"] == after


def test_on_a_sunday_it_shows_the_end_of_the_last_opening_day(feed):
    queues = feed(at(2026, 11, 22, 11, 0))
    assert {queue["status"] for queue in queues.values()} == {"2"}
    assert queues["Einwohnermeldeamt"]["lastUpdated"] == "2026-11-20 12:29:00"
    assert queues["Wohngeld"]["lastUpdated"] == "2026-11-19 17:29:00"


def test_it_is_closed_at_noon_between_two_sessions(feed):
    queue = feed(at(2026, 11, 19, 13, 0))["Wohngeld"]
    assert (queue["status"], queue["lastUpdated"]) == ("2", "2026-11-19 11:59:00")


def test_it_agrees_with_the_export_of_that_day(feed, get):
    answer = get(
        "/aufrufsystem/buergeraemter/vorgaenge-2026-11.csv", at(2026, 12, 20, 9)
    )
    text = answer.body.decode("cp1252").split("\r\n")[5:-2]
    table = {r["Vorgangsnummer"]: r for r in csv.DictReader(text, delimiter=";")}
    day = [r for n, r in table.items() if n.startswith("E20261119")]
    now = "19.11.2026 10:15:00"
    here = [r for r in day if "-" != r["Ankunft"] <= now]
    waiting = sum(r["Aufruf"] > now for r in here if r["Status"] == "bedient")
    # Nobody notes when those leave who leave; until then they wait as well.
    left = sum(r["Status"] == "gegangen" for r in here)
    seen = int(feed(at(2026, 11, 19, 10, 15))["Einwohnermeldeamt"]["customersWaiting"])
    assert waiting > 5
    assert waiting <= seen <= waiting + left


def test_who_has_left_waits_no_longer(feed, systems):
    visits = systems.tickets.day("einwohnermeldeamt", date(2025, 3, 3))
    people = list(
        zip(visits.arrived, visits.called, visits.left, visits.outcome, strict=True)
    )
    seen = []
    for hour in (9, 10, 11, 13, 15):
        now = hour * 3600
        here = [p for p in people if p[3] != NO_SHOW and p[0] <= now]
        here = [p for p in here if not 0 <= p[1] <= now]
        staying = [p for p in here if not 0 <= p[2] <= now]
        queue = feed(at(2025, 3, 3, hour, 0))["Einwohnermeldeamt"]
        assert int(queue["customersWaiting"]) == len(staying)
        seen.append(len(here) - len(staying))
    assert max(seen) > 3


def test_a_day_on_which_tickets_run_out_says_so(feed, systems):
    day = date(2025, 3, 3)
    while (
        not (visits := systems.tickets.day("kfz-zulassung", day)) or not visits.sold_out
    ):
        day += timedelta(days=1)
    begins, ends = visits.sold_out[0]
    assert ends == intervals("kfz-zulassung", day)[-1][1]
    midnight = datetime.combine(day, datetime.min.time())
    before = feed(midnight + timedelta(seconds=begins - 61))["Kfz-Zulassung"]
    after = feed(midnight + timedelta(seconds=begins + 61))["Kfz-Zulassung"]
    assert (before["status"], after["status"]) == ("1", "3")


def test_the_feed_is_compact_json_in_utf_8(get):
    answer = get("/live/wartezeiten.json")
    assert answer.media_type == "application/json; charset=utf-8"
    assert "Ausländerbehörde" in answer.body.decode("utf-8")
    assert len(answer.body) < 2000
    assert io.BytesIO(answer.body).read(1) == b"{"
