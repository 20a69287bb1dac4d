import json

import pytest

from ingest.adapters import ckan_datastore
from ingest.adapters.base import Seen
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session

COUNTS = {
    "table": "case_counts",
    "columns": {
        "office": {"value": "ema"},
        "period_from": {"column": "von"},
        "period_to": {"column": "bis"},
        "received": {"column": "eingang"},
    },
    "resource_id": "abc",
    "ignored_columns": ["name"],
}
ROWS = [
    {"_id": n, "von": f"2026-0{n}-01", "bis": f"2026-0{n + 1}-01", "eingang": 100 + n,
     "name": "KANARIE"}
    for n in range(1, 8)
]  # fmt: skip
FIELDS = [{"id": name, "type": "text"} for name in ROWS[0]]


def page_of(parameters, cap):
    start = int(parameters["offset"])
    return ROWS[start : start + min(int(parameters["limit"]), cap)]


def ckan(path, parameters, cap=3):
    found = page_of(parameters, cap)
    result = {"fields": FIELDS, "records": found, "total": len(ROWS), "limit": cap}
    return json.dumps({"success": True, "result": result}).encode()


def dkan_1(path, parameters):
    result = {"fields": FIELDS, "records": page_of(parameters, 3), "total": "7"}
    return json.dumps({"success": True, "result": result}).encode()


def dkan_2(path, parameters):
    rows = [
        {key: value for key, value in row.items() if key != "_id"}
        for row in page_of(parameters, 5)
    ]
    return json.dumps({"results": rows, "count": 7, "schema": {}}).encode()


@pytest.fixture
def asked(server, any_source, city, now, tmp_path):
    def ask(**mapping):
        source = any_source(
            "ckan_datastore", COUNTS | mapping, private_host=True,
            url=f"{server.url}/api/3/action/datastore_search",
        )  # fmt: skip
        http = Session(source, city.id)
        try:
            yield from ckan_datastore.downloads(
                source, city, http, Seen(), now, tmp_path
            )
        finally:
            http.close()

    return ask


@pytest.fixture
def counts(any_source):
    return any_source("ckan_datastore", COUNTS)


@pytest.mark.parametrize(
    ("answer", "mapping"),
    [
        (ckan, {}),
        (dkan_1, {"sort": ""}),
        (dkan_2, {"sort": "", "resource_id": None}),
    ],
    ids=["ckan", "dkan 1", "dkan 2"],
)
def test_every_row_is_read_however_few_the_server_gives_at_once(
    asked, server, counts, read, answer, mapping
):
    server.answer = answer
    (download,) = asked(page_size=1000, **mapping)
    parsed = read(counts, download.content)
    assert parsed.rows["received"].to_list() == [101, 102, 103, 104, 105, 106, 107]
    assert parsed.covers is None
    assert b"KANARIE" not in download.content
    sent = set(server.asked[0][1]) - {"limit", "offset"}
    wanted = {"resource_id", "sort"}
    assert sent == {name for name in wanted if mapping.get(name, "yes")}


def test_a_table_that_breaks_off_brings_nothing(asked, server):
    def cut(path, parameters):
        answer = json.loads(ckan(path, parameters))
        if int(parameters["offset"]) >= 6:
            answer["result"]["records"] = []
        return json.dumps(answer).encode()

    server.answer = cut
    with pytest.raises(SourceUnavailable, match="6 of 7 rows"):
        list(asked())


def test_a_failure_is_told_in_the_words_of_the_portal(asked, server):
    said = {"message": "Resource not found", "__type": "Not Found Error"}
    failed = {"success": False, "error": said}
    server.answer = lambda path, parameters: json.dumps(failed).encode()
    with pytest.raises(SourceUnavailable, match="failed: Resource not found"):
        list(asked())


def test_a_failure_about_a_field_names_it(counts, read):
    error = {"resource_id": ["Missing value"], "__type": "Validation Error"}
    failed = {"success": False, "error": error}
    with pytest.raises(SourceUnavailable, match=r"resource_id.*Missing value"):
        read(counts, json.dumps(failed).encode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"eingang": "eingaenge"}, "'eingang' is missing"),
        ({"name": "sachbearbeiter"}, "'sachbearbeiter' is not known"),
    ],
)
def test_a_renamed_or_new_column_is_a_change(asked, server, change, words):
    fields = [{"id": change.get(field["id"], field["id"])} for field in FIELDS]
    rows = [{change.get(key, key): value for key, value in ROWS[0].items()}]
    result = {"fields": fields, "records": rows, "total": 1}
    answer = json.dumps({"success": True, "result": result}).encode()
    server.answer = lambda path, parameters: answer
    with pytest.raises(SourceChanged) as refused:
        list(asked())
    assert words.replace("'", "") in str(refused.value).replace('"', "").replace(
        "'", ""
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"success": true, "result": {"records": [', DeliveryRefused),
        (b'{"success": true, "result": {}}', SourceChanged),
        (b'{"success": true, "result": 7}', SourceChanged),
        (b'{"success": true, "result": {"records": [1]}}', SourceChanged),
        (b"7", SourceChanged),
    ],
)
def test_an_answer_that_is_no_table_is_refused(counts, read, content, error):
    with pytest.raises(error):
        read(counts, content)


def test_a_page_instead_of_data_is_an_error(asked, server):
    server.answer = lambda path, parameters: b"<!doctype html><title>Login</title>"
    with pytest.raises(SourceChanged, match="web page"):
        list(asked())


def test_a_row_that_cannot_be_read_is_refused_alone(counts, read):
    rows = [ROWS[0], ROWS[1] | {"eingang": "viele"}]
    parsed = read(counts, json.dumps(rows).encode())
    assert parsed.rows["received"].to_list() == [101]
    assert parsed.refused.select("row_number", "field", "reason").rows() == [
        (2, "received", "unreadable_number")
    ]
