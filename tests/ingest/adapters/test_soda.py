import json
from datetime import UTC, datetime

import pytest

from ingest.adapters import soda
from ingest.adapters.base import Loaded, Seen
from ingest.errors import DeliveryRefused, SourceChanged, SourceUnavailable
from ingest.http import Session

CASES = {
    "table": "cases",
    "columns": {
        "case_key": {"column": "unique_key", "key": True},
        "office": {"column": "agency", "values": {"DPR": "ema"}},
        "received_at": {"column": "created_date"},
        "decided_at": {"column": "closed_date"},
    },
}
SELECTED = "unique_key,agency,created_date,closed_date"


def case(number, created, closed=None, **more):
    row = {"unique_key": str(number), "agency": "DPR", "created_date": created, **more}
    return row if closed is None else row | {"closed_date": closed}


ROWS = [
    case(number, f"2026-0{1 + number % 3}-15T08:00:00.000") for number in range(1, 8)
]


def answering(rows, cap=3):
    """Answer as Socrata does: order, window and page are of the question."""

    def answer(path, parameters):
        assert parameters["$order"] == ":id"
        found = rows
        if "$where" in parameters:
            first, end = parameters["$where"].split("'")[-4::2]
            found = [row for row in rows if first <= row["created_date"] < end]
        start = int(parameters["$offset"])
        page = found[start : start + min(int(parameters["$limit"]), cap)]
        names = parameters["$select"].split(",")
        told = [{name: row[name] for name in names if name in row} for row in page]
        return json.dumps(told).encode()

    return answer


@pytest.fixture
def cases(any_source):
    return any_source("soda", CASES)


@pytest.fixture
def asked(server, any_source, city, now, tmp_path):
    def ask(seen=None, source_has=None, **mapping):
        source = any_source(
            "soda", CASES | mapping, url=f"{server.url}/resource/abcd-1234.json",
            private_host=True, **(source_has or {}),
        )  # fmt: skip
        http = Session(source, city.id)
        try:
            yield from soda.downloads(source, city, http, seen or Seen(), now, tmp_path)
        finally:
            http.close()

    return ask


def test_local_times_utc_times_and_omitted_columns(cases, read):
    rows = [
        case(1, "2026-07-01T10:00:00.000", "2026-07-02T00:00:00.000Z"),
        case(2, "2026-01-01T10:00:00.000"),
    ]
    parsed = read(cases, json.dumps(rows).encode())
    assert parsed.rows.drop("row_number", "office").rows() == [
        ("#1", datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC)),
        ("#2", datetime(2026, 1, 1, 9, tzinfo=UTC), None),
    ]
    assert parsed.covers is None


def test_pages_are_turned_until_one_is_empty_whatever_the_server_allows(
    asked, server, cases, read
):
    server.answer = answering(ROWS)
    (download,) = asked()
    keys = read(cases, download.content).rows["case_key"].to_list()
    assert keys == [f"#{row['unique_key']}" for row in ROWS]
    offsets = [int(parameters["$offset"]) for _, parameters, _ in server.asked]
    assert offsets == [0, 3, 6, 7]


def test_only_mapped_columns_are_asked_for(asked, server):
    rows = [case(1, "2026-01-15T08:00:00.000", complainant="KANARIE")]
    server.answer = answering(rows)
    (download,) = asked()
    assert {parameters["$select"] for _, parameters, _ in server.asked} == {SELECTED}
    assert b"KANARIE" not in download.content


def test_windows_are_local_months_and_each_is_a_delivery(asked, server, cases, read):
    server.answer = answering(ROWS)
    windows = {"column": "created_date", "first": "2026-01-01"}
    found = list(asked(windows=windows, where="agency = 'DPR'"))
    assert [download.covers for download in found] == [
        (datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        (datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)),
        (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC)),
    ]
    counts = [read(cases, one.content, covers=one.covers).rows.height for one in found]
    assert counts == [2, 3, 2]


def test_where_and_window_are_put_together(asked, server):
    server.answer = lambda path, parameters: b"[]"
    windows = {"column": "created_date", "first": "2026-11-01"}
    assert list(asked(windows=windows, where="a = 1 OR b = 2")) == []
    assert server.asked[0][1]["$where"] == (
        "(a = 1 OR b = 2) AND created_date >= '2026-11-01T00:00:00'"
        " AND created_date < '2026-12-01T00:00:00'"
    )


def test_old_windows_are_asked_for_again_ever_more_rarely(asked, server):
    server.answer = answering(ROWS)
    windows = {"column": "created_date", "first": "2026-01-01"}
    yesterday = datetime(2026, 11, 21, 8, tzinfo=UTC)
    loaded = {one.name: Loaded(yesterday, one.covers) for one in asked(windows=windows)}
    assert list(asked(Seen(loaded), windows=windows)) == []


def test_the_token_is_a_header_and_never_in_the_address(asked, server, monkeypatch):
    monkeypatch.setenv("APP_TOKEN", "geheim")
    server.answer = answering(ROWS)
    (download,) = asked(source_has={"secrets": {"X-App-Token": "APP_TOKEN"}})
    assert {headers["X-App-Token"] for *_, headers in server.asked} == {"geheim"}
    assert "geheim" not in download.name


def test_a_column_that_the_server_does_not_know_is_a_change(asked, server):
    server.status = 400
    server.answer = lambda path, parameters: b'{"code":"query.soql.no-such-column"}'
    with pytest.raises(SourceChanged, match="was renamed"):
        list(asked())


def test_a_resource_that_is_gone_is_unavailable(asked, server):
    with pytest.raises(SourceUnavailable, match="404"):
        list(asked())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'[{"unique_key": "1"', DeliveryRefused),
        (b'{"message": "nothing here"}', SourceChanged),
        (b'["a", "b"]', SourceChanged),
        (b'[{"something": "else"}]', SourceChanged),
        (b"", DeliveryRefused),
    ],
)
def test_an_answer_that_is_no_list_of_these_records_is_refused(
    cases, read, content, error
):
    with pytest.raises(error):
        read(cases, content)


def test_a_truncated_page_brings_nothing(asked, server):
    server.answer = lambda path, parameters: b'[{"unique_key": "1"'
    with pytest.raises(DeliveryRefused, match="cut off"):
        list(asked())


def test_rows_say_which_days_a_file_covers(any_source, read):
    source = any_source("soda", CASES | {"covers": {"by": "rows", "period": "day"}})
    rows = [case(1, "2026-03-02T10:00:00.000"), case(2, "2026-03-04T10:00:00.000")]
    assert read(source, json.dumps(rows).encode()).covers == (
        datetime(2026, 3, 1, 23, tzinfo=UTC),
        datetime(2026, 3, 4, 23, tzinfo=UTC),
    )
