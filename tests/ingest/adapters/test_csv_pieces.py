"""A damaged CSV read piece by piece says what it says when it is read at once."""

import os
import random
import re

import polars as pl
import pytest

from ingest.adapters import csv_pieces, table_file, table_parts
from ingest.adapters.base import Download
from ingest.errors import IngestError
from tests.damage import cut, flip, insert, remove, repeat
from tests.ingest.adapters.conftest import NOW
from tests.ingest.adapters.test_mutated_inputs import MAPPING, as_csv

DAMAGES = int(os.environ.get("AMTSPULS_DAMAGES", "60"))
# Names hold a delimiter, a line break and quotation marks.
QUOTED = re.sub("(Ö\\d+);".encode(), rb'"\1;\n""\1""";', as_csv(120))


def read_at_once(source, content, city, hashed):
    download = Download("a.csv", content, NOW)
    try:
        parsed = table_file.parse(download, source, city, hashed)
    except IngestError as error:
        return str(error)
    return parsed.rows, parsed.refused, parsed.rows_read


def read_in_pieces(source, content, city, hashed):
    download = Download("a.csv", content, NOW)
    try:
        table = table_file.Table.of(download, source, city, hashed)
        parsed = [work() for work in table_parts.parts(table)]
        rows = pl.concat(part.rows for part in parsed)
        table.covers(rows)
    except IngestError as error:
        return str(error)
    refused = pl.concat(part.refused for part in parsed)
    return rows, refused, sum(part.rows_read for part in parsed)


@pytest.mark.parametrize("whole", [as_csv(120), QUOTED], ids=["plain", "quoted"])
def test_in_pieces_as_at_once(whole, table_source, city, hashed, monkeypatch):
    source = table_source(MAPPING)
    chance = random.Random(len(whole))  # noqa: S311 - repeatable
    read = 0
    for _ in range(DAMAGES):
        monkeypatch.setattr(csv_pieces, "PIECE_BYTES", chance.randint(50, 3000))
        damage = chance.choice([cut, flip, insert, remove, repeat])
        content = damage(whole, chance) or whole  # what is empty is not read in pieces
        once = read_at_once(source, content, city, hashed)
        pieces = read_in_pieces(source, content, city, hashed)
        if isinstance(once, str):
            assert isinstance(pieces, str), once
            continue
        assert not isinstance(pieces, str), pieces
        # A single carriage return may count as a line, or not.
        numbers = ["row_number"] if b"\r" in content else []
        for ours, expected in zip(pieces[:2], once[:2], strict=True):
            assert ours.drop(numbers).equals(expected.drop(numbers))
            assert ours["row_number"].is_sorted()
            assert ours["row_number"].is_unique().all()
        assert pieces[2] == once[2]
        read += 1
    assert 0 < read < DAMAGES
