"""Which figures are closed: the single looks that they came from were deleted.

Pure: what the warehouse or a snapshot's manifest lists in, the closing of a figure out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self

from metrics.figures import FigureId
from metrics.moments import iso, parse_moment
from metrics.periods import parse_period


@dataclass(frozen=True)
class Closed:
    """What one deletion of looks closed: all periods of these that begin before."""

    source: str
    before_on: date
    keep_months: int
    closed_at: datetime
    code_version: str
    kpis: tuple[str, ...]
    offices: tuple[str | None, ...]  # None: figures of no single office

    def document(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "before_on": self.before_on.isoformat(),
            "closed_at": iso(self.closed_at),
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **document,
                "before_on": date.fromisoformat(document["before_on"]),
                "closed_at": parse_moment(document["closed_at"]),
                "kpis": tuple(document["kpis"]),
                "offices": tuple(document["offices"]),
            }
        )


def closings_in(manifest: Mapping[str, Any]) -> list[Closed]:
    return [Closed.of(document) for document in manifest.get("closings", ())]


def closing_of(figure: FigureId, closings: Sequence[Closed]) -> Closed | None:
    """Find what closed a figure: the first deletion that would have changed it."""
    start = parse_period(figure.period).start
    those = [
        closed
        for closed in closings
        if figure.kpi in closed.kpis
        and figure.office in closed.offices
        and start < closed.before_on
    ]
    return min(those, key=lambda closed: closed.closed_at, default=None)
