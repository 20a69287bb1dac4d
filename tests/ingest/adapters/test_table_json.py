from datetime import UTC, datetime

import pytest

from ingest.errors import DeliveryRefused, SourceChanged

# As a city appended it day by day: no brackets, a comma too many at every line's end.
WEEK = """{"wait": 84, "hour": 9, "weekday": 0, "week": 53, "year": 2015},\
{"wait": 7.5, "hour": 8, "weekday": 0, "week": 53, "year": 2015},
{"wait": "-", "hour": 8, "weekday": 6, "week": 53, "year": 2015},
"""
MAPPING = {
    "table": "queue_hours",
    "decimal": ".",
    "columns": {
        "office": {"value": "ema"},
        "hour_at": {
            "column": ["year", "week", "weekday", "hour"],
            "plus": {"weekday": 1},
            "format": "%G %V %u %H",
        },
        "mean_wait_minutes": {"column": "wait"},
    },
}
MONDAY = datetime(2015, 12, 28, 7, tzinfo=UTC)


@pytest.fixture
def hours(table_source):
    return table_source({**MAPPING, "covers": {"by": "rows", "period": "week"}})


def test_objects_without_brackets_become_rows(hours, read):
    parsed = read(hours, WEEK.encode(), "2015-53.json")
    assert parsed.rows.select("row_number", "hour_at", "mean_wait_minutes").rows() == [
        (1, datetime(2015, 12, 28, 8, tzinfo=UTC), 84.0),
        (2, MONDAY, 7.5),
        (3, datetime(2016, 1, 3, 7, tzinfo=UTC), None),
    ]
    assert parsed.covers == (
        datetime(2015, 12, 27, 23, tzinfo=UTC),
        datetime(2016, 1, 3, 23, tzinfo=UTC),
    )


def test_a_proper_list_is_read_the_same(hours, read):
    proper = "[" + WEEK.strip().removesuffix(",") + "]"
    loose = read(hours, WEEK.encode(), "a.json").rows
    assert read(hours, proper.encode(), "a.json").rows.equals(loose)


def test_a_broken_object_is_refused_and_the_others_are_read(hours, read):
    broken = WEEK.replace('"hour": 8, "weekday": 0', '"hour": , "weekday": 0')
    parsed = read(hours, broken.encode(), "a.json")
    assert parsed.rows["row_number"].to_list() == [1, 3]
    assert parsed.refused.rows() == [(2, None, "broken_row", "{}")]
    assert parsed.rows_read == 3


@pytest.mark.parametrize("missing", [3, 20, 40])
def test_a_file_cut_off_in_an_object_is_refused(hours, read, missing):
    with pytest.raises(DeliveryRefused, match="ends in the middle"):
        read(hours, WEEK.strip()[:-missing].encode(), "a.json")


def test_a_new_field_refuses_the_delivery(hours, read):
    more = WEEK.replace('"wait": 84', '"clerk": "M", "wait": 84')
    with pytest.raises(SourceChanged, match='"clerk" is not known'):
        read(hours, more.encode(), "a.json")


def test_a_file_without_any_object_is_refused(hours, read):
    with pytest.raises(DeliveryRefused, match="no JSON object"):
        read(hours, b"[], []", "a.json")
