import json
from datetime import UTC, datetime, timedelta

import pytest

from ingest.adapters import parkapi
from ingest.adapters.base import Seen
from ingest.checks import check
from ingest.delivery import run_source
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session
from ingest.warehouse import open_warehouse, read_rows

AT = datetime(2026, 11, 22, 7, 58, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def lot(number=1, free=40, total=100, state="open", **more):
    return {
        "id": f"p{number}", "name": f"Parkhaus {number}", "free": free, "total": total,
        "state": state, "address": "Markt 1", "coords": {"lat": 51, "lng": 7}, **more,
    }  # fmt: skip


def version_1(*lots, at="2026-11-22T07:58:00"):
    downloaded = f"2026-11-22T08:00:{len(lots):02}"
    return json.dumps(
        {"last_updated": at, "last_downloaded": downloaded, "lots": lots}
    ).encode()


def site(number=1, free=40, at="2026-11-22T07:58:00Z", status="OPEN", **more):
    return {
        "id": number, "original_uid": f"p{number}", "name": f"Parkhaus {number}",
        "capacity": 100, "has_realtime_data": True, "realtime_free_capacity": free,
        "realtime_opening_status": status, "realtime_data_updated_at": at, **more,
    }  # fmt: skip


def version_3(*sites, **more):
    return json.dumps({"items": sites, "total_count": len(sites), **more}).encode()


@pytest.fixture
def feed(any_source):
    return any_source("parkapi", {}, max_age="1h")


def told(parsed):
    return parsed.rows.select("car_park", "free", "capacity", "state").rows()


def test_a_time_without_zone_is_utc(feed, read):
    parsed = read(feed, version_1(lot()))
    assert told(parsed) == [("Parkhaus 1", 40, 100, "open")]
    assert parsed.rows["observed_at"].to_list() == [AT]
    assert parsed.covers == (AT, AT + INSTANT)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (lot(state="closed", free=0), ("Parkhaus 1", None, 100, "closed")),
        (lot(state="nodata", free=0), ("Parkhaus 1", None, 100, "unknown")),
        (lot(state="unknown"), ("Parkhaus 1", 40, 100, "unknown")),
        (lot(free=None), ("Parkhaus 1", None, 100, "open")),
        (lot(free=0), ("Parkhaus 1", 0, 100, "open")),
        (lot(total=None), ("Parkhaus 1", 40, None, "open")),
        (lot(free=100), ("Parkhaus 1", 100, 100, "open")),
    ],
)
def test_closed_and_unknown_are_never_full(feed, read, said, expected):
    assert told(read(feed, version_1(said))) == [expected]


def test_a_lot_that_does_not_count_free_spaces_has_none(feed, read):
    silent = lot()
    del silent["free"]
    assert told(read(feed, version_1(silent))) == [("Parkhaus 1", None, 100, "open")]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lot(2, state="many"), "unknown_category"),
        (lot(2, free="viele"), "unreadable_number"),
        (lot(2, free=-1), "negative_value"),
        (lot(2, free=101), "part_exceeds_whole"),
        (lot(2, state=None), "missing_value"),
    ],
)
def test_a_lot_that_cannot_be_believed_is_refused(feed, read, city, now, wrong, reason):
    checked = check(read(feed, version_1(lot(), wrong)), feed, city, None, now)
    assert checked.rows["car_park"].to_list() == ["Parkhaus 1"]
    assert checked.counts_by_rule() == {reason: 1}
    assert "Markt 1" not in checked.refused["row_json"][0]


def test_lots_may_be_renamed_and_ignored(any_source, read):
    mapping = {"car_parks": {"p1": "Rathaus"}, "ignored_car_parks": ["p2"]}
    parsed = read(any_source("parkapi", mapping), version_1(lot(1), lot(2), lot(3)))
    assert parsed.rows["car_park"].to_list() == ["Rathaus", "Parkhaus 3"]


def test_version_3_is_read_as_of_its_newest_count(feed, read):
    parsed = read(
        feed,
        version_3(
            site(1, at="2026-11-22T08:50:00+01:00"),
            site(2, realtime_capacity=80),
            site(3, status="CLOSED", free=0),
            site(4, at="2026-11-20T06:00:00Z"),  # stands still
            site(5, has_realtime_data=False),
            site(6, at=None),
            site(7, status="TEMPORARILY_CLOSED"),
            site(8, status=None),
        ),
    )
    assert told(parsed) == [
        ("Parkhaus 1", 40, 100, "open"),
        ("Parkhaus 2", 40, 80, "open"),
        ("Parkhaus 3", None, 100, "closed"),
        ("Parkhaus 4", None, 100, "unknown"),
        ("Parkhaus 7", None, 100, "closed"),
        ("Parkhaus 8", 40, 100, "unknown"),
    ]
    assert set(parsed.rows["observed_at"]) == {AT}


def test_a_page_of_version_3_is_not_taken_for_all_of_it(feed, read):
    with pytest.raises(DeliveryRefused, match="1 of 200 car parks"):
        read(feed, version_3(site(), total_count=200))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (version_1(lot())[:60], DeliveryRefused),
        (version_1(lot(), at=None), SourceChanged),
        (version_1(lot(), at="gestern"), SourceChanged),
        (version_1(7), SourceChanged),
        (b'{"parkings": []}', SourceChanged),
        (b"[]", SourceChanged),
        (version_3(site(at=None)), DeliveryRefused),
    ],
)
def test_an_answer_that_is_none_of_parkapi_is_refused(feed, read, content, error):
    with pytest.raises(error):
        read(feed, content)


@pytest.fixture
def live(server, any_source):
    return any_source("parkapi", {}, url=f"{server.url}/stadt", private_host=True,
                      max_age="1h")  # fmt: skip


def test_a_feed_that_stands_still_is_no_new_look(live, server, city, now, tmp_path):
    connection = open_warehouse(tmp_path / "warehouse.duckdb")
    outcomes = []
    for minute, answer in enumerate((
        version_1(lot()),
        version_1(lot()).replace(b"08:00:01", b"08:01:01"),  # downloaded again
        version_1(lot(free=39), at="2026-11-22T08:01:30"),
    )):  # fmt: skip
        server.answer = lambda path, parameters, answer=answer: answer
        moment = now + timedelta(minutes=minute)
        (run,) = run_source(connection, city, live, data_dir=tmp_path, now=moment)
        outcomes.append(run.outcome)
    assert outcomes == ["loaded", "unchanged", "loaded"]
    assert sorted(read_rows(connection, "parking")["free"]) == [39, 40]


def test_a_feed_that_is_older_than_promised_is_no_answer(
    live, server, city, now, tmp_path
):
    server.answer = lambda path, parameters: version_1(lot(), at="2026-11-20T06:00:00")
    http = Session(live, city.id)
    with pytest.raises(
        SourceUnavailable, match="2026-11-20 06:00 UTC: it stands still"
    ):
        list(parkapi.downloads(live, city, http, Seen(), now, tmp_path))
    http.close()


def test_an_archive_of_old_looks_may_be_handed_in(feed, read):
    parsed = read(feed, version_1(lot(), at="2020-01-01T12:00:00"))
    assert parsed.rows["observed_at"].to_list() == [
        datetime(2020, 1, 1, 12, tzinfo=UTC)
    ]
