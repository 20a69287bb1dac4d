"""What a delivery must satisfy; what does not goes to quarantine with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from ingest.adapters.base import REFUSED, Parsed
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.frozen import frozen_rows
from ingest.privacy import mask_json, quarantine_json
from ingest.rules import (
    CATEGORIES,
    KEYS,
    RULES,
    Violation,
    local_day,
    moment,
    violations,
)
from ingest.sources import Checks, Closed, Source
from ingest.warehouse import schema_of

__all__ = ["RULES", "Checked", "check", "refuse_what_cannot_be_trusted"]

_ROW: Final = "row_number"


@dataclass(frozen=True)
class Checked:
    """The rows that may be loaded, and the refused ones with their reasons."""

    table: str
    rows: pl.DataFrame  # as the table's columns, without row_number
    refused: pl.DataFrame  # REFUSED, after privacy.py
    rows_read: int

    def count(self, reason: str) -> int:
        return int((self.refused["reason"] == reason).sum())

    def counts_by_rule(self) -> dict[str, int]:
        """Count the refused rows by rule, the most frequent first."""
        counted = self.refused["reason"].value_counts(sort=True)
        return dict(counted.iter_rows())


def check(
    parsed: Parsed,
    source: Source,
    city: City,
    previous: pl.DataFrame | None,
    now: datetime,
) -> Checked:
    """Hold every row against the rules; `previous`: earlier looks at a live queue."""
    rows = _as_table(parsed)
    known = _known_words(parsed.table, city)
    refused: list[pl.DataFrame] = [
        parsed.refused.with_columns(mask_json(parsed.refused["row_json"], known))
    ]

    def keep(rows: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
        broken = reasons["reason"].is_not_null()
        if not broken.any():
            return rows
        masked = quarantine_json(rows.filter(broken), known, source.checks.not_before)
        refused.append(_refused(reasons.filter(broken), masked))
        return rows.filter(~broken)

    tests = violations(parsed.table, source.checks, city, now, parsed.covers)
    rows = keep(rows, _reasons(rows, list(tests)))
    rows = keep(rows, _repeated(rows, parsed.table, source.checks))
    rows, reasons = _closed(rows, parsed.table, source.checks.closed, city)
    rows = keep(rows, reasons)
    rows = keep(rows, _frozen(rows, parsed.table, source, city, previous))
    return Checked(
        parsed.table,
        rows.drop(_ROW),
        pl.concat(refused).sort(_ROW, maintain_order=True),
        parsed.rows_read,
    )


def refuse_what_cannot_be_trusted(checked: Checked, source: Source) -> None:
    """Raise DeliveryRefused where so much is wrong that the rest is in doubt too."""
    counts = checked.counts_by_rule()
    faults = sum(n for reason, n in counts.items() if _is_fault(reason))
    usable = checked.rows.height + checked.count("closed")
    why = ", ".join(f"{reason} {n}" for reason, n in counts.items())
    if faults > source.checks.max_refused_share * checked.rows_read:
        message = (
            f"{faults} of {checked.rows_read} rows are wrong ({why}), more than"
            f" checks.max_refused_share = {source.checks.max_refused_share:g} allows;"
            " nothing was loaded"
        )
        raise DeliveryRefused(message)
    if usable < source.min_rows:
        message = (
            f"{usable} of {checked.rows_read} rows can be used"
            f"{f' ({why})' if why else ''}, but min_rows = {source.min_rows};"
            " nothing was loaded"
        )
        raise DeliveryRefused(message)


def _is_fault(reason: str) -> bool:
    return reason not in RULES or RULES[reason].is_fault


def _as_table(parsed: Parsed) -> pl.DataFrame:
    schema = schema_of(parsed.table)
    unknown = [name for name in parsed.rows.columns if name not in (*schema, _ROW)]
    if unknown:
        message = f"{parsed.table} has no column {', '.join(unknown)}"
        raise SourceChanged(message)
    return parsed.rows.select(
        pl.col(_ROW).cast(pl.Int64),
        *(
            (pl.col(name) if name in parsed.rows.columns else pl.lit(None))
            .cast(dtype)
            .alias(name)
            for name, dtype in schema.items()
        ),
    )


def _known_words(table: str, city: City) -> Mapping[str, Sequence[str]]:
    return {
        "office": [office.id for office in city.offices],
        "service": [service.id for service in city.services],
        **CATEGORIES.get(table, {}),
    }


def _refused(reasons: pl.DataFrame, masked: pl.Series) -> pl.DataFrame:
    return reasons.with_columns(row_json=masked).select(list(REFUSED))


def _reasons(rows: pl.DataFrame, tests: Sequence[Violation]) -> pl.DataFrame:
    """Give for each row the first rule that it breaks, or null."""
    broken = rows.lazy().select(
        test.broken.fill_null(False).alias(str(place))
        for place, test in enumerate(tests)
    )
    found = broken.collect()
    # Most rules are broken by no row at all, so only the others are looked at.
    hit = [(tests[int(column.name)], column) for column in found if column.any()]
    reason, field = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for test, column in reversed(hit):
        reason = pl.when(pl.lit(column)).then(pl.lit(test.reason)).otherwise(reason)
        field = (
            pl.when(pl.lit(column)).then(pl.lit(test.field, pl.String)).otherwise(field)
        )
    return _frame(rows, reason, field)


def _frame(rows: pl.DataFrame, reason: pl.Expr, field: pl.Expr) -> pl.DataFrame:
    return rows.select(pl.col(_ROW), reason=reason, field=field)


def _repeated(rows: pl.DataFrame, table: str, checks: Checks) -> pl.DataFrame:
    """Mark rows that are there twice, and other rows about the same thing."""
    columns = [name for name in rows.columns if name != _ROW]
    key = _key(table)
    nothing = pl.lit(None, pl.String)
    again = rows.filter(key.is_duplicated())
    if again.is_empty():
        return _frame(rows, nothing, nothing)
    again = again.with_columns(
        reason=pl.when(~pl.struct(columns).is_first_distinct())
        .then(pl.lit("duplicate"))
        .otherwise(nothing)
    )
    once = again.filter(pl.col("reason").is_null())
    left_out, why = _left_out(once, table, checks)
    reason = (
        pl.when(pl.col(_ROW).is_in(left_out.implode()))
        .then(pl.lit(why))
        .otherwise("reason")
        .alias("reason")
    )
    marked = again.select(_ROW, reason)
    return rows.select(_ROW).join(
        marked.with_columns(field=nothing), on=_ROW, how="left", maintain_order="left"
    )


def _key(table: str) -> pl.Expr:
    names = KEYS[table]
    parts = [
        moment(table).dt.date() if name == "day" else pl.col(name) for name in names
    ]
    return parts[0] if len(parts) == 1 else pl.struct(parts)


def _left_out(rows: pl.DataFrame, table: str, checks: Checks) -> tuple[pl.Series, str]:
    """Choose between rows that say different things about the same."""
    key = _key(table)
    if table == "cases" and checks.first_counts:
        return rows.filter(~key.is_first_distinct())[_ROW], "seen_before"
    if table in ("cases", "case_pauses"):
        return rows.filter(~key.is_last_distinct())[_ROW], "repeated_key"
    if table == "tickets":
        # Visits without a number are told apart by all that is known of them.
        numbered = rows.filter(pl.col("ticket_key").is_not_null())
        return numbered.filter(~key.is_last_distinct())[_ROW], "repeated_key"
    # A case moves on, so its last row is right; of two measurements nobody knows.
    return rows.filter(key.is_duplicated())[_ROW], "contradiction"


def _closed(
    rows: pl.DataFrame, table: str, sentinels: Sequence[Closed], city: City
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Find the rows by which the source says that nobody could come.

    A live queue then has the state closed and no wait; other rows are left out.
    """
    nothing = pl.lit(None, pl.String)
    if not sentinels:
        return rows, _frame(rows, nothing, nothing)
    is_closed = pl.any_horizontal(
        _sentinel(closed, table, rows.schema, city) for closed in sentinels
    ).fill_null(False)
    if table == "queue_samples":
        waits = ("waiting", "wait_minutes", "wait_minutes_at_least")
        shut = [
            pl.when(~is_closed).then(pl.col(name)).otherwise(None).alias(name)
            for name in waits
        ]
        state = pl.when(is_closed).then(pl.lit("closed")).otherwise("state")
        rows = rows.with_columns(*shut, state=state)
        return rows, _frame(rows, nothing, nothing)
    reason = pl.when(is_closed).then(pl.lit("closed")).otherwise(nothing)
    return rows, _frame(rows, reason, nothing)


def _sentinel(closed: Closed, table: str, schema: pl.Schema, city: City) -> pl.Expr:
    if closed.column not in schema:
        message = f"checks.closed: {table} has no column {closed.column!r}"
        raise SourceChanged(message)
    says_so = pl.col(closed.column) == pl.lit(closed.value).cast(schema[closed.column])
    if not closed.whole_day:
        return says_so
    place = [name for name in ("office", "service") if name in schema]
    day = local_day(table, city.info.timezone)
    return says_so.fill_null(False).all().over([*place, day])


def _frozen(
    rows: pl.DataFrame,
    table: str,
    source: Source,
    city: City,
    previous: pl.DataFrame | None,
) -> pl.DataFrame:
    nothing = pl.lit(None, pl.String)
    longest = source.checks.frozen_after
    if longest is None:
        return _frame(rows, nothing, nothing)
    shown = rows.drop(_ROW)
    if previous is None:
        previous = shown.clear()
    frozen = frozen_rows(table, shown, previous, city, longest)
    reason = pl.when(pl.lit(frozen)).then(pl.lit("frozen")).otherwise(nothing)
    return _frame(rows, reason, nothing)
