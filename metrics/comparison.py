"""Whether two figures differ: the one rule that every page and sentence asks."""

import math
from typing import Literal, NamedTuple, Protocol

Verdict = Literal["different", "indistinguishable", "unknown"]


class Told(Protocol):
    """A figure as it is published."""

    @property
    def value(self) -> float | None: ...
    @property
    def n(self) -> int | None: ...
    @property
    def numerator(self) -> int | None: ...
    @property
    def lower(self) -> float | None: ...
    @property
    def upper(self) -> float | None: ...


class Difference(NamedTuple):
    """The 95 % interval of how much one share exceeds another, in percentage points."""

    lower: float
    upper: float


def compare(one: Told, other: Told, kind: str, *, base: int = 5) -> Verdict:
    """Tell two figures of one KPI apart, as far as they can be; unknown: nobody can.

    Shares differ where the interval of their difference leaves out 0, though every
    count was rounded to `base`; everything else where the two intervals do not overlap.
    """
    if kind == "share":
        difference = difference_of_shares(one, other)
        if difference is None:
            return "unknown"
        blur = _blur(one, base) + _blur(other, base)
        is_apart = difference.lower > blur or difference.upper < -blur
        return "different" if is_apart else "indistinguishable"
    if one.lower is None or one.upper is None:
        return "unknown"
    if other.lower is None or other.upper is None:
        return "unknown"
    is_apart = one.lower > other.upper or other.lower > one.upper
    return "different" if is_apart else "indistinguishable"


def difference_of_shares(one: Told, other: Told) -> Difference | None:
    """Give Newcombe's interval: from Wilson's of both shares, which need not be normal.

    Newcombe 1998, "Interval estimation for the difference between independent
    proportions", method 10.
    """
    first, second = _share(one), _share(other)
    if first is None or second is None:
        return None
    between = first.value - second.value
    return Difference(
        between - math.hypot(first.value - first.lower, second.upper - second.value),
        between + math.hypot(first.upper - first.value, second.value - second.lower),
    )


class _Share(NamedTuple):
    value: float
    lower: float
    upper: float


def _share(figure: Told) -> _Share | None:
    if not figure.n or figure.numerator is None:
        return None
    if figure.lower is None or figure.upper is None:
        return None
    # From the counts, since the value itself is rounded once more.
    return _Share(100 * figure.numerator / figure.n, figure.lower, figure.upper)


def _blur(figure: Told, base: int) -> float:
    """Say by how much a share of rounded counts can miss that of the true ones."""
    n, numerator, error = figure.n or 0, figure.numerator or 0, base // 2
    if n <= error:
        return 100.0
    return 100 * error * (1 + numerator / n) / (n - error)
