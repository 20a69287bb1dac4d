"""The processing and backlog KPIs once more, case by case."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from metrics.recount.case_rows import Case, cases_and_spans
from metrics.recount.rows import (
    Question,
    Recounted,
    Span,
    Warehouse,
    nearest_rank,
    percent,
)

_WINDOW: Final = 30  # working days
_FEWEST_DECISIONS: Final = 20
_ONE_DAY: Final = timedelta(days=1)

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator


def recount_cases(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    cases, spans = warehouse.once("cases", cases_and_spans)
    mine = [case for case in cases if question.is_about(case.row)]
    tally = _Tally(mine, _whole(spans, question), question, warehouse)
    if question.period.start > tally.span.last_on:
        return Recounted(None)  # nobody knows what happened after the data end
    value, n, numerator = _KPIS[kpi](tally)
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(tally.counted),
        left_out=Counter(
            why for key, why in tally.why_not.items() if key not in tally.counted
        ),
        delivery_ids=frozenset(case.row["delivery_id"] for case in mine),
    )


@dataclass(frozen=True)
class _Tally:
    """The cases of one figure's population, gone through one by one."""

    cases: Sequence[Case]
    span: Span
    question: Question
    warehouse: Warehouse
    counted: set[int] = field(default_factory=set)
    why_not: dict[int, str] = field(default_factory=dict)

    def median_days(self) -> _Found:
        return self._days_at(0.5)

    def p80_days(self) -> _Found:
        return self._days_at(0.8)

    def share_within_deadline(self) -> _Found:
        met = judged = 0
        is_over = True
        for case in self._in_period(lambda case: case.received):
            if case.decided is None and case.ended is not None:
                self._leave_out(case, "given_up")
            elif case.due is None:
                self._leave_out(case, "no_deadline")
            else:
                judged += 1
                met += case.decided is not None and case.decided <= case.due
                is_over = is_over and case.due <= case.complete_until
        return (percent(met, judged) if is_over else None), judged, met

    def received(self) -> _Found:
        return _count(self._in_period(lambda case: case.received))

    def ended(self) -> _Found:
        return _count(self._in_period(lambda case: case.ended))

    def open(self) -> _Found:
        return _count(self._still_open())

    def overdue(self) -> _Found:
        late = sum(case.is_overdue(self._last_day) for case in self._still_open())
        has_deadline = any(
            case.due is not None
            and self.span.first_on <= case.received <= self._last_day
            for case in self.cases
        )
        return (float(late) if has_deadline else None), late, None

    def clearance(self) -> _Found:
        _, ended, _ = self.ended()
        was_ended = frozenset(self.counted)
        _, received, _ = self.received()
        self.counted.update(was_ended)
        return percent(ended or 0, received or 0), received, ended

    def expected_days(self) -> _Found:
        return self._at_this_pace(in_working_days=False)

    def reach_working_days(self) -> _Found:
        return self._at_this_pace(in_working_days=True)

    def _days_at(self, p: float) -> _Found:
        days = []
        for case in self._in_period(lambda case: case.ended):
            if case.decided is None:
                self._leave_out(case, "given_up")
            else:
                days.append(float((case.decided - case.received).days))
        return nearest_rank(days, p), len(days), None

    def _in_period(self, day_of: Callable[[Case], date | None]) -> Iterator[Case]:
        for case in self.cases:
            day = day_of(case)
            if day is None or not self.question.is_in_period(day):
                self._leave_out(case, "other_period")
            elif day < case.book_from:
                self._leave_out(case, "before_book")
            else:
                self.counted.add(id(case))
                yield case

    def _leave_out(self, case: Case, why: str) -> None:
        self.counted.discard(id(case))
        self.why_not[id(case)] = why

    def _still_open(self) -> Iterator[Case]:
        for case in self.cases:
            if case.is_open(self._last_day):
                self.counted.add(id(case))
                yield case
            else:
                self._leave_out(case, "not_open")

    @property
    def _last_day(self) -> date:
        return min(self.question.period.end, self.span.last_on)

    def _at_this_pace(self, *, in_working_days: bool) -> _Found:
        """Open cases over the pace of the last 30 working days."""
        day, steps = self._last_day, 0
        while not self.warehouse.calendar.is_working_day(day):
            day -= _ONE_DAY
        before = day
        while steps < _WINDOW:
            before -= _ONE_DAY
            steps += self.warehouse.calendar.is_working_day(before)
        still_open = sum(1 for _ in self._still_open())
        if before < self.span.first_on - _ONE_DAY:
            return None, None, still_open
        ended = sum(self._ended_between(case, before) for case in self.cases)
        if ended < _FEWEST_DECISIONS:
            return None, ended, still_open
        length = _WINDOW if in_working_days else (day - before).days
        return still_open * length / ended, ended, still_open

    def _ended_between(self, case: Case, before: date) -> bool:
        is_in_book = case.ended is not None and case.ended >= case.book_from
        return is_in_book and before < (case.ended or before) <= self._last_day


_KPIS: Final[Mapping[str, Callable[[_Tally], _Found]]] = {
    "median_days_decided": _Tally.median_days,
    "p80_days_decided": _Tally.p80_days,
    "share_within_deadline": _Tally.share_within_deadline,
    "expected_days": _Tally.expected_days,
    "received": _Tally.received,
    "decided": _Tally.ended,
    "open": _Tally.open,
    "older_than_deadline": _Tally.overdue,
    "clearance_percent": _Tally.clearance,
    "reach_working_days": _Tally.reach_working_days,
}


def _count(cases: Iterator[Case]) -> _Found:
    total = sum(1 for _ in cases)
    return float(total), total, None


def _whole(spans: Mapping[str, Span], question: Question) -> Span:
    """Give the days of the population: an office's own, or of all offices."""
    office = question.figure.office
    those = [span for name, span in spans.items() if office in (None, name)]
    return Span(
        min(span.first_on for span in those),
        max(span.last_on for span in those),
        min(span.complete_on for span in those),
    )
