"""What was said on each Friday to who applied next, and whether it came true."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property
from math import ceil, inf
from typing import Final, NamedTuple

from metrics.calendar import Calendar
from metrics.periods import Period
from metrics.recount.case_rows import Case
from metrics.recount.rows import Span, nearest_rank

WINDOW: Final = 30  # working days
FEWEST_DECISIONS: Final = 20
_FEWEST_APPLICANTS: Final = 5
_FEWEST_JUDGED: Final = 8
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_FRIDAY: Final = 4


class Said(NamedTuple):
    """What an evening's book says."""

    still_open: int
    ended: int | None  # in the last 30 working days; None: the book is too short
    length: int  # of these in calendar days

    @property
    def days(self) -> float | None:
        if self.ended is None or self.ended < FEWEST_DECISIONS:
            return None
        return self.still_open * self.length / self.ended


class Verdict(NamedTuple):
    """One week's forecast, on the day that it was due."""

    due: date
    is_hit: bool
    applicants: Sequence[Case]


class Forecasts:
    """The forecasts made for one population, evening by evening."""

    def __init__(self, cases: Sequence[Case], span: Span, calendar: Calendar) -> None:
        self._span, self._calendar = span, calendar
        entered = [(max(case.received, case.book_from), case) for case in cases]
        self._cases = sorted(cases, key=lambda case: case.received)
        self._entered = sorted(day for day, _ in entered)
        self._left = sorted(
            max(day, case.ended) for day, case in entered if case.ended is not None
        )
        self._ended = sorted(
            case.ended for case in cases if case.ended and case.ended >= case.book_from
        )

    def said_on(self, day: date) -> Said:
        last = day
        while not self._calendar.is_working_day(last):
            last -= _ONE_DAY
        before, steps = last, 0
        while steps < WINDOW:
            before -= _ONE_DAY
            steps += self._calendar.is_working_day(before)
        ended = bisect_right(self._ended, day) - bisect_right(self._ended, before)
        return Said(
            bisect_right(self._entered, day) - bisect_right(self._left, day),
            ended if before >= self._span.first_on - _ONE_DAY else None,
            (last - before).days,
        )

    def due_in(self, period: Period) -> list[Verdict]:
        return [
            verdict
            for verdict in self._verdicts
            if period.start <= verdict.due <= period.end
        ]

    def have_failed(self, day: date) -> bool:
        """Whether too few came true of those due in the four quarters before."""
        quarter = (day.month - 1) // 3 + 4 * day.year
        is_over = (day + _ONE_DAY).day == 1 and day.month % 3 == 0
        last = quarter if is_over else quarter - 1
        # Of the quarter a year ago nothing counts once a year is over.
        known = [
            verdict.is_hit
            for verdict in self._verdicts
            if last - 4 < (verdict.due.month - 1) // 3 + 4 * verdict.due.year <= last
        ]
        return len(known) >= _FEWEST_JUDGED and 10 * sum(known) < 6 * len(known)

    @cached_property
    def _verdicts(self) -> list[Verdict]:
        return list(self._judge())

    def _judge(self) -> Iterator[Verdict]:
        friday = self._span.first_on - _ONE_DAY
        while friday.weekday() != _FRIDAY:
            friday += _ONE_DAY
        while friday <= self._span.complete_on:
            days = self.said_on(friday).days
            if days is not None:
                due = friday + _WEEK + timedelta(days=ceil(days * 1.3))
                if due <= self._span.complete_on:
                    yield from self._verdict(friday, days, due)
            friday += _WEEK

    def _verdict(self, friday: date, said: float, due: date) -> Iterator[Verdict]:
        first = bisect_right(self._cases, friday, key=lambda case: case.received)
        end = bisect_right(self._cases, friday + _WEEK, key=lambda case: case.received)
        applicants = [
            case
            for case in self._cases[first:end]
            if case.received >= case.book_from and not _is_given_up(case, due)
        ]
        if len(applicants) < _FEWEST_APPLICANTS:
            return
        took = nearest_rank((_days(case, due) for case in applicants), 0.5) or 0.0
        yield Verdict(due, abs(took - said) <= max(said * 0.3, 1), applicants)


def _is_given_up(case: Case, due: date) -> bool:
    return case.decided is None and case.ended is not None and case.ended <= due


def _days(case: Case, due: date) -> float:
    if case.decided is None or case.decided > due:
        return inf
    return float((case.decided - case.received).days)
