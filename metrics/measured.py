"""What the KPIs of one kind of facts come to, in every group and period with rows.

Only periods whose rows are not the same as at the last time are measured again; a year
of rows is read at a time, so that memory is bounded by a year and not by the history.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from metrics.measure import PARTS, Measure
from metrics.periods import GRAINS, LENGTHS, PeriodGrain, start_of
from metrics.spans import POPULATIONS

RowsOfDays = Callable[[date, date], Mapping[str, pl.DataFrame]]

DIMENSIONS: Final = ("office", "service", "channel")
_DAYS: Final = 1_000_000  # more than any date is days after 1970
_FEW_ROWS: Final = 100_000
_ONE_ROW: Final = pl.DataFrame({"x": [0]})
_GROUPS: Final = pl.Schema(
    {
        "population": pl.String,
        **dict.fromkeys(DIMENSIONS, pl.String),
        "group": pl.Int64,
    }
)
_TYPES: Final = {
    **dict.fromkeys(("n", "numerator"), pl.Int64()),
    **dict.fromkeys(("reason", "mark"), pl.String()),
}


@dataclass(frozen=True)
class Measured:
    """All groups and periods of one kind of facts, and by which keys they stand."""

    values: pl.DataFrame  # population, grain, DIMENSIONS, period_start, events, parts
    keys: pl.DataFrame  # day, key


@dataclass(frozen=True)
class Task:
    """What is measured: which KPIs, and in which grains of each population."""

    measures: Mapping[str, Measure]
    events: pl.Expr
    grains: Mapping[str, Sequence[PeriodGrain]]  # by population

    def nothing(self) -> Measured:
        keys = pl.DataFrame(schema={"day": pl.Date, "key": pl.UInt64})
        return Measured(pl.DataFrame(schema=_schema(self.measures)), keys)


def measure_anew(
    task: Task, rows_of_days: RowsOfDays, keys: pl.DataFrame, before: Measured
) -> Measured:
    """Measure the periods with days that have other keys than before."""
    touched = _touched_periods(keys, before.keys)
    kept = before.values.join(touched, on=["grain", "period_start"], how="anti")
    parts = [kept]
    for part in touched.partition_by("year", maintain_order=True):
        rows = rows_of_days(*_bounds(part))
        starts = {
            grain: part.filter(pl.col("grain") == grain)["period_start"]
            for grain in GRAINS
        }
        parts.append(measure_rows(task, rows, starts))
    return Measured(pl.concat(parts), keys)


def measure_rows(
    task: Task,
    rows: Mapping[str, pl.DataFrame],
    starts: Mapping[PeriodGrain, pl.Series] | None = None,
) -> pl.DataFrame:
    """Measure all periods of some rows, or those that begin on the given days."""
    schema = _schema(task.measures)
    frames = [pl.DataFrame(schema=schema)]
    for part in _parts(rows):
        numbered, groups = _numbered(part)
        for cells in _together(task, numbered):
            keyed = pl.concat(
                _of_grain(
                    numbered[population],
                    grain,
                    None if starts is None else starts[grain],
                )
                for population, grain in cells
            )
            frames.append(
                _measured(keyed, task)
                .join(groups, on="group")
                .select(pl.col(name).cast(kind) for name, kind in schema.items())
            )
    return pl.concat(frames)


def _are_few(rows: Mapping[str, pl.DataFrame]) -> bool:
    """Say whether most of the work with them is to begin with it."""
    return sum(part.height for part in rows.values()) <= _FEW_ROWS


def _parts(rows: Mapping[str, pl.DataFrame]) -> Iterator[Mapping[str, pl.DataFrame]]:
    """Take few rows in one go, many population by population."""
    parts = [{population: part} for population, part in rows.items()]
    yield from [rows] if _are_few(rows) else parts


def _together(
    task: Task, numbered: Mapping[str, pl.DataFrame]
) -> Iterator[list[tuple[str, PeriodGrain]]]:
    """Take the grains of few rows in one go, too."""
    cells = [
        (population, grain)
        for population in numbered
        for grain in task.grains[population]
    ]
    yield from [cells] if cells and _are_few(numbered) else [[cell] for cell in cells]


def _numbered(
    rows: Mapping[str, pl.DataFrame],
) -> tuple[Mapping[str, pl.DataFrame], pl.DataFrame]:
    """Give rows the number of their group: one number is grouped by much faster."""
    numbered: dict[str, pl.DataFrame] = {}
    groups = pl.DataFrame(schema=_GROUPS)
    for population, part in rows.items():
        dims = POPULATIONS[population]
        dated = part.filter(pl.col("day").is_not_null())
        # The city is one group, and has no name to be joined by.
        found = dated.select(dims).unique(maintain_order=True) if dims else _ONE_ROW
        found = found.select(*dims, group=groups.height + pl.int_range(pl.len()))
        joined = (
            dated.join(found, on=dims, maintain_order="left")
            if dims
            else dated.join(found, how="cross")
        )
        numbered[population] = joined.drop(DIMENSIONS, strict=False)
        named = found.select(
            pl.col(dims).cast(pl.String), "group", population=pl.lit(population)
        )
        groups = pl.concat([groups, named], how="diagonal")
    return numbered, groups


def _measured(keyed: pl.DataFrame, task: Task) -> pl.DataFrame:
    """Evaluate all measures in one pass over the rows."""
    names = pl.DataFrame({"number": range(len(GRAINS)), "grain": GRAINS})
    return (
        keyed.group_by("key")
        .agg(
            task.events.alias("events"),
            *(
                expression.alias(f"{kpi}|{part}")
                for kpi, measure in task.measures.items()
                for part in PARTS
                if (expression := getattr(measure, part)) is not None
            ),
        )
        .with_columns(
            group=pl.col("key") // (_DAYS * len(GRAINS)),
            number=pl.col("key") // _DAYS % len(GRAINS),
            period_start=(pl.col("key") % _DAYS).cast(pl.Int32).cast(pl.Date),
        )
        .join(names, on="number")
    )


def _of_grain(
    rows: pl.DataFrame, grain: PeriodGrain, wanted: pl.Series | None
) -> pl.DataFrame:
    """Give rows the key of their group and period, of the periods that are wanted."""
    start = start_of(pl.col("day"), grain)
    if wanted is not None:
        # Most rows are of other days, and of days it is quickly said which are meant.
        first, end = wanted.min(), wanted.dt.offset_by(LENGTHS[grain]).max()
        near = pl.lit(first, pl.Date), pl.lit(end, pl.Date)
        rows = rows.filter(pl.col("day").is_between(*near, closed="left"))
        rows = rows.filter(start.is_in(wanted.implode()))
    if "last_day" in rows.columns:
        # What stands for several days counts in periods that hold them all.
        rows = rows.filter(start_of(pl.col("last_day"), grain) == start)
    number = pl.col("group") * len(GRAINS) + GRAINS.index(grain)
    return rows.with_columns(key=number * _DAYS + start.cast(pl.Int32))


def _touched_periods(keys: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """List grain, period_start and year of the periods that rows came to or left."""
    days = (
        keys.join(before, on="day", how="full", coalesce=True, suffix="_before")
        .filter(pl.col("key").ne_missing(pl.col("key_before")))
        .select("day")
    )
    return pl.concat(
        days.select(grain=pl.lit(grain), period_start=start_of(pl.col("day"), grain))
        .unique()
        .sort("period_start")
        for grain in GRAINS
    ).with_columns(year=pl.col("period_start").dt.year())


def _bounds(periods: pl.DataFrame) -> tuple[date, date]:
    """Give the days that periods of one year reach over; a week may leave it."""
    first: date
    last: date
    after = pl.coalesce(
        pl.when(pl.col("grain") == grain).then(
            pl.col("period_start").dt.offset_by(LENGTHS[grain])
        )
        for grain in GRAINS
    )
    first, last = periods.select(
        first=pl.col("period_start").min(), last=after.max().dt.offset_by("-1d")
    ).row(0)
    return first, last


def _schema(measures: Mapping[str, Measure]) -> dict[str, pl.DataType]:
    return {
        "population": pl.String(),
        "grain": pl.String(),
        **dict.fromkeys(DIMENSIONS, pl.String()),
        "period_start": pl.Date(),
        "events": pl.Int64(),
        **{
            f"{kpi}|{part}": _TYPES.get(part, pl.Float64())
            for kpi, measure in measures.items()
            for part in PARTS
            if getattr(measure, part) is not None
        },
    }
