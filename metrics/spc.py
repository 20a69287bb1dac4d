"""XmR charts: tell what is unusual from the ordinary up and down.

The rules are those of "Making data count" (NHSRplotthedots 0.2.2, MIT, © NHS-R
Community). For heads of office only: one in five series in which nothing changes
shows a signal somewhere, and citizens must not be alarmed by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

Rule = Literal["outside", "trend", "two_of_three", "one_side"]
Class = Literal["common", "improvement", "concern", "high", "low"]
Assurance = Literal["consistent_pass", "consistent_fail", "inconsistent"]

FEWEST_POINTS: Final = 20
RUN: Final = 7  # points that rise, fall or lie on one side
_TO_LIMIT: Final = 2.66  # mean moving ranges
_TO_NEAR: Final = _TO_LIMIT * 2 / 3
_OUTLYING: Final = 3.267  # a moving range that has its own cause


@dataclass(frozen=True)
class Limits:
    """What values lie between as long as nothing changes."""

    centre: float
    lower: float
    upper: float
    near_lower: float
    near_upper: float


class Signal(NamedTuple):
    """Why a point is unusual, and towards where: 1 up, -1 down."""

    rule: Rule
    direction: int


def limits_of(values: Sequence[float], *, is_screened: bool = True) -> Limits:
    """Compute limits from at least two values; screening leaves out outlying ranges."""
    centre = sum(values) / len(values)
    ranges = [abs(after - before) for before, after in pairwise(values)]
    typical = sum(ranges) / len(ranges)
    if is_screened:
        kept = [each for each in ranges if each < _OUTLYING * typical]
        typical = sum(kept) / len(kept) if kept else typical
    return Limits(
        centre=centre,
        lower=centre - _TO_LIMIT * typical,
        upper=centre + _TO_LIMIT * typical,
        near_lower=centre - _TO_NEAR * typical,
        near_upper=centre + _TO_NEAR * typical,
    )


def signals(values: Sequence[float], limits: Limits) -> list[Signal | None]:
    """Find the first rule that each point meets; None is ordinary up and down."""
    sides = [_sign(value - limits.centre) for value in values]
    outside = [not limits.lower <= value <= limits.upper for value in values]
    near = [
        not is_out and not limits.near_lower <= value <= limits.near_upper
        for value, is_out in zip(values, outside, strict=True)
    ]
    trends = part_of_run(ends_of_trends(values))
    pairs = two_of_three(near, sides)
    runs = part_of_run(ends_of_runs(sides))
    found: list[Signal | None] = []
    for position, side in enumerate(sides):
        if outside[position]:
            found.append(Signal("outside", side))
        elif trends[position]:
            found.append(Signal("trend", trends[position]))
        elif pairs[position] and near[position]:
            found.append(Signal("two_of_three", side))
        elif runs[position]:
            found.append(Signal("one_side", side))
        else:
            found.append(None)
    return found


def ends_of_trends(values: Sequence[float]) -> list[int]:
    """Mark each point that is the seventh to rise (1) or fall (-1) without a tie."""
    steps = [
        _sign(after - before) for before, after in pairwise([*values[:1], *values])
    ]
    return [_if_all_alike(steps, end, RUN - 1) for end in range(len(steps))]


def ends_of_runs(sides: Sequence[int]) -> list[int]:
    """Mark each point that is at least the seventh in a row on one side."""
    return [_if_all_alike(sides, end, RUN) for end in range(len(sides))]


def part_of_run(ends: Sequence[int]) -> list[int]:
    """Mark all seven points of each run, given where runs end.

    A point where a fall begins as a rise ends belongs to the rise.
    """
    marks = [0] * len(ends)
    for end in reversed(range(len(ends))):
        if ends[end]:
            first = max(end - RUN + 1, 0)
            marks[first : end + 1] = [ends[end]] * (end + 1 - first)
    return marks


def two_of_three(near: Sequence[bool], sides: Sequence[int]) -> list[int]:
    """Mark three points in a row on one side of which two lie near the limit."""
    marks = [0] * len(near)
    for first in range(len(near) - 2):
        three = slice(first, first + 3)
        side = _if_all_alike(sides, first + 2, 3)
        if side and sum(near[three]) >= 2:
            marks[three] = [1] * 3
    return marks


def class_of(signal: Signal | None, direction: str) -> Class:
    """Say what a signal means for a KPI of which lower or higher is better."""
    if signal is None:
        return "common"
    if direction == "neither":
        return "high" if signal.direction > 0 else "low"
    is_better = (signal.direction > 0) == (direction == "higher_is_better")
    return "improvement" if is_better else "concern"


def assurance(target: float, limits: Limits, direction: str) -> Assurance | None:
    """Say whether a target is met always, never or now and then, as chance has it."""
    if direction == "neither":
        return None
    higher_is_better = direction == "higher_is_better"
    if target > limits.upper:
        return "consistent_fail" if higher_is_better else "consistent_pass"
    if target < limits.lower:
        return "consistent_pass" if higher_is_better else "consistent_fail"
    return "inconsistent"


def _if_all_alike(signs: Sequence[int], end: int, length: int) -> int:
    """Give the sign of the last so many, if all of them have the same one."""
    if end + 1 < length:
        return 0
    last = signs[end + 1 - length : end + 1]
    return last[0] if len(set(last)) == 1 else 0


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)
