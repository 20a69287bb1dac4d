"""Waits of which only bands are known: by hand, and against the waits themselves."""

import math
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.compute import compute
from metrics.kpis import bands
from metrics.measure import percentile_bounds
from metrics.protect import protect

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SEPTEMBER = (date(2026, 9, 1), date(2026, 10, 1))
EDGES = (0, 15, 30, 60, None)


def rows(counts, span=SEPTEMBER, *, unit="minutes", edges=EDGES, **fields):
    """Give the rows of one report: a count for each band."""
    return [
        {
            "office": "meldeamt",
            "service": None,
            "period_from": span[0],
            "period_to": span[1],
            "unit": unit,
            "band_from": first,
            "band_to": last,
            "count": count,
            **fields,
        }
        for count, first, last in zip(counts, edges, edges[1:], strict=False)
    ]


def target(limit, **fields):
    return {
        "kpi": "waiting.share_within_target",
        "value": 80,
        "limit": limit,
        "valid_from": "2020-01-01",
        "decided_by": {"de": "Rat", "en": "Council"},
        **fields,
    }


@pytest.fixture
def figures(connection, make_city, deliver):
    def compute_all(reported, **parts):
        deliver("wait_bands", reported, until=NOW)
        return compute(connection, make_city(**parts), NOW).figures

    return compute_all


def figure(found, kpi, period="month/2026-09", place="meldeamt/all/all"):
    name = f"bands.{kpi}/{place}/{period}"
    return found.row(by_predicate=pl.col("figure_id") == name, named=True)


def said(found, *place):
    row = figure(found, *place)
    return row["value"], row["n"], row["reason"]


def test_percentiles_worked_out_by_hand(figures) -> None:
    found = figures(rows([40, 40, 20, 0]))
    # Median: rank 50 lies 10 of 40 into 15 to 30: 18.75. p90: rank 90 lies 10 of 20
    # into 30 to 60: 45.
    assert said(found, "median_minutes") == (18.75, 100, "estimate")
    assert said(found, "p90_minutes") == (45, 100, "estimate")
    # Ranks of the interval of the median of 100: 40 and 61, in 0-15 and in 15-30.
    median = figure(found, "median_minutes")
    assert (median["lower"], median["upper"], median["state"]) == (0, 30, "final")


@pytest.mark.parametrize(
    ("counts", "kpi", "bound"),
    [([50, 30, 20, 0], "median_minutes", 15), ([0, 9, 1, 0], "p90_minutes", 30)],
)
def test_a_percentile_at_the_end_of_a_band_is_its_bound(
    figures, counts, kpi, bound
) -> None:
    assert said(figures(rows(counts)), kpi)[0] == bound


def test_in_the_open_last_band_there_is_only_more_than(figures) -> None:
    found = figures(rows([30, 10, 0, 60]))
    assert said(found, "median_minutes") == (60, 100, "above")
    row = figure(found, "p90_minutes")
    assert (row["value"], row["reason"], row["upper"]) == (60, "above", None)


def test_no_waits_are_no_value(figures) -> None:
    assert said(figures(rows([0, 0, 0, 0])), "median_minutes") == (
        None, None, "no_waits"
    )  # fmt: skip


def test_a_month_counts_in_what_holds_all_of_it_and_in_no_day(figures) -> None:
    august = (date(2026, 8, 1), date(2026, 9, 1))
    found = figures([*rows([40, 0, 0, 0], august), *rows([0, 40, 0, 0])])
    # Of 80 waits rank 40 is the last below 15.
    assert said(found, "median_minutes", "quarter/2026-Q3") == (15, 80, "estimate")
    assert said(found, "median_minutes", "year/2026")[:2] == (15, 80)
    assert said(found, "median_minutes", "day/2026-09-01") == (None, None, "no_bands")
    assert said(found, "median_minutes", "week/2026-W37") == (None, None, "no_bands")


def test_a_week_over_the_end_of_a_month_counts_in_neither_month(figures) -> None:
    inside = (date(2026, 9, 21), date(2026, 9, 28))
    across = (date(2026, 9, 28), date(2026, 10, 5))
    found = figures([*rows([8, 0, 0, 0], inside), *rows([0, 0, 9, 0], across)])
    assert said(found, "median_minutes")[1] == 8
    assert said(found, "median_minutes", "month/2026-10")[1] is None
    assert said(found, "median_minutes", "week/2026-W40")[1] == 9
    assert said(found, "median_minutes", "year/2026")[1] == 17


def test_bands_that_overlap_have_no_common_value(figures) -> None:
    other = rows([10, 10, 10], edges=(0, 20, 40, None), office="bauamt")
    found = figures([*rows([40, 40, 20, 0]), *other])
    assert said(found, "median_minutes", "month/2026-09", "all/all/all") == (
        None, None, "mixed_bands"
    )  # fmt: skip
    assert said(found, "median_minutes")[1] == 100


def test_the_same_bands_of_two_offices_are_pooled(figures) -> None:
    other = rows([0, 0, 0, 100], office="bauamt")
    found = figures([*rows([40, 40, 20, 0]), *other])
    assert said(found, "p90_minutes", "month/2026-09", "all/all/all") == (
        60, 200, "above"
    )  # fmt: skip


def test_a_share_exists_only_where_the_limit_is_a_bound(figures) -> None:
    found = figures(rows([40, 40, 20, 0]), target=[target(30)])
    row = figure(found, "share_within_target")
    assert (row["value"], row["n"], row["numerator"]) == (80, 100, 80)
    assert row["reason"] is None
    assert (round(row["lower"]), round(row["upper"])) == (71, 87)


def test_a_limit_inside_a_band_or_none_at_all_is_no_share(
    connection, make_city, deliver
) -> None:
    deliver("wait_bands", rows([40, 40, 20, 0]), until=NOW)
    for targets, why in (([target(20)], "limit_in_band"), ([], "no_target")):
        found = compute(connection, make_city(target=targets), NOW).figures
        assert said(found, "share_within_target") == (None, None, why)
    # A band that holds nobody cuts nothing.
    deliver("wait_bands", rows([7, 0, 2, 0], service="pass"), until=NOW)
    found = compute(connection, make_city(target=[target(20)]), NOW).figures
    of_service = said(
        found, "share_within_target", "month/2026-09", "meldeamt/pass/all"
    )
    assert of_service == (pytest.approx(700 / 9), 9, None)


def test_a_limit_that_changed_in_between_judges_nobody(figures) -> None:
    targets = [target(30), target(15, valid_from="2026-09-15")]
    found = figures(rows([40, 40, 20, 0]), target=targets)
    assert said(found, "share_within_target") == (None, None, "no_target")


def test_days_are_counted_apart_from_minutes(figures) -> None:
    edges = (0, 30, 90, None)
    found = figures(
        [*rows([40, 40, 20, 0]), *rows([10, 20, 10], unit="days", edges=edges)]
    )
    # Rank 20 of 40 lies 10 of 20 into 30 to 90.
    assert said(found, "median_days") == (60, 40, "estimate")
    assert said(found, "p90_days") == (90, 40, "above")
    assert said(found, "median_minutes")[1] == 100


def test_what_is_published_is_whole_and_still_called_an_estimate(
    connection, make_city, deliver
) -> None:
    deliver("wait_bands", rows([40, 40, 22, 0]), until=NOW)
    deliver("wait_bands", rows([1, 1, 1, 4], office="bauamt"), until=NOW)
    cells = [{"kpis": ["bands.*"], "by": ["office"], "grains": ["month"]}]
    city = make_city(publish={"cells": cells})
    found = protect(compute(connection, city, NOW), city, NOW).figures
    # 15 + 11 / 40 * 15 = 19.1
    assert said(found, "median_minutes") == (19, 100, "estimate")
    few = said(found, "median_minutes", "month/2026-09", "bauamt/all/all")
    assert few == (None, None, "fewer_than_8")
    assert "day" not in set(found["grain"])


WAITS = st.lists(st.floats(0, 200, allow_subnormal=False), min_size=1, max_size=80)
INNER = st.lists(st.integers(1, 150), min_size=1, max_size=6, unique=True)


def counted(waits, edges):
    """Give the bands that these waits fall into, a count each."""
    counts = [0] * len(edges)
    for wait in waits:
        counts[sum(edge <= wait for edge in edges) - 1] += 1
    return pl.DataFrame(
        {
            "band_from": [float(edge) for edge in edges],
            "band_to": [*(float(edge) for edge in edges[1:]), math.inf],
            "count": counts,
        }
    )


@settings(max_examples=200)
@given(WAITS, INNER, st.sampled_from([0.5, 0.9]))
def test_an_estimate_lies_in_the_band_of_the_true_percentile(waits, inner, p) -> None:
    edges = [0, *sorted(inner)]
    measure = bands.median_minutes() if p == 0.5 else bands.p90_minutes()
    assert measure.mark is not None
    shuffled = counted(waits, edges).sample(fraction=1, shuffle=True, seed=3)
    value, mark, n = shuffled.select(
        value=measure.value, mark=measure.mark, n=measure.n
    ).row(0)
    truth = sorted(waits)[math.ceil(round(p * len(waits), 9)) - 1]
    number = sum(edge <= truth for edge in edges) - 1
    assert n == len(waits)
    if number == len(edges) - 1:
        assert (value, mark) == (edges[-1], "above")
    else:
        assert edges[number] <= value <= edges[number + 1]
        assert mark == "estimate"


@settings(max_examples=100)
@given(WAITS, INNER)
def test_the_interval_holds_that_of_the_waits_themselves(waits, inner) -> None:
    edges = [0, *sorted(inner)]
    measure = bands.median_minutes()
    lower, upper = (
        counted(waits, edges).select(lower=measure.lower, upper=measure.upper).row(0)
    )
    exact = pl.DataFrame({"wait_minutes": waits}).select(
        *(
            bound.alias(name)
            for name, bound in zip(
                ("lower", "upper"),
                percentile_bounds(pl.col("wait_minutes"), 0.5),
                strict=True,
            )
        )
    )
    if lower is not None and upper is not None:
        assert lower <= exact["lower"][0]
        assert upper >= exact["upper"][0]
