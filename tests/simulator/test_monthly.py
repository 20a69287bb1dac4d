"""What is written once a month: a small office's sums, and the list of services."""

import csv
from datetime import date, datetime
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from data.simulator.online_list import RATINGS
from data.simulator.online_list import csv as list_of
from data.simulator.opening import CITY_FILE
from data.simulator.server import SEED
from data.simulator.trade_office import BUSINESSES, sums
from ingest.city import read_city

MONTHS = [date(2024 + n // 12, n % 12 + 1, 1) for n in range(34)]


def test_what_is_open_follows_from_what_came_and_went_but_for_one_correction():
    wrong = []
    for business in BUSINESSES:
        told = [sums(SEED, business, month) for month in MONTHS]
        for month, before, now in zip(MONTHS[1:], told, told[1:], strict=False):
            known = None not in (before.open_at_end, now.open_at_end)
            if (
                known
                and before.open_at_end + now.received - now.decided != now.open_at_end
            ):
                wrong.append((business.words, month))
    assert wrong == [("Gewerbe abmelden", date(2026, 5, 1))]
    forgotten = [
        (business.words, month)
        for business in BUSINESSES
        for month in MONTHS
        if sums(SEED, business, month).open_at_end is None
    ]
    assert forgotten == [("Gaststättenerlaubnis", date(2025, 8, 1))]


@pytest.mark.parametrize("business", BUSINESSES, ids=lambda each: each.words)
def test_the_backlog_of_a_small_office_stays_small(business):
    stocks = [sums(SEED, business, month).open_at_end for month in MONTHS]
    assert all(stock is None or stock < 2 * business.per_month + 60 for stock in stocks)


def test_a_month_is_there_when_it_is_over(server, session):
    address = f"{server.address}/gewerbeamt/monatszahlen-2026-10.xlsx"
    for day, status in ((31, 404), (1, 200)):
        month = 10 if day == 31 else 11
        server.clock.set(datetime(2026, month, day, 6))  # noqa: DTZ001 - local time
        answer = session.get(address)
        assert answer.status_code == status
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    rows = book.get_sheet_by_name("Monatszahlen").to_python(skip_empty_area=False)[3:]
    assert [row[0] for row in rows] == [
        *(business.words for business in BUSINESSES), "Summe",
    ]  # fmt: skip
    told = sums(SEED, BUSINESSES[0], date(2026, 10, 1))
    assert rows[0][1:] == [date(2026, 10, 1), date(2026, 11, 1), *told]
    assert rows[-1][3] == sum(row[3] for row in rows[:-1])


def test_the_list_rates_by_one_model_and_then_by_the_other():
    def models(month: date) -> set[str]:
        text = list_of(month).decode("cp1252")
        return {
            row["Modell"] for row in csv.DictReader(text.splitlines(), delimiter=";")
        }

    assert models(date(2025, 6, 1)) == {"1.1"}
    assert models(date(2025, 8, 1)) == {"1.1", "2.0"}
    assert models(date(2026, 1, 1)) == {"2.0"}


def test_the_list_and_the_city_file_say_the_same_of_january_2026():
    city = read_city(CITY_FILE)
    names = city.source("onlinedienste").mapping.columns["service"].values
    rows = rows_of(date(2026, 1, 1))
    assert {row["Leistung"] for row in rows} == RATINGS.keys() == names.keys()
    for row in rows:
        stated = city.service(names[row["Leistung"]]).online
        assert (row["Reifegrad"], row["Modell"]) == (str(stated.maturity), stated.model)


def rows_of(month: date) -> list[dict[str, str]]:
    text = list_of(month).decode("cp1252")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))
