"""A report of ZMS's "warehouse": rows whose columns only its dictionary names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl

from ingest.adapters.base import REFUSED
from ingest.adapters.feed_document import as_text, read_document
from ingest.errors import DeliveryRefused, SourceChanged

_WAITS: Final = ("waitingcount", "waitingtime", "waitingcalculated")
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "queue_hours": (
        "subjectid", "date", "hour", *_WAITS, *(f"{name}_termin" for name in _WAITS),
    ),
    "slots": ("subjectid", "date", "bookedminutes", "plannedminutes"),
}  # fmt: skip
OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "queue_hours": ("waytime", "waytime_termin"),
    "slots": ("bookedminutes_public", "plannedminutes_public"),
}
_NOT_NEEDED: Final = (  # slots are of different length, so only minutes are read
    "bookedcount", "plannedcount", "bookedcount_public", "plannedcount_public",
)  # fmt: skip
_LONGEST: Final = timedelta(days=366)
_EARLIEST: Final = date(2000, 1, 1)
_BY_DAY: Final = ("day", "hour")


@dataclass(frozen=True)
class Report:
    """What ZMS said about one or several of its offices."""

    period: str  # "day" or "hour": what one row is about
    variables: Sequence[str]  # in the order of the rows
    rows: Sequence[Sequence[object]]
    days: Sequence[date]  # first and last day that it is about, where it says so

    @property
    def plain(self) -> dict[str, object]:
        """Give what is worth keeping: without the moment it was made at."""
        dictionary = [
            {"position": position, "variable": variable}
            for position, variable in enumerate(self.variables)
        ]
        days = [day.isoformat() for day in self.days]
        return {
            "period": self.period,
            "dictionary": dictionary,
            "data": [list(row) for row in self.rows],
            "days": days,
        }


def read_reports(name: str, content: bytes) -> list[Report]:
    """Read an answer of ZMS, or several of them in a list."""
    document = read_document(name, content)
    found = document if isinstance(document, list) else [document]
    return [_report(name, one) for one in found]


def raw_of(
    name: str, reports: Iterable[Report], table: str, ignored: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the rows as texts under the names of the dictionary, and the broken ones."""
    names = (*REQUIRED[table], *OPTIONAL[table], "period")
    rows: list[tuple[int, *tuple[str | None, ...]]] = []
    broken: list[tuple[int, None, str, str]] = []
    number = 0
    for report in reports:
        _check(name, report, table, ignored)
        for row in report.rows:
            number += 1
            if len(row) != len(report.variables):
                broken.append((number, None, "broken_row", "{}"))
                continue
            said = dict(zip(report.variables, map(as_text, row), strict=True))
            said["period"] = report.period
            rows.append((number, *(said.get(column) for column in names)))
    schema = {"row_number": pl.Int64, **dict.fromkeys(names, pl.String)}
    return (
        pl.DataFrame(rows, schema=schema, orient="row"),
        pl.DataFrame(broken, schema=REFUSED, orient="row"),
    )


def days_of(report: Report, latest: date) -> list[date]:
    """Name the days that a report is about: as it says, else as its rows say.

    One row of 9999 would otherwise claim that the report replaces all until then.
    """
    if report.days or "date" not in report.variables:
        return list(report.days)
    column = report.variables.index("date")
    written = {str(row[column])[:10] for row in report.rows if len(row) > column}
    days = [day for day in map(_day, written) if day is not None]
    return sorted(day for day in days if _EARLIEST <= day <= latest)


def _report(name: str, document: object) -> Report:
    envelope = document if isinstance(document, Mapping) else {}
    data = envelope.get("data")
    body = data if isinstance(data, Mapping) else envelope
    rows = body.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        message = f"{name} is no report of ZMS: it has no rows; is the address right?"
        raise SourceChanged(message)
    return Report(
        period=str(body.get("period") or "day"),
        variables=_variables(name, body.get("dictionary")),
        rows=rows,
        days=_days(body),
    )


def _variables(name: str, dictionary: object) -> list[str]:
    """Read the dictionary; without it nobody knows which column is which."""
    entries = dictionary if isinstance(dictionary, list) else []
    places = {
        as_text(entry.get("position")): entry.get("variable")
        for entry in entries
        if isinstance(entry, Mapping)
    }
    in_order = [places.get(str(number)) for number in range(len(entries))]
    variables = [variable for variable in in_order if isinstance(variable, str)]
    if not entries or len(variables) < len(entries):
        message = (
            f"{name} has no complete dictionary, so nobody knows which column is"
            " which; nothing was loaded"
        )
        raise SourceChanged(message)
    if len(set(variables)) < len(variables):
        message = f"{name}: the dictionary names a column twice; nothing was loaded"
        raise SourceChanged(message)
    return ["subjectid" if one == "scopeid" else one for one in variables]


def _check(name: str, report: Report, table: str, ignored: Sequence[str]) -> None:
    missing = [one for one in REQUIRED[table] if one not in report.variables]
    if missing:
        message = (
            f"{name}: the dictionary has no {', '.join(missing)}, but only"
            f" {', '.join(report.variables)}; is it another kind of report?"
        )
        raise SourceChanged(message)
    known = {*REQUIRED[table], *OPTIONAL[table], *_NOT_NEEDED, *ignored}
    unknown = [one for one in report.variables if one not in known]
    if unknown:
        message = (
            f"{name}: the variable {', '.join(unknown)} is new. Find out whether the"
            " others still mean the same, then name it in ignored_variables; nothing"
            " was loaded"
        )
        raise SourceChanged(message)
    if report.period not in _BY_DAY:
        message = (
            f"{name} is grouped by {report.period}: ZMS then averages days without"
            " visitors as 0 minutes. Only reports by day or hour are read; months and"
            " quarters are computed from them"
        )
        raise DeliveryRefused(message)


def _days(body: Mapping[str, object]) -> list[date]:
    kept = body.get("days")
    written = [str(day) for day in kept] if isinstance(kept, list) else []
    for field in ("firstDay", "lastDay"):
        day = body.get(field)
        if isinstance(day, Mapping):
            written.append("-".join(str(day.get(p)) for p in ("year", "month", "day")))
    found = [day for day in map(_day, written) if day is not None]
    is_span = len(found) == 2 and _EARLIEST <= found[0] <= found[1] < date.max
    return found if is_span and found[1] - found[0] <= _LONGEST else []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
