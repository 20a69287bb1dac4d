import json
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.adapters import open311
from ingest.adapters.base import Loaded, Seen
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session

PERSONAL = {
    "description": "Bitte Frau KANARIE anrufen",
    "address": "KANARIENWEG 1",
    "media_url": "https://x.example/KANARIE.jpg",
    "lat": 50.1234567,
    "long": 8.7654321,
}


def request(number, requested, *, status="open", updated=None, code="010", **more):
    return {
        "service_request_id": number,
        "status": status,
        "service_code": code,
        "service_name": "Wilder Müll",
        "requested_datetime": requested,
        "updated_datetime": updated,
        **PERSONAL,
        **more,
    }


def page(*requests):
    return json.dumps(requests).encode()


@pytest.fixture
def reports(open311_source):
    return open311_source({"office": "ema", "services": {"010": "muell"}})


def test_a_closed_request_was_decided_when_it_was_updated_last(reports, read):
    parsed = read(
        reports,
        page(
            request(
                "A-1", "2026-03-01T10:00:00+01:00",
                status="closed", updated="2026-03-03T12:00:00+01:00",
            ),
            request(2, "2026-03-02T10:00:00Z", updated="2026-03-04T12:00:00Z"),
        ),
    )  # fmt: skip
    closed = datetime(2026, 3, 3, 11, tzinfo=UTC)
    assert parsed.rows.drop("row_number").rows() == [
        ("ema", "muell", datetime(2026, 3, 1, 9, tzinfo=UTC), closed, closed,
         "done", "#A-1"),
        ("ema", "muell", datetime(2026, 3, 2, 10, tzinfo=UTC), None, None,
         None, "#2"),
    ]  # fmt: skip


def test_the_way_a_request_came_is_known_only_where_the_city_file_says_it(
    reports, open311_source, read
):
    mapping = {"office": "ema", "services": {"010": "muell"}}
    one_way = open311_source(mapping | {"channel": "online"})
    came = page(request("A-1", "2026-03-01T10:00:00Z"))
    assert "channel" not in read(reports, came).rows.columns
    assert read(one_way, came).rows["channel"].to_list() == ["online"]


def test_nothing_personal_is_read(reports, read):
    wrong = request("A-1", "gestern", code="999")
    parsed = read(reports, page(wrong, request("A-2", "2026-03-02T10:00:00Z")))
    kept = parsed.rows.write_json() + parsed.refused.write_json()
    assert parsed.refused.height == 1
    assert "KANARIE" not in kept
    assert "50.12" not in kept


def test_the_same_request_on_two_pages_counts_once_as_it_was_last(reports, read):
    asked = "2026-03-01T10:00:00Z"
    older = request("A-1", asked, updated="2026-03-02T00:00:00Z")
    newer = request("A-1", asked, status="closed", updated="2026-03-05T00:00:00Z")
    for order in ((older, newer), (newer, older)):
        parsed = read(reports, page(*order))
        assert parsed.rows["outcome"].to_list() == ["done"]
        assert parsed.rows_read == 1


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"code": "999"}, "service", "unknown_category"),
        ({"status": "in progress"}, "outcome", "unknown_category"),
        ({"status": "closed", "updated": None}, "decided_at", "unreadable_time"),
    ],
)
def test_a_request_that_does_not_say_enough_is_refused(
    reports, read, wrong, field, reason
):
    parsed = read(reports, page(request("A-1", "2026-03-01T10:00:00Z", **wrong)))
    assert parsed.rows.is_empty()
    assert parsed.refused.select("field", "reason").rows() == [(field, reason)]


def test_codes_that_are_not_listed_belong_to_the_default_service(open311_source, read):
    mapping = {"office": "ema", "service": "rest", "services": {"010": "muell"}}
    parsed = read(
        open311_source(mapping),
        page(
            request(1, "2026-03-01T10:00:00Z"),
            request(2, "2026-03-01T10:00:00Z", code="7"),
        ),
    )
    assert parsed.rows["service"].to_list() == ["muell", "rest"]


def test_services_may_be_told_apart_by_name(open311_source, read):
    services = {"Wilder Müll": "muell", "Graffiti": "graffiti"}
    source = open311_source(
        {"office": "ema", "services_by": "service_name", "services": services}
    )
    asked = "2026-03-01T10:00:00Z"
    parsed = read(
        source, page(request(1, asked, service_name="Graffiti "), request(2, asked))
    )
    assert parsed.rows["service"].to_list() == ["graffiti", "muell"]


def test_a_bare_code_as_in_the_standards_own_example_is_read(reports, read):
    bare = page(request(1, "2026-03-01T10:00:00Z")).replace(b'"010"', b"010")
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(bare)
    assert read(reports, bare).rows["service"].to_list() == ["muell"]


def test_a_single_request_wrapped_lists_and_xml_are_read(reports, read):
    one = request(1, "2026-03-01T10:00:00Z")
    fields = "".join(
        f"<{name}>{value}</{name}>" for name, value in one.items() if value is not None
    )
    xml = f"<service_requests><request>{fields}</request></service_requests>"
    expected = read(reports, page(one)).rows
    for content in (
        json.dumps(one).encode(),
        json.dumps({"requests": [one], "meta": {"total": 1}}).encode(),
        xml.encode(),
    ):
        assert read(reports, content).rows.equals(expected)


@pytest.mark.parametrize(
    "content", [b'{"error": "no"}', b"[1, 2]", b"3", b'[{"name": "x"}]']
)
def test_an_answer_of_another_kind_means_that_the_source_changed(
    reports, read, content
):
    with pytest.raises(SourceChanged, match="no list of Open311 requests"):
        read(reports, content)


def test_half_a_page_is_refused(reports, read):
    with pytest.raises(DeliveryRefused):
        read(reports, page(request(1, "2026-03-01T10:00:00Z"))[:-5])


class Reports:
    """An Open311 server with 95 reports, one a day, that caps pages at ten."""

    def __init__(self, kind):
        self.kind = kind
        first = datetime(2026, 8, 20, 12, tzinfo=UTC)
        self.all = [
            request(f"R-{day}", (first + timedelta(days=day)).isoformat())
            for day in range(95)
        ]

    def __call__(self, path, parameters):
        first, end = parameters["start_date"], parameters["end_date"]
        found = [
            one
            for one in self.all
            if datetime.fromisoformat(first)
            <= datetime.fromisoformat(one["requested_datetime"])
            <= datetime.fromisoformat(end)
        ]
        if self.kind == "page":
            start = (int(parameters["page"]) - 1) * 10
        else:
            start = int(parameters.get("offset", 0))
        return json.dumps(found[start : start + 10]).encode()


def ask(open311_source, city, now, server, seen=None, **mapping):
    source = open311_source(
        {"office": "ema", "first_day": date(2026, 8, 1), **mapping},
        url=f"{server.url}/requests.json",
        private_host=True,
    )
    http = Session(source, "test")
    try:
        found = open311.downloads(source, city, http, seen or Seen(), now, None)
        return source, list(found)
    finally:
        http.close()


@pytest.mark.parametrize(
    ("paging", "page_size"), [("page", 50), ("page", 10), ("offset", 50), ("none", 10)]
)
def test_every_request_comes_once_however_the_server_turns_pages(
    open311_source, city, now, server, read, paging, page_size
):
    server.answer = Reports(paging)
    source, found = ask(
        open311_source, city, now, server, paging=paging, page_size=page_size
    )
    keys = [
        key
        for download in found
        for key in read(
            source, download.content, download.name, covers=download.covers
        ).rows["case_key"]
    ]
    assert sorted(keys) == sorted(f"#R-{day}" for day in range(95))


def test_windows_are_at_most_ninety_days_and_the_same_at_every_run(
    open311_source, city, now, server
):
    server.answer = Reports("page")
    _, first = ask(open311_source, city, now, server)
    _, second = ask(open311_source, city, now + timedelta(days=1), server)
    assert [d.covers for d in first] == [d.covers for d in second]
    assert [d.covers[0] for d in first] == [
        datetime(2026, 10, 29, 23, tzinfo=UTC),  # 90 days later, in winter time
        datetime(2026, 7, 31, 22, tzinfo=UTC),
    ]
    assert first[0].content == second[0].content
    assert b"KANARIE" not in b"".join(d.content for d in first)


def test_old_windows_are_asked_again_but_rarely(open311_source, city, now, server):
    server.answer = Reports("page")
    _, (newest, oldest) = ask(open311_source, city, now, server)
    age = now - oldest.covers[1]
    for waited, due in ((age / 20, False), (age / 5, True)):
        seen = Seen(
            {
                download.name: Loaded(now, download.covers)
                for download in (newest, oldest)
            }
        )
        _, found = ask(open311_source, city, now + waited, server, seen)
        assert (oldest.name in [one.name for one in found]) == due
        assert newest.name in [one.name for one in found]


def test_a_server_that_takes_no_notice_of_dates_gives_each_window_its_own(
    open311_source, city, now, server, read
):
    everything = Reports("page").all
    server.answer = lambda path, parameters: json.dumps(everything).encode()
    source, found = ask(open311_source, city, now, server)
    counts = [
        read(source, one.content, one.name, covers=one.covers).rows.height
        for one in found
    ]
    # 20 August to 29 October are 71 days, to 22 November 24 more.
    assert counts == [24, 71]


def test_a_server_that_fails_in_the_middle_gives_no_half_window(
    open311_source, city, now, server
):
    whole = Reports("page")
    server.answer = lambda path, parameters: (
        None if parameters["page"] == "2" else whole(path, parameters)
    )
    with pytest.raises(SourceUnavailable, match="404"):
        ask(open311_source, city, now, server)


def test_files_that_overlap_are_read_as_one_delivery(
    reports, city, now, tmp_path, hashed
):
    pages = {
        "a.json": [
            request(1, "2026-03-01T10:00:00Z"),
            request(2, "2026-03-05T10:00:00Z"),
        ],
        "b.json": [
            request(
                2,
                "2026-03-05T10:00:00Z",
                status="closed",
                updated="2026-03-09T10:00:00Z",
            )
        ],
        "c.json": [request(3, "2026-05-01T10:00:00Z")],
    }
    for name, requests in pages.items():
        (tmp_path / name).write_bytes(page(*requests))
    files = [tmp_path / name for name in pages]
    found = list(open311.handed_in(files, reports, city, now))
    assert [one.name for one in found] == ["a.json + b.json", "c.json"]
    parsed = open311.parse(found[0], reports, city, hashed)
    assert parsed.rows.select("case_key", "outcome").rows() == [
        ("#1", None),
        ("#2", "done"),
    ]
    assert parsed.covers == (
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        datetime(2026, 3, 5, 10, 0, 0, 1, tzinfo=UTC),
    )
