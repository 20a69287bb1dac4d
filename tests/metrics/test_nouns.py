"""Reports are called reports, in the catalogue that goes with a city's figures."""

import re

import pytest

from metrics.catalogue import CATALOGUE
from metrics.nouns import as_reports, in_words_of, only_reports

SOURCE = {
    "id": "system",
    "adapter": "table_file",
    "publisher": "Amt",
    "licence": "x",
    "folder": "eingang",
    "every": "1d",
    "max_age": "5d",
    "mapping": {"table": "cases", "columns": {"office": {"value": "bauamt"}}},
}
OPEN311 = {**SOURCE, "adapter": "open311", "mapping": {"office": "bauamt"}}


def service(service_id: str, *, is_report: bool) -> dict[str, object]:
    return {
        "id": service_id,
        "leika": "9" * 14,
        "name": {"de": "x", "en": "x"},
        "office": "bauamt",
        "is_report": is_report,
    }


@pytest.mark.parametrize(
    ("sources", "reports", "expected"),
    [
        ([OPEN311], [False], True),
        ([SOURCE], [True, True], True),
        ([SOURCE], [True, False], False),
        ([SOURCE, OPEN311 | {"id": "open311"}], [False], False),
        ([], [True], False),  # no cases, no word for them
    ],
)
def test_a_city_of_reports_has_nothing_else(
    make_city, sources, reports, expected
) -> None:
    services = [service(f"s{i}", is_report=each) for i, each in enumerate(reports)]
    assert only_reports(make_city(source=sources, service=services)) is expected


def test_no_definition_speaks_of_applications_where_people_report(make_city) -> None:
    city = make_city(source=[OPEN311])
    for kpi in CATALOGUE.values():
        told = in_words_of(city, kpi)
        for text in told.texts.values():
            said = " ".join(text.model_dump().values())
            assert not re.search("(?i)antr[aä]g|applica|applies|entsch|decid", said)
    received = in_words_of(city, CATALOGUE["backlog.received"])
    assert received.texts["de"].label == "Eingegangene Meldungen"
    assert received.texts["en"].label == "Reports received"


def test_a_city_of_applications_keeps_its_words(make_city) -> None:
    for kpi in CATALOGUE.values():
        assert in_words_of(make_city(source=[SOURCE]), kpi) == kpi


def test_saying_it_twice_changes_nothing_more() -> None:
    for kpi in CATALOGUE.values():
        for language, text in kpi.texts.items():
            once = as_reports(text.definition, language)
            assert as_reports(once, language) == once
