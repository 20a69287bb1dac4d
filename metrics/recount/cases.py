"""The processing KPIs once more, case by case, and the digital ones of cases."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
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

Found = tuple[float | None, int | None, int | None]  # value, n, numerator


def recount_cases(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    cases, spans = warehouse.once("cases", cases_and_spans)
    mine = [case for case in cases if question.is_about(case.row)]
    tally = Tally(mine, whole_span(spans, question), question, warehouse)
    if question.period.start > tally.span.last_on:
        return Recounted(None)  # nobody knows what happened after the data end
    return recounted(tally, _KPIS[kpi](tally), with_waits="_net_" in kpi)


@dataclass(frozen=True)
class Tally:
    """The cases of one figure's population, gone through one by one."""

    cases: Sequence[Case]
    span: Span
    question: Question
    warehouse: Warehouse
    counted: set[int] = field(default_factory=set)
    why_not: dict[int, str] = field(default_factory=dict)

    def median_days(self) -> Found:
        return self._days_at(0.5)

    def p80_days(self) -> Found:
        return self._days_at(0.8)

    def median_net_days(self) -> Found:
        return self._net_days_at(0.5)

    def p80_net_days(self) -> Found:
        return self._net_days_at(0.8)

    def share_within_deadline(self) -> Found:
        met = judged = 0
        is_over = True
        for case in self.in_period(lambda case: case.received):
            if case.decided is None and case.ended is not None:
                self.leave_out(case, "given_up")
            elif case.due is None:
                self.leave_out(case, "no_deadline")
            else:
                judged += 1
                met += case.decided is not None and case.decided <= case.due
                is_over = is_over and case.due <= case.complete_until
        return (percent(met, judged) if is_over else None), judged, met

    def online_share(self) -> Found:
        online = known = 0
        for case in self.in_period(lambda case: case.received):
            if case.row["channel"] is None:
                self.leave_out(case, "channel_unknown")
            else:
                known += 1
                online += case.row["channel"] == "online"
        return percent(online, known), known, online

    def end_to_end_share(self) -> Found:
        to_the_end = known = 0
        for case in self.in_period(lambda case: case.ended):
            if case.decided is None:
                self.leave_out(case, "given_up")
            elif case.row["channel"] != "online":
                self.leave_out(case, "not_online")
            elif case.row["digital_end_to_end"] is None:
                self.leave_out(case, "not_recorded")
            else:
                known += 1
                to_the_end += case.row["digital_end_to_end"]
        return percent(to_the_end, known), known, to_the_end

    def _days_at(self, p: float) -> Found:
        days = []
        for case in self.in_period(lambda case: case.ended):
            if case.decided is None:
                self.leave_out(case, "given_up")
            else:
                days.append(float((case.decided - case.received).days))
        return nearest_rank(days, p), len(days), None

    def _net_days_at(self, p: float) -> Found:
        days = []
        for case in self.in_period(lambda case: case.ended):
            net = case.net_days()
            if case.decided is None:
                self.leave_out(case, "given_up")
            elif net is None:
                self.leave_out(case, "not_recorded")
            else:
                days.append(float(net))
        return nearest_rank(days, p), len(days), None

    def in_period(self, day_of: Callable[[Case], date | None]) -> Iterator[Case]:
        for case in self.cases:
            day = day_of(case)
            if day is None or not self.question.is_in_period(day):
                self.leave_out(case, "other_period")
            elif day < case.book_from:
                self.leave_out(case, "before_book")
            else:
                self.counted.add(id(case))
                yield case

    def leave_out(self, case: Case, why: str) -> None:
        self.counted.discard(id(case))
        self.why_not[id(case)] = why

    @property
    def last_day(self) -> date:
        return min(self.question.period.end, self.span.last_on)


_KPIS: Final[Mapping[str, Callable[[Tally], Found]]] = {
    "median_days_decided": Tally.median_days,
    "p80_days_decided": Tally.p80_days,
    "median_net_days_decided": Tally.median_net_days,
    "p80_net_days_decided": Tally.p80_net_days,
    "share_within_deadline": Tally.share_within_deadline,
    "online_share": Tally.online_share,
    "end_to_end_share": Tally.end_to_end_share,
}


def recounted(tally: Tally, found: Found, *, with_waits: bool = False) -> Recounted:
    value, n, numerator = found
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(tally.counted),
        left_out=Counter(
            why for key, why in tally.why_not.items() if key not in tally.counted
        ),
        delivery_ids=frozenset(case.row["delivery_id"] for case in tally.cases).union(
            *(case.told_waits for case in tally.cases if with_waits)
        ),
    )


def whole_span(spans: Mapping[str, Span], question: Question) -> Span:
    """Give the days of the population: an office's own, or of all offices."""
    office = question.figure.office
    those = [span for name, span in spans.items() if office in (None, name)]
    return Span(
        min(span.first_on for span in those),
        max(span.last_on for span in those),
        min(span.complete_on for span in those),
    )
