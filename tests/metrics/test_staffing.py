"""Erlang's formulas: published values, and a queue that is simulated."""

import heapq
import json
import math
import random

import pytest

from metrics.staffing import (
    Queue,
    counters_needed,
    erlang_a,
    erlang_b,
    erlang_c,
    mean_wait_minutes,
    share_within,
)
from tests.real_inputs import DATA

VECTORS = DATA / "testvectors" / "erlang_expected.json"
COUNTER = Queue(arrivals_per_hour=30, service_minutes=12, counters=8)


@pytest.mark.parametrize(
    ("load", "counters", "blocked"), [(1, 1, 0.5), (1, 2, 0.2), (2, 2, 0.4)]
)
def test_blocking_worked_out_by_hand(load, counters, blocked) -> None:
    assert erlang_b(load, counters) == pytest.approx(blocked)


@pytest.mark.parametrize(("counters", "waits"), [(6, 0.5875), (7, 0.3241), (8, 0.1673)])
def test_who_must_wait_at_a_load_of_five(counters, waits) -> None:
    assert erlang_c(5, counters) == pytest.approx(waits, abs=5e-5)


def test_thirty_visits_an_hour_at_eight_counters() -> None:
    assert erlang_c(COUNTER.load, 8) == pytest.approx(0.357, abs=5e-4)
    assert mean_wait_minutes(COUNTER) == pytest.approx(2.14, abs=5e-3)
    assert share_within(COUNTER, 15) == pytest.approx(0.971, abs=5e-4)
    assert COUNTER.occupancy == pytest.approx(0.75)


def test_a_queue_that_is_too_slow_grows_for_ever() -> None:
    slow = Queue(arrivals_per_hour=30, service_minutes=12, counters=6)
    assert erlang_c(slow.load, slow.counters) == 1
    assert mean_wait_minutes(slow) == math.inf
    assert share_within(slow, 60) == 0


def test_where_nobody_comes_nobody_waits() -> None:
    empty = Queue(arrivals_per_hour=0, service_minutes=12, counters=1)
    assert mean_wait_minutes(empty) == 0
    assert share_within(empty, 0) == 1
    assert erlang_a(empty, 30).leaves == 0


def test_the_fewest_counters_that_keep_a_promise() -> None:
    needed = counters_needed(COUNTER, minutes=15, share=0.95)
    assert needed == 8
    seven = Queue(30, 12, 7)
    assert share_within(seven, 15) < 0.95 <= share_within(COUNTER, 15)


@pytest.mark.parametrize("share", [1.0, 1.5, -0.1])
def test_a_certain_promise_is_refused(share) -> None:
    with pytest.raises(ValueError, match="can never be sure"):
        counters_needed(COUNTER, minutes=15, share=share)


@pytest.mark.parametrize("fields", [(30, 0, 8), (30, 12, 0), (-1, 12, 8)])
def test_what_is_no_queue_is_refused(fields) -> None:
    with pytest.raises(ValueError, match="is no queue"):
        Queue(*fields)


def test_people_who_leave_shorten_the_wait_of_the_others() -> None:
    found = erlang_a(Queue(30, 12, 6), patience_minutes=30)
    assert found.waits == pytest.approx(0.653, abs=5e-4)
    assert found.leaves == pytest.approx(0.125, abs=5e-4)
    assert found.mean_wait_minutes == pytest.approx(3.8, abs=0.06)


def test_endless_patience_is_erlang_c() -> None:
    found = erlang_a(COUNTER, patience_minutes=1e7)
    assert found.waits == pytest.approx(erlang_c(COUNTER.load, 8), rel=1e-4)
    assert found.mean_wait_minutes == pytest.approx(
        mean_wait_minutes(COUNTER), rel=1e-4
    )


def test_a_simulated_queue_waits_as_long_as_the_formula_says() -> None:
    """Seeds are fixed; the mean of ten long days is within 5 percent."""
    waits = [wait for seed in range(10) for wait in simulated(COUNTER, seed)]
    assert sum(waits) / len(waits) == pytest.approx(
        mean_wait_minutes(COUNTER), rel=0.05
    )
    within = sum(wait <= 15 for wait in waits) / len(waits)
    assert within == pytest.approx(share_within(COUNTER, 15), rel=0.01)


def simulated(queue: Queue, seed: int, people: int = 30_000) -> list[float]:
    """Send people to the counter that is free first; leave out the first 1000."""
    source = random.Random(seed)  # noqa: S311
    free_at = [0.0] * queue.counters
    now, waits = 0.0, []
    for _ in range(people):
        now += source.expovariate(queue.arrivals_per_hour / 60)
        begins = max(now, heapq.heappop(free_at))
        heapq.heappush(free_at, begins + source.expovariate(1 / queue.service_minutes))
        waits.append(begins - now)
    return waits[1000:]


@pytest.mark.skipif(not VECTORS.exists(), reason=f"the vectors are not in {VECTORS}")
def test_the_published_vectors() -> None:
    for case in json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]:
        if case.get("max_blocking"):
            load, most = case["A"], case["max_blocking"]
            fewest = next(c for c in range(1, 99) if erlang_b(load, c) <= most)
            assert fewest == case["c"]
        elif case.get("erlangB"):
            assert erlang_b(case["A"], case["c"]) == pytest.approx(case["B"])
        else:
            per_hour = case["transactions"] * 60 / case["interval_min"]
            queue = Queue(per_hour, case["aht_min"], case["agents"])
            waits = erlang_c(queue.load, queue.counters)
            assert waits == pytest.approx(case["waiting_probability"], abs=6e-4)
            within = share_within(queue, case["asa_target_min"])
            assert within == pytest.approx(case["service_level"], abs=6e-4)
            assert queue.occupancy == pytest.approx(case["occupancy"], abs=6e-4)
