"""What a delivery must satisfy; what does not goes to quarantine with its reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import polars as pl

from ingest.adapters.base import REFUSED, Parsed, Span
from ingest.city import City
from ingest.errors import DeliveryRefused, SourceChanged
from ingest.frozen import frozen_rows
from ingest.privacy import mask_json, quarantine_json
from ingest.repeated import repeated
from ingest.rules import CATEGORIES, RULES, Violation, local_day, violations
from ingest.sources import Closed, Source
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
    covers: Span | None = None
    warned_by_rule: Mapping[str, int] = field(default_factory=dict)  # of rows

    @property
    def rows_loaded(self) -> int:
        return self.rows.height

    def count(self, reason: str) -> int:
        return self.counts_by_rule().get(reason, 0)

    def counts_by_rule(self) -> dict[str, int]:
        """Count the refused rows by rule, the most frequent first."""
        return counts_of(self.refused["reason"])

    def scan_refused(self) -> pl.LazyFrame:
        return self.refused.lazy()


class Judged(Protocol):
    """What the decision about a delivery as a whole rests on."""

    @property
    def rows_read(self) -> int: ...

    @property
    def rows_loaded(self) -> int: ...

    def counts_by_rule(self) -> dict[str, int]: ...


def check(
    parsed: Parsed,
    source: Source,
    city: City,
    previous: pl.DataFrame | None,
    now: datetime,
) -> Checked:
    """Hold every row against the rules; `previous`: earlier looks at a live queue."""
    sieve = Sieve.of(parsed, source, city)
    sieve.refuse(sieve.broken_rules(now, parsed.covers))
    sieve.refuse(repeated(sieve.rows, parsed.table, source.checks))
    closed = source.checks.closed
    sieve.rows, reasons = _closed(sieve.rows, parsed.table, closed, city)
    sieve.refuse(reasons)
    frozen = _frozen(sieve.rows, parsed.table, source, city, previous)
    warned = sieve.warnings(now)
    if "frozen" in source.checks.warn:
        warned |= counts_of(frozen["reason"])
    else:
        sieve.refuse(frozen)
    return Checked(
        parsed.table,
        sieve.rows.drop(_ROW),
        sieve.all_refused(),
        parsed.rows_read,
        parsed.covers,
        warned,
    )


@dataclass
class Sieve:
    """The rows that stand so far; what breaks a rule goes aside with its reason."""

    table: str
    source: Source
    city: City
    known: Mapping[str, Sequence[str]]  # words that may show in quarantine
    rows: pl.DataFrame
    refused: list[pl.DataFrame]

    @classmethod
    def of(cls, parsed: Parsed, source: Source, city: City) -> "Sieve":
        known = _known_words(parsed.table, city)
        unread = parsed.refused.with_columns(
            mask_json(parsed.refused["row_json"], known)
        )
        return cls(parsed.table, source, city, known, _as_table(parsed), [unread])

    @classmethod
    def again(
        cls, source: Source, city: City, rows: pl.DataFrame, refused: pl.DataFrame
    ) -> "Sieve":
        """Go on with rows that went through a sieve before."""
        known = _known_words(source.table, city)
        return cls(source.table, source, city, known, rows, [refused])

    def refuse(self, reasons: pl.DataFrame) -> None:
        """Set aside the rows that have a reason (row_number, reason, field)."""
        broken = reasons["reason"].is_not_null()
        if not broken.any():
            return
        rows, oldest = self.rows.filter(broken), self.source.checks.not_before
        masked = quarantine_json(rows, self.known, oldest)
        self.refused.append(_refused(reasons.filter(broken), masked))
        self.rows = self.rows.filter(~broken)

    def broken_rules(self, now: datetime, covers: Span | None) -> pl.DataFrame:
        """Give for each row the first rule of its own that it breaks, or null."""
        tests = self._violations(now, covers)
        return _reasons(self.rows, [test for test in tests if not self._warns(test)])

    def warnings(self, now: datetime) -> dict[str, int]:
        """Count the rows that break rules which the source only warns of."""
        if not self.source.checks.warn:
            return {}
        tests = filter(self._warns, self._violations(now, covers=None))
        return counts_of(_reasons(self.rows, list(tests))["reason"])

    def _violations(self, now: datetime, covers: Span | None) -> Iterator[Violation]:
        return violations(self.table, self.source.checks, self.city, now, covers)

    def _warns(self, test: Violation) -> bool:
        return test.reason in self.source.checks.warn

    def all_refused(self) -> pl.DataFrame:
        return pl.concat(self.refused).sort(_ROW, maintain_order=True)


def counts_of(reasons: pl.Series) -> dict[str, int]:
    return dict(reasons.drop_nulls().value_counts(sort=True).iter_rows())


def refuse_what_cannot_be_trusted(checked: Judged, source: Source) -> None:
    """Raise DeliveryRefused where so much is wrong that the rest is in doubt too."""
    counts = checked.counts_by_rule()
    faults = sum(n for reason, n in counts.items() if _is_fault(reason))
    usable = checked.rows_loaded + counts.get("closed", 0)
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
