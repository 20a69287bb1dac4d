"""The KPIs from bands once more, band by band."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from ingest.city import City
from metrics.recount.rows import Question, Recounted, Row, Warehouse, percent
from metrics.recount.waiting import limit_of

_Found = tuple[float | None, int | None, int | None]  # value, n, numerator
_UNITS: Final = {"median_days": "days", "p90_days": "days"}


class _Band(NamedTuple):
    row: Row
    first: float
    last: float
    waits: int
    limit: float | None


def recount_bands(kpi: str, question: Question, warehouse: Warehouse) -> Recounted:
    left_out: Counter[str] = Counter()
    unit = _UNITS.get(kpi, "minutes")
    bands = list(_bands_of(unit, question, warehouse, left_out))
    value, n, numerator = _KPIS[kpi](bands, left_out)
    return Recounted(
        value=value,
        n=n,
        numerator=numerator,
        counted=len(bands) - left_out["no_target"],
        left_out=+left_out,
        delivery_ids=frozenset(band.row["delivery_id"] for band in bands),
    )


def _median(bands: Sequence[_Band], _left_out: Counter[str]) -> _Found:
    return _at(bands, 0.5)


def _p90(bands: Sequence[_Band], _left_out: Counter[str]) -> _Found:
    return _at(bands, 0.9)


def _at(bands: Sequence[_Band], p: float) -> _Found:
    """Go up band by band until the share is reached."""
    counts: dict[tuple[float, float], int] = {}
    for band in bands:
        edges = (band.first, band.last)
        counts[edges] = counts.get(edges, 0) + band.waits
    total = sum(counts.values())
    reached, end = 0, -math.inf
    found = None
    for (first, last), count in sorted(counts.items()):
        if first < end:
            return None, total, None  # two bands overlap
        end = last
        # Decimal fractions are not exact in binary: 0.9 * 10 is 9.
        missing = round(p * total - reached, 9)
        reached += count
        if found is None and count and missing <= count:
            is_open = math.isinf(last)
            found = first if is_open else first + missing / count * (last - first)
    return found, total, None


def _share(bands: Sequence[_Band], left_out: Counter[str]) -> _Found:
    within = judged = 0
    is_cut = False
    for band in bands:
        if band.limit is None:
            left_out["no_target"] += 1
            continue
        judged += band.waits
        if band.last <= band.limit:
            within += band.waits
        elif band.first < band.limit and band.waits:
            is_cut = True
    return (None if is_cut else percent(within, judged)), judged, within


_KPIS: Final[Mapping[str, Callable[[Sequence[_Band], Counter[str]], _Found]]] = {
    "median_minutes": _median,
    "p90_minutes": _p90,
    "share_within_target": _share,
    "median_days": _median,
    "p90_days": _p90,
}


def _bands_of(
    unit: str, question: Question, warehouse: Warehouse, left_out: Counter[str]
) -> Iterator[_Band]:
    first_day = warehouse.city.info.first_day or date.min
    for row in warehouse.rows("wait_bands"):
        first, last = row["period_from"], row["period_to"] - timedelta(days=1)
        if row["unit"] != unit or not question.is_about(row) or first < first_day:
            continue
        if row["office"] not in warehouse.known_offices:
            continue
        if question.is_in_period(first) and question.is_in_period(last):
            yield _Band(
                row,
                row["band_from"],
                math.inf if row["band_to"] is None else row["band_to"],
                row["count"],
                _limit(row, first, last, warehouse.city),
            )
        elif first <= question.period.end and last >= question.period.start:
            left_out["crosses_period"] += 1


def _limit(row: Row, first: date, last: date, city: City) -> float | None:
    at_first, at_last = (limit_of(row, day, city) for day in (first, last))
    return at_first if at_first == at_last else None
