"""Calls of a queue_log, counted per interval; nothing of a person or an agent stays."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.adapters import asterisk_queue_log
from ingest.adapters.base import Download
from ingest.checks import RULES
from ingest.errors import DeliveryRefused, IngestError

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MAPPING = {
    "queues": {"meldeamt": "ema", "kfz": "kfz", "kfz-2": "kfz"},
    "ignored_queues": ["intern"],
    "calls": {"interval_minutes": 15, "target_seconds": 30},
}


def epoch(seconds):
    return int(START.timestamp()) + seconds


def log(*lines):
    return "".join(
        f"{epoch(seconds)}|{'|'.join(rest)}\n" for seconds, *rest in lines
    ).encode()


def answered(call, at, wait, speak, queue="meldeamt"):
    return (
        (at, call, queue, "NONE", "ENTERQUEUE", "", "02025630", "1"),
        (at + wait, call, queue, "SIP/Anna", "CONNECT", str(wait), "17.1", "3"),
        (at + wait + speak, call, queue, "SIP/Anna", "COMPLETEAGENT", str(wait),
         str(speak), "1"),
    )  # fmt: skip


def abandoned(call, at, wait, queue="meldeamt"):
    return (
        (at, call, queue, "NONE", "ENTERQUEUE", "", "02025630", "1"),
        (at + wait, call, queue, "NONE", "ABANDON", "1", "1", str(wait)),
    )


@pytest.fixture
def parsed(any_source, read):
    def parsed(*lines, content=None, name="queue_log", **changed):
        source = any_source("asterisk_queue_log", MAPPING | changed)
        return read(source, log(*lines) if content is None else content, name)

    return parsed


def reasons(found):
    return Counter(found.refused["reason"])


def test_an_interval_counts_its_calls(parsed):
    found = parsed(
        *answered("a", 0, 10, 120),
        *answered("b", 60, 30, 60),
        *answered("c", 120, 31, 60),
        *abandoned("d", 200, 45),
        *answered("e", 900, 5, 30),
    )
    rows = found.rows.drop("row_number").rows(named=True)
    assert rows == [
        {
            "office": "ema", "line": "phone", "interval_at": START,
            "interval_minutes": 15, "offered": 4, "answered": 3,
            "answered_in_target": 2, "abandoned": 1, "wait_seconds": 71.0,
            "handling_seconds": 240.0,
        },
        {
            "office": "ema", "line": "phone",
            "interval_at": START + timedelta(minutes=15),
            "interval_minutes": 15, "offered": 1, "answered": 1,
            "answered_in_target": 1, "abandoned": 0, "wait_seconds": 5.0,
            "handling_seconds": 30.0,
        },
    ]  # fmt: skip
    assert found.refused.is_empty()
    assert found.rows_read == 5


def test_a_call_counts_where_it_came_even_if_it_ends_in_the_next_interval(parsed):
    found = parsed(*answered("a", 895, 20, 4000))
    (row,) = found.rows.rows(named=True)
    assert row["interval_at"] == START
    assert row["wait_seconds"] == 20


@pytest.mark.parametrize(
    ("event", "details"),
    [
        ("EXITWITHTIMEOUT", ("1", "1", "120")),
        ("EXITWITHKEY", ("0", "1", "1", "120")),
        ("EXITEMPTY", ("1", "1", "120")),
    ],
)
def test_who_is_sent_elsewhere_was_neither_answered_nor_gave_up(parsed, event, details):
    enter = (0, "a", "meldeamt", "NONE", "ENTERQUEUE", "", "0202", "1")
    found = parsed(enter, (120, "a", "meldeamt", "NONE", event, *details))
    (row,) = found.rows.rows(named=True)
    assert (row["offered"], row["answered"], row["abandoned"]) == (1, 0, 0)
    assert row["wait_seconds"] == 0  # the sum over no answered call


def test_who_is_turned_away_at_the_door_was_offered(parsed):
    found = parsed((0, "a", "meldeamt", "NONE", "JOINEMPTY"))
    assert found.rows["offered"].to_list() == [1]


@pytest.mark.parametrize("event", ["TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER"])
def test_a_call_that_is_passed_on_was_answered(parsed, event):
    found = parsed(
        *answered("a", 0, 10, 60)[:2],
        (70, "a", "meldeamt", "SIP/Anna", event, "42", "intern", "10", "60", "1"),
        (71, "a", "meldeamt", "SIP/Anna", "COMPLETECALLER", "10", "60", "1"),
    )
    (row,) = found.rows.rows(named=True)
    assert (row["answered"], row["handling_seconds"]) == (1, 60)
    assert found.refused.is_empty()


def test_who_overflows_to_another_queue_is_offered_in_both(parsed):
    found = parsed(
        (0, "a", "meldeamt", "NONE", "ENTERQUEUE", "", "0202", "1"),
        (60, "a", "meldeamt", "NONE", "EXITWITHTIMEOUT", "1", "1", "60"),
        *answered("a", 61, 5, 30, queue="kfz"),
    )
    offered = dict(found.rows.select("office", "offered").iter_rows())
    assert offered == {"ema": 1, "kfz": 1}


def test_queues_of_one_office_are_counted_together(parsed):
    found = parsed(
        *answered("a", 0, 5, 30, queue="kfz"), *abandoned("b", 9, 7, queue="kfz-2")
    )
    assert found.rows.select("office", "offered").rows() == [("kfz", 2)]


def test_calls_that_run_over_an_edge_of_the_file_are_told_and_not_counted(parsed):
    whole = answered("whole", 100, 10, 60)
    before = answered("before", -30, 10, 60)
    waiting = answered("waiting", 200, 10, 60)[:1]
    speaking = answered("speaking", 200, 10, 60)[:2]
    found = parsed(*before[1:], *whole, *waiting, *speaking)
    assert found.rows["offered"].to_list() == [1]
    assert reasons(found) == {"cut_off": 3}
    assert not RULES["cut_off"].is_fault
    only_its_end = parsed(*before[2:], *whole)
    assert reasons(only_its_end) == {"cut_off": 1}


def test_a_number_that_is_given_again_is_another_call(parsed):
    found = parsed(*answered("a", 0, 5, 30), *answered("a", 100, 5, 30))
    assert found.rows["offered"].to_list() == [2]
    lost = parsed(*answered("a", 0, 5, 30)[:1], *answered("a", 100, 5, 30))
    assert lost.rows["offered"].to_list() == [1]
    assert reasons(lost) == {"cut_off": 1}


def test_a_clock_that_was_put_back_makes_no_negative_minutes(parsed):
    lines = answered("a", 0, 10, 60)
    found = parsed(*lines[:2], (-50, *lines[2][1:]))
    assert found.rows.is_empty()
    assert reasons(found) == {"ended_before_started": 1}


def test_given_up_at_once_is_no_contact_where_the_city_says_so(parsed):
    lines = [*abandoned("a", 0, 4), *abandoned("b", 10, 5)]
    calls = MAPPING["calls"] | {"abandoned_from_seconds": 5}
    found = parsed(*lines, calls=calls)
    assert found.rows["abandoned"].to_list() == [1]
    assert reasons(found) == {"no_contact": 1}
    assert parsed(*lines).rows["abandoned"].to_list() == [2]


def test_an_unknown_queue_is_refused_and_an_ignored_one_is_not_read(parsed):
    found = parsed(
        *answered("a", 0, 5, 30),
        *answered("b", 0, 5, 30, queue="unbekannt"),
        *answered("c", 0, 5, 30, queue="intern"),
    )
    assert found.rows["offered"].to_list() == [1]
    assert reasons(found) == {"unknown_category": 1}


def test_lines_about_agents_are_skipped_and_unknown_events_are_told(parsed):
    found = parsed(
        (0, "NONE", "NONE", "NONE", "QUEUESTART", ""),
        (1, "NONE", "meldeamt", "SIP/Anna", "PAUSE", "Mittag"),
        (2, "x", "meldeamt", "SIP/Anna", "RINGNOANSWER", "1000"),
        *answered("a", 3, 5, 30),
        (99, "x", "meldeamt", "NONE", "TELEPORT"),
    )
    assert found.rows["offered"].to_list() == [1]
    assert reasons(found) == {"unknown_category": 1}


def test_broken_lines_are_refused_and_a_cut_off_file_as_a_whole(parsed):
    whole = log(*answered("a", 0, 5, 30))
    found = parsed(content=whole + b"kaputt\nnan|x|meldeamt|NONE|CONNECT|1\n")
    assert reasons(found) == {"broken_row": 1, "unreadable_time": 1}
    with pytest.raises(DeliveryRefused, match="cut off"):
        parsed(content=whole + b"17723520")
    with pytest.raises(DeliveryRefused, match="cut off"):
        parsed(content=whole[:-1])  # a wait of 30 seconds, or of 305?
    with pytest.raises(DeliveryRefused, match="empty"):
        parsed(content=b"\n")


def test_a_long_file_is_counted_piece_by_piece(parsed, monkeypatch):
    lines = [line for n in range(50) for line in answered(str(n), n * 9, 2, 3)]
    whole = parsed(*lines)
    monkeypatch.setattr(asterisk_queue_log, "_CHUNK", 7)
    assert parsed(*lines).rows.equals(whole.rows)
    assert whole.rows["offered"].sum() == 50


def test_it_covers_the_days_of_its_calls_or_of_its_lines(parsed):
    day = (datetime(2026, 3, 1, 23, tzinfo=UTC), datetime(2026, 3, 2, 23, tzinfo=UTC))
    assert parsed(*answered("a", 0, 5, 30)).covers == day
    assert parsed((0, "NONE", "NONE", "NONE", "QUEUESTART", "")).covers == day
    by_name = {"by": "file_name", "pattern": r"queue_log-(?P<from>\d{8})"}
    named = parsed(*answered("a", 0, 5, 30), name="queue_log-20260302", covers=by_name)
    assert named.covers == day


CALL = st.tuples(
    st.integers(0, 5000),
    st.sampled_from(["answered", "abandoned", "cut"]),
    st.integers(0, 90),
    st.integers(0, 600),
)


@settings(max_examples=60)
@given(st.lists(CALL, min_size=1, max_size=30))
def test_a_plain_loop_counts_the_same(calls):
    lines, expected, cut = [], defaultdict(Counter), 0
    for number, (at, kind, wait, speak) in enumerate(calls):
        count = expected[at // 900]
        if kind == "cut":
            lines += answered(str(number), at, wait, speak)[:2]
            cut += 1
            continue
        count["offered"] += 1
        count[kind] += 1
        if kind == "answered":
            lines += answered(str(number), at, wait, speak)
            count["wait"] += wait
            count["handling"] += speak
            count["in_target"] += wait <= 30
        else:
            lines += abandoned(str(number), at, wait)
    lines.sort(key=lambda line: line[0])
    found = _read(log(*lines))
    rows = {
        int((row["interval_at"] - START).total_seconds()) // 900: Counter(
            offered=row["offered"], answered=row["answered"],
            abandoned=row["abandoned"], wait=int(row["wait_seconds"]),
            handling=int(row["handling_seconds"]), in_target=row["answered_in_target"],
        )
        for row in found.rows.rows(named=True)
    }  # fmt: skip
    assert rows == {at: count for at, count in expected.items() if count}
    assert found.refused.height == cut


def _read(content):
    return asterisk_queue_log.parse(
        Download("queue_log", content, START + timedelta(days=3)),
        SOURCE,
        CITY,
        lambda texts: texts,
    )


@pytest.fixture(scope="module", autouse=True)
def _for_hypothesis(any_source, city):
    global SOURCE, CITY
    SOURCE, CITY = any_source("asterisk_queue_log", MAPPING), city


@settings(max_examples=150)
@given(st.data())
def test_whatever_happens_to_a_file_it_is_read_or_refused(data):
    content = bytearray(log(*answered("a", 0, 5, 30), *abandoned("b", 9, 7)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from(b"|\n\x00\xff0-9NENTERQUEUE."))
    try:
        found = _read(bytes(content))
    except IngestError:
        return
    assert set(found.refused["reason"]) <= set(RULES)
    assert all(json.loads(row) is not None for row in found.refused["row_json"])
    sums = found.rows.filter(
        pl.col("answered") + pl.col("abandoned") > pl.col("offered")
    )
    assert sums.is_empty()
