import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest.adapters import queue_feed
from ingest.adapters.base import Seen
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.http import Session

# Waits in two areas, below groups, with the same name in both.
NESTED = {
    "stand_iso": "2026-11-20T09:00:04+01:00",
    "status": 1,
    "bereiche": [
        {
            "id": "melden",
            "gruppen": [
                {"eintraege": [{"name": "Mitte ", "wartezeit": "19"}]},
                {"eintraege": [{"name": "Süd", "wartezeit": 34}]},
            ],
        },
        {
            "id": "fahren",
            "gruppen": [{"eintraege": [{"name": "Mitte", "wartezeit": 0}]}],
        },
    ],
}  # fmt: skip
NESTED_MAPPING = {
    "queues": ["bereiche", "gruppen", "eintraege"],
    "office": {
        "column": ["^^.id", "name"],
        "values": {"melden Mitte": "ema", "melden Süd": "ema", "fahren Mitte": "kfz"},
    },
    "queue": {"column": "name"},
    "wait_minutes": {"column": "wartezeit"},
    "source_time_at": {"column": "$.stand_iso"},
    "state": {
        "column": "$.status",
        "values": {"1": "open", "2": "closed", "3": "closed"},
    },
}
NINE = datetime(2026, 11, 20, 8, 0, 4, tzinfo=UTC)


def as_json(document):
    return json.dumps(document, ensure_ascii=False).encode()


def test_a_name_that_stands_in_two_areas_is_two_offices(feed_source, read, now):
    parsed = read(feed_source(NESTED_MAPPING), as_json(NESTED), "feed")
    assert parsed.rows.select("office", "queue", "wait_minutes", "state").rows() == [
        ("ema", "Mitte", 19.0, "open"),
        ("ema", "Süd", 34.0, "open"),
        ("kfz", "Mitte", 0.0, "open"),
    ]
    assert parsed.rows["source_time_at"].to_list() == [NINE] * 3
    assert parsed.rows["observed_at"].to_list() == [now] * 3


@pytest.mark.parametrize("status", [2, 3])
def test_a_closed_queue_has_no_wait_whatever_it_shows(feed_source, read, status):
    rows = read(
        feed_source(NESTED_MAPPING), as_json({**NESTED, "status": status}), "feed"
    ).rows
    assert rows["state"].to_list() == ["closed"] * 3
    assert rows["wait_minutes"].to_list() == [None] * 3


def test_a_status_that_nobody_knows_refuses_its_queues(feed_source, read):
    parsed = read(feed_source(NESTED_MAPPING), as_json({**NESTED, "status": 4}), "feed")
    assert parsed.rows.is_empty()
    assert parsed.refused["reason"].to_list() == ["unknown_category"] * 3


def test_a_queue_that_nobody_knows_is_refused_not_guessed(feed_source, read):
    more = json.loads(json.dumps(NESTED))
    more["bereiche"][1]["gruppen"][0]["eintraege"] += [{"name": "Nord", "wartezeit": 5}]
    parsed = read(feed_source(NESTED_MAPPING), as_json(more), "feed")
    assert parsed.rows.height == 3
    assert parsed.refused.select("row_number", "field", "reason").rows() == [
        (4, "office", "unknown_category")
    ]


def test_queues_that_are_not_to_be_shown_are_left_out(feed_source, read):
    mapping = {**NESTED_MAPPING, "ignored_queues": ["melden Süd"]}
    parsed = read(feed_source(mapping), as_json(NESTED), "feed")
    assert (parsed.rows.height, parsed.rows_read) == (2, 2)


def test_a_list_of_texts_without_a_state_follows_the_opening_hours(feed_source, read):
    mapping = {
        "queues": "@",
        "office": {"value": "ema"},
        "waiting": {"column": "visitors"},
        "wait_minutes": {"column": "wait"},
        "source_time_at": {"column": "lastupdate"},
    }

    def look(hour):
        text = f"2026-11-20 {hour}:36:00"
        feed = [{"visitors": "0", "wait": "2", "nextcall": "15", "lastupdate": text}]
        return feed

    source = feed_source(mapping)
    row = read(source, as_json(look("09")), "kfz.json").rows.to_dicts()[0]
    assert row["source_time_at"] == datetime(2026, 11, 20, 8, 36, tzinfo=UTC)
    assert row["state"] == "closed"  # looked at on a Sunday: the last value stood still
    assert (row["waiting"], row["wait_minutes"]) == (None, None)


def test_without_a_state_a_public_holiday_is_closed(
    feed_source, city, hashed, tmp_path
):
    """Whit Monday in Hessen; on the Tuesday after it the same display is open."""
    mapping = {
        "queues": "@",
        "office": {"value": "ema"},
        "wait_minutes": {"column": "wait"},
        "source_time_at": {"column": "at"},
    }
    path = tmp_path / "wartezeiten.json"
    states = {}
    for day in (25, 26):
        at = f"2026-05-{day}T10:00:00+02:00"
        path.write_bytes(as_json([{"wait": 0, "at": at}]))
        source = feed_source(mapping)
        after = datetime(2026, 5, 27, tzinfo=UTC)
        (download,) = queue_feed.handed_in([path], source, city, after)
        (row,) = queue_feed.parse(download, source, city, hashed).rows.to_dicts()
        states[day] = row["state"], row["wait_minutes"]
    assert states == {25: ("closed", None), 26: ("open", 0.0)}


def test_a_file_is_a_look_at_the_time_that_it_says(
    feed_source, city, hashed, now, tmp_path
):
    path = tmp_path / "wartezeiten.json"
    path.write_bytes(as_json(NESTED))
    source = feed_source(NESTED_MAPPING)
    (download,) = queue_feed.handed_in([path], source, city, now)
    parsed = queue_feed.parse(download, source, city, hashed)
    assert parsed.rows["observed_at"].to_list() == [NINE] * 3
    assert parsed.covers == (NINE, NINE + timedelta(microseconds=1))


def test_a_file_that_says_no_time_is_refused(feed_source, city, hashed, now, tmp_path):
    path = tmp_path / "wartezeiten.json"
    path.write_bytes(as_json({**NESTED, "stand_iso": None}))
    source = feed_source(NESTED_MAPPING)
    (download,) = queue_feed.handed_in([path], source, city, now)
    with pytest.raises(DeliveryRefused, match="does not say when"):
        queue_feed.parse(download, source, city, hashed)


SPLIT = {
    "result": {
        "date": "2026-11-20",
        "time": "15:41",
        "grupy": [
            {"status": "0", "nazwaGrupy": "G: Kataster", "liczbaCzynnychStan": 1,
             "liczbaKlwKolejce": 0, "czasObslugi": "10"},
            {"status": None, "nazwaGrupy": "K: Kasa", "liczbaCzynnychStan": "2",
             "liczbaKlwKolejce": 2, "czasObslugi": "60"},
        ],
    }
}  # fmt: skip
SPLIT_MAPPING = {
    "queues": "result.grupy",
    "office": {"value": "kfz"},
    "queue": {"column": "nazwaGrupy"},
    "waiting": {"column": "liczbaKlwKolejce"},
    "counters_open": {"column": "liczbaCzynnychStan"},
    "source_time_at": {
        "column": ["$.result.date", "$.result.time"],
        "format": "%Y-%m-%d %H:%M",
    },
    "state": {"column": "status", "values": {"0": "closed"}, "missing": ["1"]},
}


def test_date_and_time_apart_and_numbers_as_texts_are_read(feed_source, read):
    rows = read(feed_source(SPLIT_MAPPING), as_json(SPLIT), "feed").rows
    assert rows.select("queue", "waiting", "counters_open", "state").rows() == [
        ("G: Kataster", None, 1, "closed"),
        ("K: Kasa", 2, 2, "unknown"),  # no opening hours of this office are known
    ]
    assert rows["source_time_at"][0] == datetime(2026, 11, 20, 14, 41, tzinfo=UTC)


WORDS_MAPPING = {
    "queues": "@",
    "office": {"value": "kfz"},
    "queue": {"column": "id"},
    "waiting": {"column": "waiting"},
    "wait_minutes": {
        "column": "waittime",
        "format": "words",
        "values": {"geen": "0 min"},
    },
    "censored": {"meer dan een uur": 60},
}


def test_more_than_an_hour_is_at_least_sixty_minutes_not_sixty(feed_source, read):
    feed = [
        {"id": 1, "waiting": 3, "waittime": "12 minuten"},
        {"id": 2, "waiting": 9, "waittime": "meer dan een uur"},
        {"id": 3, "waiting": 0, "waittime": "geen"},
        {"id": 4, "waiting": 0, "waittime": "1 Stunde 5 Minuten"},
        {"id": 5, "waiting": 0, "waittime": None},
        {"id": 6, "waiting": 1, "waittime": "bald"},
    ]
    parsed = read(feed_source(WORDS_MAPPING), as_json(feed), "feed")
    assert parsed.rows.select(
        "queue", "wait_minutes", "wait_minutes_at_least"
    ).rows() == [
        ("1", 12.0, None), ("2", None, 60.0), ("3", 0.0, None), ("4", 65.0, None),
        ("5", None, None),
    ]  # fmt: skip
    assert parsed.refused.select("row_number", "field", "reason").rows() == [
        (6, "wait_minutes", "unreadable_duration")
    ]


def test_an_object_of_queues_is_a_list_by_name(feed_source, read):
    mapping = {
        "queues": "locations",
        "office": {"column": "@key", "values": {"Bürgeramt": "ema", "Kfz": "kfz"}},
        "waiting": {"column": "walkin_waiting_count"},
        "state": {"value": "open"},
    }
    feed = {
        "locations": {
            "Bürgeramt": {"walkin_waiting_count": 4},
            "Kfz": {"walkin_waiting_count": 7},
        }
    }
    rows = read(feed_source(mapping), as_json(feed), "feed").rows
    assert rows.select("office", "waiting").rows() == [("ema", 4), ("kfz", 7)]


XML_MAPPING = {
    "queues": "warten.amt",
    "office": {"column": "@id", "values": {"7": "ema", "8": "kfz"}},
    "waiting": {"column": "personen"},
    "source_time_at": {"column": "$.warten.stand", "format": "%d.%m.%Y %H:%M"},
    "state": {"column": "offen", "values": {"ja": "open", "nein": "closed"}},
}
XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<warten xmlns="urn:x"><stand>20.11.2026 09:00</stand>
<amt id="7"><name>Bürgeramt</name><personen> 4 </personen><offen>ja</offen></amt>
<amt id="8"><personen/><offen>nein</offen></amt></warten>"""


def test_xml_is_read_as_if_it_were_json(feed_source, read):
    rows = read(feed_source(XML_MAPPING), XML.encode("latin-1"), "feed").rows
    assert rows.select("office", "waiting", "state").rows() == [
        ("ema", 4, "open"),
        ("kfz", None, "closed"),
    ]
    assert rows["source_time_at"][0] == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_xml_with_a_single_queue_is_a_list_of_one(feed_source, read):
    one = XML[: XML.index('<amt id="8">')] + "</warten>"
    rows = read(feed_source(XML_MAPPING), one.encode("latin-1"), "feed").rows
    assert rows["office"].to_list() == ["ema"]


def test_xml_that_brings_entities_of_its_own_is_refused(feed_source, read):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><warten><amt id="7">&a;</amt></warten>'
    with pytest.raises(DeliveryRefused, match="entities of its own"):
        read(feed_source(XML_MAPPING), bomb.encode(), "feed")


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"nix", b"<a><b></a>", b"\xff\xfe{", b"[" * 200_000),
        as_json(NESTED)[:-9],
    ],
)
def test_half_an_answer_is_refused(feed_source, read, content):
    with pytest.raises((DeliveryRefused, SourceChanged)):
        read(feed_source(NESTED_MAPPING), content, "feed")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("eintraege", "stellen", "no list of queues at 'eintraege'"),
        ("wartezeit", "wait", "no queue has the field wartezeit any more"),
    ],
)
def test_a_feed_that_has_changed_is_refused_with_the_place(
    feed_source, read, old, new, message
):
    changed = as_json(NESTED).replace(old.encode(), new.encode())
    with pytest.raises(SourceChanged, match=message):
        read(feed_source(NESTED_MAPPING), changed, "feed")


@pytest.mark.parametrize("path", ["queues[", "sum(@)", "^^^^.x"])
def test_an_expression_that_does_not_fit_is_a_mistake_of_the_mapping(
    feed_source, read, path
):
    mapping = {**WORDS_MAPPING, "waiting": {"column": path}}
    with pytest.raises(SourceChanged):
        read(feed_source(mapping), as_json([{"id": 1, "waittime": "geen"}]), "feed")


def test_every_look_is_a_delivery_even_when_nothing_has_changed(
    feed_source, city, now, server
):
    server.answer = lambda path, parameters: as_json(NESTED)
    server.etag = '"same"'
    url = f"{server.url}/wartezeiten.json"
    source = feed_source(NESTED_MAPPING, url=url, private_host=True)
    http = Session(source, "test")
    looks = [
        next(queue_feed.downloads(source, city, http, Seen(), moment, None))
        for moment in (now, now + timedelta(minutes=1))
    ]
    http.close()
    assert looks[0].content == looks[1].content
    assert looks[0].covers != looks[1].covers
    assert not looks[1].is_unchanged
    assert all("If-None-Match" not in headers for *_, headers in server.asked)
