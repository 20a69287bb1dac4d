"""The 95 % intervals: their ranks, how often they hold, and who must have one."""

import math
import random
from functools import cache
from itertools import accumulate

import polars as pl
import pytest

from metrics.catalogue import CATALOGUE
from metrics.kpis import KPI_FUNCTIONS
from metrics.measure import percentile_bounds, share_bounds

SIZES = (*range(2, 400), 777, 1001, 2500)
# All services are counted: what is said of them is no sample.
# All services are counted, so there is nothing to be uncertain about. One search after
# the other, one hour or week after the other sees the same: it would feign more.
NO_SAMPLES = {"services", "searches", "opening_hours", "weeks"}
SHARES = [
    kpi.id
    for kpi in CATALOGUE.values()
    if kpi.kind == "share" and kpi.counts not in NO_SAMPLES
]
QUANTILES = [
    kpi.id
    for kpi in CATALOGUE.values()
    if kpi.kind == "quantile" and kpi.counts != "searches"
]


def ranks(n: int, p: float) -> tuple[int | None, int | None]:
    values = pl.lit(pl.Series([*range(n, 0, -1), None]))
    lower, upper = percentile_bounds(values, p)
    found: tuple[int | None, int | None] = pl.select(lower=lower, upper=upper).row(0)
    return found


@cache
def at_most(n: int, p: float) -> list[float]:
    """Give P(at most k of n values lie below their p-th percentile), for every k."""
    return list(
        accumulate(
            math.exp(
                math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
                + k * math.log(p) + (n - k) * math.log(1 - p)
            )
            for k in range(n + 1)
        )
    )  # fmt: skip


def exact_ranks(n: int, p: float) -> tuple[int | None, int | None]:
    """Give the narrowest ranks that each tail is left outside of in 2.5 percent."""
    below = at_most(n, p)
    lower = max((k + 1 for k in range(n) if below[k] <= 0.025), default=None)
    upper = min((k + 1 for k in range(n) if 1 - below[k] <= 0.025), default=None)
    return lower, upper


@pytest.mark.parametrize(
    ("n", "lower", "upper"), [(36, 29, 36), (50, 41, 50), (100, 84, 96)]
)
def test_the_ranks_of_the_interval_of_a_p90(n, lower, upper) -> None:
    assert ranks(n, 0.9) == (lower, upper)


@pytest.mark.parametrize("n", range(1, 36))
def test_fewer_than_36_values_have_no_interval_of_a_p90(n) -> None:
    assert ranks(n, 0.9) == (None, None)


@pytest.mark.parametrize("p", [0.5, 0.8, 0.9])
def test_ranks_are_never_narrower_than_exact_ones_nor_much_wider(p) -> None:
    for n in SIZES:
        (lower, upper), (low, high) = ranks(n, p), exact_ranks(n, p)
        if lower is None or upper is None:
            # Where the exact ones exist, they are the extremes themselves.
            assert low is None or high is None or high == n
            continue
        assert low is not None
        assert high is not None
        assert low - 1 <= lower <= low
        assert high <= upper <= high + 1
        below = at_most(n, p)
        assert below[upper - 1] - below[lower - 1] >= 0.95


@pytest.mark.parametrize(
    ("p", "n"), [(0.5, 8), (0.5, 20), (0.8, 30), (0.9, 36), (0.9, 120)]
)
def test_the_interval_holds_the_truth_in_95_of_100_samples(p, n) -> None:
    source = random.Random(20260930)  # noqa: S311
    samples = 4000
    frame = pl.DataFrame(
        {
            "sample": [i for i in range(samples) for _ in range(n)],
            "x": [source.expovariate(1) for _ in range(samples * n)],
        }
    )
    lower, upper = percentile_bounds(pl.col("x"), p)
    found = frame.group_by("sample").agg(lower=lower, upper=upper)
    truth = -math.log(1 - p)
    holds = found.select(
        (pl.col("lower") <= truth).and_(pl.col("upper") >= truth).mean()
    ).item()
    # Of 4000 samples of a true 95 percent, fewer than 94.3 % would be one of 40.
    assert holds >= 0.943


def interval(part: int, whole: int) -> tuple[float | None, float | None]:
    lower, upper = share_bounds(pl.lit(part), pl.lit(whole))
    found: tuple[float | None, float | None] = pl.select(lower=lower, upper=upper).row(
        0
    )
    return found


def test_the_interval_of_a_share_worked_out_by_hand() -> None:
    # 20 of 100: middle (0.2 + 0.019207) / 1.038415 = 0.211098; half 0.077776
    assert interval(20, 100) == pytest.approx((13.3367, 28.8829), abs=1e-3)
    # None of 10: from 0 to z² / (10 + z²) = 3.841459 / 13.841459
    assert interval(0, 10) == pytest.approx((0, 27.7533), abs=1e-3)
    assert interval(10, 10) == pytest.approx((72.2467, 100), abs=1e-3)
    assert interval(0, 0) == (None, None)


def test_the_interval_of_a_share_solves_its_own_equation() -> None:
    """Wilson's limits are the shares of which the one found is just 1.96 errors off."""
    for part, whole in ((1, 8), (37, 50), (311, 977)):
        for limit in interval(part, whole):
            assert limit is not None
            share = limit / 100
            error = math.sqrt(share * (1 - share) / whole)
            assert abs(part / whole - share) / error == pytest.approx(1.959964)


@pytest.mark.parametrize("kpi", [*SHARES, *QUANTILES])
def test_every_share_and_percentile_has_an_interval(kpi) -> None:
    measure = KPI_FUNCTIONS[kpi]()
    assert measure.lower is not None
    assert measure.upper is not None
