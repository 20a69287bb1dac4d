"""Answers of interfaces with any part of them changed: read, or refused in words."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapters.base import REFUSED
from ingest.checks import check
from ingest.errors import IngestError

ODD = [
    None, True, 0, -1, 3.7, 1e300, 10**30, "", " ", "x", "-1", "1e9", "9999-12-31",
    "2026-02-30", "0001-01-01T00:00:00", "\ud83d\ude00", "\u0000", [], {}, [[]], [None],
    [[1, 2]], {"a": {"b": 1}}, [{"id": {}}], "99115005070000",
]  # fmt: skip
ZMS_NAMES = (
    "subjectid", "date", "hour", "waitingcount", "waitingtime", "waitingcalculated",
    "waitingcount_termin", "waitingtime_termin", "waitingcalculated_termin",
)  # fmt: skip
SLOT_NAMES = (
    "subjectid", "date", "bookedminutes", "plannedminutes", "bookedminutes_public",
    "plannedminutes_public",
)  # fmt: skip


def report(names, period, *rows):
    dictionary = [{"position": n, "variable": name} for n, name in enumerate(names)]
    day = {"year": "2026", "month": "03", "day": "02"}
    body = {"period": period, "dictionary": dictionary, "data": [list(r) for r in rows]}
    return {"data": body | {"firstDay": day, "lastDay": day}}


COLUMNS = {
    "case_key": {"column": "nr", "key": True},
    "office": {"column": "amt", "values": {"ema": "ema"}},
    "received_at": {"column": "am"},
}
CASES = {"table": "cases", "columns": COLUMNS, "covers": {"by": "rows"}}
RECORDS = [{"nr": n, "amt": "ema", "am": f"2026-03-0{n}T10:00:00"} for n in (1, 2)]
FIELDS = [{"id": name} for name in RECORDS[0]]
OFFICES = {"141": "ema", "142": "kfz"}
SAMPLES = {
    "waits": (
        "zms_warehouse",
        {"subject": "waitingscope", "offices": OFFICES},
        report(
            ZMS_NAMES, "day",
            ["141", "2026-03-02", 9, "6", "20", "40", "4", "3", "10"],
            ["142", "2026-03-02", 9, "1", "5", "5", "0", "0", "0"],
        ),
    ),
    "slots": (
        "zms_warehouse",
        {"subject": "capacityscope", "offices": OFFICES},
        report(
            SLOT_NAMES, "hour",
            ["141", "2026-03-02 08:00", 100, 200, 60, 120],
            ["141", "2026-03-02 09:00", 50, 100, 10, 20],
        ),
    ),
    "soda": ("soda", CASES, RECORDS),
    "ckan": (
        "ckan_datastore", CASES,
        {"success": True, "result": {"fields": FIELDS, "records": RECORDS, "total": 2}},
    ),
    "ozg": (
        "ozg_dashboard", {},
        {"number": 0, "totalPages": 1, "content": [
            {"leika_key": "99115005070000", "ars": "069990000000",
             "online_status": "ok", "aktiv": "ja"},
        ]},
    ),
    "parking 1": (
        "parkapi", {},
        {"last_updated": "2026-11-22T07:58:00", "lots": [
            {"id": "p1", "name": "Markt", "free": 4, "total": 9, "state": "open"},
        ]},
    ),
    "parking 3": (
        "parkapi", {},
        {"total_count": 1, "items": [
            {"original_uid": "p1", "name": "Markt", "realtime_free_capacity": 4,
             "capacity": 9, "realtime_opening_status": "OPEN",
             "has_realtime_data": True,
             "realtime_data_updated_at": "2026-11-22T07:58:00Z"},
        ]},
    ),
}  # fmt: skip


def places(value, path=()):
    """Name every place in a document, the document itself first."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places(one, (*path, index))


def changed(document, path, value, *, gone):
    if not path:
        return value
    made = copy.deepcopy(document)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    if gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return made


@pytest.fixture(scope="module")
def sources(any_source):
    return {
        name: any_source(adapter, mapping)
        for name, (adapter, mapping, _) in SAMPLES.items()
    }


def read_or_refused(read, source, content, city, now):
    try:
        parsed = read(source, content, "antwort.json")
    except IngestError:
        return
    assert parsed.refused.schema == REFUSED
    assert parsed.rows["row_number"].is_unique().all()
    try:
        checked = check(parsed, source, city, None, now)
    except IngestError:
        return
    assert checked.rows.height + checked.refused.height <= parsed.rows_read


@pytest.mark.parametrize("name", SAMPLES)
@settings(
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_changed_answer_is_read_or_refused(sources, read, city, now, name, data):
    document = SAMPLES[name][2]
    path = data.draw(st.sampled_from(list(places(document))))
    value = data.draw(st.sampled_from(ODD))
    gone = data.draw(st.booleans())
    made = changed(document, path, value, gone=gone)
    content = json.dumps(made).encode()
    read_or_refused(read, sources[name], content, city, now)


@pytest.mark.parametrize("name", SAMPLES)
@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cut=st.floats(0, 0.999))
def test_an_answer_that_is_cut_off_is_refused(sources, read, name, cut):
    content = json.dumps(SAMPLES[name][2]).encode()
    with pytest.raises(IngestError):
        read(sources[name], content[: int(cut * len(content))], "antwort.json")


@pytest.mark.parametrize("name", SAMPLES)
def test_an_unchanged_answer_is_read_as_a_whole(sources, read, city, now, name):
    source = sources[name]
    parsed = read(source, json.dumps(SAMPLES[name][2]).encode(), "antwort.json")
    checked = check(parsed, source, city, None, now)
    assert checked.refused.is_empty()
    assert not checked.rows.is_empty()
