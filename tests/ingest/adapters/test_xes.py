"""Event logs: a case's moments and pauses, by attributes and by events."""

import gzip
import random
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from ingest.adapters.xes_log import traces
from ingest.errors import DeliveryRefused, IngestError, SourceChanged

COLUMNS = {
    "case_key": {"column": "concept:name", "key": True},
    "office": {"value": "ema"},
    "received_at": {"column": "received"},
    "decided_at": {"column": "decided"},
    "outcome": {
        "column": "decided.event",
        "values": {"erteilt": "granted", "abgelehnt": "refused"},
    },
}
MOMENTS = {
    "received": {"events": ["Eingang"]},
    "decided": {
        "events": ["erteilt", "abgelehnt"],
        "which": "last",
        "undone_by": ["Widerspruch"],
    },
}


def event(name, time=None, lifecycle=None, resource="Frau Kanari"):
    date = f'<date key="time:timestamp" value="{time}"/>' if time else ""
    state = f'<string key="lifecycle:transition" value="{lifecycle}"/>'
    return (
        f'<event><string key="concept:name" value="{name}"/>{date}'
        f'<string key="org:resource" value="{resource}"/>'
        f"{state if lifecycle else ''}</event>"
    )


def trace(number, *events, **attributes):
    said = "".join(
        f'<string key="{name}" value="{value}"/>' for name, value in attributes.items()
    )
    return (
        f'<trace><string key="concept:name" value="{number}"/>{said}'
        f"{''.join(events)}</trace>"
    )


def log(*cases, head=""):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<log xes.version="1.0" xmlns="http://www.xes-standard.org/">{head}'
        f"{''.join(cases)}</log>"
    ).encode()


def at(day, hour=9):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


RECEIVED = event("Eingang", "2026-03-02T10:00:00.000+01:00")
GRANTED = event("erteilt", "2026-03-05T10:00:00.000+01:00")
WHOLE = trace("1", RECEIVED, GRANTED)


@pytest.fixture
def parsed(any_source, read):
    def parsed(*cases, content=None, name="faelle.xes", **changed):
        mapping = {"columns": COLUMNS, "moments": MOMENTS} | changed
        source = any_source("xes", mapping)
        return read(source, log(*cases) if content is None else content, name)

    return parsed


def test_a_trace_is_a_case_with_the_moments_of_its_events(parsed):
    found = parsed(WHOLE, trace("2", RECEIVED))
    rows = found.rows.select("case_key", "received_at", "decided_at", "outcome").rows()
    assert rows == [("#1", at(2), at(5), "granted"), ("#2", at(2), None, None)]
    assert found.covers is None  # the whole log is handed in again
    assert found.rows_read == 2


def test_a_decision_that_was_reopened_is_none_until_the_next(parsed):
    again = event("Widerspruch", "2026-03-06T10:00:00+01:00")
    refused = event("abgelehnt", "2026-03-09T10:00:00+01:00")
    found = parsed(
        trace("1", RECEIVED, GRANTED, again),
        trace("2", RECEIVED, GRANTED, again, refused),
    )
    rows = found.rows.select("decided_at", "outcome").rows()
    assert rows == [(None, None), (at(9), "refused")]


def test_first_and_last_of_an_event_that_comes_twice(parsed):
    later = event("Eingang", "2026-03-04T10:00:00+01:00")
    moments = MOMENTS | {"received": {"events": ["Eingang"], "which": "last"}}
    case = trace("1", RECEIVED, later, GRANTED)
    assert parsed(case).rows["received_at"].to_list() == [at(2)]
    assert parsed(case, moments=moments).rows["received_at"].to_list() == [at(4)]


def test_an_activity_counts_when_it_completes_unless_the_mapping_says_otherwise(parsed):
    case = trace(
        "1",
        RECEIVED,
        event("erteilt", "2026-03-03T10:00:00+01:00", "schedule"),
        event("erteilt", "2026-03-04T10:00:00+01:00", "start"),
        event("erteilt", "2026-03-05T10:00:00+01:00", "COMPLETE"),
    )
    assert parsed(case).rows["decided_at"].to_list() == [at(5)]
    moments = MOMENTS | {"decided": {"events": ["erteilt"], "lifecycle": ["start"]}}
    assert parsed(case, moments=moments).rows["decided_at"].to_list() == [at(4)]


def test_attributes_of_the_case_give_moments_too(parsed):
    columns = COLUMNS | {"complete_at": {"column": "vollstaendig"}}
    found = parsed(
        trace("1", RECEIVED, GRANTED, vollstaendig="2026-03-03T10:00:00+01:00"),
        columns=columns,
    )
    assert found.rows["complete_at"].to_list() == [at(3)]


def test_attributes_of_attributes_and_globals_are_not_those_of_the_case(parsed):
    head = (
        '<global scope="trace"><string key="concept:name" value="falsch"/></global>'
        '<string key="concept:name" value="auch falsch"/>'
    )
    nested = (
        '<trace><string key="concept:name" value="1">'
        '<string key="concept:name" value="innen"/></string>'
        f"{RECEIVED}{GRANTED}</trace>"
    )
    found = parsed(content=log(nested, head=head))
    assert found.rows["case_key"].to_list() == ["#1"]


def test_local_times_are_those_of_the_city(parsed):
    found = parsed(
        trace("1", event("Eingang", "2026-03-02T10:00:00"), GRANTED),
        trace("2", event("Eingang", "2026-10-25T02:30:00"), GRANTED),
    )
    assert found.rows["received_at"].to_list() == [at(2)]
    assert found.refused["reason"].to_list() == ["ambiguous_time"]


def test_a_decision_without_a_time_does_not_make_the_case_open(parsed):
    found = parsed(WHOLE, trace("2", RECEIVED, event("erteilt")))
    assert found.rows.height == 1
    refused = found.refused.select("field", "reason").rows()
    assert refused == [("decided_at", "unreadable_time")]


def test_a_renamed_event_or_attribute_is_refused_not_read_as_all_open(parsed):
    with pytest.raises(SourceChanged, match="decided"):
        parsed(trace("1", RECEIVED, event("genehmigt", "2026-03-05T10:00:00Z")))
    columns = COLUMNS | {"complete_at": {"column": "vollstaendig"}}
    with pytest.raises(SourceChanged, match="vollstaendig"):
        parsed(WHOLE, columns=columns)


STOPS = {
    "table": "case_pauses",
    "columns": {"case_key": COLUMNS["case_key"]},
    "moments": {},
    "pauses": [
        {
            "starts": ["Nachforderung"],
            "ends": ["Nachgereicht", "erteilt"],
            "holder": "applicant",
        },
        {"starts": ["Anhörung"], "ends": ["Stellungnahme"], "holder": "third_party"},
    ],
}


def test_pauses_are_a_second_source_over_the_same_file(parsed):
    found = parsed(
        trace(
            "1",
            RECEIVED,
            event("Nachforderung", "2026-03-03T09:00:00Z"),
            event("Nachforderung", "2026-03-04T09:00:00Z"),
            event("Anhörung", "2026-03-04T09:00:00Z"),
            event("Nachgereicht", "2026-03-06T09:00:00Z"),
            event("Nachforderung", "2026-03-08T09:00:00Z"),
            event("erteilt", "2026-03-09T09:00:00Z"),
        ),
        trace("2", RECEIVED),
        **STOPS,
    )
    assert found.table == "case_pauses"
    rows = found.rows.select("case_key", "from_at", "to_at", "holder").rows()
    assert rows == [
        ("#1", at(3), at(6), "applicant"),
        ("#1", at(8), at(9), "applicant"),
        ("#1", at(4), None, "third_party"),
    ]
    assert found.rows["row_number"].to_list() == [1, 2, 3]


def test_a_log_in_which_no_clock_stopped_has_no_pauses(parsed):
    assert parsed(WHOLE, **STOPS).rows.is_empty()


@pytest.mark.parametrize(
    "name", ["org:resource", "org:group", "Responsible_actor", "monitoringResource"]
)
def test_a_mapping_may_not_name_who_worked_on_a_case(parsed, name):
    columns = COLUMNS | {"channel": {"column": name}}
    with pytest.raises(ValidationError, match="never read"):
        parsed(WHOLE, columns=columns)


def test_pauses_and_their_table_go_together(parsed):
    with pytest.raises(ValidationError, match="go together"):
        parsed(WHOLE, **{**STOPS, "table": "cases"})


def test_a_packed_log_is_read_as_it_is(parsed):
    plain = parsed(WHOLE)
    packed = parsed(content=gzip.compress(log(WHOLE)), name="faelle.xes.gz")
    assert packed.rows.equals(plain.rows)


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (log(WHOLE)[:-30], DeliveryRefused, "cut off"),
        (gzip.compress(log(WHOLE))[:-9], DeliveryRefused, "cut off"),
        (b"\x1f\x8bnot really gzip", DeliveryRefused, "cut off"),
        (b"Nr;Amt\n1;ema\n", DeliveryRefused, "cut off"),
        (b"", DeliveryRefused, "cut off"),
        (b"<html><body/></html>", SourceChanged, "<log>"),
        (
            b'<!DOCTYPE log [<!ENTITY a "b">]><log>&a;</log>',
            DeliveryRefused,
            "entities",
        ),
    ],
)
def test_what_is_no_whole_event_log_is_refused(parsed, content, error, said):
    with pytest.raises(error, match=said):
        parsed(content=content)


def test_a_giant_without_tags_is_refused_before_it_fills_the_memory(parsed):
    giant = b'<log><string key="a" value="' + b"x" * 3_000_000 + b'"/></log>'
    with pytest.raises(DeliveryRefused, match="beyond all measure"):
        parsed(content=gzip.compress(giant))


def test_memory_does_not_grow_with_the_log(tmp_path):
    def peak(cases):
        path = tmp_path / f"{cases}.xes"
        path.write_bytes(log(*(trace(str(n), *[RECEIVED] * 9) for n in range(cases))))
        tracemalloc.start()
        count = sum(1 for _ in traces(path.name, path, ["concept:name"]))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == cases
        return most

    few, many = peak(100), peak(2_000)
    assert many < few + 300_000


def test_damaged_logs_are_read_or_refused(parsed):
    """Bytes changed at random: never a crash, never a case that was not there."""
    chance = random.Random(20261122)  # noqa: S311
    cases = [trace(str(n), RECEIVED, GRANTED) for n in range(20)]
    whole = log(*cases)
    read = 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.choice(
                b'<>"/&\x00az09\xff'
            )
        try:
            found = parsed(content=bytes(content))
        except IngestError:
            continue
        read += 1
        assert found.rows.height + found.refused.height <= 20
        late = found.rows["received_at"].drop_nulls().max()
        assert late is None or late < at(2) + timedelta(days=36_525)
    assert read > 20
