"""The one percentile, and the interval of a median."""

import math
import random
from itertools import accumulate

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.measure import percentile, percentile_bounds

VALUES = st.lists(st.floats(0, 1000, allow_subnormal=False), min_size=1, max_size=60)


@settings(max_examples=100)
@given(VALUES, st.sampled_from([0.5, 0.8, 0.9]))
def test_a_percentile_is_the_value_of_its_rank(values, p) -> None:
    frame = pl.DataFrame({"x": [*values, None]})
    found = frame.select(percentile(pl.col("x"), p)).item()
    assert found == sorted(values)[math.ceil(p * len(values)) - 1]


@pytest.mark.parametrize("p", [0.5, 0.8, 0.9])
def test_a_percentile_is_what_duckdb_calls_discrete(p) -> None:
    source = random.Random(7)  # noqa: S311
    sizes = list(range(1, 200))
    frame = pl.DataFrame(
        [(size, source.uniform(0, 60)) for size in sizes for _ in range(size)],
        {"size": pl.Int64, "x": pl.Float64},
        orient="row",
    )
    ours = frame.group_by("size").agg(percentile(pl.col("x"), p)).sort("size")
    with duckdb.connect() as database:
        theirs = database.execute(
            "SELECT size, quantile_disc(x, ?) FROM frame GROUP BY size ORDER BY size",
            [p],
        ).fetchall()
    assert ours.rows() == theirs


@pytest.mark.parametrize(("p", "value"), [(0.5, 5), (0.8, 8), (0.9, 9)])
def test_the_percentiles_of_one_to_ten(p, value) -> None:
    # The interpolating defaults would say 5.5, 8.2 and 9.1.
    assert pl.select(percentile(pl.lit(pl.Series(range(1, 11))), p)).item() == value


def test_no_values_have_no_percentile() -> None:
    empty = pl.lit(pl.Series([None, None], dtype=pl.Float64))
    assert pl.select(percentile(empty, 0.5)).item() is None


def bounds(n: int) -> tuple[int | None, int | None]:
    ranks = pl.lit(pl.Series([*range(n, 0, -1), None]))
    lower, upper = percentile_bounds(ranks, 0.5)
    found: tuple[int | None, int | None] = pl.select(lower=lower, upper=upper).row(0)
    return found


@pytest.mark.parametrize(
    ("n", "lower", "upper"),
    [
        (6, 1, 6), (8, 1, 8), (10, 2, 9), (15, 4, 12), (20, 6, 15), (30, 10, 21),
        (50, 18, 33), (100, 40, 61), (200, 86, 115),
    ],
)  # fmt: skip
def test_the_ranks_of_the_interval_of_a_median(n, lower, upper) -> None:
    assert bounds(n) == (lower, upper)


@pytest.mark.parametrize("n", range(1, 6))
def test_five_values_have_no_interval(n) -> None:
    assert bounds(n) == (None, None)


def test_the_interval_covers_the_median_in_at_least_95_percent() -> None:
    for n in (*range(6, 120), 399, 1001):
        lower, upper = bounds(n)
        assert lower is not None
        assert upper == n + 1 - lower
        # P(median outside) = 2 P(fewer than `lower` of n values lie below it)
        outside = 2 * sum(math.comb(n, k) for k in range(lower)) / 2**n
        assert outside <= 0.05
        # and it is at most one rank wider than it had to be
        tails = list(accumulate(math.comb(n, k) for k in range(lower + 2)))
        assert 2 * tails[lower + 1] / 2**n > 0.05
