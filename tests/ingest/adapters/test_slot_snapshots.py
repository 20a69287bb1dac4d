"""Wide snapshots of booking pages: the first free slot of every look, or none."""

import io
import json
import random
import tarfile
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ingest.checks import check
from ingest.errors import DeliveryRefused, IngestError, SourceChanged

MAPPING = {
    "observed_at": {"column": "date"},
    "office": {
        "column": ["source", "place"],
        "values": {"ma melden": "ema", "ma abmelden": "ema", "kz auto": "kfz"},
    },
    "covers": {"period": "week"},
}
LOOKS = """date,source,place,2026-03-03 10:00:00,2026-03-02 09:15:00,2026-03-30 08:00:00
2026-03-02 07:03:01,ma,melden,1,1,
2026-03-02 07:18:01,ma,melden,1,0,1
2026-03-02 07:48:01,ma,melden,,,
2026-03-02 07:48:01,kz,auto,,,1
"""


@pytest.fixture
def source(any_source):
    def source(**changed):
        return any_source("slot_snapshots", MAPPING | changed)

    return source


@pytest.fixture
def parsed(source, read):
    def parsed(content=LOOKS, name="termine.csv", **changed):
        content = content if isinstance(content, bytes) else content.encode()
        return read(source(**changed), content, name)

    return parsed


def at(day, clock):
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def archive(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(text.encode())
            made.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_every_look_gives_its_first_free_slot_whatever_the_order_of_columns(parsed):
    found = parsed()
    rows = found.rows.select("office", "observed_at", "first_free_at").rows()
    second = timedelta(seconds=1)
    assert rows == [
        ("ema", at(2, "6:03") + second, at(2, "8:15")),
        ("ema", at(2, "6:18") + second, at(3, "9:00")),
        ("ema", at(2, "6:48") + second, None),  # it offers nothing: not 0 days
        ("kfz", at(2, "6:48") + second, at(30, "6:00")),  # summer time began
    ]
    assert found.refused.is_empty()


def test_a_missing_look_stays_missing(parsed):
    looks = parsed().rows.filter(pl.col("office") == "ema")["observed_at"]
    assert looks.dt.minute().to_list() == [3, 18, 48]  # none at 33


def test_an_office_that_never_offers_anything_is_looked_at_all_the_same(parsed):
    looks = "2026-03-02 07:03:01,ma,melden\n2026-03-02 07:18:01,ma,melden\n"
    found = parsed(f"date,source,place\n{looks}")
    assert found.rows["first_free_at"].to_list() == [None, None]


def test_files_of_an_archive_are_one_delivery_with_numbers_of_their_own(parsed):
    other = "date,source,place,2026-03-05 08:00:00\n2026-03-02 07:00:00,kz,auto,1\n"
    found = parsed(archive(a_csv=LOOKS, b_csv=other, readme_md="x"), "2026-10.tar.gz")
    assert found.rows.height == 5
    assert found.rows["row_number"].n_unique() == 5
    assert found.rows.filter(pl.col("first_free_at") == at(5, "7:00")).height == 1
    assert found.covers == (at(1, "23:00"), at(8, "23:00"))


def test_only_the_wanted_files_of_an_archive_are_read(parsed):
    packed = archive(a_csv=LOOKS, b_csv="kein Bericht\n")
    assert parsed(packed, "x.tar.gz", files="a*.csv").rows.height == 4


def test_a_cell_that_means_neither_free_nor_taken_is_refused(parsed):
    found = parsed(LOOKS.replace("melden,1,0,1", "melden,1,?,1"))
    assert found.rows.height == 3
    assert found.refused.select("row_number", "field", "reason").rows() == [
        (3, "first_free_at", "unknown_category")
    ]


def test_an_unknown_place_is_refused_and_others_are_read(parsed):
    found = parsed(LOOKS.replace("kz,auto", "kz,boot"))
    assert found.rows.height == 3
    assert found.refused["reason"].to_list() == ["unknown_category"]
    assert json.loads(found.refused["row_json"][0])["place"] == "boot"


def test_an_offer_in_the_past_of_its_look_is_refused(parsed, source, city, now):
    late = LOOKS.replace("2026-03-02 07:03:01", "2026-03-02 09:20:01")
    checked = check(parsed(late), source(), city, None, now)
    assert checked.counts_by_rule() == {"offered_before_look": 1}


def test_slots_in_another_form_are_a_changed_source_not_no_offers(parsed):
    with pytest.raises(SourceChanged, match="is not known"):
        parsed(LOOKS.replace("2026-03-03 10:00:00", "03.03.2026 10:00"))
    changed = {"slot_format": "%d.%m.%Y %H:%M"}
    german = "date,source,place,03.03.2026 10:00\n2026-03-02 07:03:01,ma,melden,1\n"
    assert parsed(german, **changed).rows["first_free_at"].to_list() == [at(3, "9:00")]


def test_a_slot_in_a_year_that_no_clock_shows_is_no_slot(parsed):
    """Found by damaging the sample: its year is -26."""
    with pytest.raises(SourceChanged, match="is not known"):
        parsed(LOOKS.replace("2026-03-02 09:15:00", "-026-03-02 08:00:00"))


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"", DeliveryRefused, "empty"),
        (archive(a_csv=LOOKS)[:-40], DeliveryRefused, "archive"),
        (b"\x1f\x8bnothing", DeliveryRefused, "archive"),
        (archive(readme_md="x"), SourceChanged, "no file named"),
        (LOOKS[:-4].encode(), DeliveryRefused, "middle of a row"),
    ],
    ids=["empty", "cut", "no archive", "no table in it", "half a row"],
)
def test_what_is_no_whole_file_is_refused(parsed, content, error, said):
    with pytest.raises(error, match=said):
        parsed(content)


def test_damaged_archives_are_read_or_refused(parsed):
    chance = random.Random(20261122)  # noqa: S311
    whole = archive(a_csv=LOOKS)
    for _ in range(200):
        content = bytearray(whole)
        content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            found = parsed(bytes(content), "x.tar.gz")
        except IngestError:
            continue
        assert found.rows.height + found.refused.height == 4


def test_an_archive_beyond_all_measure_is_refused(parsed, monkeypatch):
    monkeypatch.setattr("ingest.adapters.slot_snapshots._LARGEST", 10_000)
    with pytest.raises(DeliveryRefused, match="smaller parts"):
        parsed(archive(a_csv=LOOKS + "\n" * 20_000))
