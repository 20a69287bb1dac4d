"""The appointment system: minutes planned and booked, and what searches found."""

import csv
import io
import json
from collections import defaultdict
from datetime import date, datetime
from statistics import median

import pytest

from data.simulator.opening import intervals
from data.simulator.ticket_plan import TICKET_OFFICES

OFFICES = {office.words: office.id for office in TICKET_OFFICES.values()}


def at(*moment):
    return datetime(*moment)  # noqa: DTZ001 - local time of the city


def capacity(get, month, *now):
    answer = get(f"/terminsystem/kapazitaet-{month}.csv", *now)
    text = answer.body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def searches(get, month, *now):
    return json.loads(get(f"/terminsystem/suchen-{month}.json", *now).body)


def days_to_first(found, **wanted):
    days = []
    for each in found:
        if all(each[name] == value for name, value in wanted.items()):
            free = each["Erster freier Termin"]
            looked = datetime.fromisoformat(each["Zeit"]).date()
            days.append(
                None if free is None else (date.fromisoformat(free[:10]) - looked).days
            )
    return days


def test_booked_minutes_are_the_appointments_of_the_ticket_system(get):
    """Of the registration office 10 minutes each, whether anybody came or not."""
    answer = get("/aufrufsystem/buergeraemter/vorgaenge-2025-09.csv")
    lines = answer.body.decode("cp1252").split("\r\n")[5:-2]
    due = defaultdict(set)
    for row in csv.DictReader(lines, delimiter=";"):
        if row["Amt"] == "Einwohnermeldeamt" and row["Termin"] != "-":
            due[row["Termin"][:10]].add(row["Vorgangsnummer"])
    booked = defaultdict(int)
    for row in capacity(get, "2025-09"):
        if row["Behörde"] == "Einwohnermeldeamt":
            booked[row["Tag"]] += int(row["Gebuchte Minuten"])
    assert len(booked) == 22
    assert booked == {day: 10 * len(tickets) for day, tickets in due.items()}


def test_no_more_is_booked_than_planned_and_some_days_lack_the_plan(get):
    months = [f"2026-0{month}" for month in range(1, 9)]
    rows = [row for month in months for row in capacity(get, month)]
    planned = [row for row in rows if row["Geplante Minuten"] != "-"]
    assert 0 < len(rows) - len(planned) < 0.03 * len(rows)
    for row in planned:
        assert int(row["Gebuchte Minuten"]) <= int(row["Geplante Minuten"])


def test_days_to_come_are_in_the_file_and_still_filling(get):
    early = capacity(get, "2026-11", at(2026, 11, 5, 9))
    late = capacity(get, "2026-11", at(2026, 12, 2, 9))
    assert [row["Tag"] for row in early] == [row["Tag"] for row in late]
    over, to_come = defaultdict(int), defaultdict(int)
    for rows, name in ((early, "then"), (late, "now")):
        for row in rows:
            day = datetime.strptime(row["Tag"], "%d.%m.%Y").date()  # noqa: DTZ007
            sums = over if day < date(2026, 11, 5) else to_come
            sums[name] += int(row["Gebuchte Minuten"])
    assert over["then"] == over["now"] > 0
    assert 0.1 < to_come["then"] / to_come["now"] < 0.7


def test_every_offer_is_later_than_its_search_and_while_the_office_is_open(get):
    found = searches(get, "2026-07")
    for each in found:
        if (free := each["Erster freier Termin"]) is not None:
            slot = datetime.fromisoformat(free)
            assert slot > datetime.fromisoformat(each["Zeit"])
            second = slot.hour * 3600 + slot.minute * 60
            sessions = intervals(OFFICES[each["Behörde"]], slot.date())
            assert any(opens <= second < closes for opens, closes in sessions)
    assert len(found) > 2000


def test_in_summer_the_registration_office_is_weeks_away_until_the_new_system(get):
    """And then most searches find nothing at all, which no number of days tells."""
    office, service = "Einwohnermeldeamt", "Personalausweis beantragen"
    before, winter, after = (
        days_to_first(searches(get, month), Behörde=office, Anliegen=service)
        for month in ("2025-07", "2026-01", "2026-07")
    )
    found = [days for days in before if days is not None]
    assert 0.15 < len(found) / len(before) < 0.4
    assert median(found) > 28
    for days, least, most in ((winter, 2, 7), (after, 9, 18)):
        known = [each for each in days if each is not None]
        assert len(known) / len(days) > 0.9
        assert least <= median(known) <= most


def test_some_offices_are_searched_as_a_whole_and_some_by_service(get):
    named = {(each["Behörde"], each["Anliegen"]) for each in searches(get, "2026-09")}
    assert ("Wohngeld", None) in named
    assert ("Standesamt", None) in named
    assert ("Standesamt", "Eheschließung anmelden") in named
    assert ("Einwohnermeldeamt", None) not in named


def test_searches_fail_now_and_then_and_once_for_days(get):
    looked = {each["Zeit"][:10] for each in searches(get, "2025-10")}
    assert not {f"2025-10-0{day}" for day in range(6, 10)} & looked
    assert len(looked) == 27
    whole = (
        30 * 8 * len({(e["Behörde"], e["Anliegen"]) for e in searches(get, "2026-09")})
    )
    assert 0.97 * whole < len(searches(get, "2026-09")) < whole


@pytest.mark.parametrize(
    "path",
    [
        "/terminsystem/kapazitaet-2026-10.csv",
        "/terminsystem/suchen-2026-10.json",
        "/aufrufsystem/anzeigen-2026-10.csv",
    ],
)
def test_a_finished_month_never_changes_and_one_to_come_is_not_there(get, path):
    first, later = get(path), get(path, at(2026, 12, 20, 9))
    assert first.body == later.body
    assert get(path, at(2026, 9, 30, 9)).status == 404
    assert get(path.replace("2026-10", "2026-13")).status == 404
    assert get(path.replace("2026-10", "2024-03")).status == 404


def test_the_displays_log_shows_when_tickets_ran_out(get, systems):
    text = get("/aufrufsystem/anzeigen-2026-07.csv").body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert {row["Anzeige"] for row in rows} == {
        "Einwohnermeldeamt", "Kfz-Zulassung", "Wohngeld",
    }  # fmt: skip
    gone = defaultdict(list)
    for row in rows:
        if row["Zustand"] == "keine Wartenummern":
            gone[row["Anzeige"], row["Zeit"][:10]].append(row["Zeit"][11:])
    at_the_cars = [day for office, day in gone if office == "Kfz-Zulassung"]
    assert 2 <= len(at_the_cars) <= 10
    for (office, text_day), times in gone.items():
        day = datetime.strptime(text_day, "%d.%m.%Y").date()  # noqa: DTZ007
        stretches = systems.tickets.day(OFFICES[office], day).sold_out
        for time in times:
            second = int(time[:2]) * 3600 + int(time[3:]) * 60
            assert any(first <= second < end for first, end in stretches)
