"""Files that something happened to: every one is read or refused, none is a crash."""

import io
import json
import random

import polars as pl
import pytest
import xlsxwriter

from ingest.adapters.base import REFUSED
from ingest.errors import IngestError
from tests.damage import cut, flip, insert, remove, repeat

ROWS = 11_000
MUTATIONS = 25
MAPPING = {
    "table": "tickets",
    "encoding": "utf-8-sig",
    "total_rows": {"Nr": "^Summe"},
    "ignored_columns": ["Name"],
    "columns": {
        "ticket_key": {"column": "Nr", "key": True},
        "office": {"column": "Amt", "values": {"Meldeamt": "ema", "Kfz": "kfz"}},
        "arrived_at": {"column": "Ankunft", "format": "%d.%m.%Y %H:%M"},
        "called_at": {"column": ["Tag", "Aufruf"], "format": "%d.%m.%Y %H:%M"},
        "outcome": {"column": "Ergebnis", "values": {"bedient": "served"}},
        "persons": {"column": "Personen"},
    },
}
HEADER = ["Nr", "Name", "Amt", "Ankunft", "Tag", "Aufruf", "Ergebnis", "Personen"]


def rows(count):
    return [
        [f"A{n}", f"Ö{n}", "Meldeamt", f"{n % 28 + 1}.03.2026 08:{n % 60:02}",
         f"{n % 28 + 1}.03.2026", f"09:{n % 60:02}", "bedient", str(n % 4 + 1)]
        for n in range(count)
    ]  # fmt: skip


def as_csv(count):
    return "\n".join(";".join(row) for row in [HEADER, *rows(count), []]).encode()


def as_parquet(count):
    buffer = io.BytesIO()
    table = pl.DataFrame(rows(count), schema=HEADER, orient="row")
    table.write_parquet(buffer, compression="uncompressed")
    return buffer.getvalue()


def as_objects(count):
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in rows(count)]
    return ",\n".join(lines).encode()


def as_xlsx(count):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet()
    for number, row in enumerate([HEADER, *rows(count)]):
        page.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def swap_columns(content, chance):
    one, other = chance.sample(HEADER, 2)
    return (
        content.replace(one.encode(), b"@@", 1)
        .replace(other.encode(), one.encode(), 1)
        .replace(b"@@", other.encode(), 1)
    )


@pytest.mark.parametrize("mutate", [cut, flip, insert, remove, repeat, swap_columns])
@pytest.mark.parametrize(
    ("make", "name", "count"),
    [
        (as_csv, "a.csv", ROWS),
        (as_parquet, "a.parquet", ROWS),
        (as_objects, "a.json", 300),
        (as_xlsx, "a.xlsx", 50),
    ],
)
def test_a_damaged_file_is_read_or_refused_with_a_sentence(
    table_source, read, make, name, count, mutate
):
    source = table_source(MAPPING)
    whole = make(count)
    chance = random.Random(f"{name} {mutate.__name__}")  # noqa: S311 - repeatable
    for _ in range(MUTATIONS if count < ROWS else 5):
        damaged = mutate(whole, chance)
        try:
            parsed = read(source, damaged, name)
        except IngestError as error:
            assert len(str(error)) > len(name) + 20  # noqa: PT017 - a sentence
            continue
        assert parsed.refused.schema == REFUSED
        assert parsed.rows_read == parsed.rows.height + parsed.refused.height


@pytest.mark.parametrize(
    ("make", "name"),
    [(as_csv, "a.csv"), (as_parquet, "a.parquet"), (as_xlsx, "a.xlsx")],
)
def test_undamaged_all_rows_are_read(table_source, read, make, name):
    count = 200 if name == "a.xlsx" else ROWS
    parsed = read(table_source(MAPPING), make(count), name)
    assert parsed.rows.height == count
    assert parsed.refused.is_empty()


def test_a_damaged_feed_is_read_or_refused(feed_source, read):
    mapping = {
        "queues": ["bereiche", "eintraege"],
        "office": {"column": ["^.id", "name"], "values": {"a b": "ema"}},
        "wait_minutes": {"column": "wartezeit"},
        "source_time_at": {"column": "$.stand"},
    }
    queues = [{"name": "b", "wartezeit": 19} for _ in range(20)]
    feed = {
        "stand": "2026-11-20T09:00:00Z",
        "bereiche": [{"id": "a", "eintraege": queues}],
    }
    whole = json.dumps(feed).encode()
    chance = random.Random(7)  # noqa: S311 - repeatable
    refusals = 0
    for _ in range(600):
        mutate = chance.choice([cut, flip, insert, remove, repeat])
        try:
            read(feed_source(mapping), mutate(whole, chance), "feed")
        except IngestError:
            refusals += 1
    assert 0 < refusals < 600


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], {}, [1], True, {"a": {"b": 1}}, [[]]]
)
@pytest.mark.parametrize("place", ["whole", "levels", "queue", "field"])
def test_a_feed_of_another_shape_is_read_or_refused(feed_source, read, place, value):
    mapping = {
        "queues": ["bereiche", "eintraege"],
        "office": {"column": "name", "values": {"b": "ema"}},
        "wait_minutes": {"column": "wartezeit"},
    }
    queue = {"name": "b", "wartezeit": value if place == "field" else 5}
    queues = [value if place == "queue" else queue]
    areas = value if place == "levels" else [{"eintraege": queues}]
    feed = value if place == "whole" else {"bereiche": areas}
    try:
        parsed = read(feed_source(mapping), json.dumps(feed).encode(), "feed")
    except IngestError:
        return
    assert parsed.rows_read == parsed.rows.height + parsed.refused.height
