"""The sample city's file and its systems must speak of the same things."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from data.simulator.case_plan import CASE_OFFICES, REPORTS
from data.simulator.opening import CITY_FILE, intervals
from data.simulator.ticket_plan import (
    FIRST_ON,
    NEW_APPOINTMENTS_ON,
    TICKET_OFFICES,
    TICKET_SYSTEMS,
)
from ingest.adapters.columns import origins
from ingest.city import read_city


@pytest.fixture(scope="module")
def city():
    return read_city(CITY_FILE)


def test_the_file_is_valid_and_says_that_its_data_are_a_sample(city):
    assert city.info.sample_data
    assert city.info.first_day == FIRST_ON
    assert 28 <= len(city.services) <= 32
    assert all(service.leika_invented for service in city.services)
    assert len({service.leika for service in city.services}) == len(city.services)


def test_every_office_of_the_issue_is_there(city):
    assert [office.id for office in city.offices] == [
        "einwohnermeldeamt", "kfz-zulassung", "bauordnung", "auslaenderbehoerde",
        "standesamt", "wohngeld", "gewerbe", "servicecenter",
    ]  # fmt: skip


def words(source, column):
    return source.mapping.columns[column].values


@pytest.mark.parametrize("system", TICKET_SYSTEMS)
def test_what_the_ticket_systems_write_is_known_to_the_file(city, system):
    source = city.source(f"aufrufsystem-{system}")
    offices = TICKET_SYSTEMS[system]
    assert words(source, "office") == {office.words: office.id for office in offices}
    for office in offices:
        for service in office.services:
            named = words(source, "service")[service.words]
            assert city.service(named).office == office.id


def test_what_the_case_systems_write_is_known_to_the_file(city):
    for office in CASE_OFFICES.values():
        if office == REPORTS:
            continue
        name = "bauantraege" if office.id == "bauordnung" else f"vorgaenge-{office.id}"
        source = city.source(name)
        for procedure in office.procedures:
            named = words(source, "service")[procedure.words]
            assert city.service(named).office == office.id
        assert source.periods.every == office.per_file
        assert source.periods.first == office.begins


def test_every_column_of_a_csv_is_either_read_or_dropped(city, get):
    for source in city.sources:
        if source.adapter != "table_file" or source.mapping.file_format != "csv":
            continue
        path = re.sub(r"^http://[^/]+", "", source.url)
        body = get(path.format(year="2025", month="09", quarter=3)).body
        lines = body.decode(source.mapping.encoding).splitlines()
        first = lines[source.mapping.header_row - 1]
        header = next(csv.reader([first], delimiter=source.mapping.delimiter))
        used = [
            name
            for column in source.mapping.columns.values()
            if column.column
            for name in origins(column)
        ]
        assert sorted(header) == sorted([*used, *source.mapping.ignored_columns])


def test_names_clerks_addresses_and_free_text_are_dropped_at_the_door(city):
    personal = {
        "Name", "Sachbearbeitung", "Antragsteller", "Geburtsdatum", "Anschrift",
        "Bemerkung", "Platz", "Bauort", "Angemeldet", "agents", "Kommentare",
    }  # fmt: skip
    for source in city.sources:
        if source.adapter == "table_file":
            used = {c.column for c in source.mapping.columns.values()}
            assert not personal & used


def test_every_source_leads_to_the_simulator(city):
    assert all(s.url.startswith("http://127.0.0.1:8051/") for s in city.sources)
    assert all(source.private_host for source in city.sources)


def test_hours_holidays_and_closures_are_those_of_the_file():
    assert intervals("wohngeld", date(2026, 11, 19)) == (
        (8 * 3600, 12 * 3600),
        (14 * 3600, 17 * 3600 + 1800),
    )
    assert intervals("wohngeld", date(2026, 11, 18)) == ()
    assert intervals("kfz-zulassung", date(2026, 3, 10)) == ()  # water damage
    assert intervals("standesamt", date(2026, 3, 10)) != ()
    assert intervals("standesamt", date(2026, 6, 4)) == ()  # Corpus Christi


def test_the_story_is_told_where_it_happens(city):
    events = {event.text.en: event for event in city.events}
    assert events["New appointment system"].on == NEW_APPOINTMENTS_ON
    vacant = next(e for e in city.events if "vacant" in e.text.en)
    assert vacant.on == CASE_OFFICES["bauordnung"].staff[0][0]


def test_the_deadline_for_suing_is_not_taken_for_one_to_decide(city):
    assert not any("75" in deadline.norm for deadline in city.deadlines)
    law = [d for d in city.deadlines if "Selbstverpflichtung" not in d.norm]
    assert [(d.norm, d.duration, d.unit, d.starts_at) for d in law] == [
        ("§ 65 Abs. 2 HBO", 3, "months", "complete")
    ]


def test_shares_of_a_ticket_office_add_up():
    for office in TICKET_OFFICES.values():
        assert sum(service.share for service in office.services) == pytest.approx(1)


def test_the_readme_names_no_address_that_is_not_served(get):
    text = (Path(CITY_FILE).parents[1] / "README.md").read_text(encoding="utf-8")
    for path in re.findall(r"`(/[\w/.-]+\.\w+)`", text):
        assert get(path).status == 200, path
