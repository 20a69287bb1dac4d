"""What changed after it was published, and why."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from metrics.frames import REVISIONS
from metrics.published import Snapshot

_WITHDRAWN: Final = "withdrawn"


def revisions(
    previous: Snapshot,
    figures: pl.DataFrame,
    *,
    catalogue: Mapping[str, Any],
    deliveries: Sequence[Mapping[str, Any]],
    timezone: ZoneInfo,
    now: datetime,
) -> pl.DataFrame:
    """Give all revisions so far, with those that these figures are.

    A revision is a published value that is another one now, is no longer said, or is
    said though it was hidden. A gap that is filled changes nothing that was published.
    """
    causes = _Causes(previous, catalogue, deliveries, timezone)
    rows = [
        {
            "figure_id": change["figure_id"],
            "old": change["value"],
            "new": change["value_new"],
            "old_state": change["state"],
            "new_state": change["state_new"] or _WITHDRAWN,
            "at": now,
            "cause": causes.of(change),
        }
        for change in _changes(previous.figures, figures).iter_rows(named=True)
    ]
    return pl.concat(
        [previous.frames["revisions"], pl.DataFrame(rows, schema=REVISIONS)]
    )


def _changes(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    # Very few are others than before: leave out the rest before texts are compared.
    said = pl.struct("figure_id", "value").hash()
    old = old.filter(~said.is_in(new.select(said).to_series().implode()))
    new = new.filter(pl.col("figure_id").is_in(old["figure_id"].implode()))
    found = pl.col("figure_id").is_in(new["figure_id"].implode())
    return (
        old.filter(pl.col("state") != "no_data")
        # What was hidden has said nothing that could be withdrawn.
        .filter(found | pl.col("value").is_not_null())
        .join(
            new.select("figure_id", "value", "state", "coverage"),
            on="figure_id",
            how="left",
            suffix="_new",
        )
        .filter(pl.col("value").ne_missing(pl.col("value_new")))
        .sort("figure_id")
    )


class _Causes:
    """Tells why figures differ: by what was delivered in between."""

    def __init__(
        self,
        previous: Snapshot,
        catalogue: Mapping[str, Any],
        deliveries: Sequence[Mapping[str, Any]],
        timezone: ZoneInfo,
    ) -> None:
        before = {_key(each): each for each in previous.manifest["deliveries"]}
        after = {_key(each): each for each in deliveries}
        self._replaced = [before[key] for key in before.keys() - after.keys()]
        self._added = [after[key] for key in after.keys() - before.keys()]
        self._timezone = timezone
        self._tables = {kpi: set(entry["tables"]) for kpi, entry in catalogue.items()}
        self._redefined = {
            kpi
            for kpi, entry in catalogue.items()
            if _method(entry) != _method(previous.catalogue.get(kpi, {}))
        }

    def of(self, change: Mapping[str, Any]) -> str:
        """Without another delivery for its period it is the method that changed."""
        if change["kpi"] in self._redefined:
            return "method_change"
        if self._concern(self._replaced, change) and not _more_is_covered(change):
            return "correction"
        if self._concern(self._replaced + self._added, change):
            return "late_data"
        return "method_change"

    def _concern(
        self, deliveries: Iterable[Mapping[str, Any]], change: Mapping[str, Any]
    ) -> bool:
        tables = self._tables.get(change["kpi"], set())
        return any(
            each["table"] in tables and self._reaches(each, change["period_end"])
            for each in deliveries
        )

    def _reaches(self, delivery: Mapping[str, Any], period_end: date) -> bool:
        """Whether it says anything of days up to the period's end.

        What is open at the end of a period depends on all that was received before.
        """
        covers_from = delivery["covers_from"]
        if covers_from is None:
            return True
        moment = datetime.fromisoformat(covers_from)
        return moment.astimezone(self._timezone).date() <= period_end


def _key(delivery: Mapping[str, Any]) -> tuple[str, str]:
    return delivery["source"], delivery["delivery_id"]


def _method(entry: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(entry.get(name) for name in ("formula", "kind", "unit", "tables"))


def _more_is_covered(change: Mapping[str, Any]) -> bool:
    return (change["coverage_new"] or 0) > (change["coverage"] or 0)
