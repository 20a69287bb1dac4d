"""XmR charts: the vectors of NHSRplotthedots, and what they mean for an office."""

import json
import random

import pytest

from metrics.spc import (
    Limits,
    Signal,
    assurance,
    class_of,
    ends_of_runs,
    ends_of_trends,
    limits_of,
    part_of_run,
    signals,
    two_of_three,
)
from tests.real_inputs import DATA

VECTORS = DATA / "testvectors" / "xmr_vectors.json"
# rnorm(20) of R with the seed 123
NORMAL = [
    -0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499,
    0.46091621, -1.26506123, -0.68685285, -0.44566197, 1.22408180, 0.35981383,
    0.40077145, 0.11068272, -0.55584113, 1.78691314, 0.49785048, -1.96661716,
    0.70135590, -0.47279141,
]  # fmt: skip
WIDE = Limits(centre=0, lower=-99, upper=99, near_lower=-98, near_upper=98)


def near(found: Limits, lower: float, upper: float) -> bool:
    return [found.lower, found.upper] == pytest.approx([lower, upper], abs=5e-6)


def rules(values: list[float]) -> list[str | None]:
    found = signals(values, limits_of(values))
    return [signal and signal.rule for signal in found]


def test_the_limits_of_twenty_normal_numbers() -> None:
    found = limits_of(NORMAL)
    assert found.centre == pytest.approx(0.1416238)
    assert near(found, -3.01138, 3.294627)
    assert rules(NORMAL) == [None] * 20


@pytest.mark.parametrize(
    ("half", "limits"),
    [(NORMAL[:10], (0.0746, -2.60, 2.75)), (NORMAL[10:], (0.209, -3.28, 3.70))],
)
def test_the_limits_of_each_half(half, limits) -> None:
    found = limits_of(half)
    assert [found.centre, found.lower, found.upper] == pytest.approx(limits, abs=6e-3)


def test_an_outlier_widens_the_limits_only_where_it_is_not_screened() -> None:
    values = [*NORMAL[:14], 10.0, *NORMAL[15:]]
    assert near(limits_of(values), -2.383666, 3.722497)
    assert near(limits_of(values, is_screened=False), -4.596625, 5.935457)
    assert limits_of(values).centre == pytest.approx(0.6694159)


def test_only_the_point_above_the_limit_is_unusual() -> None:
    values = [1.0, 2, 1, 2, 10, *[1, 2] * 6, 1]
    found = limits_of(values)
    assert [found.centre, found.lower, found.upper] == pytest.approx(
        [1.94, -0.72, 4.6], abs=6e-3
    )
    unscreened = limits_of(values, is_screened=False)
    assert [unscreened.lower, unscreened.upper] == pytest.approx(
        [-3.06, 6.95], abs=6e-3
    )
    assert signals(values, found) == [
        *[None] * 4, Signal("outside", 1), *[None] * 13
    ]  # fmt: skip


def test_two_near_limits_of_opposite_sides_are_no_signal() -> None:
    assert rules([*[1.0, -1.0] * 7, 5.5, -5.5])[-2:] == [None, None]


def test_a_fall_of_eight_points_is_a_trend_throughout() -> None:
    falling = [-float(number) for number in range(8)]
    assert signals(falling, WIDE) == [Signal("trend", -1)] * 8


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ([], []),
        ([1] * 6, [0] * 6),
        ([*[1] * 6, -1], [0] * 7),
        ([*[1] * 8, -1], [0, 0, 0, 0, 0, 0, 1, 1, 0]),
        ([*[-1] * 8, 1], [0, 0, 0, 0, 0, 0, -1, -1, 0]),
        ([1, 1, 1, 0, 1, 1, 1, 1], [0] * 8),  # the mean itself is on no side
    ],
)
def test_the_seventh_point_on_one_side_ends_a_run(sides, expected) -> None:
    assert ends_of_runs(sides) == expected


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], []),
        ([0] * 6, [0] * 6),
        ([*[0] * 6, 1, 0], [*[1] * 7, 0]),
        ([*[0] * 7, 1, 0], [0, *[1] * 7, 0]),
    ],
)
def test_a_run_marks_all_of_its_seven_points(sign, ends, expected) -> None:
    assert part_of_run([sign * end for end in ends]) == [sign * e for e in expected]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([1, 2, 3, 4, 5, 6], [0] * 6),
        ([1, 2, 3, 3, 4, 5, 6], [0] * 7),
        ([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 0, 0, 1]),
        ([2, 1, 2, 3, 4, 5, 6, 7, 3], [0, 0, 0, 0, 0, 0, 0, 1, 0]),
        ([7, 6, 5, 4, 3, 2, 1], [0, 0, 0, 0, 0, 0, -1]),
        ([2, 7, 6, 5, 4, 3, 2, 1, 3], [0, 0, 0, 0, 0, 0, 0, -1, 0]),
    ],
)
def test_seven_points_that_rise_or_fall_are_a_trend(values, expected) -> None:
    assert ends_of_trends(values) == expected


@pytest.mark.parametrize(
    ("near_limit", "sides", "expected"),
    [
        ([1, 0, 1], [1] * 3, [1, 1, 1]),
        ([0, 1, 1], [1] * 3, [1, 1, 1]),
        ([1, 1, 0], [1] * 3, [1, 1, 1]),
        ([0, 0, 1, 0, 1, 0, 0], [1] * 7, [0, 0, 1, 1, 1, 0, 0]),
        ([0, 0, 1, 1, 0, 0, 0], [1] * 7, [0, 1, 1, 1, 1, 0, 0]),
        ([1, 0, 1], [1, -1, 1], [0, 0, 0]),
        ([0, 0, 1, 0, 1, 0, 0], [1, -1, 1, -1, 1, -1, 1], [0] * 7),
    ],
)
def test_two_of_three_must_lie_on_one_side(near_limit, sides, expected) -> None:
    assert two_of_three(near_limit, sides) == expected


def test_of_two_of_three_only_the_points_near_the_limit_are_marked() -> None:
    limits = Limits(centre=0, lower=-9, upper=9, near_lower=-6, near_upper=6)
    two = Signal("two_of_three", 1)
    assert signals([7, 1, 1, 7], limits) == [None] * 4
    assert signals([7, 1, 1, 7, 7], limits) == [None, None, None, two, two]
    # What lies beyond the limit is not near it.
    assert signals([10, 1, 7], limits) == [Signal("outside", 1), None, None]


def test_the_first_rule_that_holds_is_named() -> None:
    limits = Limits(centre=0, lower=-9, upper=9, near_lower=-6, near_upper=6)
    found = signals([1, 2, 3, 4, 5, 6, 10], limits)
    assert [signal and signal.rule for signal in found] == ["trend"] * 6 + ["outside"]
    on_one_side = signals([1, 2, 1, 7, 2, 7, 1], limits)
    assert [signal and signal.rule for signal in on_one_side] == [
        "one_side", "one_side", "one_side", "two_of_three", "one_side",
        "two_of_three", "one_side",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "higher", "lower"),
    [
        ((1, 3), "consistent_fail", "consistent_pass"),
        ((5, 7), "consistent_pass", "consistent_fail"),
        ((1, 5), "inconsistent", "inconsistent"),
    ],
)
def test_whether_a_target_of_four_is_met(limits, higher, lower) -> None:
    found = Limits(
        centre=2, lower=limits[0], upper=limits[1], near_lower=0, near_upper=0
    )
    assert assurance(4, found, "higher_is_better") == higher
    assert assurance(4, found, "lower_is_better") == lower
    assert assurance(4, found, "neither") is None


def test_a_rise_is_good_or_bad_by_the_direction_of_the_kpi() -> None:
    rise = Signal("trend", 1)
    assert class_of(rise, "higher_is_better") == "improvement"
    assert class_of(rise, "lower_is_better") == "concern"
    assert class_of(rise, "neither") == "high"
    assert class_of(Signal("outside", -1), "neither") == "low"
    assert class_of(None, "lower_is_better") == "common"


def test_a_fifth_of_series_without_any_change_shows_some_signal() -> None:
    """Why these charts stay inside: 20 % of 26 normal weeks, measured with seeds."""
    source = random.Random(26)  # noqa: S311
    runs = 1000
    alarmed = sum(
        any(rules([source.gauss(0, 1) for _ in range(26)])) for _ in range(runs)
    )
    assert 0.15 <= alarmed / runs <= 0.25


@pytest.mark.skipif(not VECTORS.exists(), reason=f"the vectors are not in {VECTORS}")
def test_the_published_vectors() -> None:
    known = json.loads(VECTORS.read_text(encoding="utf-8"))
    for sides, expected in known["one_side"]:
        assert [abs(mark) for mark in ends_of_runs(sides)] == expected
    for ends, expected in known["part7"]:
        assert [abs(mark) for mark in part_of_run(ends)] == expected
    for values, expected in known["trend"]:
        assert ends_of_trends(values) == expected
    for (near_limit, sides), expected in known["two_in_three"]:
        assert two_of_three(near_limit, sides) == expected
    for (near_limit, sides), expected in known["part_two_in_three"]:
        marks = two_of_three(near_limit, sides)
        found = [int(a and b) for a, b in zip(marks, near_limit, strict=True)]
        assert found == expected
    words = {"increase": "higher_is_better", "decrease": "lower_is_better"}
    for target, low, high, direction, expected in known["assurance"]:
        limits = Limits(0, low, high, 0, 0)
        assert assurance(target, limits, words.get(direction, "neither")) == expected
