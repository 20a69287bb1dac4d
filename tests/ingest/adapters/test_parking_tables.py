"""Car parks that come as tables, from feeds of two cities.

The files are no part of this repository; without them these tests are skipped.
"""

import csv
import json
from datetime import UTC, datetime

import pytest

from ingest.checks import check
from tests.real_inputs import DATA

FEEDS = DATA / "parkapi-fixtures"

pytestmark = pytest.mark.skipif(not FEEDS.is_dir(), reason=f"{FEEDS} is not there")


def read_and_check(read, source, name, city, now):
    parsed = read(source, (FEEDS / name).read_bytes(), name)
    checked = check(parsed, source, city, None, now)
    rows = checked.rows.select("car_park", "observed_at", "free", "capacity", "state")
    return rows.rows(), checked.counts_by_rule()


def test_bielefeld_only_counted_car_parks_are_read(table_source, read, city, now):
    path = FEEDS / "bielefeld.csv"
    with path.open(newline="", encoding="utf-8") as file:
        listed = list(csv.DictReader(file, delimiter=";"))
    used = {"bez", "kapazitaet", "b_pls_rest", "b_pls_zeit", "b_pls_status"}
    source = table_source(
        {
            "table": "parking",
            "encoding": "utf-8",
            "total_rows": {"b_pls_zeit": "^$"},  # car parks that nobody counts
            "ignored_columns": [name for name in listed[0] if name not in used],
            "columns": {
                "car_park": {"column": "bez"},
                "observed_at": {
                    "column": "b_pls_zeit",
                    "format": "%Y-%m-%d-%H.%M.%S%.f",
                },
                "free": {"column": "b_pls_rest"},
                "capacity": {"column": "kapazitaet"},
                "state": {
                    "column": "b_pls_status",
                    "values": {"FREI": "open", "GESCHLOSSEN": "closed"},
                },
            },
        }
    )
    rows, refused = read_and_check(read, source, path.name, city, now)
    at = datetime(2026, 2, 6, 7, 35, tzinfo=UTC)
    words = {"FREI": "open", "GESCHLOSSEN": "closed"}
    assert rows == [
        (one["bez"], at, int(one["b_pls_rest"]), int(one["kapazitaet"]),
         words[one["b_pls_status"]])
        for one in listed
        if one["b_pls_zeit"]
    ]  # fmt: skip
    assert len(rows) == 21
    assert refused == {}


def test_basel_more_free_than_there_are_is_found(table_source, read, city, now):
    path = FEEDS / "basel.json"
    listed = json.loads(path.read_text(encoding="utf-8"))
    used = {"name", "published", "free", "total"}
    ignored = {name for one in listed for name in one} - used
    source = table_source(
        {
            "table": "parking",
            "encoding": "utf-8",
            "decimal": ".",
            "ignored_columns": sorted(ignored),
            "columns": {
                "car_park": {"column": "name"},
                "observed_at": {"column": "published"},
                "free": {"column": "free"},
                "capacity": {"column": "total"},
                "state": {"value": "open"},
            },
        }
    )
    rows, refused = read_and_check(read, source, path.name, city, now)
    at = datetime(2024, 7, 28, 12, 6, tzinfo=UTC)
    assert rows == [
        (one["name"], at, one["free"], one["total"], "open")
        for one in listed
        if one["name"] and one["free"] <= one["total"]
    ]
    assert refused == {"part_exceeds_whole": 1, "missing_value": 1}  # Anfos: 167 of 162
