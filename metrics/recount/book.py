"""The backlog KPIs once more, case by case and sum by sum."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from metrics.recount.case_counts import Series, series_and_spans
from metrics.recount.case_rows import Case, cases_and_spans
from metrics.recount.cases import Found, Tally, recounted, whole_span
from metrics.recount.forecasts import FEWEST_DECISIONS, WINDOW, Forecasts
from metrics.recount.rows import Question, Recounted, Span, Warehouse, percent

_OF_SUMS: Final = frozenset({"received", "decided", "open", "clearance_percent"})
_ONE_DAY: Final = timedelta(days=1)


def recount_book(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    cases, spans = warehouse.once("cases", cases_and_spans)
    series, of_counts = warehouse.once("case_counts", series_and_spans)
    book = _Book(
        [case for case in cases if question.is_about(case.row)],
        whole_span(_joined(spans, of_counts), question),
        question,
        warehouse,
        series=[each for each in series if question.is_about(each.row)],
    )
    if question.period.start > book.span.last_on:
        return Recounted(None)
    told = recounted(book, _KPIS[kpi](book), with_waits=kpi.startswith("with_"))
    if kpi not in _OF_SUMS:
        return told
    sums = [
        row
        for each in book.series
        for row in each.ending_within(question.period.start, book.last_day)
    ]
    return replace(
        told,
        counted=told.counted + len(sums),
        delivery_ids=told.delivery_ids.union(row["delivery_id"] for row in sums),
    )


@dataclass(frozen=True, kw_only=True)
class _Book(Tally):
    series: Sequence[Series]  # of offices that report only sums

    def received(self) -> Found:
        return self._with_sums("received", lambda case: case.received)

    def ended(self) -> Found:
        return self._with_sums("decided", lambda case: case.ended)

    def open(self) -> Found:
        total = sum(1 for _ in self._still_open())
        of_series = [
            each.open_on(self.last_day, self.span.first_on) for each in self.series
        ]
        if None in of_series:
            return None, None, None
        total += sum(each or 0 for each in of_series)
        return float(total), total, None

    def old(self) -> Found:
        late = sum(case.is_old(self.last_day) for case in self._still_open())
        return (float(late) if self._has_cases() else None), late, None

    def old_case_percent(self) -> Found:
        last = self.last_day
        day = 28 if (last.month, last.day) == (2, 29) else last.day
        before = date(last.year - 1, last.month, day)
        still_open = sum(1 for _ in self._still_open())
        if before < self.span.first_on - _ONE_DAY:
            return None, None, None
        old = sum(case.is_old(last) for case in self.cases)
        ended = sum(self._ended_between(case, before) for case in self.cases)
        return percent(old, still_open + ended), still_open + ended, old

    def with_office(self) -> Found:
        return self._waiting_for(None)

    def with_applicant(self) -> Found:
        return self._waiting_for("applicant")

    def with_third_party(self) -> Found:
        return self._waiting_for("third_party")

    def overdue(self) -> Found:
        late = sum(case.is_overdue(self.last_day) for case in self._still_open())
        has_deadline = any(
            case.due is not None
            and self.span.first_on <= case.received <= self.last_day
            for case in self.cases
        )
        return (float(late) if has_deadline else None), late, None

    def clearance(self) -> Found:
        _, ended, _ = self.ended()
        was_ended = frozenset(self.counted)
        _, received, _ = self.received()
        self.counted.update(was_ended)
        if ended is None or received is None:
            return None, received, ended
        return percent(ended, received), received, ended

    def expected_days(self) -> Found:
        if self.forecasts.have_failed(self.question.period.end):
            return None, None, sum(1 for _ in self._still_open())
        return self._at_this_pace(in_working_days=False)

    def expected_days_hit_share(self) -> Found:
        for case in self.cases:
            self.leave_out(case, "other_period")
        verdicts = self.forecasts.due_in(self.question.period)
        for verdict in verdicts:
            self.counted.update(id(case) for case in verdict.applicants)
        hits = sum(verdict.is_hit for verdict in verdicts)
        return percent(hits, len(verdicts)), len(verdicts), hits

    @property
    def forecasts(self) -> Forecasts:
        _, office, service, channel, _, _ = self.question.figure
        return self.warehouse.once(
            f"forecasts/{office}/{service}/{channel}",
            lambda warehouse: Forecasts(self.cases, self.span, warehouse.calendar),
        )

    def reach_working_days(self) -> Found:
        return self._at_this_pace(in_working_days=True)

    def _with_sums(self, name: str, day_of: Callable[[Case], date | None]) -> Found:
        total: int | None = sum(1 for _ in self.in_period(day_of))
        first = max(self.question.period.start, self.span.first_on)
        for each in self.series:
            told = each.sum_of(name, first, self.last_day)
            total = None if total is None or told is None else total + told
        return (None if total is None else float(total)), total, None

    def _has_cases(self) -> bool:
        return any(
            case.book_from <= self.last_day and case.received <= self.last_day
            for case in self.cases
        )

    def _waiting_for(self, holder: str | None) -> Found:
        held, day = 0, self.last_day
        is_known = False
        for case in self.cases:
            if not case.is_traced:
                self.leave_out(case, "not_recorded")
                continue
            if case.received <= day and case.book_from <= day:
                is_known = True
            if case.is_open(day) and case.waits.get(day) == holder:
                self.counted.add(id(case))
                held += 1
            else:
                self.leave_out(case, "not_open")
        return (float(held) if is_known else None), held, None

    def _still_open(self) -> Iterator[Case]:
        for case in self.cases:
            if case.is_open(self.last_day):
                self.counted.add(id(case))
                yield case
            else:
                self.leave_out(case, "not_open")

    def _at_this_pace(self, *, in_working_days: bool) -> Found:
        """Open cases over the pace of the last 30 working days."""
        still_open = sum(1 for _ in self._still_open())
        said = self.forecasts.said_on(self.last_day)
        if said.ended is None or said.ended < FEWEST_DECISIONS:
            return None, said.ended, still_open
        length = WINDOW if in_working_days else said.length
        return still_open * length / said.ended, said.ended, still_open

    def _ended_between(self, case: Case, before: date) -> bool:
        is_in_book = case.ended is not None and case.ended >= case.book_from
        return is_in_book and before < (case.ended or before) <= self.last_day


_KPIS: Final[Mapping[str, Callable[[_Book], Found]]] = {
    "expected_days": _Book.expected_days,
    "expected_days_hit_share": _Book.expected_days_hit_share,
    "received": _Book.received,
    "decided": _Book.ended,
    "open": _Book.open,
    "older_than_deadline": _Book.overdue,
    "older_than_3_months": _Book.old,
    "old_case_percent": _Book.old_case_percent,
    "with_office": _Book.with_office,
    "with_applicant": _Book.with_applicant,
    "with_third_party": _Book.with_third_party,
    "clearance_percent": _Book.clearance,
    "reach_working_days": _Book.reach_working_days,
}


def _joined(
    spans: Mapping[str, Span], others: Mapping[str, Span]
) -> Mapping[str, Span]:
    both = {
        office: Span(
            min(span.first_on, others[office].first_on),
            max(span.last_on, others[office].last_on),
            min(span.complete_on, others[office].complete_on),
        )
        for office, span in spans.items()
        if office in others
    }
    return {**spans, **others, **both}
