"""The waiting KPIs once more, visit by visit."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from ingest.city import City
from metrics.recount.rows import (
    Question,
    Recounted,
    Row,
    Warehouse,
    nearest_rank,
    percent,
)
from metrics.recount.visit_rows import Visit, visits_of, without_time

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator


def recount_waiting(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    if kpi == "hours_saved":
        return _hours_saved(question, warehouse)
    left_out: Counter[str] = Counter()
    visits = list(visits_of(warehouse, question))
    value, n, numerator = _KPIS[kpi](_Tally(visits, warehouse.city, left_out))
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(visits) - left_out.total(),
        left_out=left_out | without_time(warehouse, question),
        delivery_ids=frozenset(visit.row["delivery_id"] for visit in visits),
    )


def _hours_saved(question: Question, warehouse: Warehouse) -> Recounted:
    """Compare what these visits cost with what they would have cost a year before."""
    if all(part is None for part in question.figure[1:4]):
        return _saved_by_offices(question, warehouse)
    before = question.a_year_before
    now = recount_waiting("hours_waited", question, warehouse)
    if before is None:
        return replace(now, value=None)
    then = recount_waiting("hours_waited", before, warehouse)
    if not now.n or not then.n or now.value is None or then.value is None:
        return replace(now, value=None)
    return Recounted(
        value=now.n * then.value / then.n - now.value,
        n=now.n,
        numerator=then.n,
        counted=now.counted + then.counted,
        left_out=Counter(now.left_out) + Counter(then.left_out),
        delivery_ids=now.delivery_ids | then.delivery_ids,
    )


def _saved_by_offices(question: Question, warehouse: Warehouse) -> Recounted:
    """Add up what each office saved; one that cannot tell leaves the city without."""
    saved = []
    for office in sorted(warehouse.known_offices):
        of_office = replace(question, figure=question.figure._replace(office=office))
        if recount_waiting("hours_waited", of_office, warehouse).n:
            saved.append(_hours_saved(of_office, warehouse))
    values = [each.value for each in saved if each.value is not None]
    whole = bool(values) and len(values) == len(saved)
    return Recounted(
        value=sum(values) if whole else None,
        n=sum(each.n or 0 for each in saved),
        numerator=sum(each.numerator or 0 for each in saved),
        counted=sum(each.counted for each in saved),
        left_out=sum((Counter(each.left_out) for each in saved), Counter()),
        delivery_ids=frozenset().union(*(each.delivery_ids for each in saved)),
    )


@dataclass(frozen=True)
class _Tally:
    """The visits of one figure, gone through one by one."""

    visits: Sequence[Visit]
    city: City
    left_out: Counter[str]

    def median_minutes(self) -> _Found:
        return self._at_rank(0.5)

    def p90_minutes(self) -> _Found:
        return self._at_rank(0.9)

    def mean_minutes(self) -> _Found:
        people, _ = self._people_waited()
        total = 0.0
        for visit in self.visits:
            total += (visit.wait or 0) * (visit.waited or 0)
        return (total / people if people else None), people, None

    def hours_waited(self) -> _Found:
        people, minutes = self._people_waited()
        return (minutes / 60 if people else None), people, None

    def share_within_target(self) -> _Found:
        within = judged = 0
        for visit, wait in self._with_wait():
            limit = limit_of(visit.row, visit.day, self.city)
            if limit is None:
                self.left_out["no_target"] += 1
            else:
                judged += 1
                within += wait <= limit
        return percent(within, judged), judged, within

    def visits_served(self) -> _Found:
        total = 0
        if not self.visits:
            return None, None, None
        for visit in self.visits:
            if visit.served is None:
                return None, None, None
            if not visit.served and not visit.is_mean:
                self.left_out[visit.row["outcome"]] += 1
            total += visit.served
        return float(total), total, None

    def no_show_share(self) -> _Found:
        missed = appointments = 0
        for visit in self.visits:
            if visit.no_show is None:
                self.left_out["not_recorded"] += 1
            elif not visit.has_appointment:
                self.left_out["without_appointment"] += 1
            else:
                appointments += 1
                missed += visit.no_show
        return percent(missed, appointments), appointments, missed

    def left_share(self) -> _Found:
        left = came = 0
        for visit in self.visits:
            if visit.left is None:
                self.left_out["not_recorded"] += 1
            elif visit.left or visit.served:
                left += visit.left
                came += 1
            else:
                self.left_out["no_show"] += 1
        return percent(left, came), came, left

    def _at_rank(self, p: float) -> _Found:
        waits = [wait for _, wait in self._with_wait()]
        return nearest_rank(waits, p), len(waits), None

    def _with_wait(self) -> Iterator[tuple[Visit, float]]:
        for visit in self.visits:
            if visit.is_mean:
                self.left_out["only_means"] += 1
            elif visit.wait is None:
                self.left_out[_why_no_wait(visit)] += 1
            else:
                yield visit, visit.wait

    def _people_waited(self) -> tuple[int | None, float]:
        """Count who waited, and minutes times persons; None: not all were counted."""
        people, minutes = 0, 0.0
        for visit in self.visits:
            if visit.waited is None:
                return None, 0.0
            if visit.waited == 0:
                why = "no_customers" if visit.is_mean else _why_no_wait(visit)
                self.left_out[why] += 1
            people += visit.waited
            minutes += visit.person_minutes or 0
        return people, minutes


_KPIS: Final[Mapping[str, Callable[[_Tally], _Found]]] = {
    "median_minutes": _Tally.median_minutes,
    "p90_minutes": _Tally.p90_minutes,
    "mean_minutes": _Tally.mean_minutes,
    "share_within_target": _Tally.share_within_target,
    "visits": _Tally.visits_served,
    "no_show_share": _Tally.no_show_share,
    "left_share": _Tally.left_share,
    "hours_waited": _Tally.hours_waited,
}


def _why_no_wait(visit: Visit) -> str:
    outcome: str = visit.row["outcome"]
    return outcome if outcome in ("no_show", "left") else "no_wait_recorded"


def limit_of(row: Row, day: date, city: City) -> float | None:
    """Find the limit that holds: a service's before an office's before the city's."""
    found = [
        target
        for target in city.targets
        if target.kpi == "waiting.share_within_target"
        and target.limit is not None
        and target.office in (None, row["office"])
        and target.service in (None, row["service"])
        and target.channel in (None, row.get("channel"))
        and target.valid_from <= day <= (target.valid_to or date.max)
    ]
    found.sort(
        key=lambda each: (
            bool(each.channel),
            bool(each.service),
            bool(each.office),
            each.valid_from,
        )
    )
    return found[-1].limit if found else None
