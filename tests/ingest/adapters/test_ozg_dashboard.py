import json
import logging
from datetime import UTC, date, datetime

import pytest

from ingest.adapters import ozg_dashboard
from ingest.adapters.base import Seen
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session

KEY = "99115005070000"  # of the city's only service
CITY = "069990000000"


def row(leika=KEY, status="ok", aktiv="ja", ars=CITY):
    return {
        "leika_key": leika, "leika_name": "Personalausweis", "ars": ars,
        "online_status": status, "aktiv": aktiv, "url": "https://KANARIE.example",
    }  # fmt: skip


def page(rows, number=0, pages=1):
    return json.dumps(
        {"content": rows, "number": number, "totalPages": pages, "size": 100}
    ).encode()


@pytest.fixture
def dashboard(any_source):
    return any_source("ozg_dashboard", {})


def online(parsed):
    return parsed.rows.select("service", "observed_on", "is_online").rows()


@pytest.mark.parametrize(
    ("rows", "is_online"),
    [
        ([row()], True),
        ([row(status="nicht ok")], False),
        ([row(aktiv="nein")], False),
        ([row(aktiv=None)], True),
        ([row(status="nicht ok"), row()], True),  # two addresses, one works
        ([row(status="nicht ok"), row(aktiv="nein")], False),
        ([row(leika=int(KEY))], True),
    ],
)
def test_a_service_is_online_where_one_address_works(dashboard, read, rows, is_online):
    parsed = read(dashboard, page(rows))
    assert online(parsed) == [("ausweis", date(2026, 11, 22), is_online)]
    assert parsed.covers == (
        datetime(2026, 11, 21, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC),
    )  # fmt: skip


def test_other_services_are_counted_and_not_loaded(dashboard, read, caplog):
    caplog.set_level(logging.INFO)
    other = row(leika="99041006017000")
    parsed = read(dashboard, page([row(), other, other]))
    assert len(online(parsed)) == 1
    assert parsed.refused.is_empty()
    assert parsed.rows_read == 3
    assert "2 rows of 1 services" in caplog.text


@pytest.mark.parametrize(
    ("ars", "counts"),
    [
        ("069990000000", True),
        ("060000000000", True),  # the state's own service
        ("000000000000", True),  # the whole country's
        ("069990000001", False),  # a municipality of that county
        ("064140000000", False),
        ("050000000000", False),
        (None, False),
    ],
)
def test_what_the_city_and_those_above_it_offer_counts(dashboard, read, ars, counts):
    assert bool(online(read(dashboard, page([row(ars=ars)])))) == counts


def test_the_municipality_may_be_named_in_the_mapping(any_source, read):
    source = any_source("ozg_dashboard", {"ars": "051240000000"})
    rows = [row(), row(ars="051240000000", aktiv="nein")]
    found = online(read(source, page(rows)))
    assert found == [("ausweis", date(2026, 11, 22), False)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (row(status="vielleicht"), "is_online"),
        (row(aktiv="jein"), "is_online"),
        (row(leika="991150050700"), "service"),
    ],
)
def test_a_word_that_nobody_knows_refuses_its_row(dashboard, read, wrong, field):
    parsed = read(dashboard, page([wrong, row()]))
    assert online(parsed) == [("ausweis", date(2026, 11, 22), True)]
    assert parsed.refused.select("row_number", "field", "reason").rows() == [
        (1, field, "unknown_category")
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"content": [{"leika_key": "99', DeliveryRefused),
        (b'{"totalPages": 1}', SourceChanged),
        (b'{"content": [{"ars": "069990000000", "key": "1"}]}', SourceChanged),
        (b"[7]", SourceChanged),
    ],
)
def test_an_answer_that_is_no_list_of_services_is_refused(
    dashboard, read, content, error
):
    with pytest.raises(error):
        read(dashboard, content)


@pytest.fixture
def asked(server, any_source, city, now, tmp_path):
    def ask():
        source = any_source(
            "ozg_dashboard", {"page_size": 2}, url=f"{server.url}/v1/data",
            private_host=True,
        )  # fmt: skip
        http = Session(source, city.id)
        try:
            yield from ozg_dashboard.downloads(
                source, city, http, Seen(), now, tmp_path
            )
        finally:
            http.close()

    return ask


def test_all_pages_are_one_look_without_what_is_elsewhere(
    asked, server, dashboard, read
):
    pages = [[row(ars="010510000000"), row(status="nicht ok")], [row()]]
    server.answer = lambda path, parameters: page(
        pages[int(parameters["page"])], int(parameters["page"]), 2
    )
    (download,) = asked()
    assert [parameters["size"] for _, parameters, _ in server.asked] == ["2", "2"]
    assert b"KANARIE" not in download.content
    parsed = read(dashboard, download.content, covers=download.covers)
    assert online(parsed) == [("ausweis", date(2026, 11, 22), True)]
    assert parsed.rows_read == 2


def test_a_server_that_always_gives_the_first_page_is_noticed(asked, server):
    server.answer = lambda path, parameters: page([row()], 0, 2)
    with pytest.raises(SourceUnavailable, match="page 0 instead of 1"):
        list(asked())


@pytest.mark.parametrize("answer", [b"[]", b'{"content": []}'])
def test_an_answer_without_pages_is_a_change(asked, server, answer):
    server.answer = lambda path, parameters: answer
    with pytest.raises(SourceChanged, match="totalPages"):
        list(asked())
