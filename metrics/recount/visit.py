"""The visit KPIs once more, visit by visit."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from metrics.recount.rows import Question, Recounted, Warehouse, nearest_rank
from metrics.recount.visit_rows import Visit, visits_of, without_time

_Found = tuple[float | None, int]


def recount_visit(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    left_out: Counter[str] = Counter()
    visits = list(visits_of(warehouse, question))
    value, n = _KPIS[kpi](visits, left_out)
    return Recounted(
        value=value,
        n=n,
        counted=n,
        left_out=left_out + without_time(warehouse, question),
        delivery_ids=frozenset(visit.row["delivery_id"] for visit in visits),
    )


def _walk(visits: Sequence[Visit], left_out: Counter[str]) -> _Found:
    return _at_rank(visits, ("called_at", "shown_at"), 0.5, left_out)


def _desk(visits: Sequence[Visit], left_out: Counter[str]) -> _Found:
    return _at_rank(visits, ("shown_at", "finished_at"), 0.5, left_out)


def _long_desk(visits: Sequence[Visit], left_out: Counter[str]) -> _Found:
    return _at_rank(visits, ("shown_at", "finished_at"), 0.9, left_out)


def _at_rank(
    visits: Sequence[Visit],
    between: tuple[str, str],
    p: float,
    left_out: Counter[str],
) -> _Found:
    minutes = []
    for visit in visits:
        outcome: str = visit.row["outcome"]
        if visit.is_mean:
            left_out["only_means"] += 1
        elif outcome != "served":
            left_out[outcome] += 1
        else:
            start, end = (visit.row[name] for name in between)
            if isinstance(start, datetime) and isinstance(end, datetime):
                minutes.append((end - start).total_seconds() / 60)
            else:
                left_out["not_recorded"] += 1
    return nearest_rank(minutes, p), len(minutes)


_KPIS: Final[Mapping[str, Callable[[Sequence[Visit], Counter[str]], _Found]]] = {
    "median_walk_minutes": _walk,
    "median_desk_minutes": _desk,
    "p90_desk_minutes": _long_desk,
}
