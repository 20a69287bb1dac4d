"""What a figure is compared with: the same period a year before, by opening days."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from dashboard.opening import working_days
from dashboard.reading import Figure, KpiWords
from dashboard.selection import holidays
from dashboard.view import View
from metrics.figures import parse_figure_id
from metrics.periods import Period

# Where data are missing on more of the days than before, less was counted, not done.
_MOST_APART: Final = 0.1  # in coverage


class Days(NamedTuple):
    """Opening days of a period and of the one a year before it."""

    now: int
    before: int


def year_before(view: View, figure: Figure) -> Figure | None:
    """Find the same figure for the same period a year before."""
    period = figure.period.year_before
    if period is None:
        return None
    figure_id = parse_figure_id(figure.figure_id)._replace(period=period.id)
    row = view.snapshot.figure(str(figure_id))
    return None if row is None else Figure(**row)


def days_of(view: View, kpi: KpiWords, figure: Figure) -> Days | None:
    """Count opening days of a figure's period and of the one a year before.

    Only where more days mean more of what is counted.
    """
    before = figure.period.year_before
    if before is None or not kpi.is_flow:
        return None
    return Days(
        _opening_days(view, figure.office, figure.period),
        _opening_days(view, figure.office, before),
    )


def is_comparable(
    kpi: KpiWords, now: Figure, before: Figure, days: Days | None = None
) -> bool:
    """Whether counts of two periods come from as many days, but for the calendar."""
    if not kpi.is_flow:
        return True
    if days is not None and 0 in days:
        return False
    if now.coverage is None or before.coverage is None:
        return True
    return abs(now.coverage - before.coverage) <= _MOST_APART


def _opening_days(view: View, office: str | None, period: Period) -> int:
    opening: Mapping[str, Sequence[str]] = view.snapshot.calendar.get(
        "opening_days", {}
    )
    if office is None or office not in opening:
        days = holidays(view.snapshot)
        return working_days(view.city, days, period.start, period.end)
    listed = opening[office]  # ISO dates in order
    first = bisect_left(listed, period.start.isoformat())
    return bisect_right(listed, period.end.isoformat()) - first
