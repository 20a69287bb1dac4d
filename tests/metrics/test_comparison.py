"""Two figures are different only where chance and rounding cannot explain it."""

import random
from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.comparison import compare, difference_of_shares
from metrics.measure import share_bounds


@dataclass(frozen=True)
class Told:
    value: float | None = None
    n: int | None = None
    numerator: int | None = None
    lower: float | None = None
    upper: float | None = None


def time(value: float, lower: float | None, upper: float | None) -> Told:
    return Told(value, n=100, lower=lower, upper=upper)


def shares(pairs: list[tuple[int, int]]) -> list[Told]:
    """Give shares as they are computed, with Wilson's interval."""
    lower, upper = share_bounds(pl.col("part"), pl.col("n"))
    frame = pl.DataFrame(pairs, schema=["part", "n"], orient="row").select(
        "part", "n", lower=lower, upper=upper
    )
    return [
        Told(100 * part / n, n, part, low, high)
        for part, n, low, high in frame.iter_rows()
    ]


def test_times_differ_only_where_their_intervals_do_not_overlap() -> None:
    twelve_to_sixteen = time(14, 12, 16)
    assert compare(twelve_to_sixteen, time(19, 17, 21), "quantile") == "different"
    assert compare(time(19, 17, 21), twelve_to_sixteen, "quantile") == "different"
    touching = time(17, 16, 19)
    assert compare(twelve_to_sixteen, touching, "quantile") == "indistinguishable"
    inside = time(15, 14, 15)
    assert compare(twelve_to_sixteen, inside, "quantile") == "indistinguishable"


def test_without_an_interval_nobody_can_tell() -> None:
    assert compare(time(14, None, None), time(90, 80, 99), "quantile") == "unknown"
    assert compare(time(14, 12, 16), time(90, None, None), "mean") == "unknown"
    below = Told(5, n=100)  # "below 5 %": the counts are not told
    assert compare(below, *shares([(90, 100)]), "share") == "unknown"


def test_the_interval_of_a_difference_is_that_of_the_literature() -> None:
    """Newcombe 1998, table II, method 10: 56 of 70 and 48 of 80, 0.0524 to 0.3339."""
    found = difference_of_shares(*shares([(56, 70), (48, 80)]))
    assert found == pytest.approx((5.24, 33.39), abs=0.01)
    # 9 of 10 and 3 of 10: 0.1705 to 0.8090
    found = difference_of_shares(*shares([(9, 10), (3, 10)]))
    assert found == pytest.approx((17.05, 80.90), abs=0.01)


def test_shares_differ_where_the_interval_of_their_difference_leaves_out_zero() -> None:
    some, more, most = shares([(480, 800), (560, 800), (720, 800)])
    assert compare(some, most, "share") == "different"
    # 60 and 70 percent of 800: the difference of 10 points lies between 5.3 and 14.6.
    assert compare(some, more, "share") == "different"
    few, fewer = shares([(35, 50), (30, 50)])
    assert compare(few, fewer, "share") == "indistinguishable"


def test_what_rounding_can_explain_is_no_difference() -> None:
    """Newcombe's interval of 45 % and 65 % of 100 each is 6.2 to 32.8 points.

    Counts rounded to 5 may each be off by 2, so the shares by 2 (1 + 0.65) / 98 and
    2 (1 + 0.45) / 98: together 6.3 points.
    """
    one, other = shares([(65, 100), (45, 100)])
    assert compare(one, other, "share", base=1) == "different"
    assert compare(one, other, "share", base=5) == "indistinguishable"


def test_equal_shares_are_called_different_in_at_most_5_of_100_cases() -> None:
    source = random.Random(5)  # noqa: S311
    truth, runs = 0.7, 1500
    drawn = [
        (5 * round(sum(source.random() < truth for _ in range(n)) / 5), n)
        for _ in range(runs)
        for n in (60, 90)
    ]
    told = shares(drawn)
    wrong = sum(
        compare(one, other, "share") == "different"
        for one, other in zip(told[::2], told[1::2], strict=True)
    )
    assert wrong <= 0.05 * runs


COUNTS = st.tuples(st.integers(0, 300), st.integers(300, 900))


@given(COUNTS, COUNTS, st.sampled_from(["share", "quantile", "mean"]))
def test_it_does_not_matter_which_is_asked_first(first, second, kind) -> None:
    one, other = shares([first, second])
    assert compare(one, other, kind) == compare(other, one, kind)
    assert compare(one, one, kind) == "indistinguishable"


@given(COUNTS, COUNTS)
def test_shares_whose_intervals_are_apart_are_always_different(first, second) -> None:
    one, other = shares([first, second])
    if compare(one, other, "quantile") == "different":
        assert compare(one, other, "share", base=1) == "different"
